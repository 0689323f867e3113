import json
from typing import Any

import pytest

from alerts.domain.kinds import KINDS
from alerts.domain.model import RuleError
from alerts.domain.rules import DEFAULT_RULES, dump_rules, load_rule, load_rules, new_rule

# The form of `rules` in the samples' truth file, word for word.
SAMPLE: list[dict[str, Any]] = [
    {
        "kind": "volume_spike",
        "scope": "stocks",
        "phases": ["ato", "continuous", "atc"],
        "severity": "warning",
        "cooldown_seconds": 60,
        "params": {"multiplier": 3, "window_minutes": 20, "min_trades": 10},
    },
    {
        "kind": "foreign_acceleration",
        "scope": "stocks",
        "phases": "all",
        "severity": "warning",
        "cooldown_seconds": 60,
        "params": {"change_percent": 30, "window_minutes": 5, "min_value_vnd": 1000000000},
    },
]


def with_field(field: str, value: object) -> dict[str, Any]:
    return SAMPLE[0] | {field: value}


def with_param(name: str, value: object) -> dict[str, Any]:
    return with_field("params", SAMPLE[0]["params"] | {name: value})


def problems_of(raw: Any) -> dict[str, str]:
    with pytest.raises(RuleError) as caught:
        load_rule(raw)
    return caught.value.problems


def test_load_rules_of_the_sample_form_come_out_as_they_went_in() -> None:
    assert dump_rules(load_rules(SAMPLE)) == SAMPLE
    assert load_rules(json.dumps(SAMPLE)) == load_rules(SAMPLE) == load_rules(json.dumps(SAMPLE).encode())


def test_load_rules_with_optional_fields_keeps_them() -> None:
    raw = SAMPLE[0] | {
        "id": 7,
        "name": "Big prints",
        "enabled": False,
        "version": 3,
        "scope": "symbols",
        "symbols": ["HPG", "FPT"],
    }
    assert dump_rules(load_rules([raw])) == [raw]


def test_load_rule_without_params_takes_the_defaults_of_the_kind() -> None:
    raw = {field: value for field, value in SAMPLE[0].items() if field != "params"}
    assert load_rule(raw).params == SAMPLE[0]["params"]


def test_load_rule_with_a_whole_float_reads_a_whole_number() -> None:
    value = load_rule(with_param("min_trades", 10.0)).params["min_trades"]
    assert value == 10 and isinstance(value, int)


