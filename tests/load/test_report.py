"""The report: criteria over runs, the comparison with the last one, and parts that break."""

import re
from pathlib import Path

import msgspec
import pytest

from tests.load.report import __main__ as command
from tests.load.report.comparison import compare
from tests.load.report.facts import machine
from tests.load.report.markdown import text
from tests.load.report.model import Figure, Machine, PartResult, Report, merged
from tests.load.report.parts import QUICK, Part, Told, run

MACHINE = Machine("Linux", "a processor", 2, 8.0, "3.11.7", "PostgreSQL 18.1", "Valkey 9.1", 0.1)


def told(value: float | None, unit: str = "ms", better: str = "lower", bar: float | None = 100) -> Told:
    ok = value is not None and (bar is None or (value >= bar if better == "higher" else value <= bar))
    return Told("age_p99", value, unit, bar, ok, better, "")


def figure(name: str, *values: float, better: str = "lower", bar: float | None = 100, ok: bool | None = True) -> Figure:
    """A figure of some runs, in milliseconds."""
    return Figure(name, "load one", "ms", sorted(values)[len(values) // 2], bar, better, ok, list(values))


def report(*figures: Figure, machine: Machine = MACHINE, quick: bool = False, errors: tuple[str, ...] = ()) -> Report:
    """A report of one part."""
    part = PartResult("load one", 12.0, list(errors))
    return Report("2026-11-20T08:00:00+07:00", "abc", quick, 3, machine, [part], list(figures))


# --- Criteria -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("runs", "value", "ok"), [
    ([told(50), told(60), told(400)], 60, True),  # one run that something disturbed
    ([told(50), told(160), told(400)], 160, False),
    ([told(400, better="higher"), told(30, better="higher"), told(120, better="higher")], 120, True),
    ([told(0, "gaps", bar=0), told(0, "gaps", bar=0), told(1, "gaps", bar=0)], 1, False),  # a fault is a fault
    ([told(5, "clients", "higher", 5), told(4, "clients", "higher", 5)], 4, False),
    ([told(70), told(None)], 70, True),
    ([told(None)], None, False),
    ([told(70, bar=None)], 70, None),
])  # fmt: skip
def test_criterion_holds_for_the_median_of_runs_and_for_faults_in_each(
    runs: list[Told], value: float | None, ok: bool | None
) -> None:
    [found] = merged("load one", [[each] for each in runs])
    assert (found.value, found.ok, found.part) == (value, ok, "load one")


def test_report_fails_for_a_missed_criterion_and_for_a_broken_part() -> None:
    assert report(figure("a", 50.0)).ok
    assert not report(figure("a", 500.0, ok=False)).ok
    assert not report(figure("a", 50.0), errors=("took longer than 3 s",)).ok


# --- Comparison -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "now", "better", "verdict"), [
    ((100, 98, 102), (104, 103, 105), "lower", "noise"),  # 4 % where runs of one report differ by 4
    ((100, 98, 102), (110, 109, 111), "lower", "worse"),
    ((100, 98, 102), (90, 89, 91), "lower", "better"),
    ((100, 98, 102), (90, 89, 91), "higher", "worse"),
    ((100, 98, 102), (110, 80, 140), "lower", "noise"),  # its own runs differ by more
    ((100, 98, 102), (110, 109, 111), "", "changed"),
    ((100, 100, 100), (102, 102, 102), "lower", "noise"),  # never less than three per cent
    ((100,), (110,), "lower", "unknown"),
    ((0, 0, 0), (2, 2, 2), "lower", "worse"),
    ((0, 0, 0), (0, 0, 0), "lower", "noise"),
])  # fmt: skip
def test_change_counts_beyond_the_noise_of_the_runs(
    before: tuple[float, ...], now: tuple[float, ...], better: str, verdict: str
) -> None:
    [change] = compare(report(figure("a", *before, better=better)), report(figure("a", *now, better=better)))
    assert change.verdict == verdict


def test_comparison_names_what_is_new_and_what_is_gone() -> None:
    found = compare(report(figure("old", 1.0)), report(figure("new", 1.0)))
    assert {change.name: change.verdict for change in found} == {"old": "gone", "new": "new"}


