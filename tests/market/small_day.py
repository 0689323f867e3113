"""Writes tests/data/small-day.jsonl, a made-up day of a few hundred messages, and the truth about it.

Every trade is written down here with its aggressor, and the truth is the sum of what was written down: nothing in it is
found out from messages. `python -m tests.market.small_day` writes both files again.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"
RECORDING = DATA / "small-day.jsonl"
TRUTH = DATA / "small-day-truth.json"
DATE, DAY_BEFORE = "20/11/2026", "19/11/2026"
SIDES = {"buy": "BU", "sell": "SD", "neutral": None}


class Writer:
    """Collects messages and the truth about one symbol after another."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.symbols: dict[str, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(TOTALS, 0) | {"last_price": None})
        self.alerts: list[dict[str, str]] = []

    def send(self, data_type: str, clock: str, content: dict[str, Any], date: str = DATE) -> str:
        """Append a message and return it, to be sent again."""
        content = {"RType": data_type, "TradingDate": date, "Time": clock} | content
        self.lines.append(json.dumps({"DataType": data_type, "Content": json.dumps(content)}))
        return self.lines[-1]

    def alert(self, kind: str, symbol: str, clock: str, severity: str) -> None:
        """Note an alert that the shipped rules must raise now."""
        self.alerts.append({"kind": kind, "symbol": symbol, "time": clock, "severity": severity})


TOTALS = (
    *("total_volume", "total_value", "trades", "buy_volume", "sell_volume", "neutral_volume", "unclassified_volume"),
    *("ato_volume", "continuous_volume", "atc_volume", "foreign_buy_volume", "foreign_sell_volume"),
)


class Symbol:
    """One symbol of the day: its limits, its book, and the truth about its trades."""

    def __init__(self, writer: Writer, code: str, board: str, reference: float, step: float, *, split: bool) -> None:
        self.writer, self.code, self.split, self.step = writer, code, split, step
        self.multiplier = 100_000 if board == "DERIVATIVES" else 1
        self.ceiling = round(reference * 1.07 / step) * step
        self.fixed = {
            "Symbol": code,
            "Isin": None,
            "Ceiling": self.ceiling,
            "Floor": round(reference * 0.93 / step) * step,
            "RefPrice": reference,
        }
        self.exchange = {"MarketId": board, "Exchange": board, "TradingStatus": "N"}
        self.truth = writer.symbols[code]
        self.last = {"LastPrice": 0.0, "LastVol": 0.0, "AvgPrice": "NaN", "RatioChange": -100.0}
        self.middle = reference

    def book(self, clock: str, session: str, middle: float, volume: float = 1_000.0) -> str:
        """Move the book: one step either side of `middle`."""
        self.middle = middle
        bid, ask = round(middle - self.step, 2), round(middle + self.step, 2)
        levels = {"BidPrice1": bid, "BidVol1": volume, "AskPrice1": ask, "AskVol1": volume, "BidPrice2": 0.0}
        if self.split:
            quote = {"Symbol": self.code, "Exchange": self.exchange["Exchange"], "TradingSession": session}
            return self.writer.send("X-QUOTE", clock, quote | levels)
        return self.totals("X", clock, session, levels | {"Side": None})

    def totals(self, data_type: str, clock: str, session: str, more: dict[str, Any]) -> str:
        """Send the day's totals as they are now."""
        sums = {"TotalVol": float(self.truth["total_volume"]), "TotalVal": float(self.truth["total_value"])}
        content = self.fixed | self.last | sums | self.exchange | {"TradingSession": session} | more
        return self.writer.send(data_type, clock, content)

    def trade(self, clock: str, session: str, phase: str, side: str, price: float, volume: int) -> str:
        """Match a trade, and say so."""
        truth = self.truth
        truth["total_volume"] += volume
        truth["total_value"] += round(price * volume * self.multiplier)
        truth["trades"] += 1
        truth[f"{side}_volume"] += volume
        truth[f"{phase}_volume"] += volume
        truth["last_price"] = price
        for name, choose in (("high", max), ("low", min)):
            truth[name] = choose(price, truth.get(name, price))
        truth.setdefault("open", price)
        self.last = {"LastPrice": price, "LastVol": float(volume), "AvgPrice": price, "RatioChange": 0.0}
        if self.split:
            # Outside continuous trading the feed's side is noise.
            feed_side = SIDES[side] if session == "LO" else "SD"
            range_ = {"Highest": truth["high"], "Lowest": truth["low"]}
            return self.totals("X-TRADE", clock, session, range_ | {"Side": feed_side})
        bid, ask = round(self.middle - self.step, 2), round(self.middle + self.step, 2)
        range_ = {"Open": truth["open"], "High": truth["high"], "Low": truth["low"]}
        levels = {"BidPrice1": bid, "BidVol1": 900.0, "AskPrice1": ask, "AskVol1": 900.0}
        return self.totals("X", clock, session, range_ | levels | {"Side": None})

    def hit(self, clock: str, side: str, volume: int) -> str:
        """Match a trade in continuous trading at the price that its aggressor pays."""
        price = {"buy": self.middle + self.step, "sell": self.middle - self.step, "neutral": self.middle}[side]
        return self.trade(clock, "LO", "continuous", side, round(price, 2), volume)

    def unseen(self, clock: str, price: float, volume: int) -> None:
        """Begin the day with totals whose trades nobody saw."""
        self.truth["total_volume"] = self.truth["unclassified_volume"] = self.truth["continuous_volume"] = volume
        self.truth["total_value"] = round(price * volume)
        self.truth["last_price"] = price
        self.last = {"LastPrice": price, "LastVol": 100.0}
        range_ = {"Open": price, "High": price, "Low": price}
        self.truth |= {"open": price, "high": price, "low": price}
        self.writer.symbols[self.code] = self.truth
        self.totals("X", clock, "LO", range_)

    def foreigners(self, clock: str, bought: int, sold: int, value: float) -> None:
        """Send foreign totals; `value` is what they bought for."""
        self.truth["foreign_buy_volume"], self.truth["foreign_sell_volume"] = bought, sold
        flow = {"BuyVol": float(bought), "SellVol": float(sold), "BuyVal": value, "SellVal": 0.0}
        room = {"TotalRoom": 1e9, "CurrentRoom": 4e8, "Exchange": self.exchange["Exchange"]}
        self.writer.send("R", clock, {"Symbol": self.code} | room | flow)


