"""The form of a user's own alert, filled by a program: the same rules and words, thresholds in the units of answers."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from django.utils import translation
from rest_framework.exceptions import ValidationError

from alerts.models import PersonalAlert
from alerts.personal.bounds import BadValue, check_threshold
from alerts.personal.forms import PersonalAlertForm
from alerts.personal.subject import Asked

LANGUAGE: Final = "en"  # of all errors of the API
ABOUT: Final = ("symbol", "kind", "condition", "threshold")
FIELDS: Final = (*ABOUT, "repeats", "cooldown_seconds", "expires_on", "note")
NAMES: Final = {"what": "condition", "value": "threshold", "__all__": "non_field_errors"}


class GivenForm(PersonalAlertForm):
    """A form whose threshold is a number. Where what an alert is about is not given, that stays and is not judged."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        kept = {"cooldown_seconds": given["cooldown_seconds"], "repeats": "1" if given["repeats"] else "0"}
        what = f"{given.get('kind')}.{given.get('condition')}"
        super().__init__(
            kept
            | {"symbol": given.get("symbol"), "what": what, "expires_on": given["expires_on"], "note": given["note"]}
        )
        self._number: float | None = given.get("threshold")
        if "symbol" not in given:
            for name in ("symbol", "what", "value"):
                del self.fields[name]

    def threshold(self, kind: str, subject: Asked) -> float:
        """Hold the number to the bounds. Raises BadValue."""
        if self._number is None:
            raise BadValue(translation.gettext("Expected a number."))
        return check_threshold(kind, self._number, subject, LANGUAGE)


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a row. Raises ValidationError, whose words are the form's."""
    with translation.override(LANGUAGE):
        form = GivenForm(given)
        if not form.is_valid():
            raise ValidationError(
                {NAMES.get(name, name): [str(each) for each in texts] for name, texts in form.errors.items()}
            )
    names = FIELDS if "symbol" in given else tuple(name for name in FIELDS if name not in ABOUT)
    return {name: form.cleaned_data[name] for name in names}


def changed(row: PersonalAlert, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a row that a change leads to; what it is about is looked at only if that is touched."""
    wanted: Collection[str] = FIELDS if any(name in given for name in ABOUT) else FIELDS[len(ABOUT) :]
    touched = {name for name in FIELDS if name in given}
    values = checked({name: given.get(name, getattr(row, name)) for name in wanted}) if touched else {}
    if "is_paused" in given:
        values["is_paused"] = given["is_paused"]
    return values
