from collections import defaultdict
from datetime import date
from hashlib import sha256
from itertools import pairwise
from typing import Any

from market.feed.simulator.climate import Climate
from market.feed.simulator.day import Day
from market.feed.simulator.days import next_trading_day
from market.feed.simulator.history import History
from market.feed.simulator.schedule import DAY_END, at
from market.feed.simulator.whole import COUNTS, whole_universe
from tests.market.feed.simulator.conftest import DAY, content, small_day, small_universe

Played = tuple[Day, list[tuple[str, dict[str, Any]]]]
FRONT = "41I1GC000"


def digest(day: Day, step: int, until: int = at(9, 20)) -> str:
    seen = sha256()
    while day.now < until:
        for frame in day.advance(min(until, day.now + step)):
            seen.update(frame.text.encode())
    return seen.hexdigest()


def test_day_same_seed_gives_the_same_frames_however_it_is_cut() -> None:
    assert digest(small_day(), 50) == digest(small_day(), 7_000)


def test_day_other_seed_gives_other_frames() -> None:
    assert digest(small_day(7), 60_000) != digest(small_day(8), 60_000)


def test_day_with_nobody_listening_goes_the_same_way() -> None:
    heard, unheard = small_day(), small_day()
    unheard.want(())
    assert heard.advance(at(9, 40)) and not unheard.advance(at(9, 40))
    assert heard.truth() == unheard.truth()


def test_day_messages_agree_with_the_truth_by_the_quote_rule(played: Played) -> None:
    day, messages = played
    best: dict[str, tuple[float, float]] = {}
    totals: dict[str, float] = {}
    sides: dict[str, dict[str, float]] = defaultdict(lambda: {"buy": 0, "sell": 0, "neutral": 0, "trades": 0})
    for kind, message in messages:
        symbol = message.get("Symbol", "")
        if kind != "X":
            continue
        added = message["TotalVol"] - totals.get(symbol, 0)
        assert added >= 0
        totals[symbol] = message["TotalVol"]
        if added:
            bid, ask = best[symbol]
            assert added == message["LastVol"]
            price, known = message["LastPrice"], sides[symbol]
            known["trades"] += 1
            if message["TradingSession"] != "LO":
                known["neutral"] += added
            else:
                known["buy" if ask and price >= ask else "sell" if price <= bid else "neutral"] += added
        best[symbol] = (message["BidPrice1"], message["AskPrice1"])
    for symbol, truth in day.truth()["symbols"].items():
        seen = sides[symbol]
        assert truth["total_volume"] == totals[symbol]
        assert (truth["buy_volume"], truth["sell_volume"], truth["neutral_volume"], truth["trades"]) == (
            seen["buy"], seen["sell"], seen["neutral"], seen["trades"],
        )  # fmt: skip
        assert truth["ato_volume"] + truth["continuous_volume"] + truth["atc_volume"] == truth["total_volume"]


def test_day_prices_stay_on_the_ladder_and_books_in_order(played: Played) -> None:
    day, messages = played
    ladders = {listing.symbol: {0.0, *listing.ladder} for listing in day.listings.values()}
    for kind, message in messages:
        if kind not in ("X", "X-QUOTE"):
            continue
        legal = ladders[message["Symbol"]]
        bids, asks = ([message[f"{side}Price{n}"] for n in range(1, 11)] for side in ("Bid", "Ask"))
        assert legal.issuperset(bids) and legal.issuperset(asks)
        if kind == "X":
            assert legal.issuperset(message[name] for name in ("Open", "High", "Low", "LastPrice", "EstMatchedPrice"))
        if message["TradingSession"] == "LO":
            real_bids, real_asks = [p for p in bids if p], [p for p in asks if p]
            assert real_bids == sorted(real_bids, reverse=True) and real_asks == sorted(real_asks)
            assert not real_bids or not real_asks or real_bids[0] < real_asks[0]
        if message["Exchange"] == "HOSE":
            assert not any(bids[3:]) and not any(asks[3:])


