"""The pages of the market. They read the live snapshot and format it with the same functions as the socket does."""

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from market.pages.derivatives import CONTRACTS
from market.pages.price_table import PRICES
from market.pages.rows import strip
from market.pages.tabs import own_tab
from market.pages.visit import Lists, visit
from market.watchlists.keepers import VISITORS, own_lists, shared_list
from market.watchlists.lists import OwnList
from market.watchlists.views import away

YEAR = 365 * 24 * 3600


@require_safe
async def board(request: HttpRequest) -> HttpResponse:
    """The price board: `list` names the tab, `sort` a column (`-` for descending), `q` filters."""
    own = await own_lists(request)
    if own and request.GET.get("list") == VISITORS != own[-1].id:  # it came along into the account that was logged into
        return HttpResponseRedirect(f"/?list={own[-1].id}")
    return await board_page(request, own)


@require_safe
async def shared(request: HttpRequest, key: str) -> HttpResponse:
    """The board of a list that its owner shares, to look at and to copy."""
    try:
        found = await sync_to_async(shared_list)(key)
    except DatabaseError:
        return await sync_to_async(away)(request)
    if found is None:
        raise Http404
    return await board_page(request, await own_lists(request), found)


async def board_page(request: HttpRequest, own: list[OwnList], shared: OwnList | None = None) -> HttpResponse:
    """The board with the reader's own lists as tabs; `shared` is shown instead of what the address chooses."""
    lists = Lists([own_tab(each) for each in own], own_tab(shared) if shared else None)
    seen = await visit(request, "index", "derivatives", futures=True, lists=lists)
    table, path, label = PRICES, "/ws/board/", _("Price board")
    if seen.chosen.futures:
        table, path, label = CONTRACTS, "/ws/page/derivatives/", _("Index futures")
    context = seen.context("board", path) | seen.table(request, table)
    context["strip"] = strip(seen.channel("index"), seen.channel("derivatives"), seen.language)
    watchlist = shared or next((each for each in own if each.id == seen.chosen.id), None)
    return render(
        request,
        "market/board.html",
        context
        | {
            "label": label,
            "own": own,
            "watchlist": watchlist,
            "shared": shared,
            "lists_home": "/" if shared else "",
            "missing": [code for code in watchlist.symbols if code not in seen.rows] if watchlist else [],
        },
    )


@login_not_required
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """What the page is, and notices."""
    return render(request, "market/about.html", {"page": "about"})


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember a theme in a cookie, so that the next page comes in it at once."""
    return remember(request, "theme", ("dark", "light"))


@login_not_required
@require_POST
def palette(request: HttpRequest) -> HttpResponse:
    """Remember in which colours prices go up and down: the market's, or blue and orange."""
    return remember(request, "palette", ("market", "blue"))


def remember(request: HttpRequest, name: str, choices: tuple[str, ...]) -> HttpResponse:
    """Put a choice into a cookie and lead back to the page that it was made on."""
    chosen = request.POST.get(name, "")
    if chosen not in choices:
        return HttpResponseBadRequest(f"{name}: expected {' or '.join(choices)}")
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    response.set_cookie(name, chosen, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response
