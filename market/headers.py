"""Headers that tell browsers what an answer may not do.

Django's middleware and django-csp set most of them. Here is what they lack, and all of them for the answers that Django
does not see.
"""

from collections.abc import Callable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

PERMISSIONS_POLICY: Final = "Permissions-Policy"


@sync_and_async_middleware
def permissions_policy(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Take away from pages what browsers offer and ours do not use; before whitenoise, so that its answers have it."""

    def told(response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault(PERMISSIONS_POLICY, settings.PERMISSIONS_POLICY)
        return response

    if iscoroutinefunction(get_response):

        async def answer(request: HttpRequest) -> HttpResponseBase:
            return told(await get_response(request))

        return answer

    def answer_at_once(request: HttpRequest) -> HttpResponseBase:
        return told(get_response(request))

    return answer_at_once


def security_headers() -> list[tuple[str, str]]:
    """What the middleware adds to an answer that is no page."""
    headers = [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", settings.SECURE_REFERRER_POLICY),
        ("Cross-Origin-Opener-Policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY),
        ("X-Frame-Options", settings.X_FRAME_OPTIONS),
        (PERMISSIONS_POLICY, settings.PERMISSIONS_POLICY),
    ]
    if settings.SECURE_HSTS_SECONDS:
        parts = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
        parts += ["includeSubDomains"] if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else []
        parts += ["preload"] if settings.SECURE_HSTS_PRELOAD else []
        headers.append(("Strict-Transport-Security", "; ".join(parts)))
    return headers
