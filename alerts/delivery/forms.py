"""Forms of the settings page: what goes over a channel, and where a channel leads."""

import re
from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from alerts.delivery.addresses import AddressRefused, take_apart
from alerts.domain.kinds import KINDS
from alerts.models import DeliveryChannel, Severity
from alerts.models.delivery import MOST_MESSAGES

SYMBOL: Final = re.compile(r"[A-Z0-9-]{1,24}")
MOST_SYMBOLS: Final = 200


class SymbolsField(forms.CharField):
    """Codes with commas or spaces between them, as a list without repeats."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        codes = list(dict.fromkeys(re.split(r"[\s,;]+", super().clean(value).upper().strip(" ,;\t\n"))))
        codes = [code for code in codes if code]
        if wrong := [code for code in codes if not SYMBOL.fullmatch(code)]:
            raise ValidationError(gettext("Not a symbol: %(code)s.") % {"code": wrong[0][:30]})
        if len(codes) > MOST_SYMBOLS:
            raise ValidationError(gettext("At most %(count)d symbols.") % {"count": MOST_SYMBOLS})
        return codes


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stub alone
    """What goes over a channel, and when."""

    severities = forms.MultipleChoiceField(
        label=_("Severity"), choices=Severity.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    kinds = forms.MultipleChoiceField(label=_("Kinds"), widget=forms.CheckboxSelectMultiple, required=False)
    symbols = SymbolsField(label=_("Only these symbols"), required=False, max_length=5000)

    class Meta:
        model = DeliveryChannel
        fields = [
            *("enabled", "market_alerts", "severities", "kinds", "only_watchlists", "symbols", "own_alerts", "summary"),
            *("quiet_from", "quiet_until", "critical_passes", "messages_per_minute"),
        ]
        widgets = {
            "quiet_from": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "messages_per_minute": forms.NumberInput({"min": 1, "max": MOST_MESSAGES}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        kinds = self.fields["kinds"]
        assert isinstance(kinds, forms.MultipleChoiceField)
        kinds.choices = [(name, gettext(info.label)) for name, info in KINDS.items()]
        if not self.instance.severities:  # stored empty for all
            self.initial["severities"] = list(Severity.values)

    def clean(self) -> dict[str, Any]:
        """Quiet hours need both ends; the market's alerts need a severity."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if (found.get("quiet_from") is None) != (found.get("quiet_until") is None) and not self.errors:
            self.add_error("quiet_until", gettext("Quiet hours need a beginning and an end."))
        if found.get("market_alerts") and not found.get("severities"):
            self.add_error("severities", gettext("Choose one at least, or switch the market's alerts off."))
        if set(found.get("severities", ())) == set(Severity.values):
            found["severities"] = []
        return found

    def save(self, commit: bool = True) -> Any:
        """Store it, and nothing that was linked meanwhile; what switches a channel on again forgets why it was off."""
        names = [*self.Meta.fields, "language"]
        if self.instance.enabled:
            self.instance.disabled_reason, self.instance.refusals = "", 0
            names += ["disabled_reason", "refusals"]
        channel = super().save(commit=False)
        if commit:
            channel.save(update_fields=names)
        return channel


class EmailForm(forms.Form):
    """The address that a code is sent to."""

    address = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput({"autocomplete": "email"}))


class CodeForm(forms.Form):
    """The code that came by e-mail."""

    code = forms.CharField(
        label=_("Code from the e-mail"),
        max_length=12,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class WebhookForm(forms.Form):
    """The address that alerts are posted to. It is never shown again as a whole."""

    url = forms.CharField(
        label=_("Address"),
        max_length=1000,
        widget=forms.URLInput({"placeholder": "https://example.org/hook", "autocomplete": "off"}),
    )

    def clean_url(self) -> str:
        """Refuse early what sending would refuse; names are resolved only then."""
        url: str = self.cleaned_data["url"].strip()
        try:
            take_apart(url, settings.DELIVERY_TO_LOOPBACK)
        except AddressRefused as error:
            text = gettext("An address on the internet is needed: https, port 443 or 8443, without user name.")
            raise ValidationError(text) from error
        return url


class SubscriptionForm(forms.Form):
    """What a browser's push service gave the page."""

    subscription = forms.CharField(max_length=4000, widget=forms.HiddenInput)
