"""The rows of REST answers. Every value is a string, numbers too, as captured; nulls where the real ones have them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from market.feed.simulator.history import DailyRow, Minute
from market.feed.simulator.instruments import IndexSpec, Instrument
from market.feed.simulator.schedule import clock_text
from market.feed.simulator.ticks import limits_of

Row = dict[str, Any]


def market_of(known: Instrument) -> str:
    return "DER" if known.underlying else known.board


def exchange_of(spec: IndexSpec) -> str:
    """Return the exchange as IndexList has it: UPCOM's index belongs to HNX."""
    return "HNX" if spec.board == "UPCOM" else spec.board


def plain(number: float) -> str:
    """Return a number as the rows spell it: whole ones without a fraction."""
    return str(int(number)) if number == int(number) else repr(round(number, 4))


def details_row(known: Instrument) -> Row:
    """Return one entry of SecuritiesDetails."""
    steps = {"HOSE": [("0", "10"), ("10000", "50"), ("50000", "100")], "DERIVATIVES": [("0", "0.1")]}
    ticks = steps.get(known.board, [("0", "100")])
    row = {
        "Isin": known.symbol,
        "Symbol": known.symbol,
        "SymbolName": known.name,
        "SymbolEngName": known.english,
        "SecType": "FU" if known.underlying else "ST",
        "MarketId": market_of(known),
        "Exchange": market_of(known),
        "Issuer": None,
        "LotSize": str(known.lot),
        "IssueDate": "",
        "MaturityDate": f"{known.expiry:%d/%m/%Y}" if known.expiry else "",
        "FirstTradingDate": "",
        "LastTradingDate": f"{known.expiry:%d/%m/%Y}" if known.expiry else "",
        "ContractMultiplier": str(known.multiplier) if known.underlying else "0",
        "SettlMethod": "C" if known.underlying else "",
        "Underlying": known.underlying or None,
        "PutOrCall": None,
        "ExercisePrice": "0",
        "ExerciseStyle": "",
        "ExcerciseRatio": "0",
        "ListedShare": str(known.shares),
    }
    for number in range(4):
        price, step = ticks[number] if number < len(ticks) else (None, None)
        row[f"TickPrice{number + 1}"], row[f"TickIncrement{number + 1}"] = price, step
    return row


def daily_row_of(known: Instrument, row: DailyRow) -> Row:
    return {
        "Symbol": known.symbol,
        "Market": market_of(known),
        "TradingDate": f"{row.day:%d/%m/%Y}",
        "Time": None,
        "Open": plain(row.open),
        "High": plain(row.high),
        "Low": plain(row.low),
        "Close": plain(row.close),
        "Volume": str(row.volume),
        "Value": plain(row.value),
    }


def intraday_row_of(symbol: str, day: date, minute: Minute) -> Row:
    return {
        "Symbol": symbol,
        "Value": plain(minute.open),  # price-like on the wire, not turnover
        "TradingDate": f"{day:%d/%m/%Y}",
        "Time": clock_text(minute.second),
        "Open": plain(minute.open),
        "High": plain(minute.high),
        "Low": plain(minute.low),
        "Close": plain(minute.close),
        "Volume": str(minute.volume),
    }


def coarser(minutes: Iterable[Minute], resolution: int) -> list[Minute]:
    """Return minutes merged into bars of `resolution` minutes."""
    merged: list[Minute] = []
    for minute in minutes:
        if merged and merged[-1].second // 60 // resolution == minute.second // 60 // resolution:
            bar = merged[-1]
            bar.second, bar.close = minute.second, minute.close
            bar.high, bar.low = max(bar.high, minute.high), min(bar.low, minute.low)
            bar.volume += minute.volume
        else:
            merged.append(Minute(minute.second, minute.open, minute.high, minute.low, minute.close, minute.volume))
    return merged


def index_row_of(spec: IndexSpec, day: date, value: float, prior: float, volume: int, turnover: float) -> Row:
    change = round(value - prior, 2)
    return {
        "IndexId": spec.index,
        "IndexValue": repr(value),
        "TradingDate": f"{day:%d/%m/%Y}",
        "Time": None,
        "Change": repr(change),
        "RatioChange": repr(round(change / prior * 100, 2)),
        "TotalTrade": "0",
        "TotalMatchVol": str(volume),
        "TotalMatchVal": plain(turnover),
        "TypeIndex": None,
        "IndexName": spec.index,
        "Advances": "0",
        "NoChanges": "0",
        "Declines": "0",
        "Ceilings": "0",
        "Floors": "0",
        "TotalDealVol": "0",
        "TotalDealVal": "0",
        "TotalVol": str(volume),
        "TotalVal": plain(turnover),
        "TradingSession": "C",
    }


def stock_price_row(known: Instrument, row: DailyRow) -> Row:
    ceiling, floor = limits_of(known.board, row.reference)
    change = row.close - row.reference
    return {
        "TradingDate": f"{row.day:%d/%m/%Y}",
        "PriceChange": plain(change),
        "PerPriceChange": plain(round(change / row.reference * 100, 2)),
        "CeilingPrice": plain(ceiling),
        "FloorPrice": plain(floor),
        "RefPrice": plain(row.reference),
        "OpenPrice": plain(row.open),
        "HighestPrice": plain(row.high),
        "LowestPrice": plain(row.low),
        "ClosePrice": plain(row.close),
        "AveragePrice": plain(row.average),
        "ClosePriceAdjusted": plain(row.close),
        "TotalMatchVol": str(row.volume),
        "TotalMatchVal": plain(row.value),
        "TotalDealVal": "0",
        "TotalDealVol": "0",
        "ForeignBuyVolTotal": str(row.foreign_buy_volume),
        "ForeignCurrentRoom": "0",
        "ForeignSellVolTotal": str(row.foreign_sell_volume),
        "ForeignBuyValTotal": plain(row.foreign_buy_value),
        "ForeignSellValTotal": plain(row.foreign_sell_value),
        "TotalBuyTrade": str(row.trades // 2),
        "TotalBuyTradeVol": str(row.buy_volume),
        "TotalSellTrade": str(row.trades - row.trades // 2),
        "TotalSellTradeVol": str(row.sell_volume),
        "NetBuySellVol": str(row.foreign_buy_volume - row.foreign_sell_volume),
        "NetBuySellVal": plain(row.foreign_buy_value - row.foreign_sell_value),
        "TotalTradedVol": str(row.volume),
        "TotalTradedValue": plain(row.value),
        "Symbol": known.symbol,
        "Time": None,
    }
