"""From the exchange to whoever looks: one busy opening through every process of the product.

Each test goes on where the one before left the market; none needs what another one found.
"""

import json
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from tests.alerts.delivery.standins import StandIn, stand_in
from tests.e2e.whole import CHANNELS, Rows, Whole

PASSWORD = "long enough words"
FOREIGN = ("foreign_buy_volume", "foreign_sell_volume")
SIDES = ("buy", "sell", "neutral", "unclassified")


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """Everything, from 20 seconds before the opening match until some seconds after it."""
    open_to_all = {"ACCOUNTS_SIGN_UP": "true", "DELIVERY_TO_LOOPBACK": "true", "STORE_INTERVAL_MS": "200"}
    with Whole(**open_to_all) as whole:
        whole.start_market("09:14:40", "--speed", "5")
        whole.start_helpers()
        whole.market("resume")
        whole.until(lambda: whole.clock()[1] > "09:15:20", "the opening")
        yield whole


@pytest.fixture(scope="module")
def receiver() -> Iterator[StandIn]:
    with stand_in() as served:
        yield served


@pytest.fixture
def settled(whole: Whole) -> Iterator[Rows]:
    """What is true while the market stands still."""
    yield whole.settle()
    whole.market("resume")


# --- Prices and volumes


def test_totals_of_every_symbol_are_those_of_the_exchange(whole: Whole, settled: Rows) -> None:
    rows = whole.rows("market")
    assert len(rows) == 30
    for code, row in rows.items():
        true = settled[code]
        assert (row["price"], row["high"], row["low"]) == (true["last_price"], true["high"], true["low"]), code
        assert (row["ceiling"], row["floor"], row["reference"]) == (true["ceiling"], true["floor"], true["reference"])
        assert (row["total_volume"], row["total_value"]) == (true["total_volume"], true["total_value"]), code


def test_aggressor_of_every_trade_is_the_true_one_and_auctions_have_none(whole: Whole, settled: Rows) -> None:
    for code, row in whole.rows("market").items():
        true = settled[code]
        assert [row[f"{side}_volume"] for side in SIDES[:2]] == [true["buy_volume"], true["sell_volume"]], code
        assert row["phases"]["ato"] == {"buy": 0, "sell": 0, "neutral": true["ato_volume"], "unclassified": 0}, code
        assert sum(row["phases"]["continuous"].values()) == true["continuous_volume"]
        assert sum(row[f"{side}_volume"] for side in SIDES) == row["total_volume"]


def test_api_socket_page_and_database_tell_the_same(whole: Whole, settled: Rows) -> None:
    rows = whole.rows("market")
    assert whole.get("/api/market/snapshot")["rows"] == rows
    board, symbol = whole.page("/"), whole.page("/symbol/HPG/")
    assert all(f">{code}<" in board for code in rows)
    price = f"{rows['HPG']['price'] / 1000:.2f}".replace(".", ",")
    assert price in board
    assert price in symbol

    def stored() -> dict[str, int]:
        return dict(whole.ask("SELECT symbol, sum(volume)::bigint FROM market_trade GROUP BY symbol"))

    seen = {code: row["total_volume"] - row["unclassified_volume"] for code, row in rows.items()}
    whole.until(lambda: seen.items() <= stored().items(), "every trade to be stored")
    sides = dict(whole.ask("SELECT side, sum(volume)::bigint FROM market_trade WHERE symbol = 'HPG' GROUP BY side"))
    assert sides == {side: rows["HPG"][f"{side}_volume"] for side in SIDES[:3]}
    candles = whole.get("/api/history/HPG/candles?interval=1m&limit=1")["candles"]
    assert candles[-1]["close"] == rows["HPG"]["price"]
    assert whole.get("/api/history/HPG/ticks?limit=1")["ticks"][0]["price"] == rows["HPG"]["price"]


def test_index_counts_its_members_and_basis_is_the_future_less_the_index(whole: Whole, settled: Rows) -> None:
    index = whole.rows("index")["VN30"]
    truth = whole.truth()["indices"]["VN30"]["value"]
    assert index["value"] == pytest.approx(truth, rel=0.001)  # it is told now and then, not with each trade
    assert index["advances"] + index["declines"] + index["no_changes"] == 30
    contracts = whole.rows("derivatives")
    front = next(row for row in contracts.values() if row["alias"] == "VN30F1M")
    assert front["front"]
    assert front["price"] == settled[front["symbol"]]["last_price"]
    assert front["basis"] == pytest.approx(front["price"] - index["value"], abs=3)
    assert front["basis_state"] == ("premium" if front["basis"] > 0 else "discount")
    assert front["expiry"] == "2026-12-17"  # the contract of November expired the day before
    trend = whole.get("/api/market/basis-trend?contract=VN30F1M")["contracts"]
    assert [row["basis"] for row in trend] == [front["basis"]]
    whole.until(lambda: whole.ask("SELECT 1 FROM market_basispoint"), "the basis to be stored")


