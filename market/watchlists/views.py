"""Pages of readers' own lists, and the forms that change them. Every form works without scripts."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from market import live
from market.models import Instrument
from market.reference import instruments
from market.watchlists.keepers import VISITORS, lists_of, shared_list, state_of
from market.watchlists.lists import (
    CODE,
    Lists,
    OwnList,
    WatchlistError,
    added,
    arranged,
    codes_in,
    default_name,
    free_name,
    moved,
    removed,
)

P = ParamSpec("P")
View: TypeAlias = Callable[Concatenate[HttpRequest, P], HttpResponse]
LISTED: Final = set(Instrument.Kind) - {Instrument.Kind.INDEX, Instrument.Kind.FUTURE}
MOST_NAMED: Final = 10  # codes in one message
RETRY_AFTER_SECONDS: Final = 5


def stored(view: View[P]) -> View[P]:
    """Answer 503 while the database is away, 404 for a list that is not the reader's."""

    @wraps(view)
    def answered(request: HttpRequest, *args: P.args, **options: P.kwargs) -> HttpResponse:
        try:
            if not getattr(request, "accounts_away", False):
                return view(request, *args, **options)
        except DatabaseError:
            pass
        except KeyError as error:
            raise Http404 from error
        return away(request)

    return answered  # type: ignore[return-value]  # `wraps` forgets the first argument's name


