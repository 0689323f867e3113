"""What programs show instead of a password."""

import hashlib
import secrets
from typing import Final, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

TOKEN_START: Final = "vnst_"  # so that a token is known for what it is, wherever it turns up
TOKEN_BYTES: Final = 32
SHOWN_CHARACTERS: Final = 4


class ApiToken(models.Model):
    """A program's key to the REST and WebSocket API, with the rights of its user.

    Only a digest is stored. One round of SHA-256 is enough: a token is 256 random bits, there is nothing to guess.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=100, help_text=_("What it is used for, and where."))
    digest = models.CharField(_("digest"), max_length=64, editable=False)
    shown = models.CharField(_("begins with"), max_length=16, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at"]
        constraints = [
            # Serves the look-up of whoever shows a token.
            models.UniqueConstraint(fields=["digest"], name="api_token_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.shown}…)"

    def renew(self) -> str:
        """Give this token a new secret, and return the one text that will ever show it. The caller saves."""
        token = TOKEN_START + secrets.token_urlsafe(TOKEN_BYTES)
        self.digest = self.digest_of(token)
        self.shown = token[: len(TOKEN_START) + SHOWN_CHARACTERS]
        return token

    @classmethod
    def issue(cls, user: models.Model, name: str) -> tuple[Self, str]:
        """Store a new token of `user`, and return it with its text."""
        made = cls(user=user, name=name)
        token = made.renew()
        made.save()
        return made, token

    def revoke(self) -> None:
        """Refuse it from now on; processes that know it do so within `market.access.KEPT_SECONDS`."""
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at"])

    @staticmethod
    def digest_of(token: str) -> str:
        """What is stored of a token."""
        return hashlib.sha256(token.encode()).hexdigest()
