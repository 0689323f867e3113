"""What a rule would have fired on a day that is over: a stored one, or a recording. Nothing is saved or sent."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from alerts.domain.check import NoUsualVolume, UsualVolume
from alerts.domain.evaluate import Evaluator
from alerts.domain.model import Alert, Rule
from alerts.engine import AlertEngine
from alerts.evidence import sentence
from alerts.models import Severity
from alerts.stored_day import changes_of, members_of, newest_stored_day, what_is_missing
from alerts.usual import StoredVolumes
from market.domain.calendar import clock_text, to_date
from market.domain.state import MarketState
from market.feed.errors import FeedError
from market.feed.parse import Parser
from market.feed.recording import read_messages
from market.pipeline import Pipeline

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2099, 12, 31)
LONGEST_SECONDS: Final = 20.0
MOST_LISTED: Final = 200
MOST_SYMBOLS: Final = 60
CLOCK_EVERY: Final = 2_000  # changes or messages between two looks at the clock
SUFFIXES: Final = (".jsonl", ".jsonl.gz")
MOST_RECORDINGS: Final = 200


class TrialForm(forms.Form):
    """Which day to try a rule against."""

    trial_day = forms.DateField(
        label=_("Stored day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
    )
    trial_recording = forms.ChoiceField(label=_("or a recording"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["trial_day"].initial = newest_stored_day() or timezone.localdate()
        fields["trial_recording"].choices = [("", "---------"), *((name, name) for name in recordings())]

    def clean(self) -> dict[str, Any]:
        """Want one of the two."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not values.get("trial_day") and not values.get("trial_recording"):
            raise forms.ValidationError(_("Choose a day or a recording."))
        return values


@dataclass
class Trial:
    """What a trial found. `listed` are the first alerts, `symbols` those with the most."""

    source: str
    judged: int = 0
    seconds: float = 0.0
    stopped_at: str = ""  # the exchange's time at which the trial ran out of time
    notes: list[str] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    by_symbol: Counter[str] = field(default_factory=Counter)

    def take(self, alert: Alert) -> None:
        """Count an alert, and keep the first ones."""
        self.by_symbol[alert.symbol] += 1
        if len(self.alerts) < MOST_LISTED:
            self.alerts.append(alert)

    @property
    def count(self) -> int:
        """Alerts in all."""
        return self.by_symbol.total()

    @property
    def symbols(self) -> list[tuple[str, int]]:
        """Symbols with how often each fired, most first."""
        return self.by_symbol.most_common(MOST_SYMBOLS)

    @property
    def listed(self) -> Iterator[dict[str, Any]]:
        """The first alerts in words."""
        severities: dict[str, Any] = dict(Severity.choices)
        for alert in self.alerts:
            yield {
                "time": clock_text(alert.at),
                "symbol": alert.symbol,
                "severity": severities[alert.severity],
                "title": sentence(alert.kind, alert.symbol, alert.evidence),
            }


def recordings() -> list[str]:
    """Names of the recordings there are, newest name first."""
    folder = Path(settings.RECORDINGS_DIR)
    if not folder.is_dir():
        return []
    names = sorted((path.name for path in folder.iterdir() if path.name.endswith(SUFFIXES)), reverse=True)
    return names[:MOST_RECORDINGS]


def run_trial(rule: Rule, wanted: dict[str, Any], longest: float = LONGEST_SECONDS) -> Trial:
    """Hold a rule, enabled or not, against the day or recording that a TrialForm names."""
    rule = msgspec.structs.replace(rule, enabled=True)
    started = time.monotonic()
    name, day = wanted.get("trial_recording"), wanted.get("trial_day")
    if name:
        trial = try_recording(rule, Path(settings.RECORDINGS_DIR) / name, started + longest)
    else:
        trial = try_stored_day(rule, day or timezone.localdate(), started + longest)
    trial.seconds = time.monotonic() - started
    return trial


def try_stored_day(rule: Rule, day: date, deadline: float) -> Trial:
    """Judge the rows of a day."""
    trial = Trial(str(day), notes=what_is_missing(rule, day))
    evaluator = Evaluator([rule], members_of(rule, day), usual_volume(rule, day))
    for change, phase in changes_of(rule, day):
        trial.judged += 1
        for alert in evaluator.apply(change, phase):
            trial.take(alert)
        if trial.judged % CLOCK_EVERY == 0 and time.monotonic() > deadline:
            trial.stopped_at = clock_text(getattr(change, "at", 0))
            break
    if not trial.judged and not trial.notes:
        trial.notes.append(gettext("Nothing is stored for that day."))
    return trial


def try_recording(rule: Rule, path: Path, deadline: float) -> Trial:
    """Play a recording through parser and state, as ingest would."""
    trial = Trial(path.name)
    try:
        messages = read_messages(path)
        head, day = first_day(messages)
        state = MarketState()
        engine = AlertEngine(Evaluator([rule], members_of(rule, day), usual_volume(rule, day)), state, trial.take)
        take = Pipeline(state, Parser(), [engine.observe]).take
        for message in chain(head, messages):
            take(message)
            trial.judged += 1
            if trial.judged % CLOCK_EVERY == 0 and time.monotonic() > deadline:
                trial.stopped_at = clock_text(state.now)
                messages.close()
                break
    except FeedError as error:
        trial.notes.append(str(error).replace(str(path), path.name))
    return trial


def first_day(messages: Iterator[bytes]) -> tuple[list[bytes], date]:
    """The day that the first usable message tells, and the messages read for that."""
    state, head = MarketState(), []
    take = Pipeline(state, Parser()).take
    for message in messages:
        head.append(message)
        take(message)
        if state.day:
            break
    return head, to_date(state.day)


def usual_volume(rule: Rule, day: date) -> UsualVolume:
    """What is usual before a day, for the kind that asks."""
    return StoredVolumes(day) if rule.kind == "relative_volume" else NoUsualVolume()
