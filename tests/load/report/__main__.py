"""Measure everything and write a report: `make report`.

python -m tests.load.report                          all parts, three runs of each
python -m tests.load.report --runs 1 --only "bench api" --only locust
python -m tests.load.report --quick                  half a minute, a few users; only errors count
"""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import django
import msgspec

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
django.setup()

from market.domain.calendar import VIETNAM  # noqa: E402  (needs the settings)
from tests.bench.__main__ import names as benches  # noqa: E402
from tests.load.report.facts import commit, machine  # noqa: E402
from tests.load.report.markdown import lines_of, text  # noqa: E402
from tests.load.report.model import Figure, PartResult, Report, merged  # noqa: E402
from tests.load.report.parts import QUICK, ROOT, Part, parts, run  # noqa: E402
from tests.load.scenarios import SCENARIOS as LOADS  # noqa: E402
from tests.load.swarm_scenarios import SCENARIOS as SWARMS  # noqa: E402

RUNS: Final = 3


def measure(wanted: Sequence[Part], runs: int) -> tuple[list[PartResult], list[Figure]]:
    """Run the parts one after another, each so many times in a row, saying how it goes."""
    results, figures = [], []
    for number, part in enumerate(wanted, start=1):
        say(f"{number}/{len(wanted)} {part.name} ...")
        done = [run(part) for _ in range(runs)]
        errors = list(dict.fromkeys(each.error for each in done if each.error))
        found = merged(part.name, [each.told for each in done])
        result = PartResult(part.name, sum(each.seconds for each in done), errors, done[-1].skipped)
        missed = [each.name for each in found if each.ok is False]
        say("; ".join([*(f"FAILED: {each}" for each in errors), *(f"missed: {each}" for each in missed)]) or "ok")
        results.append(result)
        figures += found
    return results, figures


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def last_report(folder: Path, *, quick: bool) -> Report | None:
    """The newest report of a kind in a folder; what cannot be read is none."""
    for path in sorted(folder.glob("*.json"), reverse=True):
        try:
            report = msgspec.json.decode(path.read_bytes(), type=Report)
        except (OSError, msgspec.DecodeError):
            continue
        if report.quick == quick:
            return report
    return None


def save(report: Report, before: Report | None, folder: Path, name: str) -> Path:
    """Write both files; the path of the one for people."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    path = folder / f"{name}.md"
    path.write_text(text(report, before))
    return path


def chosen(only: Sequence[str], *, quick: bool) -> list[Part]:
    """The parts of which the name begins with one of these words; all without any."""
    known = list(QUICK) if quick else list(parts(benches(), [*LOADS], [*SWARMS]))
    return [part for part in known if not only or part.name.startswith(tuple(only))]


def main(given: Sequence[str] | None = None) -> int:
    """Measure, write, and say in the exit code whether every bar holds: 1 when one does not, 2 for a wrong call."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.load.report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few users, one run, no bars on times")
    parser.add_argument("--runs", type=int, default=RUNS, choices=range(1, 11), help="of each part; noise needs two")
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="how a part's name begins")
    parser.add_argument("--to", type=Path, default=ROOT / "reports", metavar="FOLDER")
    options = parser.parse_args(given)
    wanted = chosen(options.only, quick=options.quick)
    if not wanted:
        parser.error(f"--only: expected how a part's name begins, was {', '.join(options.only)}")
    at, on, runs = datetime.now(tz=VIETNAM), machine(), 1 if options.quick else options.runs
    results, figures = measure(wanted, runs)
    report = Report(at.isoformat(timespec="seconds"), commit(), options.quick, runs, on, results, figures)
    before = last_report(options.to, quick=options.quick)
    path = save(report, before, options.to, f"{at:%Y-%m-%d-%H%M%S}")
    for line in lines_of(report):
        print(line)
    print(path)
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