def test_default_rules_are_the_four_of_the_predecessor() -> None:
    assert dump_rules(DEFAULT_RULES) == [
        SAMPLE[0] | {"phases": ["continuous"]},
        {
            "kind": "price_limit",
            "scope": "stocks",
            "phases": ["ato", "continuous", "atc"],
            "severity": "critical",
            "cooldown_seconds": 60,
            "params": {},
        },
        SAMPLE[1],
        {
            "kind": "basis_flip",
            "scope": "vn30_futures",
            "phases": ["ato", "continuous", "atc"],
            "severity": "warning",
            "cooldown_seconds": 60,
            "params": {},
        },
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_new_rule_of_every_kind_passes_its_own_check(kind: str) -> None:
    assert load_rules(dump_rules([new_rule(kind)])) == (new_rule(kind),)


@pytest.mark.parametrize("kind", KINDS)
def test_params_of_every_kind_have_a_default_within_bounds_and_words(kind: str) -> None:
    for param in KINDS[kind].params:
        assert param.problem(param.default) is None
        assert param.label and param.help.endswith(".")
        assert param.choices or param.unit


@pytest.mark.parametrize("value", ["x", None, True, 0.5, 100.5, float("nan"), float("inf"), 10**400, [3]])
def test_load_rule_with_a_wrong_multiplier_says_what_was_expected(value: object) -> None:
    text = problems_of(with_param("multiplier", value))["params.multiplier"]
    assert text.startswith("expected a number from 1 to 100, was ")


def test_load_rule_error_reads_as_a_sentence() -> None:
    with pytest.raises(RuleError, match=r"^params\.multiplier: expected a number from 1 to 100, was 'x'$"):
        load_rule(with_param("multiplier", "x"))


@pytest.mark.parametrize("value", [1, 100, 2.5])
def test_load_rule_with_a_multiplier_on_its_bounds_is_fine(value: float) -> None:
    assert load_rule(with_param("multiplier", value)).number("multiplier") == value


def test_load_rule_with_a_fraction_for_a_whole_number_is_refused() -> None:
    assert problems_of(with_param("min_trades", 2.5)) == {
        "params.min_trades": "expected a whole number from 1 to 10,000, was 2.5"
    }


def test_load_rule_with_an_unknown_param_names_those_of_the_kind() -> None:
    assert problems_of(with_param("factor", 3)) == {
        "params.factor": "expected one of multiplier, window_minutes, min_trades for volume_spike, was unknown"
    }


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("kind", "volume", "expected one of volume_spike, price_limit, "),
        ("kind", ["volume_spike"], "expected one of "),
        ("severity", "bad", "expected one of info, warning, critical, was 'bad'"),
        ("phases", ["lunchtime"], 'expected "all" or a list of pre_open, ato'),
        ("phases", [], 'expected "all" or a list of '),
        ("phases", "continuous", 'expected "all" or a list of '),
        ("cooldown_seconds", -1, "expected a whole number from 0 to 86,400, was -1"),
        ("cooldown_seconds", 1.5, "expected a whole number from 0 to 86,400, was 1.5"),
        ("scope", "shares", "expected one of stocks, all, vn30_futures, basket:<name>, symbols for volume_spike"),
        ("scope", "basket", "expected one of "),
        ("scope", "basket:", "expected one of "),
        ("scope", 5, "expected one of "),
        ("symbols", ["ACB"], "expected none with scope stocks, was ['ACB']"),
        ("params", [], "expected an object, was []"),
        ("enabled", "yes", "expected true or false, was 'yes'"),
        ("version", 0, "expected a whole number from 1, was 0"),
        ("id", 1.5, "expected a whole number or a text, was 1.5"),
        ("name", "x" * 200, "expected a text of at most 120 characters, was 'xxx"),
        ("colour", "red", "expected one of kind, scope, "),
    ],
)
def test_load_rule_with_a_wrong_field_says_what_was_expected(field: str, value: object, words: str) -> None:
    assert problems_of(with_field(field, value))[field].startswith(words)


@pytest.mark.parametrize("symbols", [(), "ACB", [""], ["A B"], [5]])
def test_load_rule_for_symbols_without_good_symbols_is_refused(symbols: object) -> None:
    raw = SAMPLE[0] | {"scope": "symbols", "symbols": symbols}
    assert problems_of(raw)["symbols"].startswith("expected a list of at least one symbol, was ")


def test_load_rule_of_an_index_kind_on_stocks_is_refused() -> None:
    raw = dump_rules([new_rule("index_move")])[0] | {"scope": "stocks"}
    assert problems_of(raw) == {"scope": "expected one of all, symbols for index_move, was 'stocks'"}


def test_load_rule_without_a_scope_says_so_once() -> None:
    raw = {field: value for field, value in SAMPLE[0].items() if field != "scope"}
    assert problems_of(raw) == {"scope": "expected a value, was missing"}


def test_param_of_words_is_no_number_and_lists_its_words() -> None:
    kind, param = next((kind, param) for kind, info in KINDS.items() for param in info.params if param.choices)
    assert param.expected == f"one of {', '.join(param.choices)}"
    assert new_rule(kind).choice(param.name) == param.default
    with pytest.raises(TypeError, match=f"params.{param.name}: expected a number"):
        new_rule(kind).number(param.name)


def test_load_rule_with_missing_fields_names_them_all() -> None:
    assert set(problems_of({})) == {"kind", "scope", "phases", "severity", "cooldown_seconds"}


def test_load_rules_collects_faults_by_position() -> None:
    source: list[Any] = [with_param("multiplier", "x"), SAMPLE[1], with_field("severity", "bad"), 5]
    with pytest.raises(RuleError) as caught:
        load_rules(source)
    assert set(caught.value.problems) == {"rules[0].params.multiplier", "rules[2].severity", "rules[3]"}


def test_load_rules_with_an_id_twice_is_refused() -> None:
    with pytest.raises(RuleError, match=r"rules\[1\]\.id: expected an id of its own, was 7 again"):
        load_rules([SAMPLE[0] | {"id": 7}, SAMPLE[1] | {"id": 7}])


@pytest.mark.parametrize("source", ["{", b"\xff", "5", '"rules"', '{"rules": []}'])
def test_load_rules_of_no_list_says_so(source: str | bytes) -> None:
    with pytest.raises(RuleError, match="expected a"):
        load_rules(source)
