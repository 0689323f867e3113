"""Readers who have logged in, for tests of sockets: what their browser would send."""

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client


def session_of(user: User) -> SessionBase:
    """Log the user in; the stored session."""
    client = Client()
    client.force_login(user)
    return client.session


def cookie_of(session: SessionBase) -> str:
    """The header with which a browser carries the session."""
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
