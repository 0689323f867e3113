"""Open pages of a user hear that the user's alerts were changed, wherever: on a page, by the API, in the admin."""

from functools import partial
from typing import Any

from django.db import transaction

from alerts.models import PersonalAlert
from market.broadcast import tell_pages


def tell_user(sender: Any, instance: PersonalAlert, **given: Any) -> None:
    """The receiver of Django's signals. Alerts that go with their user have nobody left to be told."""
    if isinstance(given.get("origin", instance), PersonalAlert):
        transaction.on_commit(partial(tell_pages, instance.user_id))
