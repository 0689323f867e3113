"""Who reads a page, and whether it may be read without a session."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware, LoginRequiredMiddleware
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django_htmx.http import HttpResponseClientRedirect

from market.access import AccessUnavailable
from market.readers import readers
from tracker.accounts import second_factor

RETRY_AFTER_SECONDS: Final = 5


class ReaderMiddleware(AuthenticationMiddleware):
    """Look the reader up before the view, which may run in an event loop where a lazy look-up is forbidden.

    `request.accounts_away` says that the database did not answer; who it vouched for shortly before stays known.
    """

    def process_request(self, request: HttpRequest) -> None:
        user: AbstractBaseUser | AnonymousUser | None = None
        request.accounts_away = request.reader_unknown = False  # type: ignore[attr-defined]
        try:
            user = readers.user(request.session)
        except AccessUnavailable:
            request.accounts_away = request.reader_unknown = True  # type: ignore[attr-defined]
        found = user or AnonymousUser()

        async def auser() -> Any:
            return found

        request.user = found  # type: ignore[assignment]
        request.auser = auser


class PageAccessMiddleware(LoginRequiredMiddleware):
    """Send whoever has no session to the log-in page, where ANONYMOUS_READ is off.

    It asks about every view that does not say otherwise with `login_not_required`. The API's views do, because they
    judge by themselves and answer programs; the admin has a log-in page of its own, and may want a second factor.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if match and match.app_name == "admin":
            return second_factor.before_admin(request)
        if settings.ANONYMOUS_READ:
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponse:  # type: ignore[override]  # not always a redirect
        """Lead to the log-in page and back; 503 while nobody can tell who asks."""
        if request.reader_unknown:  # type: ignore[attr-defined]
            response = render(request, "accounts/away.html", status=503)
            response["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return response
        if request.htmx:  # type: ignore[attr-defined]  # a fragment: the page around it is what has to go
            page = urlsplit(request.htmx.current_url_abs_path or "/")  # type: ignore[attr-defined]
            to = redirect_to_login(page._replace(scheme="", netloc="").geturl(), resolve_url(settings.LOGIN_URL))
            return HttpResponseClientRedirect(to.url)
        target = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
        return redirect_to_login(target, resolve_url(settings.LOGIN_URL))
