"""What goes wrong between the exchange and a visitor, and that all is true again afterwards.

Kills of Redis, Daphne and ingest under clients that keep copies: tests/integration/test_live_recovery.py. Kills while
history is written, down to the row: tests/integration/test_storage_kills.py.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.e2e.whole import CHANNELS, Whole

STATES = "SELECT count(*) FROM market_symbolstate WHERE kind = 'symbol' AND (state->>'total_volume')::bigint = %s"


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """The market of a morning, at twice its pace."""
    with Whole(STORE_INTERVAL_MS="200", RECOVERY_WAIT_SECONDS="2", FEED_SILENCE_SECONDS="2") as whole:
        whole.start_market("09:20", "--speed", "2", "--keep-alive", "2")
        whole.market("resume")
        yield whole


@pytest.fixture(autouse=True)
def mended(whole: Whole) -> Iterator[None]:
    """After each test the feed comes, and counts what the exchange counts, each share once."""
    yield
    whole.market("faults/reset")
    whole.market("resume")
    whole.until(lambda: feed(whole) == "live", "the feed to be live")
    truth = whole.settle()
    for code, row in whole.rows("market").items():
        sides = [row[f"{side}_volume"] for side in ("buy", "sell", "neutral", "unclassified")]
        assert sum(sides) == row["total_volume"] == truth[code]["total_volume"], code
        assert sides[0] <= truth[code]["buy_volume"], code
        assert sides[1] <= truth[code]["sell_volume"], code
    whole.market("resume")


def feed(whole: Whole) -> str:
    return str(whole.status()["feed"])


def connections(whole: Whole) -> dict[str, str]:
    found: dict[str, str] = whole.status()["connections"]
    return found


class Listener:
    """What sockets of all channels are told of the feed, from a moment on."""

    def __init__(self) -> None:
        self.told: dict[str, list[str]] = {channel: [] for channel in CHANNELS}

    def take(self, channel: str, text: str) -> None:
        frame = json.loads(text)
        status = frame["data"] if frame["type"] == "status" else frame["data"].get("status")
        if status:
            self.told[channel].append(status["feed"])

    def all_told(self, feed: str) -> bool:
        return all(feed in said for said in self.told.values())


@contextmanager
def listening(whole: Whole) -> Iterator[Listener]:
    """Listen on all channels until the block ends."""
    listener = Listener()
    with ExitStack() as stack:
        threads = []
        for channel in CHANNELS:
            socket = stack.enter_context(connect(whole.socket(channel), max_size=2**25, proxy=None))
            threads.append(threading.Thread(target=listen, args=(socket, channel, listener), daemon=True))
        for thread in threads:
            thread.start()
        yield listener
    for thread in threads:
        thread.join(10)


def listen(socket: Any, channel: str, listener: Listener) -> None:
    for text in socket:
        listener.take(channel, str(text))


# --- The feed


def test_dropped_feed_is_told_on_every_channel_and_so_is_its_return(whole: Whole) -> None:
    with listening(whole) as listener:
        whole.market("faults/unauthorized", calls=1, how="http")  # so that the way back takes a moment
        whole.market("faults/drop")
        whole.until(lambda: listener.all_told("reconnecting"), "every channel to be told")
        whole.until(lambda: all(said[-1:] == ["live"] for said in listener.told.values()), "its return")
    whole.until(lambda: set(connections(whole).values()) == {"connected"}, "every connection")


def test_feed_that_refuses_the_token_is_asked_with_a_new_one(whole: Whole) -> None:
    whole.market("faults/unauthorized", calls=1, how="body")
    whole.market("faults/expire-tokens")
    whole.market("faults/drop", channel="X")
    whole.until(lambda: whole.market("resume")["faults"]["unauthorized_calls"] == 0, "the refusal")
    whole.until(lambda: connections(whole)["X"] == "connected", "the connection")


def test_one_dropped_channel_leaves_the_others_and_one_connection_each(whole: Whole) -> None:
    for _ in range(2):
        whole.market("faults/drop", channel="R")
        whole.until(lambda: set(connections(whole).values()) == {"connected"}, "it to be back")
    whole.until(lambda: held(whole) == [["F"], ["MI"], ["R"], ["X"]], "one connection of each type, no more")


def held(whole: Whole) -> list[list[str]]:
    """What each connection at the exchange carries."""
    found: list[list[str]] = whole.market("resume")["connections"]
    return sorted(found)


def test_quota_blocks_a_connection_and_the_rest_goes_on(whole: Whole) -> None:
    whole.market("faults/block")
    whole.market("faults/drop", channel="F")
    whole.until(lambda: connections(whole)["F"] == "blocked", "the quota to be shown")
    status = whole.status()
    assert status["feed"] == "reconnecting"
    assert "quota" in status["detail"]
    assert "quota" in whole.page("/").lower() or "reconnect" in whole.page("/").lower()
    before = whole.copy("market").seq
    whole.until(lambda: whole.copy("market").seq > before, "prices to go on")
    whole.market("faults/reset")
    whole.start_again("ingest")  # it would wait for a minute


def test_malformed_repeated_and_late_messages_change_no_total(whole: Whole) -> None:
    for kind in ("object", "not_json", "array", "truncated", "bad_content"):
        whole.market("faults/malformed", kind=kind)
    whole.market("faults/duplicate", on=1)
    whole.market("faults/out-of-order", on=1)
    before = whole.status()["counts"]["messages"]
    whole.until(lambda: whole.status()["counts"]["messages"] > before + 500, "some messages")
    whole.market("faults/replay", count=200)
    assert sum(whole.status()["counts"]["rejected"].values()) > 0


def test_half_open_connection_is_noticed_and_made_anew(whole: Whole) -> None:
    noticed = "no frame for 8 s"  # twice what this exchange announces, which is twice its pace of keep-alives
    before = log_lines(whole, "X:", noticed)
    whole.market("faults/silence", channel="X")
    whole.until(lambda: log_lines(whole, "X:", noticed) > before, "the silence")
    whole.market("faults/reset")
    whole.until(lambda: connections(whole)["X"] == "connected", "the connection")
    whole.until(lambda: held(whole) == [["F"], ["MI"], ["R"], ["X"]], "the half-open one to be gone")


def log_lines(whole: Whole, *parts: str) -> int:
    """How many lines of ingest's log say all of that."""
    return sum(all(part in line for part in parts) for line in whole.said["ingest"])


