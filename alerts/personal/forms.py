"""The form of a user's own alert: what people type, held against the market, becomes what ingest judges."""

import re
from datetime import date
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from alerts.models import PersonalAlert
from alerts.personal.bounds import BadValue, check, shown
from alerts.personal.subject import Asked, kinds_of, look_up
from alerts.personal.words import GROUPS, PHRASES

MINUTE: Final = 60
COOLDOWNS: Final = (1, 5, 15, 60, 240)  # minutes
YEARS_AHEAD: Final = 2
PLAIN: Final = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,6})?|\.[0-9]{1,6})")
# Marks between thousands are all the same, and another one stands before decimals.
GROUPED: Final = re.compile(r"([+-]?[0-9]{1,3}([.,])[0-9]{3}(?:\2[0-9]{3})*)(?:(?!\2)[.,]([0-9]{1,6}))?")
WHOLE: Final = frozenset({"volume", "foreign_volume"})


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Everything that may be asked, in groups; a choice is "kind.condition"."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for (kind, condition), phrase in PHRASES.items():
        label = capfirst(str(phrase).format(value="…"))
        groups.setdefault(str(GROUPS[kind]), []).append((f"{kind}.{condition}", label))  # type: ignore[index]
    return list(groups.items())


def cooldowns() -> list[tuple[int, str]]:
    """How long a repeating alert may be silent."""
    return [
        (minutes * MINUTE, _("%(count)s minutes") % {"count": minutes} if minutes < MINUTE else
         _("%(count)s hours") % {"count": minutes // MINUTE})
        for minutes in COOLDOWNS
    ]  # fmt: skip


class PersonalAlertForm(forms.Form):
    """One alert. `subject` is the symbol as it was found, also when something else is wrong."""

    symbol = forms.CharField(label=gettext_lazy("Symbol"), max_length=24)
    what = forms.ChoiceField(label=gettext_lazy("When"), choices=choices)
    value = forms.CharField(
        label=gettext_lazy("Threshold"),
        max_length=30,
        required=False,
        help_text=gettext_lazy(
            "Price in thousand VND (futures and indices in points), change in %, volume in shares or contracts, "
            "foreign value in bn VND. Net selling is negative. Ceiling and floor need none."
        ),
    )
    repeats = forms.TypedChoiceField(
        label=gettext_lazy("How often"),
        choices=(("0", gettext_lazy("Once")), ("1", gettext_lazy("Each time"))),
        coerce=lambda text: text == "1",
        initial="0",
    )
    cooldown_seconds = forms.TypedChoiceField(
        label=gettext_lazy("Silent after each time"), choices=cooldowns, coerce=int, initial=15 * MINUTE
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Last day"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.auto_id, self.label_suffix = "alert-%s", ""
        self.subject: Asked | None = None
        self.fields["symbol"].widget.attrs |= {
            "autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false", "list": "suggestions",
        }  # fmt: skip
        self.fields["value"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean_symbol(self) -> str:
        """Find the symbol; the code stands for an alias."""
        name = self.cleaned_data["symbol"].strip().upper()
        self.subject = look_up(name) if re.fullmatch(r"[A-Z0-9]{1,24}", name) else None
        if self.subject is None:
            raise forms.ValidationError(_("No symbol is called %(name)s.") % {"name": name})
        return self.subject.code

    def clean_expires_on(self) -> date | None:
        """Keep it within the years ahead."""
        day: date | None = self.cleaned_data["expires_on"]
        today = timezone.localdate()
        if day is not None and not today <= day <= today.replace(year=today.year + YEARS_AHEAD, day=1):
            raise forms.ValidationError(_("Expected a day from today on, at most two years ahead."))
        return day

    def clean(self) -> dict[str, Any]:
        """Hold the value against the symbol."""
        given = super().clean() or self.cleaned_data
        if self.subject is None or "what" not in given:
            return given
        kind, condition = given["what"].split(".")
        if kind not in (kinds_of(self.subject) or (kind,)):
            self.add_error("what", _("Of an index only the price, that is its value, can be watched."))
            return given
        given["kind"], given["condition"], given["threshold"] = kind, condition, None
        if kind != "limit":
            try:
                given["threshold"] = self.threshold(kind, self.subject)
            except BadValue as error:
                self.add_error("value", str(error))
        return given

    def threshold(self, kind: str, subject: Asked) -> float:
        """What was typed, in the units of triggers. Raises BadValue."""
        number = parse(self.cleaned_data.get("value", ""), kind)
        return check(kind, number, subject, get_language() or "vi")

    def values(self) -> dict[str, Any]:
        """The fields of the row."""
        given = self.cleaned_data
        names = ("symbol", "kind", "condition", "threshold", "repeats", "cooldown_seconds", "expires_on", "note")
        return {name: given[name] for name in names}


def parse(text: str, kind: str) -> float:
    """Read a number as people in Vietnam or abroad type it. Raises BadValue.

    Whole numbers may have any marks between thousands; elsewhere a single comma or point is the decimal mark.
    """
    plain = re.sub(r"[\s_]", "", text).replace("−", "-").removesuffix("%")
    if kind in WHOLE or len(re.findall(r"[.,]", plain)) > 1:
        grouped = GROUPED.fullmatch(plain)
        if grouped:
            plain = re.sub(r"[.,]", "", grouped[1]) + ("." + grouped[3] if grouped[3] else "")
    plain = plain.replace(",", ".")
    if not PLAIN.fullmatch(plain):
        raise BadValue(_("Expected a number."))
    return float(plain)


def initial_of(row: PersonalAlert, language: str) -> dict[str, Any]:
    """What the form of a stored alert begins with."""
    return {
        "symbol": row.symbol,
        "what": f"{row.kind}.{row.condition}",
        "value": "" if row.threshold is None else shown(row.kind, row.threshold, row.symbol, language),
        "repeats": "1" if row.repeats else "0",
        "cooldown_seconds": row.cooldown_seconds,
        "expires_on": row.expires_on,
        "note": row.note,
    }


def initial_for(subject: Asked, language: str) -> dict[str, Any]:
    """What the form of a new alert on a symbol begins with: its price of now."""
    near = subject.near
    return {
        "symbol": subject.code,
        "what": "price.above",
        "value": "" if near is None else shown("price", near, subject.code, language),
    }
