"""Locust's users against a real Daphne, and what their outcome says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.load.follower import Answers, Follower, Outcome, channel_of, read, write
from tests.load.swarm_figures import figures
from tests.load.swarm_scenarios import SCENARIOS


def frame(kind: str, seq: int, **data: object) -> str:
    told = {"type": kind, "channel": "market", "epoch": "e", "seq": seq, "time": None, "data": data}
    return json.dumps(told, separators=(",", ":"))


def follower(*texts: str) -> Follower:
    """A client that got these frames, a second apart."""
    made = Follower({})
    for at, text in enumerate(texts):
        made.take(text, float(at))
    return made


def test_follower_keeps_when_each_update_came() -> None:
    seen = follower(frame("snapshot", 4, rows={}, status={}), frame("update", 5, rows={}), frame("update", 6, rows={}))
    assert (seen.snapshot_at, seen.at, seen.gaps) == (0.0, {("e", 5): 1.0, ("e", 6): 2.0}, 0)


def test_follower_of_a_lost_update_counts_a_gap_and_asks_again() -> None:
    seen = follower(frame("snapshot", 4, rows={}, status={}))
    assert json.loads(seen.take(frame("update", 6, rows={}), 1.0)[0]) == {"type": "resync"}
    assert (seen.gaps, seen.at) == (1, {})
    seen.take(frame("heartbeat", 6, status={}), 2.0)  # still waiting: no second gap
    assert seen.gaps == 1


def test_outcome_goes_through_a_file_unchanged(tmp_path: Path) -> None:
    texts: dict[tuple[str, int], str] = {}
    seen = Follower(texts)
    seen.take(frame("snapshot", 4, rows={}, status={}), 1.0)
    seen.take(frame("update", 5, rows={"HPG": {"total_volume": 100}}), 2.0)
    outcome = Outcome([Answers("WS", "market come back", 3, 0, 1.0, 2.0, 3.0, 4.0)], ["one"], {})
    outcome.channels["market"] = channel_of([seen], texts)
    write(tmp_path / "outcome.json", outcome)
    again = read(tmp_path / "outcome.json")
    assert again.answer("market come back").most == 4.0 and again.answer("nothing").count == 0
    [client] = again.channels["market"].clients
    assert (client.snapshot_at, client.at) == (1.0, {("e", 5): 2.0})
    assert [*again.channels["market"].texts] == [("e", 5)]


def outcome_of(failures: int, p95: float | None) -> Outcome:
    return Outcome([Answers("WS", "market connect and snapshot", 9, failures, p95, p95, p95, p95)])


@pytest.mark.parametrize(("failures", "p95", "missed"), [
    (0, 30.0, set()),
    (1, 30.0, {"locust_snapshot_burst_failures"}),
    (0, 1e5, {"locust_snapshot_burst_market_connect_and_snapshot_p95"}),
    (0, None, {"locust_snapshot_burst_market_connect_and_snapshot_p95"}),
])  # fmt: skip
def test_figures_of_an_outcome_hold_failures_and_times_to_bars(
    failures: int, p95: float | None, missed: set[str]
) -> None:
    found = list(figures(SCENARIOS["snapshot_burst"], outcome_of(failures, p95), None, times=True))
    assert {each.name for each in found if each.ok is False} == missed


def test_figures_without_times_still_ask_for_answers() -> None:
    found = list(figures(SCENARIOS["snapshot_burst"], Outcome(), None, times=False))
    names = {each.name for each in found if each.ok is False}
    assert names == {"locust_snapshot_burst_requests", "locust_snapshot_burst_market_connect_and_snapshot_answers"}


LOCUST = (sys.executable, "-m", "locust", "-f", "tests/load/locustfile.py", "--users", "1", "MarketStream")


@pytest.mark.parametrize(("options", "expected"), [
    (("--headless", "--run-time", "5s", "--host", "http://stocks.example.org:80"), "an address of this machine"),
    (("--headless", "--host", "http://127.0.0.1:80"), "expected 1 to"),
    (("--run-time", "5s", "--host", "http://127.0.0.1:80"), "expected --headless"),
])  # fmt: skip
def test_locustfile_refuses_other_machines_and_a_load_without_an_end(options: tuple[str, ...], expected: str) -> None:
    done = subprocess.run(
        [*LOCUST, *options], cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert expected in done.stderr