def test_clients_of_a_channel_get_the_same_frames_and_none_of_another_channel(whole: Whole) -> None:
    with connect(whole.socket("market"), proxy=None) as one, connect(whole.socket("market"), proxy=None) as two:
        frames = [[json.loads(socket.recv(timeout=30)) for _ in range(8)] for socket in (one, two)]
    assert {frame["channel"] for found in frames for frame in found} == {"market"}
    first, second = ({f["seq"]: f["data"] for f in found if f["type"] == "update"} for found in frames)
    assert first.keys() & second.keys()
    assert all(first[seq] == second[seq] for seq in first.keys() & second.keys())
    for channel in CHANNELS:
        assert whole.copy(channel).complete


# --- Foreign investors


def test_foreign_flow_is_told_summed_ranked_and_stored(whole: Whole, settled: Rows) -> None:
    rows = whole.rows("foreign")
    traded = {code: row for code, row in rows.items() if row["buy_volume"] or row["sell_volume"]}
    assert len(traded) > 10
    for code, row in rows.items():
        true = settled[code]
        assert row["buy_volume"] <= true["foreign_buy_volume"]  # what was matched last is told a moment later
        assert row["net_volume"] == row["buy_volume"] - row["sell_volume"]
        assert row["own_buy_value"] == pytest.approx(row["buy_value"], rel=0.05)
    whole.market("resume")  # a speed is over some time
    whole.until(lambda: any(row["buy_speed"] for row in whole.rows("foreign").values()), "a speed")
    whole.settle()
    rows = whole.rows("foreign")
    assert whole.get("/api/market/foreign-detail")["rows"] == rows
    page = whole.page("/foreign/")
    best, worst = (choose(rows, key=lambda code: rows[code]["net_value"]) for choose in (max, min))
    assert f"/symbol/{best}/" in page
    assert f"/symbol/{worst}/" in page
    whole.until(
        lambda: (rows[best]["buy_volume"],) in whole.ask(
            "SELECT buy_volume FROM market_foreignflow WHERE symbol = %s", best
        ),
        "the flow to be stored",
    )  # fmt: skip


# --- Alerts


def test_alert_of_the_market_and_of_a_user_reach_pages_database_and_the_users_webhook(
    whole: Whole, receiver: StandIn
) -> None:
    trader = whole.visitor()
    names = {"username": "trader", "email": "", "password1": PASSWORD, "password2": PASSWORD}
    trader.send("/account/sign-up/", "/account/sign-up/", **names)
    delivery = "/alerts/delivery/"
    secret = trader.send(delivery, f"{delivery}webhook/url/", **{"webhook-target-url": f"{receiver.url}/hook"})
    assert "whsec_" in secret
    wishes: dict[str, str | list[str]] = {"enabled": "on", "market_alerts": "on", "own_alerts": "on"}
    wishes |= {"severities": ["info", "warning", "critical"], "messages_per_minute": "20"}
    trader.send(delivery, f"{delivery}webhook/", **{f"webhook-{name}": value for name, value in wishes.items()})
    soon = whole.rows("market")["HPG"]["total_volume"] + 40_000  # what holds already is waited for anew
    alert = {"symbol": "HPG", "what": "volume.above", "value": str(soon), "repeats": "0", "cooldown_seconds": "900"}
    trader.send("/alerts/mine/", "/alerts/mine/", note="my own", expires_on="", **alert)
    whole.ask(
        """UPDATE alerts_alertrule SET kind = 'large_trade', params = '{"min_value_vnd": 100000000}',
           version = version + 1, cooldown_seconds = 3600 WHERE kind = 'volume_spike' RETURNING id"""
    )

    whole.until(lambda: len(whole.rows("alerts")) > 3, "alerts on the socket")
    told = whole.rows("alerts")
    assert {row["kind"] for row in told.values()} >= {"large_trade"}
    symbols = [row["symbol"] for row in told.values() if row["kind"] == "large_trade"]
    assert len(symbols) == len(set(symbols))  # once in its cool-down
    whole.until(lambda: told.keys() <= {id for (id,) in whole.ask("SELECT id FROM alerts_alert")}, "them to be stored")
    page = whole.page("/signals/")
    assert all(f"/symbol/{symbol}/" in page for symbol in symbols)
    assert told.keys() <= {row["id"] for row in whole.get("/api/market/alerts?limit=200")["alerts"]}

    def delivered() -> str:
        return " ".join(got.body.decode() for got in receiver.at("/hook"))

    whole.until(lambda: "my own" in delivered() and "large_trade" in delivered(), "both at the webhook")
    whole.until(lambda: "my own" in trader.get("/alerts/mine/"), "the user's page")
    keys = [got.headers["Idempotency-Key"] for got in receiver.at("/hook")]
    assert len(keys) == len(set(keys))


def test_no_process_of_a_calm_opening_failed_or_logged_an_error(whole: Whole) -> None:
    whole.until(lambda: whole.get("/health/ready")["status"] == "ok", "every part to be well")
    for name, process in whole.processes.items():
        lines = whole.said[name]
        assert process.code in (None, 0), (name, lines[-5:])
        assert not [line for line in lines if "Traceback" in line or " ERROR " in line], name
