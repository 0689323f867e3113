"""Run Locust's users against a stack of our own, or a site of this machine; one JSON object a line.

python -m tests.load.swarm                         all scenarios, each on a stack of its own
python -m tests.load.swarm reconnect_storm --users 100 --seconds 30
python -m tests.load.swarm --host http://127.0.0.1:8000 mixed_day
python -m tests.load.swarm --quick                 a smoke: a few users of every kind at once, and no times
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
django.setup()

from tests.bench.figure import Figure, line  # noqa: E402  (needs the settings)
from tests.load.bounds import Refused, bounded, loopback  # noqa: E402
from tests.load.follower import Outcome, read  # noqa: E402
from tests.load.swarm_figures import figures  # noqa: E402
from tests.load.swarm_scenarios import SCENARIOS, SMOKE, Scenario  # noqa: E402
from tests.stand import Stand  # noqa: E402
from tracker.launch.ports import LOOPBACK  # noqa: E402

ROOT: Final = Path(__file__).resolve().parent.parent.parent
LOCUSTFILE: Final = Path(__file__).with_name("locustfile.py")
OPENING: Final = ("--start", "09:15")
CROWDED: Final = {  # one address stands for many people
    "ACCOUNTS_SIGN_UP": "true",
    "SIGN_UPS_PER_HOUR_PER_ADDRESS": "100000",
    "API_REQUESTS_PER_MINUTE_PER_ADDRESS": "10000000",
}
QUICK_SECONDS: Final = 10
GRACE_SECONDS: Final = 60  # for Locust to start and end


class Site(NamedTuple):
    """Where the users go; `recorded` is what its ingest received, None where that is not known."""

    addresses: list[str]
    recorded: Path | None


@contextmanager
def own_site() -> Iterator[Site]:
    """PostgreSQL, Valkey, an exchange at its open, ingest and two web processes, all on this machine."""
    with Stand(**CROWDED) as stand:
        recorded = stand.directory / "recorded"
        stand.start_database()
        names = ("web1", "web2")
        stand.start_simulator(*OPENING)
        stand.start_ingest("--record", str(recorded))
        for name in names:
            stand.start_web(name)
        yield Site([f"http://{LOOPBACK}:{stand.ports[name]}" for name in names], recorded)


def swarm(scenario: Scenario, site: Site, users: int, seconds: int) -> Outcome:
    """Run Locust for so long and return what it saw. Raises RuntimeError when it tells nothing."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "outcome.json"
        first, *others = site.addresses
        command = [
            *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless"),
            *("--only-summary", "--loglevel", "WARNING"),
            *("--host", first, *(word for each in others for word in ("--also", each)), "--outcome", str(path)),
            *("--users", str(users), "--spawn-rate", str(users / scenario.arrival), "--run-time", f"{seconds}s"),
            *scenario.users,
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False
        )
        if not path.exists():
            last = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
            raise RuntimeError(f"{scenario.name}: Locust ended with {done.returncode}: {last}")
        return read(path)


def run(scenarios: Sequence[Scenario], host: str, users: int, seconds: int, *, times: bool) -> Iterator[Figure]:
    """The figures of the scenarios, as they come; each on a stack of its own where no site is given."""
    for scenario in scenarios:
        with given_site(host) if host else own_site() as site:
            outcome = swarm(scenario, site, users or scenario.clients, seconds)
            for each in outcome.errors:
                print(f"{scenario.name}: {each}", file=sys.stderr)
            yield from figures(scenario, outcome, site.recorded, times=times)


@contextmanager
def given_site(host: str) -> Iterator[Site]:
    """A site of this machine that runs already."""
    yield Site([loopback(host)], None)


def main(given: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code says whether every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.swarm", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--host", default="", help="a site of this machine that runs already")
    parser.add_argument("--users", type=int, default=0, help="instead of each scenario's own number")
    parser.add_argument("--seconds", type=int, default=30, help="how long each scenario lasts")
    parser.add_argument("--quick", action="store_true", help="few users, and no bars on times")
    options = parser.parse_args(given)
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"expected some of {', '.join(SCENARIOS)}, was {', '.join(sorted(unknown))}")
    scenarios = [SMOKE] if options.quick else [SCENARIOS[name] for name in options.scenarios or SCENARIOS]
    seconds = QUICK_SECONDS if options.quick else options.seconds
    try:
        bounded(options.users or 1, seconds)
        held = True
        for shown in run(scenarios, options.host, options.users, seconds, times=not options.quick):
            print(line(shown), flush=True)
            held = held and shown.ok is not False
    except (Refused, RuntimeError, subprocess.TimeoutExpired) as error:
        print(f"swarm: {error}", file=sys.stderr)
        return 2
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
