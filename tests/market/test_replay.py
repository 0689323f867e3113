"""`manage.py replay`: what a recorded day amounts to, held against what is true about it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from alerts.domain.rules import load_rules
from market.management.commands.replay import read_rules, replay
from tests.market import small_day

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
EXACT = (
    *("last_price", "open", "high", "low", "total_volume", "total_value", "trades", "neutral_volume"),
    *("unclassified_volume", "ato_volume", "continuous_volume", "atc_volume"),
    *("foreign_buy_volume", "foreign_sell_volume"),
)
SIDES = ("buy_volume", "sell_volume")
RULE = {"scope": "stocks", "phases": "all", "severity": "info", "cooldown_seconds": 0, "params": {}}
SIDE_TOLERANCE = 0.001  # of the summed volume, where sides were found from the book


def report_of(path: Path, *options: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    call_command("replay", str(path), "--json", *options)
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def differences(truth: dict[str, Any], report: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    """What a report says otherwise than the truth, as far as the truth knows the name."""
    return [
        f"{code} {name}: expected {known[name]}, was {report['symbols'][code][name]}"
        for code, known in truth["symbols"].items()
        for name in names
        if name in known and report["symbols"][code][name] != known[name]
    ]


def alerts_of(day: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(alert["kind"], alert["symbol"], alert["time"]) for alert in day["alerts"]]


def test_small_day_files_are_what_their_writer_writes() -> None:
    day = small_day.make()
    assert small_day.RECORDING.read_text().splitlines() == day.lines
    assert json.loads(small_day.TRUTH.read_text()) == json.loads(json.dumps(small_day.truth(day)))


def test_replay_of_the_small_day_tells_the_truth(capsys: pytest.CaptureFixture[str]) -> None:
    truth = json.loads(small_day.TRUTH.read_text())
    report = report_of(small_day.RECORDING, capsys=capsys)
    assert differences(truth, report, (*EXACT, *SIDES)) == []
    assert {name: report[name] for name in truth if name != "symbols"} == {
        name: truth[name] for name in truth if name != "symbols"
    }
    assert set(report["symbols"]) == set(truth["symbols"])
    assert report["rejected_by_reason"] == {
        "not_json": 2,
        "unknown_type": 1,
        "bad_number": 1,
        "out_of_order": 1,
    }


def test_replay_of_the_small_day_is_the_same_from_gzip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = tmp_path / "day.jsonl.gz"
    packed.write_bytes(gzip.compress(small_day.RECORDING.read_bytes()))
    plain, unpacked = (report_of(path, capsys=capsys) for path in (small_day.RECORDING, packed))
    assert plain | {"seconds": 0} == unpacked | {"seconds": 0}


def test_replay_report_has_every_promised_field(capsys: pytest.CaptureFixture[str]) -> None:
    report = report_of(small_day.RECORDING, capsys=capsys)
    assert {"messages", "rejected", "seconds", "symbols", "indices", "futures", "alerts", "bars"} <= set(report)
    assert all(set(EXACT) | set(SIDES) <= set(symbol) for symbol in report["symbols"].values())
    assert all(set(alert) == {"kind", "symbol", "time", "severity"} for alert in report["alerts"])


def test_replay_prints_a_line_a_symbol(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("replay", str(small_day.RECORDING))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("4 rejected")
    assert [line.split()[0] for line in lines[3:9]] == ["41I1GC000", "41I1H1000", "ACB", "FPT", "GAS", "PVS"]
    assert lines[10] == "alerts: basis_flip 1, foreign_acceleration 1, price_limit 2"


def test_replay_uses_the_rules_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps([RULE | {"kind": "price_limit"}]))
    report = report_of(small_day.RECORDING, "--rules", str(rules), capsys=capsys)
    assert [(alert["time"], alert["severity"]) for alert in report["alerts"]] == [
        ("11:00:01", "info"),
        ("11:00:59", "info"),
        ("11:01:01", "info"),
    ]


def test_replay_without_rules_raises_no_alerts(tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text("[]")
    assert replay(small_day.RECORDING, read_rules(tmp_path / "rules.json"))["alerts"] == []


@pytest.fixture(scope="module")
def day_a() -> tuple[dict[str, Any], dict[str, Any]]:
    """The truth about the sample day, and its report under the truth's rules."""
    recording, truth_file = SAMPLES / "day-a.jsonl.gz", SAMPLES / "day-a-truth.json"
    if not recording.exists():
        pytest.skip(f"the sample day is not there: {recording}")
    truth = json.loads(truth_file.read_text())
    return truth, replay(recording, load_rules(json.dumps(truth["rules"]).encode()))


