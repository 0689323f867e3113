"""The form of a rule, made from the table of its kind; it works without JavaScript.

The fields of another kind are there once the kind was chosen and the form sent: nothing is saved then, whichever
button it was.
"""

from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms.utils import ErrorList
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from alerts.domain.check import KindInfo
from alerts.domain.kinds import KINDS
from alerts.domain.model import MAX_COOLDOWN_SECONDS, PHASES, Param, Rule, RuleError
from alerts.domain.rules import NAME, load_rule, load_rules, new_rule
from alerts.domain.scopes import BASKET, head
from alerts.models import AlertRule
from alerts.words import SCOPES, VALUES, param_help, param_number
from market.models import Basket
from market.pages.rows import PHASES as PHASE_NAMES

PREFIX: Final = "param_"
TRADE_PHASES: Final = ("ato", "continuous", "atc")
MOST_BYTES: Final = 1_000_000


class KindSelect(forms.Select):
    """A choice of kind with a button that shows the fields of the chosen one."""

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        button = '{} <button type="submit" name="_kind" class="button">{}</button>'
        return format_html(button, super().render(*args, **kwargs), gettext("Show its fields"))


class SymbolsField(forms.CharField):
    """A list of symbols as text."""

    widget = forms.Textarea(attrs={"rows": 2, "cols": 60})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Take commas, blanks and lines as separators."""
        text = value if isinstance(value, str) else ""
        return list(dict.fromkeys(text.upper().replace(",", " ").replace(";", " ").split()))


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule of one kind. `form_for` adds the fields of its params."""

    info: ClassVar[KindInfo]

    kind = forms.ChoiceField(label=_("Kind"), widget=KindSelect)
    shown_kind = forms.CharField(widget=forms.HiddenInput, required=False)
    cooldown_seconds = forms.IntegerField(
        label=_("Cool-down"),
        min_value=0,
        max_value=MAX_COOLDOWN_SECONDS,
        help_text=_("Seconds without a second alert of this rule for the same symbol; 0 for none."),
    )
    scope = forms.ChoiceField(label=_("Symbols that count"))
    basket = forms.ChoiceField(label=_("Basket"), required=False, help_text=_("For a basket."))
    symbols = SymbolsField(label=_("List"), required=False, help_text=_("For some symbols: ACB, FPT, VN30 ..."))
    phases = forms.MultipleChoiceField(
        label=_("Phases"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Phases in which the rule may fire. None chosen: all of them."),
    )

    class Meta:
        model = AlertRule
        fields = ["name", "kind", "enabled", "severity", "cooldown_seconds", "scope", "symbols", "phases"]

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        shown = data.get("shown_kind") if data is not None else None
        self.kind_changed = bool(shown) and shown != self.info.name
        self.is_to_be_saved = data is None or not ({"_kind", "_trial"} & set(data))
        if self.kind_changed:
            data = with_usual_values(data, self.info)
        if data is None and kwargs.get("instance") is None:
            kwargs["initial"] = usual_values(self.info) | (kwargs.get("initial") or {})
        super().__init__(data, files, **kwargs)
        self._fill_choices()
        self._fill_values()

    def _fill_choices(self) -> None:
        fields: dict[str, Any] = self.fields
        fields["kind"].choices = [(name, gettext(info.label)) for name, info in KINDS.items()]
        fields["scope"].choices = [(each, SCOPES[each]) for each in self.info.scopes]
        fields["basket"].choices = [("", "---------"), *Basket.objects.values_list("code", "name").order_by("code")]
        usual = TRADE_PHASES if self.info.hears in ("trade", "basis") else PHASES
        stored = self.instance.phases if isinstance(self.instance.phases, list) else []
        fields["phases"].choices = [(each, PHASE_NAMES[each]) for each in PHASES if each in usual or each in stored]

    def _fill_values(self) -> None:
        """Take the values of the row apart: scope into its sort and its basket, params into fields."""
        row = self.instance
        self.initial["kind"] = self.initial["shown_kind"] = self.info.name
        if row.scope:
            self.initial["scope"] = head(row.scope)
            self.initial["basket"] = row.scope.removeprefix(BASKET) if row.scope.startswith(BASKET) else ""
        if row.kind == self.info.name:
            self.initial.update({PREFIX + name: value for name, value in row.params.items()})

    def is_valid(self) -> bool:
        """Tell whether to save: not when the form was sent only to be shown again, or for a trial."""
        return super().is_valid() and self.is_to_be_saved

    def clean(self) -> dict[str, Any]:
        """Put the row's values together again; the row itself holds them against its kind."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if self.kind_changed and "_kind" not in self.data:
            words = _("These are the fields of “%(kind)s” now, with their usual values. Check them and save again.")
            self.add_error("kind", ValidationError(words, params={"kind": gettext(self.info.label)}))
        if values.get("scope") == "basket":
            if not values.get("basket"):
                self.add_error("basket", _("Choose a basket."))
            values["scope"] = f"{BASKET}{values.get('basket') or '?'}"
        elif values.get("scope") != "symbols":
            values["symbols"] = []
        elif not values.get("symbols"):
            self.add_error("symbols", _("Name at least one symbol."))
        elif others := [each for each in values["symbols"] if not NAME.fullmatch(each)]:
            words = _("No symbol is called %(name)s.")
            self.add_error("symbols", ValidationError(words, params={"name": ", ".join(others)}))
        self.instance.params = {
            param.name: values[PREFIX + param.name] for param in self.info.params if PREFIX + param.name in values
        }
        return values

    def add_error(self, field: str | None, error: Any) -> None:
        """Show what the row's own check found at the field that it is about."""
        if isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            found: dict[str, ErrorList | list[Any]] = {}
            for name, texts in error.error_dict.items():
                own = self._field_of(name)
                if own not in self.errors and not (own == "scope" and "basket" in self.errors):
                    found.setdefault(own, []).extend(texts)
            if not found:
                return
            error = ValidationError(found)
        super().add_error(field, error)

    def _field_of(self, name: str) -> str:
        own = PREFIX + name.removeprefix("params.") if name.startswith("params.") else name
        return own if own in self.fields else NON_FIELD_ERRORS

    def unsaved_rule(self) -> Rule | None:
        """The rule as the form has it; None if it has faults."""
        if not self.is_bound or self.errors:
            return None
        return load_rule(self.instance.as_dict())

    @classmethod
    def param_fields(cls) -> list[str]:
        """Names of the fields of the kind's params."""
        return [PREFIX + param.name for param in cls.info.params]


def form_for(kind: str) -> type[RuleForm]:
    """The form of one kind, an unknown one counts as the first."""
    info = KINDS.get(kind) or next(iter(KINDS.values()))
    fields = {PREFIX + param.name: param_field(param) for param in info.params}
    return type("RuleForm", (RuleForm,), {"info": info, **fields})


def param_field(param: Param) -> forms.Field:
    """The field of a param, with its unit and bounds in words."""
    words: dict[str, Any] = {"label": gettext(param.label), "help_text": param_help(param), "initial": param.default}
    if param.choices:
        return forms.ChoiceField(choices=[(each, VALUES[each]) for each in param.choices], **words)
    shown = {
        "unit": gettext(param.unit),
        "low": param_number(param.minimum),
        "high": param_number(param.maximum),
    }
    if param.whole:
        expected = gettext("Expected a whole number from %(low)s to %(high)s (%(unit)s).") % shown
    else:
        expected = gettext("Expected a number from %(low)s to %(high)s (%(unit)s).") % shown
    errors = dict.fromkeys(("required", "invalid", "min_value", "max_value"), expected)
    if param.whole:
        low, high = int(param.minimum), int(param.maximum)
        return forms.IntegerField(min_value=low, max_value=high, error_messages=errors, **words)
    return forms.FloatField(min_value=param.minimum, max_value=param.maximum, error_messages=errors, **words)


def usual_values(info: KindInfo) -> dict[str, Any]:
    """What a new rule of a kind starts with, as values of the form's fields."""
    rule = new_rule(info.name)
    return {
        "kind": info.name,
        "severity": rule.severity,
        "cooldown_seconds": rule.cooldown_seconds,
        "scope": rule.scope,
        "phases": [] if rule.phases == "all" else list(rule.phases),
        **{PREFIX + name: value for name, value in rule.params.items()},
    }


def with_usual_values(data: Any, info: KindInfo) -> Any:
    """A sent form with the usual values of another kind; name, state, basket and list stay as they are."""
    data = data.copy()
    scope = data.get("scope")
    values = usual_values(info) | {"shown_kind": info.name}
    if scope in info.scopes:
        values["scope"] = scope
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [str(value)])
    return data


class ImportForm(forms.Form):
    """Rules in a file."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("A JSON list of rules, as exported. Rules with a known id and kind are changed, others added."),
    )
    remove_others = forms.BooleanField(
        label=_("Delete the rules that the file does not hold"), required=False, initial=False
    )

    def clean_file(self) -> tuple[Rule, ...]:
        """Read the rules; every fault is named."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise ValidationError(_("Expected at most %(most)s bytes."), params={"most": f"{MOST_BYTES:,}"})
        try:
            return load_rules(file.read())
        except RuleError as error:
            found = [f"{field}: {text}" if field else text for field, text in error.problems.items()]
            raise ValidationError(found) from error