def vn30(writer: Writer, clock: str, value: float) -> None:
    """Send a value of VN30, without breadth and estimate as in 2026."""
    sums = {"TotalQtty": 1e6, "TotalValue": 1e10, "Advances": 0, "NoChanges": 0, "Declines": 0}
    names = {"IndexId": "VN30", "Exchange": "HOSE", "TradingSession": None}
    writer.send("MI", clock, names | sums | {"IndexValue": value, "PriorIndexValue": 1_900.0})


def make() -> Writer:
    """Play the day."""
    writer = Writer()
    combined = Symbol(writer, "ACB", "HOSE", 25_000.0, 50.0, split=False)
    split = Symbol(writer, "GAS", "HOSE", 60_000.0, 100.0, split=True)
    hnx = Symbol(writer, "PVS", "HNX", 30_000.0, 100.0, split=True)
    late = Symbol(writer, "FPT", "HOSE", 100_000.0, 100.0, split=False)
    front = Symbol(writer, "41I1GC000", "DERIVATIVES", 1_900.0, 0.1, split=False)
    after = Symbol(writer, "41I1H1000", "DERIVATIVES", 1_895.0, 0.1, split=False)
    open_the_day(writer, combined, split, front, after)
    trade_the_morning(writer, combined, split, hnx, front)
    late.unseen("13:00:05", 101_000.0, 70_000)
    late.book("13:00:09", "LO", 101_000.0)
    late.hit("13:00:10", "buy", 500)
    foreigners_buy(writer, combined)
    flip_the_basis(writer, front, after)
    close_the_day(writer, combined, split, hnx, front)
    return writer


def open_the_day(writer: Writer, combined: Symbol, split: Symbol, front: Symbol, after: Symbol) -> None:
    """Old messages on subscribing, untraded symbols, damaged ones, and the opening auctions."""
    writer.send("X-TRADE", "14:45:00", {"Symbol": "GAS", "LastPrice": 59_000.0, "TotalVol": 1e6}, DAY_BEFORE)
    for symbol in (front, after, combined):
        symbol.totals("X", "08:00:07", "C", {"Side": None})
    writer.lines += ['{"DataType":"X","Content":"{"}', "no message", '{"DataType":"?","Content":"{}"}']
    writer.send("X", "08:00:08", {"Symbol": "ACB", "LastPrice": -1.0, "TotalVol": 100.0})
    vn30(writer, "09:00:00", 1_900.0)
    front.trade("09:00:00", "ATO", "ato", "neutral", 1_902.0, 40)
    after.trade("09:00:00", "ATO", "ato", "neutral", 1_898.0, 3)
    for second in range(0, 60, 6):
        combined.book(f"09:14:{second:02d}", "ATO", 25_000.0, 100.0 * second)
        split.book(f"09:14:{second:02d}", "ATO", 60_000.0, 100.0 * second)
    for fill in range(8):  # an auction comes as many fills of one second
        combined.trade("09:15:00", "ATO", "ato", "neutral", 25_050.0, 1_000 + 100 * fill)
    split.book("09:15:01", "LO", 60_000.0)  # overtakes the fills
    for fill in range(5):
        split.trade("09:15:00", "ATO", "ato", "neutral", 60_000.0, 300 + 100 * fill)


