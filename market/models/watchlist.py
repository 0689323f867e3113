"""Lists of symbols that readers keep for themselves."""

import secrets
from typing import Final

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST_NAME: Final = 40
MOST_LISTS: Final = 20  # of one reader
MOST_SYMBOLS: Final = 100  # in one list
SHARE_BYTES: Final = 16  # 128 bits: nobody guesses the address of a list


class Watchlist(models.Model):
    """A reader's list. Whoever has its share key may look at it, nobody but its owner may change it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watchlists", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    position = models.PositiveSmallIntegerField(_("position"))
    share_key = models.CharField(_("share key"), max_length=32, null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("watchlist")
        verbose_name_plural = _("watchlists")
        ordering = ["position", "pk"]
        constraints = [
            # Serves a reader's tabs, and keeps two of them from looking the same.
            models.UniqueConstraint(fields=["owner", "name"], name="watchlist_owner_name"),
            # Serves the look-up of a shared list.
            models.UniqueConstraint(fields=["share_key"], name="watchlist_share_key"),
        ]

    def __str__(self) -> str:
        return self.name

    def share(self, shared: bool) -> None:
        """Give the list an address for others, a new one each time, or take it away."""
        self.share_key = secrets.token_urlsafe(SHARE_BYTES) if shared else None
        self.save(update_fields=["share_key"])


class WatchlistItem(models.Model):
    """A symbol of a list. No foreign key: a code may be watched before it is described."""

    watchlist = models.ForeignKey(
        Watchlist, on_delete=models.CASCADE, related_name="items", verbose_name=_("watchlist")
    )
    symbol = models.CharField(_("symbol"), max_length=24)
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        verbose_name = _("symbol of a watchlist")
        verbose_name_plural = _("symbols of watchlists")
        ordering = ["position", "pk"]
        constraints = [
            # Serves reading a list, and its changes.
            models.UniqueConstraint(fields=["watchlist", "symbol"], name="watchlist_item_symbol"),
        ]

    def __str__(self) -> str:
        return self.symbol