def test_day_sessions_come_in_the_boards_order(played: Played) -> None:
    seen: dict[str, list[str]] = defaultdict(list)
    for kind, message in played[1]:
        if kind == "F" and message["Symbol"] in ("FPT", "SHS", "VGI", FRONT):
            seen[message["Symbol"]].append(f"{message['Time'][:5]} {message['TradingSession']}")
    assert [entry[6:] for entry in seen["FPT"]] == ["C", "ATO", "LO", "BREAK", "LO", "ATC", "C"]
    assert seen["SHS"][1:] == ["09:00 LO", "11:30 BREAK", "13:00 LO", "14:30 ATC", "14:45 PT", "15:00 C"]
    assert seen["VGI"][1:] == ["09:00 LO", "11:30 BREAK", "13:00 LO", "15:00 C"]
    assert seen[FRONT] == ["08:45 ATO", "09:00 LO", "11:30 BREAK", "13:00 LO", "14:30 ATC", "14:45 C"]


def test_day_expected_price_is_sent_in_auctions_only(played: Played) -> None:
    estimates = set()
    for kind, message in played[1]:
        if kind == "X" and message["EstMatchedPrice"]:
            assert message["TradingSession"] in ("ATO", "ATC")
            estimates.add(message["TradingSession"])
        if kind == "MI" and message["Exchange"] == "HOSE":
            assert ("IndexValEst" in message) == (message["TradingSession"] in ("ATO", "ATC"))
    assert estimates == {"ATO", "ATC"}


def test_day_auction_orders_show_as_levels_of_price_zero(played: Played) -> None:
    in_auction = [m for kind, m in played[1] if kind == "X" and m["TradingSession"] in ("ATO", "ATC")]
    assert any(m["BidPrice1"] == 0.0 and m["BidVol1"] > 0 for m in in_auction)
    assert any(m["AskPrice1"] == 0.0 and m["AskVol1"] > 0 for m in in_auction)


def test_day_auction_matches_in_many_fills_of_one_second(played: Played) -> None:
    fills = [m for kind, m in played[1] if kind == "X-TRADE" and m["Symbol"] == FRONT and m["TradingSession"] == "ATO"]
    assert len(fills) > 20
    assert {fill["Time"] for fill in fills} == {"09:00:00"}
    assert len({fill["LastPrice"] for fill in fills}) == 1


def test_day_lunch_is_silent(played: Played) -> None:
    times = [message["Time"] for _, message in played[1]]
    assert not [time for time in times if "11:30:12" < time < "13:00:00"]


def test_day_oddities_are_those_of_the_wire(played: Played) -> None:
    snapshots = [message for kind, message in played[1] if kind == "X"]
    untraded = [message for message in snapshots if not message["TotalVol"]]
    assert untraded and all(m["AvgPrice"] == "NaN" and m["RatioChange"] == -100.0 for m in untraded)
    assert all(m["Change"] == -m["RefPrice"] and m["LastPrice"] == 0.0 for m in untraded)
    assert all(message["Side"] is None for message in snapshots)
    assert {m["MarketId"] for m in snapshots} == {"HOSE", "HNX", "UPCOM", "DERIVATIVES"}
    assert any(len(repr(m["Change"])) > 10 for m in snapshots)
    indices = [message for kind, message in played[1] if kind == "MI"]
    assert not any(m["Advances"] + m["NoChanges"] + m["Declines"] for m in indices if m["IndexId"] == "VN30")
    assert any(m["Advances"] + m["Declines"] for m in indices if m["IndexId"] == "VNINDEX")