def away(request: HttpRequest) -> HttpResponse:
    """Say that lists cannot be read or changed now."""
    response = render(request, "market/lists_away.html", status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


@require_safe
@never_cache
@stored
def watchlists(request: HttpRequest, id: str = "") -> HttpResponse:
    """All lists of the reader, one of them to be edited: the first unless the address names one."""
    keeper = lists_of(request)
    own = keeper.all()
    chosen = next((each for each in own if each.id == id), None) if id else next(iter(own), None)
    if id and chosen is None:
        if id == VISITORS and own:  # it came along into the account, at the end of the others
            return HttpResponseRedirect(reverse("market:watchlist", args=[own[-1].id]))
        raise Http404
    return render(request, "market/watchlists.html", edit_context(request, keeper, own, chosen))


def edit_context(request: HttpRequest, keeper: Lists, own: list[OwnList], chosen: OwnList | None) -> dict[str, Any]:
    known = instruments(set(chosen.symbols)) if chosen else {}
    items = [(code, known[code].name if code in known else "") for code in chosen.symbols] if chosen else []
    shared = reverse("market:shared_list", args=[chosen.share_key]) if chosen and chosen.share_key else ""
    return {
        "page": "watchlists",
        "own": own,
        "chosen": chosen,
        "items": items,
        "room": len(own) < keeper.most,
        "can_share": chosen is not None and chosen.id != VISITORS,
        "shared_url": request.build_absolute_uri(shared) if shared else "",
    }


@require_POST
@stored
def create(request: HttpRequest) -> HttpResponse:
    """A new list, with the symbols that were typed."""
    keeper = lists_of(request)
    try:
        name = request.POST.get("name", "").strip() or free_name(default_name(), (each.name for each in keeper.all()))
        made = keeper.create(name, recognised(request, request.POST.get("symbols", "")))
        if request.POST.get("tell"):
            tell(request, keeper, made.id)
    except WatchlistError as error:
        messages.error(request, str(error))
        return led(request, keeper, back(request, reverse("market:watchlists")))
    return led(request, keeper, back(request, f"/?list={made.id}"))


@require_POST
@stored
def change(request: HttpRequest, id: str, action: str) -> HttpResponse:
    """Do one thing to a list of the reader's own."""
    keeper = lists_of(request)
    if not any(each.id == id for each in keeper.all()) or action not in ACTIONS:
        raise Http404
    try:
        ACTIONS[action](request, keeper, id)
        if request.POST.get("tell"):
            tell(request, keeper, id)
    except WatchlistError as error:
        messages.error(request, str(error))
    if action == "arrange":  # the page's script asks, and has done so itself already
        return HttpResponse(status=204, headers={"X-State": state_of(keeper.all())})
    home = reverse("market:watchlists") if action == "delete" else reverse("market:watchlist", args=[id])
    return led(request, keeper, back(request, home), id)


@require_safe
@never_cache
@stored
def state(request: HttpRequest) -> HttpResponse:
    """Which lists the reader has now, as `data-state` of a page says it."""
    return HttpResponse(state_of(lists_of(request).all()), content_type="text/plain")


def led(request: HttpRequest, keeper: Lists, target: str, changed: str = "") -> HttpResponse:
    """Lead to a page. The menu of a row stays on it and gets what is new; where that is a line, the page comes anew."""
    if not request.htmx:  # type: ignore[attr-defined]  # django-htmx's middleware sets it
        return HttpResponseRedirect(target)
    page = urlsplit(target)
    if changed and QueryDict(page.query).get("list") == changed:
        return HttpResponseClientRefresh()
    on_board = page.path == reverse("market:board")
    return render(request, "market/_listed.html", {"own": keeper.all(), "on_board": on_board})


def add(request: HttpRequest, keeper: Lists, id: str) -> None:
    """Add the codes that were typed, several at once."""
    typed = request.POST.get("symbols", "")
    codes = recognised(request, typed)
    if codes:
        keeper.change(id, added(codes))
    elif not codes_in(typed):
        raise WatchlistError(_("Type one or several codes, such as ACB, FPT."))


def remove(request: HttpRequest, keeper: Lists, id: str) -> None:
    """Take a symbol out."""
    keeper.change(id, removed(request.POST.get("symbol", "")))


def tell(request: HttpRequest, keeper: Lists, id: str) -> None:
    """Say what was done to a list, on a page that does not show it: a symbol was added or taken out."""
    changed = next(each for each in keeper.all() if each.id == id)
    for code in codes_in(request.POST.get("symbols", "")):
        if code in changed.symbols:
            messages.success(request, _("{symbol} is on the list “{name}” now.").format(symbol=code, name=changed.name))
    if (code := request.POST.get("symbol", "")) and code not in changed.symbols:
        text = _("{symbol} is no longer on the list “{name}”.")
        messages.success(request, text.format(symbol=code[:24], name=changed.name))


def move(request: HttpRequest, keeper: Lists, id: str) -> None:
    """Move a symbol up or down: the button that was pressed names it."""
    for name, step in (("up", -1), ("down", 1)):
        if code := request.POST.get(name):
            keeper.change(id, moved(code, step))


def arrange(request: HttpRequest, keeper: Lists, id: str) -> None:
    """Put the symbols in the order that was dragged."""
    keeper.change(id, arranged(codes_in(request.POST.get("symbols", ""))))


def rename(request: HttpRequest, keeper: Lists, id: str) -> None:
    """Give the list another name."""
    keeper.rename(id, request.POST.get("name", ""))


def delete(request: HttpRequest, keeper: Lists, id: str) -> None:
    """Forget the list."""
    name = next(each.name for each in keeper.all() if each.id == id)
    keeper.delete(id)
    messages.success(request, _("The list “{}” is deleted.").format(name))


def place(request: HttpRequest, keeper: Lists, id: str) -> None:
    """Move the list's tab to the left or to the right."""
    keeper.place(id, -1 if request.POST.get("step") == "left" else 1)


def share(request: HttpRequest, keeper: Lists, id: str) -> None:
    """Make an address for others, or end it."""
    keeper.share(id, request.POST.get("shared") == "1")


ACTIONS: Final[Mapping[str, Callable[[HttpRequest, Lists, str], None]]] = {
    "add": add, "remove": remove, "move": move, "arrange": arrange, "rename": rename, "delete": delete,
    "place": place, "share": share,
}  # fmt: skip


@require_POST
@stored
def copy(request: HttpRequest, key: str) -> HttpResponse:
    """Make a shared list one of the reader's own."""
    found = shared_list(key)
    if found is None:
        raise Http404
    keeper = lists_of(request)
    try:
        made = keeper.create(free_name(found.name, (each.name for each in keeper.all())), found.symbols)
    except WatchlistError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("market:shared_list", args=[key]))
    messages.success(request, _("The list “{}” is yours now.").format(made.name))
    return HttpResponseRedirect(f"/?list={made.id}")


def recognised(request: HttpRequest, typed: str) -> list[str]:
    """The codes of a text that exist; the others are told by name."""
    codes = codes_in(typed)
    known = known_codes({code for code in codes if CODE.fullmatch(code)})
    unknown = [code[:24] for code in codes if code not in known]
    if unknown:
        named = ", ".join(unknown[:MOST_NAMED]) + (" …" if len(unknown) > MOST_NAMED else "")
        said = ngettext("Nobody knows the code {}.", "Nobody knows the codes {}.", len(unknown))
        messages.error(request, said.format(named))
    return [code for code in codes if code in known]


def known_codes(codes: set[str]) -> set[str]:
    """Those that are described as something that the board lists, or that trade now."""
    known = {code for code, info in instruments(codes).items() if info.kind in LISTED}
    if codes - known:
        try:
            market = async_to_sync(live.snapshot)("market")
        except live.LiveUnavailable:
            market = None
        known |= codes & set(market.rows if market else ())
    return known


def back(request: HttpRequest, home: str) -> str:
    """Where a form leads: the page of ours that it names, else `home`."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return target if safe else home
