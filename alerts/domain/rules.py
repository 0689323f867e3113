"""Rules as people write them: a JSON list, checked; and the rules that ship.

The form is that of `rules` in the samples' truth file: kind, scope, phases, severity, cooldown_seconds, params, and
optionally symbols (for scope "symbols"), id, name, enabled, version. Params that are left out take the kind's default.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from alerts.domain.check import KindInfo
from alerts.domain.kinds import KINDS
from alerts.domain.model import (
    MAX_COOLDOWN_SECONDS,
    PHASES,
    SEVERITIES,
    ParamValue,
    Rule,
    RuleError,
    RuleId,
    is_number,
    shown,
)
from alerts.domain.scopes import BASKET, head

REQUIRED: Final = ("kind", "scope", "phases", "severity", "cooldown_seconds")
FIELDS: Final = Rule.__struct_fields__
MISSING: Final = object()
NAME: Final = re.compile(r"[A-Za-z0-9_.]{1,24}")


def load_rules(source: Sequence[Mapping[str, Any]] | str | bytes) -> tuple[Rule, ...]:
    """Read a list of rules, decoded or as JSON text.

    Raises RuleError with every fault, by field ("rules[0].params.multiplier").
    """
    if isinstance(source, str | bytes):
        try:
            source = msgspec.json.decode(source)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RuleError({"": f"expected a JSON list of rules: {error}"}) from None
    if not isinstance(source, Sequence) or isinstance(source, str | bytes):
        raise RuleError({"": f"expected a list of rules, was {shown(source)}"})
    rules: list[Rule] = []
    ids: set[RuleId] = set()
    problems: dict[str, str] = {}
    for position, raw in enumerate(source):
        try:
            rule = load_rule(raw)
        except RuleError as error:
            for field, text in error.problems.items():
                problems[f"rules[{position}].{field}".rstrip(".")] = text
            continue
        if rule.id in ids:
            problems[f"rules[{position}].id"] = f"expected an id of its own, was {rule.id!r} again"
        if rule.id is not None:
            ids.add(rule.id)
        rules.append(rule)
    if problems:
        raise RuleError(problems)
    return tuple(rules)


def load_rule(raw: Any) -> Rule:
    """Read one rule; raises RuleError with every fault by field ("params.multiplier")."""
    if not isinstance(raw, Mapping):
        raise RuleError({"": f"expected an object, was {shown(raw)}"})
    problems = _faults(raw)
    kind = KINDS.get(raw["kind"]) if isinstance(raw.get("kind"), str) else None
    if kind is not None:
        problems |= _scope_faults(kind, raw) | _param_faults(kind, raw.get("params", {}))
    if kind is None or problems:
        raise RuleError(problems)
    phases = raw["phases"]
    return Rule(
        kind=kind.name,
        scope=raw["scope"],
        phases="all" if phases == "all" else tuple(phases),
        severity=raw["severity"],
        cooldown_seconds=int(raw["cooldown_seconds"]),
        params=_filled(kind, raw.get("params", {})),
        symbols=tuple(raw.get("symbols", ())),
        id=raw.get("id"),
        name=raw.get("name", ""),
        enabled=raw.get("enabled", True),
        version=int(raw.get("version", 1)),
    )


def dump_rules(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """Return rules in the form that `load_rules` reads."""
    return msgspec.json.decode(msgspec.json.encode(tuple(rules)), type=list[dict[str, Any]])


def new_rule(kind: str) -> Rule:
    """Return what a new rule of a kind starts with; raises KeyError for an unknown kind."""
    info = KINDS[kind]
    return Rule(
        kind=kind,
        scope=info.scopes[0],
        phases="all" if info.phases is None else info.phases,
        severity=info.severity,
        cooldown_seconds=info.cooldown_seconds,
        params=_filled(info, {}),
    )


def _faults(raw: Mapping[str, Any]) -> dict[str, str]:
    """Find what is wrong with the fields that are the same for every kind."""
    problems = {field: "expected a value, was missing" for field in REQUIRED if field not in raw}
    problems |= {
        str(field): f"expected one of {', '.join(FIELDS)}, was unknown" for field in raw if field not in FIELDS
    }
    for field, (fits, words) in _CHECKS.items():
        if field in raw and not fits(raw[field]):
            problems[field] = f"expected {words}, was {shown(raw[field])}"
    return problems


def _are_phases(value: Any) -> bool:
    if value == "all":
        return True
    return isinstance(value, list | tuple) and bool(value) and all(each in PHASES for each in value)


def _is_cooldown(value: Any) -> bool:
    return is_number(value, whole=True) and 0 <= value <= MAX_COOLDOWN_SECONDS


_CHECKS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "kind": (lambda value: isinstance(value, str) and value in KINDS, f"one of {', '.join(KINDS)}"),
    "phases": (_are_phases, f'"all" or a list of {", ".join(PHASES)}'),
    "severity": (lambda value: value in SEVERITIES, f"one of {', '.join(SEVERITIES)}"),
    "cooldown_seconds": (_is_cooldown, f"a whole number from 0 to {MAX_COOLDOWN_SECONDS:,}"),
    "id": (lambda value: value is None or type(value) in (int, str), "a whole number or a text"),
    "name": (lambda value: isinstance(value, str) and len(value) <= 120, "a text of at most 120 characters"),
    "enabled": (lambda value: isinstance(value, bool), "true or false"),
    "version": (lambda value: is_number(value, whole=True) and value >= 1, "a whole number from 1"),
}


def _scope_faults(kind: KindInfo, raw: Mapping[str, Any]) -> dict[str, str]:
    scope, symbols = raw.get("scope", MISSING), raw.get("symbols", ())
    if scope is MISSING:
        return {}
    basket = isinstance(scope, str) and scope.startswith(BASKET)
    if (
        not isinstance(scope, str)
        or head(scope) not in kind.scopes
        or (scope == "basket" or (basket and not NAME.fullmatch(scope.removeprefix(BASKET))))
    ):
        words = ", ".join("basket:<name>" if each == "basket" else each for each in kind.scopes)
        return {"scope": f"expected one of {words} for {kind.name}, was {shown(scope)}"}
    listed = isinstance(symbols, list | tuple) and all(isinstance(s, str) and NAME.fullmatch(s) for s in symbols)
    if not listed or bool(symbols) != (scope == "symbols"):
        words = "a list of at least one symbol" if scope == "symbols" else f"none with scope {scope}"
        return {"symbols": f"expected {words}, was {shown(symbols)}"}
    return {}


def _param_faults(kind: KindInfo, params: Any) -> dict[str, str]:
    if not isinstance(params, Mapping):
        return {"params": f"expected an object, was {shown(params)}"}
    table = {param.name: param for param in kind.params}
    problems = {}
    for name, value in params.items():
        if name not in table:
            problems[f"params.{name}"] = f"expected one of {', '.join(table) or 'none'} for {kind.name}, was unknown"
        elif text := table[name].problem(value):
            problems[f"params.{name}"] = text
    return problems


def _filled(kind: KindInfo, params: Mapping[str, Any]) -> dict[str, ParamValue]:
    """Complete params with the defaults, in the table's order; whole numbers become int."""
    values: dict[str, ParamValue] = {}
    for param in kind.params:
        value = params.get(param.name, param.default)
        values[param.name] = int(value) if isinstance(value, float) and value.is_integer() else value
    return values


DEFAULT_RULES: Final = tuple(
    new_rule(kind) for kind in ("volume_spike", "price_limit", "foreign_acceleration", "basis_flip")
)
