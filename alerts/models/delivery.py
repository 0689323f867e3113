"""What leaves the pages: the channels a user set up, and one row for each thing that each channel was to tell.

What lets one write to somebody or as somebody (addresses, chat ids, push keys, webhook secrets) is stored sealed, see
`alerts.delivery.sealing`, and shown nowhere. How deliveries come about and end: docs/delivery.md.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

KEEP_DELIVERIES = timedelta(days=30)
KEEP_PLANNED = timedelta(days=30)  # longer than the newest day with alerts can lie back
MOST_MESSAGES = 20  # a minute and channel: what Telegram grants a group


class ChannelKind(models.TextChoices):
    EMAIL = "email", _("E-mail")
    TELEGRAM = "telegram", _("Telegram")
    PUSH = "push", _("Browser push")
    WEBHOOK = "webhook", _("Webhook")


class DeliveryChannel(models.Model):
    """One way to one user, and what goes that way.

    `target` is sealed JSON: {"address"} of e-mail, {"chat"} of Telegram, {"url", "secret"} of a webhook; a push
    channel has devices instead. `hint` is what of it may be shown. A target that waits for its code is not one yet.
    """

    class Reason(models.TextChoices):
        """Why delivery itself switched a channel off."""

        GONE = "gone", _("The other side is gone: blocked, unsubscribed or removed.")
        REFUSED = "refused", _("The other side refused several messages in a row.")
        UNREADABLE = "unreadable", _("The stored address can no longer be read. Enter it again.")

    # The unique constraint below serves the user's page; its first column replaces the foreign key's index.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="delivery_channels", db_index=False
    )
    kind = models.CharField(_("channel"), max_length=8, choices=ChannelKind)
    enabled = models.BooleanField(_("enabled"), default=False)
    language = models.CharField(max_length=5, default="vi")

    market_alerts = models.BooleanField(_("alerts of the market"), default=True)
    severities = models.JSONField(_("severities"), default=list, blank=True)  # empty for all, as in kinds
    kinds = models.JSONField(_("kinds"), default=list, blank=True)
    only_watchlists = models.BooleanField(_("only what is in my watchlists"), default=False)
    symbols = models.JSONField(_("symbols"), default=list, blank=True)  # empty, and no watchlists: all
    own_alerts = models.BooleanField(_("my own alerts"), default=True)
    summary = models.BooleanField(_("summary of the day"), default=False)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)  # Vietnam's time, as in quiet_until
    quiet_until = models.TimeField(_("until"), null=True, blank=True)
    critical_passes = models.BooleanField(_("critical alerts are told in quiet hours too"), default=False)
    messages_per_minute = models.PositiveSmallIntegerField(
        _("messages a minute"), default=5, validators=[MinValueValidator(1), MaxValueValidator(MOST_MESSAGES)]
    )

    target = models.TextField(blank=True, editable=False)
    hint = models.CharField(max_length=120, blank=True, editable=False)
    pending = models.TextField(blank=True, editable=False)  # sealed: {"code", "address" or "bot", "tries"}
    pending_until = models.DateTimeField(null=True, editable=False)
    disabled_reason = models.CharField(max_length=12, blank=True, choices=Reason, editable=False)
    refusals = models.PositiveSmallIntegerField(default=0, editable=False)  # final ones, in a row
    paused_until = models.DateTimeField(null=True, editable=False)  # by Retry-After, or between two messages
    last_success_at = models.DateTimeField(null=True, editable=False)
    last_error_at = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("delivery channel")
        verbose_name_plural = _("delivery channels")
        ordering = ["user", "kind"]
        constraints = [
            # Serves the user's page, and lets two clicks at once make one channel.
            models.UniqueConstraint(fields=["user", "kind"], name="delivery_channel_user_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.kind}"

    def disable(self, reason: "DeliveryChannel.Reason") -> None:
        """Switch it off and say why; the caller saves."""
        self.enabled = False
        self.disabled_reason = reason
        self.refusals = 0


class PushDevice(models.Model):
    """A browser that subscribed. `subscription` is sealed JSON: what PushSubscription.toJSON() gives."""

    channel = models.ForeignKey(DeliveryChannel, on_delete=models.CASCADE, related_name="devices")
    # SHA-256 of the endpoint: the same browser subscribes again without a second row, and nobody can read it here.
    fingerprint = models.CharField(max_length=64, editable=False)
    subscription = models.TextField(editable=False)
    name = models.CharField(_("browser"), max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("push device")
        verbose_name_plural = _("push devices")
        ordering = ["pk"]
        constraints = [
            # Serves subscribing again: a browser belongs to whoever subscribed last.
            models.UniqueConstraint(fields=["fingerprint"], name="push_device_fingerprint"),
        ]

    def __str__(self) -> str:
        return self.name


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Rows of deliveries."""

    def due(self, now: datetime) -> "DeliveryQuerySet":
        """What is to be sent now. Claiming moves `next_attempt_at` on: a claim whose worker died is due again then."""
        return self.filter(finished_at=None, next_attempt_at__lte=now)

    def prune(self, now: datetime) -> int:
        """Delete what ended too long ago; return how many."""
        return self.filter(finished_at__lt=now - KEEP_DELIVERIES).delete()[0]


class Delivery(models.Model):
    """One thing to tell over one channel, to one device where the channel has several.

    Rows that go out as one message share `message`, which is also the idempotency key and stays over all attempts.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("expired")
        QUIET = "quiet", _("quiet hours")
        DROPPED = "dropped", _("channel switched off")

    channel = models.ForeignKey(DeliveryChannel, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    device = models.ForeignKey(PushDevice, on_delete=models.SET_NULL, null=True, db_index=False)
    device_number = models.BigIntegerField(default=0)  # keeps the key when the device has gone; 0 for none
    subject = models.CharField(_("subject"), max_length=160)
    content = models.JSONField(_("content"))  # an Item as in alerts.delivery.items
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    message = models.UUIDField(_("message"), null=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    attempted_at = models.DateTimeField(_("last attempt"), null=True)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    expires_at = models.DateTimeField(_("expires at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    error = models.CharField(_("error"), max_length=200, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-pk"]
        constraints = [
            # Makes planning repeatable: one row for each user's channel, device and subject.
            models.UniqueConstraint(fields=["channel", "subject", "device_number"], name="delivery_once"),
        ]
        indexes = [
            # Serves `due`; only what is open is in it.
            models.Index(fields=["next_attempt_at"], name="delivery_open", condition=models.Q(finished_at=None)),
            # Serves the messages of the last minute, and the newest deliveries on the user's page.
            models.Index(fields=["channel", "-attempted_at"], name="delivery_channel_attempted"),
            # Serves pruning and the counts by outcome.
            models.Index(fields=["finished_at"], name="delivery_finished"),
            # Serves taking the key out when a device goes.
            models.Index(fields=["device"], name="delivery_device"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.status}"


class PlannedSubject(models.Model):
    """An alert or hit that was looked at: its deliveries exist, or nobody wanted any."""

    # Serves "which alerts are new".
    subject = models.CharField(primary_key=True, max_length=160)
    planned_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Serves pruning.
            models.Index(fields=["planned_at"], name="planned_subject_at"),
        ]

    def __str__(self) -> str:
        return self.subject


class DeliveryState(models.Model):
    """What delivery as a whole remembers, by name: pauses of all Telegram, the offset of its updates."""

    name = models.CharField(primary_key=True, max_length=16)
    until = models.DateTimeField(null=True)
    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