def test_report_for_people_tells_the_machine_what_missed_and_what_got_worse() -> None:
    before = report(figure("age_p99", 100.0, 101.0, 102.0, bar=200))
    now = report(figure("age_p99", 300.0, 301.0, 302.0, bar=200, ok=False), errors=("ended with 2: no",))
    said = text(now, before)
    assert "**FAIL**: 0 criteria hold, 1 do not, 1 parts failed." in said
    assert "| Processor | a processor, 2 cores |" in said
    assert "- **load one failed**: ended with 2: no" in said
    assert "| age_p99 | 301 ms | at most 200 | **fail** | 300, 301, 302 |" in said
    assert re.search(r"\| age_p99 \| 101 \| 301 \| \+198.0 % \| ±3.0 % \| \*\*worse\*\* \|", said)


def test_report_is_not_compared_with_that_of_another_machine() -> None:
    other = msgspec.structs.replace(MACHINE, cores=64)
    said = text(report(figure("a", 300.0)), report(figure("a", 100.0), machine=other))
    assert "another machine" in said and "worse" not in said


def test_machine_names_what_figures_were_measured_on() -> None:
    found = machine()
    assert found.cores >= 1 and found.memory_gb > 0
    assert "PostgreSQL" in found.postgresql and found.valkey.startswith("Valkey")


# --- Parts ----------------------------------------------------------------------------------------------------


def part(script: str, seconds: float = 30) -> Part:
    return Part("a part", ("-c", script), seconds)


GOOD = """print('{"name":"a","value":1,"unit":"ms","bar":2,"ok":true}')"""


@pytest.mark.parametrize(("script", "error", "skipped", "figures"), [
    (GOOD, "", "", 1),
    (GOOD.replace("true", "false") + "; raise SystemExit(1)", "", "", 1),
    (GOOD.replace('"value":1', '"value":NaN').replace("true", "false") + "; raise SystemExit(1)", "", "", 1),
    (GOOD + "; raise SystemExit('it broke')", "ended with 1: it broke", "", 1),
    (GOOD + "; raise SystemExit(3)", "ended with 3: said nothing", "", 1),
    ("import sys; print('no wrk here', file=sys.stderr)", "", "no wrk here", 0),
    (GOOD + "; print('hello')", "expected figures, was 'hello'", "", 1),
    ("import time; print('hello', flush=True); time.sleep(60)", "took longer than 0.5 s", "", 0),
], ids=["good", "missed", "nothing measured", "broke", "died", "skipped", "strange", "too long"])  # fmt: skip
def test_part_tells_its_figures_or_in_one_line_what_went_wrong(
    script: str, error: str, skipped: str, figures: int
) -> None:
    done = run(part(script, 0.5 if "sleep" in script else 30))
    assert (done.error, done.skipped, len(done.told)) == (error, skipped, figures)


def test_report_command_writes_both_files_and_compares_with_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "QUICK", (part(GOOD),))
    assert command.main(["--quick", "--to", str(tmp_path)]) == 0
    [first] = tmp_path.glob("*.json")
    first.rename(tmp_path / "2000-01-01.json")
    monkeypatch.setattr(command, "QUICK", (part(GOOD.replace('"value":1', '"value":5').replace("true", "false")),))
    assert command.main(["--quick", "--to", str(tmp_path)]) == 1
    assert "missed: a is 5 ms" in capsys.readouterr().out
    newest = max(tmp_path.glob("*.md"), key=lambda path: path.stat().st_mtime_ns)
    assert "+400.0 %" in newest.read_text()
    with pytest.raises(SystemExit):
        command.main(["--quick", "--only", "nothing", "--to", str(tmp_path)])


def test_report_measures_every_part() -> None:
    names = [each.name for each in command.chosen([], quick=False)]
    assert {name.split()[0] for name in names} == {"bench", "load", "locust", "limit"} and len(names) > 15
    assert [each.name for each in command.chosen(["locust mixed"], quick=False)] == ["locust mixed_day"]
    assert [each.arguments[-1] for each in QUICK] == ["--quick"]
