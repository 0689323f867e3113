"""A finished day, played through ingest: its summary says what the board says, and both say what is true."""

import json
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings

from alerts.models import Alert
from alerts.summary.day import DailySummary
from alerts.summary.reads import read_summary
from market.domain.calendar import VIETNAM
from market.feed.simulator.day import Day
from market.feed.simulator.history import History
from market.feed.simulator.instruments import vn30_universe
from market.live import LiveReader, connect
from market.models import SymbolState
from market.pages import foreign as foreign_page
from market.pages import overview as overview_page
from market.pages.volume import by_kind
from market.storage.rollup import roll_up_days

DAY = date(2026, 11, 20)
CLOSED = datetime(2026, 11, 20, 15, 30, tzinfo=VIETNAM)
SAMPLES = Path(settings.BASE_DIR).parent / "shared" / "samples"
LATE = 51_600_000  # 14:20, ms since midnight: whoever begins to listen then saw nothing of the morning
AFTER_THE_CLOSE = 54_900_000
Rows = dict[str, dict[str, dict[str, Any]]]


def recorded_day(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The sample day and the truth about it."""
    recording, truth = SAMPLES / "day-a.jsonl.gz", SAMPLES / "day-a-truth.json"
    if not recording.exists():
        pytest.skip(f"the sample day is not there: {recording}")
    return recording, json.loads(truth.read_text())


def simulated_afternoon(folder: Path) -> tuple[Path, dict[str, Any]]:
    """A simulated day from 14:20 until after the close, and the truth about all of it."""
    universe = vn30_universe(7)
    day = Day(universe, History(universe), DAY)
    day.want(("X", "R", "MI"))
    day.advance(LATE)
    path = folder / "afternoon.jsonl"
    with path.open("wb") as file:
        for kind in ("X", "R", "MI"):
            file.writelines(frame.text.encode() + b"\n" for frame in day.last_messages(kind, None))
        while day.now < AFTER_THE_CLOSE:
            file.writelines(frame.text.encode() + b"\n" for frame in day.advance(day.now + 60_000))
    return path, day.truth()


def play(recording: Path, environment: dict[str, str]) -> Rows:
    """Let ingest store and publish a recording, and return what the board shows then, by channel."""
    arguments = [sys.executable, "manage.py", "ingest", "--source", f"file:{recording}", "--speed", "max"]
    done = subprocess.run(
        arguments, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return async_to_sync(published)()


async def published() -> Rows:
    """The rows in Redis."""
    client = connect()
    try:
        reader = LiveReader(client)
        found = {channel: await reader.snapshot(channel) for channel in ("market", "foreign", "index", "derivatives")}
    finally:
        await client.aclose()
    return {channel: snapshot.rows for channel, snapshot in found.items() if snapshot}


def assert_same_as_board(summary: DailySummary, board: Rows) -> None:
    """Every total and list of the summary is what the pages of the live market make of their rows."""
    stocks = board["market"].values()
    assert summary.symbols == len(stocks)
    assert summary.volume == sum(row["total_volume"] for row in stocks)
    assert round(summary.turnover) == sum(row["total_value"] for row in stocks)
    assert summary.turnover_by_board == {
        name: sum(row["total_value"] for row in stocks if row["board"] == name)
        for name in {row["board"] for row in stocks}
    }
    kinds = {share.name: share.volume for share in by_kind(stocks)}
    assert summary.active_buy_percent == 100 * kinds["buy"] / (kinds["buy"] + kinds["sell"])
    movers = overview_page.movers(stocks)
    states = Counter(each.state for each in movers)
    breadth = summary.breadth
    assert (breadth.advances, breadth.no_changes, breadth.declines) == (
        states["up"] + states["ceiling"], states["reference"], states["down"] + states["floor"],
    )  # fmt: skip
    assert (breadth.ceilings, breadth.floors) == (states["ceiling"], states["floor"])
    for rows, sign in ((summary.gainers, 1), (summary.losers, -1)):
        assert [(row.symbol, row.close, row.percent, row.state) for row in rows] == [
            (each.symbol, each.price, each.percent, each.state) for each in overview_page.risers(movers, sign)
        ]
    most = sorted(stocks, key=lambda row: (-row["total_volume"], row["symbol"]))[:10]
    assert [(row.symbol, row.volume) for row in summary.most_traded] == [
        (row["symbol"], row["total_volume"]) for row in most
    ]
    assert_same_flow(summary, board)
    assert {row.symbol: (row.close, row.reference) for row in summary.indices} == {
        row["index"]: (row["value"], row["prior"]) for row in board["index"].values()
    }


def assert_same_flow(summary: DailySummary, board: Rows) -> None:
    """The same of what foreigners did; the board rounds each symbol to whole dong."""
    flows = [row for symbol, row in board["foreign"].items() if symbol in board["market"]]
    totals = foreign_page.totals(flows, len(board["market"]))
    assert summary.foreign is not None
    assert summary.foreign.buy_value == pytest.approx(totals.buy_value, abs=len(flows))
    assert summary.foreign.sell_value == pytest.approx(totals.sell_value, abs=len(flows))
    for rows, sign in ((summary.foreign_bought, 1), (summary.foreign_sold, -1)):
        shown = sorted((row["own_net_value"] * sign, row["symbol"]) for row in flows)[::-1][:10]
        assert [(row.symbol, round((row.net_value or 0) * sign)) for row in rows] == [
            (symbol, pytest.approx(value, abs=1)) for value, symbol in shown if value > 0
        ]


def assert_true(summary: DailySummary, board: Rows, truth: dict[str, Any]) -> None:
    """What is said is what happened."""
    happened = {symbol: known for symbol, known in truth["symbols"].items() if symbol in board["market"]}
    assert len(happened) == summary.symbols
    assert summary.volume == sum(known["total_volume"] for known in happened.values())
    assert round(summary.turnover) == sum(round(known["total_value"]) for known in happened.values())
    for symbol, row in board["market"].items():
        names = ("foreign_buy_volume", "foreign_sell_volume")
        assert [row[name] or 0 for name in names] == [happened[symbol][name] for name in names]
    rose = sum(known["last_price"] > known["reference"] for known in happened.values())
    fell = sum(known["last_price"] < known["reference"] for known in happened.values())
    assert (summary.breadth.advances, summary.breadth.declines) == (rose, fell)
    values = {name.upper(): known["value"] for name, known in truth["indices"].items()}
    assert {row.symbol.upper(): row.close for row in summary.indices} == values


@pytest.mark.parametrize("day", [recorded_day, simulated_afternoon])
@pytest.mark.usefixtures("seeded_database")
def test_summary_of_a_finished_day_is_what_the_board_shows_and_what_happened(
    process_environment: dict[str, str], tmp_path: Path, day: Any
) -> None:
    recording, truth = day(tmp_path)
    board = play(recording, process_environment)
    summary = read_summary(DAY, CLOSED)
    assert summary.is_final and summary.source == "replay"
    assert_same_as_board(summary, board)
    assert_true(summary, board, truth)
    assert sum(summary.alert_counts.values()) == Alert.objects.count()
    front = board["derivatives"].get("41I1GC000")
    assert front is None or (summary.basis is not None and summary.basis.future == front["price"])
    roll_up_days(DAY, DAY)
    SymbolState.objects.update(day=DAY + timedelta(days=3))  # the next trading day begins
    later = read_summary(DAY, CLOSED + timedelta(days=3))
    assert later.until is None
    assert_same_as_board(later, board)
