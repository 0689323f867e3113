r"""Message texts: `{"DataType":"X","Content":"{\"RType\":...}"}`, as the feed sends them, escaped once already.

Field names, order and oddities follow what was captured from the real feed: floats with `.0`, `"NaN"` as mean price
before the first trade, `Side` null in X, ten levels of which HOSE fills three. No value is text from outside:
nothing needs escaping.
"""

from msgspec import Struct

KINDS = ("X", "X-QUOTE", "X-TRADE", "R", "MI", "F", "B", "OL")


class Frame(Struct, frozen=True, gc=False):
    """One message: its channel type, its symbol or index, the text, and when it left (ms of the day)."""

    kind: str
    symbol: str
    text: str
    at: int


def quoted(template: str) -> str:
    """Return a template whose double quotes are escaped for use inside Content."""
    return template.replace('"', '\\"')


def envelope(kind: str, content: str) -> str:
    """Return the message text around an escaped Content."""
    return f'{{"DataType":"{kind}","Content":"{{{content}}}"}}'


def _levels(name: str, filled: int) -> str:
    parts = [f'"{name}{n}":%s' if n <= filled else f'"{name}{n}":0.0' for n in range(1, 11)]
    return quoted(",".join(parts))


LEVELS = {
    (name, filled): _levels(name, filled) for name in ("BidPrice", "BidVol", "AskPrice", "AskVol") for filled in (3, 10)
}


def levels_text(name: str, shown: int, values: list[str]) -> str:
    """Return ten numbered fields, `shown` of them from `values` (padded with 0.0)."""
    if len(values) < shown:
        values = values + ["0.0"] * (shown - len(values))
    return LEVELS[name, shown] % tuple(values)


X_HEAD = quoted(
    '"RType":"X","TradingDate":"{date}","Time":"%s","Isin":"{symbol}","Symbol":"{symbol}","Ceiling":{ceiling},"Floor":{floor},'
    '"RefPrice":{reference},'
)
X_PRICES = quoted(
    '"Open":%s,"High":%s,"Low":%s,"Close":%s,"AvgPrice":%s,"PriorVal":{prior},"LastPrice":%s,"LastVol":%s.0,"TotalVal":%s,"TotalVol":%s.0,'
)
X_TAIL = quoted(
    ',"MarketId":"{board}","Exchange":"{board}","TradingSession":"%s","TradingStatus":"{status}","Change":%s,"RatioChange":%s,'
    '"EstMatchedPrice":%s,"Side":null,"CloseQtty":0.0'
)
X_QUOTE_HEAD = quoted('"TradingDate":"{date}","Time":"%s","Exchange":"{board}","Symbol":"{symbol}","RType":"X-QUOTE",')
X_QUOTE_TAIL = quoted(',"TradingSession":"%s"')
X_TRADE = quoted(
    '"RType":"X-TRADE","TradingDate":"{date}","Time":"%s","Isin":"{symbol}","Symbol":"{symbol}","Ceiling":{ceiling},"Floor":{floor},'
    '"RefPrice":{reference},"AvgPrice":%s,"PriorVal":{reference},"LastPrice":%s,"LastVol":%s.0,"TotalVal":%s,"TotalVol":%s.0,'
    '"MarketId":"{board}","Exchange":"{board}","TradingSession":"%s","TradingStatus":"{status}","Change":%s,"RatioChange":%s,'
    '"EstMatchedPrice":%s,"Highest":%s,"Lowest":%s,"Side":%s'
)
FOREIGN = quoted(
    '"RType":"R","TradingDate":"{date}","Time":"%s","Isin":"{symbol}","Symbol":"{symbol}","TotalRoom":{total_room}.0,"CurrentRoom":%s.0,'
    '"BuyVol":%s.0,"SellVol":%s.0,"BuyVal":%s,"SellVal":%s,"MarketId":"{board}","Exchange":"{board}"'
)
STATUS = quoted(
    '"RType":"F","MarketId":"{board}","TradingDate":"{date}","Time":"%s","Symbol":"{symbol}","TradingSession":"%s",'
    '"TradingStatus":"{status}","Exchange":"{board}","TradingOlSession":""'
)
BAR = quoted(
    '"RType":"B","TradingDate":"{date}","Time":"%s","Symbol":"{symbol}","Open":%s,"High":%s,"Low":%s,"Close":%s,"Volume":%s.0,"Value":0.0'
)
ODD_LOT = quoted(
    '"RType":"OL","TradingDate":"{date}","Time":"%s","StockNo":"{symbol}","Symbol":"{symbol}","Ceiling":{ceiling:.0f},"Floor":{floor:.0f},'
    '"RefPrice":{reference:.0f},"Open":%(first)d,"High":%(high)d,"Low":%(low)d,"LastPrice":%(last)d,"LastVol":%(volume)d,'
    '"TotalVal":%(value)d,"TotalVol":%(total)d,"BidPrice1":%(bid)d,"BidPrice2":0,"BidPrice3":0,"BidVol1":%(bid_volume)d,"BidVol2":0,'
    '"BidVol3":0,"AskPrice1":%(ask)d,"AskPrice2":0,"AskPrice3":0,"AskVol1":%(ask_volume)d,"AskVol2":0,"AskVol3":0,'
    '"Exchange":"{board}","TradingSession":"%(session)s","TradingStatus":"{status}","Change":%(change)d,"RatioChange":%(ratio)s,'
    '"StockType":"S"'
).replace('Time\\":\\"%s', 'Time\\":\\"%(time)s')
INDEX = quoted(
    '"IndexId":"{index}",%s"IndexValue":%s,"PriorIndexValue":{prior},"TradingDate":"{date}","Time":"%s","TotalTrade":0.0,"TotalQtty":%s.0,'
    '"TotalValue":%s,"IndexName":"{index}","Advances":%d,"NoChanges":%d,"Declines":%d,"Ceilings":%d,"Floors":%d,"Change":%s,'
    '"RatioChange":%s,"TotalQttyPt":%s.0,"TotalValuePt":%s,"Exchange":"{board}","AllQty":%s.0,"AllValue":%s,"IndexType":"{type}",'
    '"TradingSession":%s,"MarketId":%s,"RType":"MI","TotalQttyOd":0.0,"TotalValueOd":0.0'
)


