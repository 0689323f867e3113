"""What the settings page shows of a channel."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from alerts.delivery import linking, push
from alerts.delivery.forms import ChannelForm, CodeForm, EmailForm, SubscriptionForm, WebhookForm
from alerts.delivery.items import from_content, title
from alerts.delivery.reasons import words_of
from alerts.models import Delivery, DeliveryChannel, Severity
from alerts.models.delivery import ChannelKind

SEVERITIES: Final = Severity.choices
NEWEST: Final = 15
ABOUT: Final = {
    ChannelKind.TELEGRAM: _("A message from this site's bot to you or to a group."),
    ChannelKind.PUSH: _("A notification of this browser or phone, also while no page is open."),
    ChannelKind.EMAIL: _("A letter for each alert, or one for several that come together."),
    ChannelKind.WEBHOOK: _("A signed HTTPS request to a program of yours."),
}
TARGET_FORMS: Final[dict[str, type[forms.Form]]] = {
    ChannelKind.EMAIL: EmailForm,
    ChannelKind.WEBHOOK: WebhookForm,
    ChannelKind.PUSH: SubscriptionForm,
    ChannelKind.TELEGRAM: forms.Form,  # its chat comes with the code
}


def is_available(kind: str) -> bool:
    """Tell whether the installation has what a channel needs."""
    needed = {ChannelKind.EMAIL: settings.EMAIL_HOST, ChannelKind.TELEGRAM: settings.TELEGRAM_BOT_TOKEN}
    return bool(needed.get(ChannelKind(kind), True))


class ChannelSection:
    """One channel of a reader, with the forms that are bound where one came back with a mistake."""

    def __init__(self, channel: DeliveryChannel, bound: Mapping[str, forms.BaseForm]) -> None:
        self.channel = channel
        self.kind = channel.kind
        self.label = channel.get_kind_display()
        self.about = ABOUT[ChannelKind(channel.kind)]
        self.available = is_available(channel.kind)
        self.devices = list(channel.devices.all()) if channel.pk and channel.kind == ChannelKind.PUSH else []
        self.is_set_up = bool(self.devices if channel.kind == ChannelKind.PUSH else channel.target)
        self.waiting = linking.pending(channel) if channel.pending else {}
        self.form = bound.get(f"{self.kind}:settings") or ChannelForm(instance=channel, prefix=self.kind)
        target = TARGET_FORMS.get(self.kind)
        self.target_form = bound.get(f"{self.kind}:target") or (
            target(prefix=f"{self.kind}-target") if target else None
        )
        self.code_form = bound.get(f"{self.kind}:code") or CodeForm(prefix=f"{self.kind}-code")

    @property
    def is_open(self) -> bool:
        """Whether the settings are shown at once: they came back with a mistake."""
        return bool(self.form.errors)

    @property
    def state(self) -> str:
        """One word for the mark beside the name: on, off, stopped, absent."""
        if not self.available or not self.is_set_up:
            return "absent"
        if self.channel.disabled_reason:
            return "stopped"
        return "on" if self.channel.enabled else "off"

    @property
    def state_text(self) -> str:
        """The state in words."""
        words = {
            "on": _("On"),
            "off": _("Off"),
            "stopped": _("Switched off after errors"),
            "absent": _("Not set up") if self.available else _("Not offered here"),
        }
        return str(words[self.state])

    @property
    def digest(self) -> str:
        """The settings in a line."""
        channel = self.channel
        said = [*self._market()]
        said += [gettext("my own alerts")] if channel.own_alerts else []
        said += [gettext("summary of the day")] if channel.summary else []
        if channel.quiet_from and channel.quiet_until:
            hours = {"from": f"{channel.quiet_from:%H:%M}", "until": f"{channel.quiet_until:%H:%M}"}
            said.append(gettext("quiet from %(from)s to %(until)s") % hours)
        return " · ".join(said) if said else gettext("nothing")

    def _market(self) -> list[str]:
        channel = self.channel
        if not channel.market_alerts:
            return []
        severities = [str(label) for value, label in SEVERITIES if value in channel.severities]
        what = ", ".join(severities).lower() if severities else gettext("all alerts of the market")
        where = [gettext("my watchlists")] if channel.only_watchlists else []
        where += (
            [", ".join(channel.symbols[:5]) + (" …" if len(channel.symbols) > 5 else "")] if channel.symbols else []
        )
        kinds = gettext("%(count)d kinds") % {"count": len(channel.kinds)} if channel.kinds else ""
        return [part for part in (what, kinds, ", ".join(where)) if part]

    @property
    def last_error(self) -> str:
        """Why the last message did not go out."""
        return words_of(self.channel.last_error)

    @property
    def deep_link(self) -> str:
        """The address that opens the bot and carries the code; empty while none waits."""
        bot = self.waiting.get("bot")
        return f"https://t.me/{bot}?start={self.waiting['code']}" if bot else ""

    @property
    def push_key(self) -> str:
        """What a browser needs in order to subscribe."""
        return push.public_key()


def sections(user: User, language: str, bound: Mapping[str, forms.BaseForm]) -> list[ChannelSection]:
    """Every channel, set up or not."""
    stored = {channel.kind: channel for channel in DeliveryChannel.objects.filter(user=user)}
    return [
        ChannelSection(stored.get(kind) or DeliveryChannel(user=user, kind=kind, language=language), bound)
        for kind in ABOUT
    ]


def newest(user: User) -> list[dict[str, Any]]:
    """The newest deliveries of a user, newest first."""
    rows = Delivery.objects.filter(channel__user=user).select_related("channel").order_by("-pk")[:NEWEST]
    return [
        {
            "at": row.finished_at or row.attempted_at or row.created_at,
            "channel": row.channel.get_kind_display(),
            "title": title(from_content(row.content)).partition("\n")[0],
            "status": row.status,
            "status_text": row.get_status_display(),
            "attempts": row.attempts,
            "error": words_of(row.error),
        }
        for row in rows
    ]