def test_sample_day_totals_are_exact(day_a: tuple[dict[str, Any], dict[str, Any]]) -> None:
    truth, report = day_a
    assert (report["messages"], report["rejected"]) == (truth["messages"], 0)
    assert differences(truth, report, EXACT) == []
    assert report["indices"] == truth["indices"]


def test_sample_day_aggressors_are_exact_where_the_feed_names_them(
    day_a: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    truth, report = day_a
    told = {code: known for code, known in truth["symbols"].items() if known["side_from_feed"]}
    assert told
    assert differences({"symbols": told}, report, SIDES) == []


def test_sample_day_aggressors_are_close_where_the_book_tells_them(
    day_a: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    truth, report = day_a
    found = {code: known for code, known in truth["symbols"].items() if not known["side_from_feed"]}
    wrong = {
        code: sum(abs(known[name] - report["symbols"][code][name]) for name in SIDES) / 2
        for code, known in found.items()
    }
    volume = sum(known["total_volume"] for known in found.values())
    worst = max(wrong, key=lambda code: wrong[code] / found[code]["total_volume"])
    of_worst = found[worst]["total_volume"]
    print(f"wrong: {sum(wrong.values()):,.0f} of {volume:,}; worst: {worst}, {wrong[worst]:,.0f} of {of_worst:,}")
    assert sum(wrong.values()) <= SIDE_TOLERANCE * volume


def test_sample_day_raises_exactly_the_true_alerts(day_a: tuple[dict[str, Any], dict[str, Any]]) -> None:
    truth, report = day_a
    assert alerts_of(report) == alerts_of(truth)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.jsonl", None, "No such file"),
        ("empty.jsonl", b"", "expected a recording"),
        ("notes.txt", b"some notes\nabout the market\n", "expected a recording"),
        ("list.jsonl", b"[1, 2, 3]\n", "expected a recording"),
        ("binary.jsonl", bytes(range(256)) * 10, "expected a recording"),
        ("broken.jsonl.gz", b"\x1f\x8b" + b"broken" * 100, "damaged"),
    ],
)
def test_replay_of_no_recording_ends_with_one_clear_line(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert says in failure(path)


def test_replay_of_a_directory_ends_with_one_clear_line(tmp_path: Path) -> None:
    assert "Is a directory" in failure(tmp_path)


def test_replay_of_a_recording_that_is_damaged_in_the_middle_ends_with_one_clear_line(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(small_day.RECORDING.read_bytes()))
    middle = len(packed) // 2
    packed[middle : middle + 200] = b"\xff" * 200
    path = tmp_path / "day.jsonl.gz"
    path.write_bytes(packed)
    assert "damaged" in failure(path)


def test_replay_of_a_recording_that_was_cut_off_tells_what_is_left_and_warns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    packed = gzip.compress(small_day.RECORDING.read_bytes())
    path = tmp_path / "day.jsonl.gz"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    report = report_of(path, capsys=capsys)
    assert 0 < report["messages"] < len(small_day.make().lines)
    assert "ends early" in caplog.text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        ("not json", "rules.json: "),
        ('{"kind": "price_limit"}', "expected a list"),
        ('[{"kind": "price_limit"}]', "was missing"),
        (json.dumps([RULE | {"kind": "unheard_of"}]), "unheard_of"),
    ],
)
def test_replay_with_bad_rules_ends_with_one_clear_line(tmp_path: Path, content: str | None, says: str) -> None:
    rules = tmp_path / "rules.json"
    if content is not None:
        rules.write_text(content)
    line = failure(small_day.RECORDING, "--rules", str(rules))
    assert line.startswith(str(rules))
    assert says in line


def failure(path: Path, *options: str) -> str:
    """The line with which the command fails, and its exit code is not 0."""
    with pytest.raises(CommandError) as caught:
        call_command("replay", str(path), "--json", *options)
    line = str(caught.value)
    assert caught.value.returncode != 0
    assert line.count("\n") == 0
    assert 10 < len(line) < 500
    return line
