"""Who may read the API: whoever shows a token or has a session, and everybody where ANONYMOUS_READ says so."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, InterfaceError
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from market.access import AccessUnavailable, authenticate, token_in
from market.api.errors import Unavailable

if TYPE_CHECKING:  # DRF's views import these classes, which are in its settings
    from rest_framework.views import APIView

BAD_TOKEN = "This token is not valid."
CANNOT_TELL = "Nobody can tell who you are while the database does not answer; try again later."


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer vnst_…`, or `Token vnst_…`."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, str] | None:
        """The user of the token, None where there is none. Raises AuthenticationFailed, Unavailable."""
        token = token_in(request.META.get("HTTP_AUTHORIZATION", ""))
        if token is None:
            return None
        try:
            user = authenticate(token)
        except AccessUnavailable as error:
            raise Unavailable(CANNOT_TELL) from error
        if user is None:
            raise AuthenticationFailed(BAD_TOKEN)
        return user, "token"

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class ReaderSessionAuthentication(SessionAuthentication):
    """The session of whoever logged in, where it can be looked up."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        try:
            return super().authenticate(request)
        except (DatabaseError, InterfaceError) as error:
            if settings.ANONYMOUS_READ:
                return None
            raise Unavailable(CANNOT_TELL) from error


class ReadAllowed(BasePermission):
    """A known user, or anybody where ANONYMOUS_READ is on."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return settings.ANONYMOUS_READ or bool(request.user and request.user.is_authenticated)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema tells of tokens."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API token, made on the page of the account."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema tells of sessions."""

    target_class = ReaderSessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
