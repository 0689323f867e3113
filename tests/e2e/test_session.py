"""A trading day's end and the next day: phases, baselines that begin anew, and a yesterday that is history."""

from collections.abc import Iterator

import pytest

from tests.e2e.whole import FRIDAY, Rows, Whole

MONDAY = "2026-11-23"
VOLUMES = """
    SELECT symbol, sum(volume)::bigint FROM market_trade
    WHERE (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date = %s GROUP BY symbol
"""


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """A market that goes on with the next day; from Friday's last minutes of continuous trading."""
    with Whole(STORE_INTERVAL_MS="200") as whole:
        whole.start_market("14:29", "--speed", "30", "--loop")
        yield whole


def phase(whole: Whole, board: str = "HOSE") -> str:
    return str(whole.status()["boards"][board]["phase"])


def sides(row: dict[str, int]) -> int:
    return sum(row[f"{side}_volume"] for side in ("buy", "sell", "neutral", "unclassified"))


def test_session_from_continuous_over_the_auction_to_the_close(whole: Whole) -> None:
    assert phase(whole) == "continuous"
    before = whole.rows("market")
    whole.market("resume")
    whole.until(lambda: phase(whole) == "atc", "the closing auction")
    whole.until(lambda: any(row["expected_price"] for row in whole.rows("market").values()), "an expected price")
    whole.market("speed", value=120)
    whole.until(lambda: phase(whole, "HNX") == "post_close", "HNX's post-close")
    assert phase(whole) != "post_close"  # HOSE has none
    whole.until(lambda: phase(whole) == phase(whole, "UPCOM") == "closed", "the close")
    truth = whole.settle()
    for code, row in whole.rows("market").items():
        true = truth[code]
        assert row["phases"]["atc"]["neutral"] == true["atc_volume"], code
        assert row["phases"]["atc"]["buy"] == row["phases"]["atc"]["sell"] == 0
        assert row["unclassified_volume"] == before[code]["unclassified_volume"]  # what lay before our start
        assert sides(row) == row["total_volume"] == true["total_volume"], code
    assert whole.status()["feed"] == "closed"


def test_board_keeps_the_day_until_the_next_one_begins(whole: Whole) -> None:
    closed = whole.rows("market")
    whole.market("resume")
    whole.market("advance", to="15:05:06")
    whole.until(lambda: whole.clock()[0] == MONDAY, "the exchange to begin the next day")
    rows = whole.rows("market")
    assert rows.keys() == closed.keys()
    assert whole.code("/") == whole.code("/symbol/HPG/") == 200


def test_next_day_begins_at_nothing_with_new_limits_and_yesterday_is_history(whole: Whole) -> None:
    whole.until(lambda: whole.status()["trading_date"] == MONDAY, "ingest to begin the next day")
    whole.until(lambda: phase(whole) == "ato", "the opening auction")
    rows = whole.rows("market")
    assert {row["total_volume"] for row in rows.values()} == {0}
    assert {row["price"] for row in rows.values()} == {None}  # not traded yet is no price, least of all a floor
    limits = whole.truth()["symbols"]
    for code, row in rows.items():
        assert [row[name] for name in ("reference", "ceiling", "floor")] == [
            limits[code][name] for name in ("reference", "ceiling", "floor")
        ]
    yesterday = dict(whole.ask(VOLUMES, FRIDAY))
    assert yesterday.keys() > rows.keys()  # and futures
    assert not [
        id for id, row in whole.rows("alerts").items() if row["kind"] == "price_limit" and MONDAY in row["time"]
    ]

    whole.until(lambda: phase(whole) == "continuous", "the opening")
    whole.market("speed", value=10)
    whole.until(lambda: volume(whole.rows("market")) > 0, "the opening match")
    truth = whole.settle()
    for code, row in whole.rows("market").items():
        true = truth[code]
        assert row["unclassified_volume"] == 0, code
        assert row["phases"]["ato"]["neutral"] == true["ato_volume"], code
        assert [row["buy_volume"], row["sell_volume"]] == [true["buy_volume"], true["sell_volume"]], code
    for code, row in whole.rows("foreign").items():
        assert row["buy_volume"] <= truth[code]["foreign_buy_volume"]  # yesterday's are gone
    whole.until(lambda: dict(whole.ask(VOLUMES, MONDAY)).get("HPG") == truth["HPG"]["total_volume"], "today's trades")
    assert dict(whole.ask(VOLUMES, FRIDAY)) == yesterday
    assert FRIDAY in str(whole.get("/api/history/HPG/candles?interval=1m&limit=1000")["candles"][0]["time"])
    whole.market("resume")


def volume(rows: Rows) -> int:
    return sum(row["total_volume"] for row in rows.values())