def trade_the_morning(writer: Writer, combined: Symbol, split: Symbol, hnx: Symbol, front: Symbol) -> None:
    """Continuous trading with repeats, duplicates and late frames, up to the ceiling."""
    sides = ("buy", "buy", "sell", "neutral", "sell", "buy")
    for step in range(24):
        clock = f"10:{step:02d}"
        vn30(writer, f"{clock}:00", 1_900.0 + 0.1 * step)
        combined.book(f"{clock}:01", "LO", 25_000.0 + 50.0 * (step % 3))
        writer.lines.append(combined.hit(f"{clock}:05", sides[step % 6], 100 + 10 * step))  # sent twice
        combined.book(f"{clock}:07", "LO", 25_000.0 + 50.0 * (step % 3), 7.0)
        split.book(f"{clock}:02", "LO", 60_000.0)
        split.hit(f"{clock}:06", sides[(step + 1) % 6], 200)
        hnx.book(f"{clock}:03", "LO", 30_000.0)
        hnx.hit(f"{clock}:08", sides[(step + 2) % 6], 100 * (1 + step % 2))
        front.book(f"{clock}:04", "LO", 1_902.5)
        front.hit(f"{clock}:09", sides[(step + 3) % 6], 1 + step % 4)
    writer.lines.append(writer.lines[-60])  # a frame from minutes ago
    split.book("11:00:00", "LO", split.ceiling - split.step)
    split.hit("11:00:01", "buy", 100)
    writer.alert("price_limit", "GAS", "11:00:01", "critical")
    split.hit("11:00:59", "buy", 100)  # the rule cools down
    split.hit("11:01:01", "buy", 100)
    writer.alert("price_limit", "GAS", "11:01:01", "critical")


def foreigners_buy(writer: Writer, combined: Symbol) -> None:
    """A net value that doubles within five minutes."""
    for minute in range(6):
        combined.foreigners(f"13:1{minute}:00", 100_000 + 1_000 * minute, 5_000, 2.5e9 + 2.5e7 * minute)
    combined.foreigners("13:16:00", 240_000, 5_000, 6.0e9)
    writer.alert("foreign_acceleration", "ACB", "13:16:00", "warning")


def flip_the_basis(writer: Writer, front: Symbol, after: Symbol) -> None:
    """The front contract falls below the index; the next one, always below, tells nothing new."""
    vn30(writer, "13:30:00", 1_905.0)
    for second, middle in ((1, 1_906.0), (11, 1_904.0), (21, 1_903.0)):
        front.book(f"13:30:{second:02d}", "LO", middle)
        front.hit(f"13:30:{second + 1:02d}", "neutral", 2)
        if middle == 1_904.0:
            writer.alert("basis_flip", "41I1GC000", f"13:30:{second + 1:02d}", "warning")
        after.book(f"13:30:{second + 2:02d}", "LO", 1_899.0)
        after.hit(f"13:30:{second + 3:02d}", "sell", 1)


def close_the_day(writer: Writer, combined: Symbol, split: Symbol, hnx: Symbol, front: Symbol) -> None:
    """Closing auctions, whose fills may carry the session after them, and HNX's post-close."""
    combined.book("14:30:02", "ATC", 25_000.0)
    for symbol, price, volume in ((combined, 25_050.0, 5_000), (split, 60_500.0, 3_000), (hnx, 30_100.0, 2_000)):
        for _ in range(3):
            symbol.trade("14:45:00", "C", "atc", "neutral", price, volume)
    front.trade("14:45:00", "ATC", "atc", "neutral", 1_903.5, 30)
    hnx.book("14:50:00", "C", 30_100.0)
    hnx.trade("14:56:10", "C", "continuous", "neutral", 30_100.0, 700)
    writer.send("F", "14:45:03", {"Symbol": "ACB", "Exchange": "HOSE", "TradingSession": "C", "TradingStatus": "N"})
    writer.send("B", "14:45:00", {"Symbol": "ACB", "Close": 25_050.0, "Volume": 5_000.0})
    writer.send("OL", "14:46:00", {"Symbol": "ACB", "LastPrice": 25_000, "LastVol": 17, "TotalVol": 900})
    vn30(writer, "15:05:05", 1_904.5)


def truth(writer: Writer) -> dict[str, Any]:
    """What the replay report must say."""
    return {
        "messages": len(writer.lines),
        "rejected": 4,
        "symbols": dict(sorted(writer.symbols.items())),
        "indices": {"VN30": {"value": 1_904.5}},
        "futures": {
            "41I1GC000": {"last_price": 1_903.5, "basis": -1.0},
            "41I1H1000": {"last_price": 1_898.9, "basis": -5.6},
        },
        "alerts": writer.alerts,
    }


if __name__ == "__main__":
    day = make()
    RECORDING.write_text("\n".join(day.lines) + "\n")
    TRUTH.write_text(json.dumps(truth(day), indent=1) + "\n")
