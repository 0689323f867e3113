"""Rules out to a file and in from one, in the form of `replay --rules` and of the samples."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from alerts.domain.model import Rule
from alerts.models import AlertRule


class Imported(NamedTuple):
    """How many rules an import added, changed, left as they were, and deleted."""

    added: int
    changed: int
    unchanged: int
    removed: int


def rules_to_json(rows: Iterable[AlertRule]) -> bytes:
    """Rules as a JSON list that people can read and `load_rules` takes."""
    rules = [without_empty_symbols(row) for row in rows]
    return msgspec.json.format(msgspec.json.encode(rules), indent=2) + b"\n"


def without_empty_symbols(row: AlertRule) -> dict[str, object]:
    """A rule without the fields that say nothing."""
    return {name: value for name, value in row.as_dict().items() if value != [] and value != ""}


def import_rules(rules: Iterable[Rule], *, remove_others: bool) -> Imported:
    """Store rules, within the caller's transaction. One with the id and kind of a stored rule replaces that."""
    stored = {row.pk: row for row in AlertRule.objects.select_for_update()}
    seen: set[int] = set()
    added = changed = unchanged = 0
    for rule in rules:
        row = stored.get(rule.id) if isinstance(rule.id, int) else None
        if row is None or row.kind != rule.kind:
            row = AlertRule()
            row.take(rule)
            row.save()
            added += 1
        elif same(row, rule):
            unchanged += 1
        else:
            row.take(rule)
            row.save()
            changed += 1
        seen.add(row.pk)
    others = [row for pk, row in stored.items() if pk not in seen] if remove_others else []
    for row in others:
        row.delete()
    return Imported(added, changed, unchanged, len(others))


def same(row: AlertRule, rule: Rule) -> bool:
    """Tell whether a row says what a rule says, whatever its version."""
    before = row.as_dict()
    row_of_rule = AlertRule(pk=row.pk, version=row.version)
    row_of_rule.take(rule)
    return before == row_of_rule.as_dict()
