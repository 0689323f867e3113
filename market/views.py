"""The pages of the market. They read the live snapshot and format it with the same functions as the socket does."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from market.derivatives_page import CONTRACTS
from market.pages import strip
from market.price_table import PRICES
from market.visit import visit

YEAR = 365 * 24 * 3600


@require_safe
async def board(request: HttpRequest) -> HttpResponse:
    """The price board: `list` names the tab, `sort` a column (`-` for descending), `q` filters."""
    seen = await visit(request, "index", "derivatives", futures=True)
    table, path, label = PRICES, "/ws/board/", _("Price board")
    if seen.chosen.futures:
        table, path, label = CONTRACTS, "/ws/page/derivatives/", _("Index futures")
    context = seen.context("board", path) | seen.table(request, table)
    context["strip"] = strip(seen.channel("index"), seen.channel("derivatives"), seen.language)
    return render(request, "market/board.html", context | {"label": label})


@require_GET
def about(request: HttpRequest) -> HttpResponse:
    """What the page is, and notices."""
    return render(request, "market/about.html", {"page": "about"})


@login_not_required
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