# --- Our own processes


def test_board_goes_on_without_postgres_and_history_is_whole_when_it_is_back(whole: Whole) -> None:
    whole.kill("postgres")
    whole.until(lambda: whole.code("/api/history/HPG/ticks?limit=1") == 503, "history to say so")
    before = whole.copy("market").seq
    whole.until(lambda: whole.copy("market").seq > before + 5, "the board to go on")
    assert whole.code("/") == 200
    whole.until(lambda: whole.status()["parts"].get("database"), "the status to say so")
    whole.start_again("postgres")
    whole.until(lambda: not whole.status()["parts"], "the database to be well")
    truth = whole.settle()
    rows = whole.rows("market")
    whole.until(lambda: whole.ask(STATES, truth["HPG"]["total_volume"])[0][0], "what happened meanwhile to be stored")
    volumes = dict(whole.ask("SELECT symbol, sum(volume)::bigint FROM market_trade GROUP BY symbol"))
    for code, row in rows.items():  # some may not have traded yet
        assert volumes.get(code, 0) + row["unclassified_volume"] == row["total_volume"], code


def test_no_process_of_ours_logged_an_exception(whole: Whole) -> None:
    for name in ("ingest", "simulator"):
        assert not [line for line in whole.said_before[name] + whole.said[name] if "Traceback" in line], name
