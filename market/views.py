"""The pages of the market. They read the live snapshot and format it with the same functions as the socket does."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST, require_safe

from market.pages import headings, lines, matching, ordered, strip
from market.visit import visit

YEAR = 365 * 24 * 3600


@require_safe
async def board(request: HttpRequest) -> HttpResponse:
    """The price board: `list` names the tab, `sort` a column (`-` for descending), `q` filters."""
    seen = await visit(request, "index", "derivatives")
    q, sort = request.GET.get("q", ""), request.GET.get("sort", "symbol")
    shown = lines(seen.rows.values(), seen.names, seen.language)
    context = seen.context("board", "/ws/board/") | {
        "strip": strip(seen.channel("index"), seen.channel("derivatives"), seen.language),
        "groups": headings(sort),
        "lines": ordered(matching(shown, q), sort, seen.language),
        "q": q,
    }
    return render(request, "market/board.html", context)


@require_GET
def about(request: HttpRequest) -> HttpResponse:
    """What the page is, and notices."""
    return render(request, "market/about.html", {"page": "about"})


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember a theme in a cookie, so that the next page comes in it at once."""
    chosen = request.POST.get("theme")
    if chosen not in ("dark", "light"):
        return HttpResponseBadRequest("theme: expected dark or light")
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    response.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response
