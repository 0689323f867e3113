"""Which language a page speaks: the one its reader chose, else the site's own; and how long it took to answer."""

import time
from collections.abc import Callable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware

from market.metrics import HTTP_SECONDS

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class ChosenLocaleMiddleware(LocaleMiddleware):
    """Ignore the browser's language list.

    Most Vietnamese traders run an English browser, and the board is Vietnamese until its reader says otherwise.
    """

    def process_request(self, request: HttpRequest) -> None:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        translation.activate(chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()


@sync_and_async_middleware
def measured(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Note how long each answer took: the first of all middleware, so that the others count."""

    def note(request: HttpRequest, response: HttpResponseBase, started: float) -> HttpResponseBase:
        method = request.method if request.method in METHODS else "other"
        seconds = time.perf_counter() - started
        HTTP_SECONDS.labels(route_of(request, response.status_code), method, response.status_code).observe(seconds)
        return response

    if iscoroutinefunction(get_response):

        async def answer(request: HttpRequest) -> HttpResponseBase:
            started = time.perf_counter()
            return note(request, await get_response(request), started)

        return answer

    def answer_at_once(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        return note(request, get_response(request), started)

    return answer_at_once


def route_of(request: HttpRequest, status: int) -> str:
    """The pattern that a request matched: few, whatever people ask for."""
    if request.resolver_match is not None:
        return str(request.resolver_match.route)
    return "static" if request.path.startswith(settings.STATIC_URL) and status < 400 else "unmatched"
