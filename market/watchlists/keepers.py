"""Who keeps readers' lists: an account's are in the database, the one of a visitor without account in the session."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from market.broadcast import tell_pages
from market.models.watchlist import MOST_LISTS, Watchlist, WatchlistItem
from market.watchlists.lists import (
    Change,
    Lists,
    OwnList,
    WatchlistError,
    checked_name,
    checked_symbols,
    default_name,
    free_name,
    shifted,
)

VISITORS: Final = "my-list"  # the id of a visitor's only list
OWN: Final = re.compile(r"my-([1-9]\d{0,17})")
SHARE_KEY: Final = re.compile(r"[\w-]{1,32}", re.ASCII)  # the database refuses to look for some other texts
SHARED: Final = "shared"  # the id of somebody else's list
IN_SESSION: Final = "watchlist"


class VisitorsList:
    """The one list of a visitor, in the session."""

    most = 1

    def __init__(self, session: SessionBase) -> None:
        self._session = session

    def all(self) -> list[OwnList]:
        """The list, if there is one."""
        kept = self._session.get(IN_SESSION)
        return [OwnList(VISITORS, kept["name"] or default_name(), tuple(kept["symbols"]))] if kept else []

    def create(self, name: str, symbols: Sequence[str] = ()) -> OwnList:
        """The first list; others need an account."""
        if self.all():
            raise WatchlistError(_("Without an account you have one list. Log in to have more."))
        return self._keep(checked_name(name, ()), symbols)

    def change(self, id: str, change: Change) -> OwnList:
        """Replace the symbols."""
        kept = self._find(id)
        return self._keep(kept.name, change(kept.symbols))

    def rename(self, id: str, name: str) -> None:
        """Give it another name."""
        self._keep(checked_name(name, ()), self._find(id).symbols)

    def delete(self, id: str) -> None:
        """Forget it."""
        self._find(id)
        del self._session[IN_SESSION]

    def place(self, id: str, step: int) -> None:
        """Stay where it is: there is no other."""
        self._find(id)

    def share(self, id: str, shared: bool) -> None:
        """Refuse: a session is no place that others could look into."""
        self._find(id)
        raise WatchlistError(_("Only lists of an account can be shared. Log in, and this list comes along."))

    def _find(self, id: str) -> OwnList:
        return {each.id: each for each in self.all()}[id]

    def _keep(self, name: str, symbols: Sequence[str]) -> OwnList:
        kept = OwnList(VISITORS, name, checked_symbols(symbols))
        self._session[IN_SESSION] = {"name": name, "symbols": list(kept.symbols)}
        return kept


class AccountLists:
    """The lists of an account, in the database."""

    most = MOST_LISTS

    def __init__(self, user: AbstractBaseUser) -> None:
        self._user = user

    def all(self) -> list[OwnList]:
        """Every list, in the reader's order; two queries."""
        rows = Watchlist.objects.filter(owner_id=self._user.pk).prefetch_related("items")
        return [own_list(row) for row in rows]

    @transaction.atomic
    def create(self, name: str, symbols: Sequence[str] = ()) -> OwnList:
        """A new list at the end."""
        rows = self._locked()
        if len(rows) >= self.most:
            raise WatchlistError(_("You have {} lists, which is as many as there may be.").format(len(rows)))
        name, symbols = checked_name(name, (row.name for row in rows)), checked_symbols(symbols)
        position = max((row.position for row in rows), default=0) + 1
        row = Watchlist.objects.create(owner_id=self._user.pk, name=name, position=position)
        self._tell()
        store_symbols(row, symbols)
        return own_list(row)

    @transaction.atomic
    def change(self, id: str, change: Change) -> OwnList:
        """Replace a list's symbols."""
        row = self._find(id)
        before = own_list(row).symbols
        symbols = checked_symbols(change(before))
        if symbols != before:
            store_symbols(row, symbols)
            self._tell()
        return own_list(row)._replace(symbols=symbols)

    @transaction.atomic
    def rename(self, id: str, name: str) -> None:
        """Give a list another name."""
        row = self._find(id)
        row.name = checked_name(name, (each.name for each in self._locked() if each.pk != row.pk))
        row.save(update_fields=["name"])
        self._tell()

    @transaction.atomic
    def delete(self, id: str) -> None:
        """Forget a list."""
        self._find(id).delete()
        self._tell()

    @transaction.atomic
    def place(self, id: str, step: int) -> None:
        """Move a list's tab."""
        rows = {str(row.pk): row for row in self._locked()}
        order = shifted(list(rows), str(self._find(id).pk), step)
        for position, key in enumerate(order, start=1):
            rows[key].position = position
        Watchlist.objects.bulk_update(rows.values(), ["position"])
        self._tell()

    @transaction.atomic
    def share(self, id: str, shared: bool) -> None:
        """Give a list a new address for others, or take it away."""
        row = self._find(id)
        if shared != bool(row.share_key):
            row.share(shared)
            self._tell()

    def _tell(self) -> None:
        transaction.on_commit(partial(tell_pages, self._user.pk))

    def _find(self, id: str) -> Watchlist:
        """One list of this user, locked for a change."""
        match = OWN.fullmatch(id)
        row = match and Watchlist.objects.select_for_update().filter(owner_id=self._user.pk, pk=match[1]).first()
        if not row:
            raise KeyError(id)
        return row

    def _locked(self) -> list[Watchlist]:
        """All lists; the user's row is locked, so that two requests cannot both make the last one."""
        User.objects.select_for_update().get(pk=self._user.pk)
        return list(Watchlist.objects.filter(owner_id=self._user.pk))


