"""What every page's head says about accounts."""

from django.conf import settings
from django.http import HttpRequest


def accounts(request: HttpRequest) -> dict[str, bool]:
    """Whether visitors may make accounts of their own."""
    return {"sign_up_open": settings.ACCOUNTS_SIGN_UP}