def test_day_trade_sides_are_said_in_continuous_trading(played: Played) -> None:
    day, messages = played
    sides: dict[str, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
    for kind, message in messages:
        if kind == "X-TRADE":
            sides[message["Symbol"]][message["Side"] if message["TradingSession"] == "LO" else "auction"] += int(
                message["LastVol"]
            )
    for symbol, seen in sides.items():
        truth = day.truth()["symbols"][symbol]
        assert (seen["BU"], seen["SD"], seen["auction"]) == (
            truth["buy_volume"], truth["sell_volume"], truth["neutral_volume"],
        )  # fmt: skip


def test_day_bars_are_one_a_fill_and_one_an_index_tick(played: Played) -> None:
    day, messages = played
    volumes: dict[str, float] = defaultdict(float)
    for kind, message in messages:
        if kind == "B":
            assert message["Open"] == message["High"] == message["Low"] == message["Close"]
            volumes[message["Symbol"]] += message["Volume"]
    truth = day.truth()["symbols"]
    assert all(volumes[symbol] == truth[symbol]["total_volume"] for symbol in truth if symbol in volumes)
    assert volumes["VN30"] > 0


def test_day_foreign_totals_follow_the_trades(played: Played) -> None:
    day, messages = played
    last: dict[str, dict[str, Any]] = {}
    for kind, message in messages:
        if kind == "R":
            before = last.get(message["Symbol"])
            assert before is None or (message["BuyVol"] >= before["BuyVol"] and message["SellVal"] >= before["SellVal"])
            last[message["Symbol"]] = message
    for stock in day.universe.stocks:
        truth, seen = day.truth()["symbols"][stock.symbol], last[stock.symbol]
        assert (seen["BuyVol"], seen["SellVol"]) == (truth["foreign_buy_volume"], truth["foreign_sell_volume"])
        assert seen["BuyVol"] + seen["SellVol"] <= truth["total_volume"]


def test_day_index_follows_its_members(played: Played) -> None:
    day, messages = played
    spec = next(spec for spec in day.universe.indices if spec.index == "VN30")
    stocks = {stock.symbol: stock for stock in day.universe.stocks}
    value = spec.base * sum(
        part * day.listings[code].tally.last / stocks[code].price for code, part in spec.weights.items()
    )
    last = [message for kind, message in messages if kind == "MI" and message["IndexId"] == "VN30"][-1]
    assert abs(last["IndexValue"] - value) < 0.01
    assert last["Time"] == "15:05:05"
    assert last["TotalQtty"] == sum(day.listings[code].tally.volume for code in spec.weights)


def test_day_one_stock_locks_at_the_ceiling_and_one_at_the_floor(played: Played) -> None:
    truth = played[0].truth()["symbols"].values()
    assert any(known["high"] == known["ceiling"] for known in truth)
    assert any(known["low"] == known["floor"] for known in truth)
    stocks = {stock.symbol for stock in played[0].universe.stocks}
    locked = [
        message
        for kind, message in played[1]
        if kind == "X" and message["Symbol"] in stocks and message["TradingSession"] == "LO"
        and message["BidPrice1"] == message["Ceiling"]
    ]  # fmt: skip
    assert locked and all(message["AskVol1"] == 0.0 for message in locked)


def test_day_before_the_open_shows_the_day_before() -> None:
    day = small_day()
    day.advance(at(8, 46))
    stale = content(day.last_messages("X", {"FPT"})[0])
    assert (stale["TradingDate"], stale["TradingSession"]) == ("19/11/2026", "C")
    assert stale["TotalVol"] > 0
    day.advance(at(8, 55))
    fresh = content(day.last_messages("X", {"FPT"})[0])
    assert (fresh["TradingDate"], fresh["TotalVol"]) == ("20/11/2026", 0.0)
    assert fresh["RefPrice"] == stale["LastPrice"]


def test_day_after_a_played_day_starts_from_its_closes() -> None:
    universe = small_universe()
    history = History(universe)
    first = Day(universe, history, DAY)
    first.want(())
    first.advance(DAY_END)
    first.remember()
    second = Day(universe, history, next_trading_day(DAY))
    for stock in universe.stocks:
        last = first.listings[stock.symbol].tally
        if stock.board != "UPCOM":
            assert second.listings[stock.symbol].reference == last.last
        assert second.listings[stock.symbol].tally.volume == last.volume
    assert second.indices["VN30"].prior == round(first.indices["VN30"].points, 2)


def test_climate_basis_changes_sign_a_few_times_a_day() -> None:
    for number in range(5):
        climate = Climate(number, date(2026, 11, 20))
        signs = [climate.basis(now) > 0 for now in range(at(9, 0), at(14, 30), 10_000)]
        assert 3 <= sum(left != right for left, right in pairwise(signs)) <= 8


def test_whole_market_lists_each_board_in_full_without_repeats() -> None:
    universe = whole_universe(1)
    assert {b: sum(s.board == b for s in universe.stocks) for b in COUNTS} == COUNTS
    assert len({stock.symbol for stock in universe.stocks}) == len(universe.stocks)
    assert all(abs(sum(spec.weights.values()) - 1) < 1e-6 for spec in universe.indices)