def own_list(row: Watchlist) -> OwnList:
    """A stored list as pages show it."""
    return OwnList(f"my-{row.pk}", row.name, tuple(item.symbol for item in row.items.all()), row.share_key or "")


def store_symbols(row: Watchlist, symbols: Sequence[str]) -> None:
    """Make these the symbols of a stored list. The caller holds the transaction."""
    row.items.exclude(symbol__in=symbols).delete()
    items = [WatchlistItem(watchlist=row, symbol=symbol, position=place) for place, symbol in enumerate(symbols)]
    WatchlistItem.objects.bulk_create(
        items, update_conflicts=True, unique_fields=["watchlist", "symbol"], update_fields=["position"]
    )


def state_of(lists: Iterable[OwnList]) -> str:
    """A short text that is another one as soon as a list is; pages compare it with what they show."""
    return hashlib.sha256(repr([tuple(each) for each in lists]).encode()).hexdigest()[:16]


def lists_of(request: HttpRequest) -> Lists:
    """Who keeps the lists of whoever asks."""
    user = request.user
    return AccountLists(user) if isinstance(user, AbstractBaseUser) else VisitorsList(request.session)


async def own_lists(request: HttpRequest) -> list[OwnList]:
    """The reader's lists; none while the database is away, and no query for who never had a session."""
    if getattr(request, "accounts_away", False) or not request.session.session_key:
        return []
    try:
        return await sync_to_async(lists_of(request).all)()
    except DatabaseError:
        return []


def shared_list(key: str) -> OwnList | None:
    """The list that its owner shares under this key."""
    row = SHARE_KEY.fullmatch(key) and Watchlist.objects.filter(share_key=key).prefetch_related("items").first()
    return own_list(row)._replace(id=SHARED) if row else None


def take_along(session: SessionBase, user: AbstractBaseUser) -> OwnList | None:
    """Move a visitor's list into the account that was logged into; None if there is none, or no room for it."""
    visitors, account = VisitorsList(session), AccountLists(user)
    for kept in visitors.all():
        lists = account.all()
        if len(lists) >= account.most:
            return None
        visitors.delete(kept.id)
        same = next((each for each in lists if each.symbols == kept.symbols), None)
        if same or not kept.symbols:
            return None
        return account.create(free_name(kept.name, (each.name for each in lists)), kept.symbols)
    return None


def bring_along(sender: Any, request: HttpRequest, user: AbstractBaseUser, **given: Any) -> None:
    """Take a visitor's list along when its reader logs in; the receiver of Django's signal."""
    made = take_along(request.session, user)
    if made:
        messages.success(request, _("Your list “{}” is in your account now.").format(made.name), fail_silently=True)