class DayTemplates(Struct, frozen=True):
    """The templates of one symbol on one day, with everything filled in that stays the same all day."""

    x_head: str
    x_prices: str
    x_tail: str
    quote_head: str
    trade: str
    foreign: str
    status: str
    bar: str
    odd_lot: str


def day_templates(
    symbol: str, board: str, status: str, date: str, reference: float, ceiling: float, floor: float, total_room: int
) -> DayTemplates:
    """Fill in what a symbol's messages of one day have in common. `date` is dd/MM/yyyy."""

    def fill(template: str) -> str:
        for name, value in facts.items():
            template = template.replace("{" + name + "}", value)
        return template

    facts = {
        "symbol": symbol,
        "board": board,
        "status": status,
        "date": date,
        "reference": repr(reference),
        "prior": repr(reference),
        "ceiling": repr(ceiling),
        "floor": repr(floor),
        "total_room": str(total_room),
        "reference:.0f": f"{reference:.0f}",
        "ceiling:.0f": f"{ceiling:.0f}",
        "floor:.0f": f"{floor:.0f}",
    }
    return DayTemplates(
        x_head=fill(X_HEAD),
        x_prices=fill(X_PRICES),
        x_tail=fill(X_TAIL),
        quote_head=fill(X_QUOTE_HEAD),
        trade=fill(X_TRADE),
        foreign=fill(FOREIGN),
        status=fill(STATUS),
        bar=fill(BAR),
        odd_lot=fill(ODD_LOT),
    )


def index_template(index: str, board: str, date: str, prior: float) -> str:
    """Return the template of an index's messages of one day."""
    kind = "Main" if index in ("VNINDEX", "HNXIndex", "HNXUpcomIndex") else ""
    facts = {"index": index, "board": board, "date": date, "prior": repr(prior), "type": kind}
    template = INDEX
    for name, value in facts.items():
        template = template.replace("{" + name + "}", value)
    return template
