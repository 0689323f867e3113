"""The shape of answers, with units. Answers are encoded by msgspec; tests hold them to these serializers."""

from typing import Any

from rest_framework import serializers

PRICE = "VND for stocks, points for futures and indices"
SHARES = "shares or contracts"
TIME = "Exchange time, ISO 8601 with +07:00."

FIELD: Any = serializers.Field  # the factories below make fields of several kinds


def number(help_text: str) -> FIELD:
    """A number that may be absent."""
    return serializers.FloatField(allow_null=True, help_text=help_text)


def amount(help_text: str) -> FIELD:
    """A number that is always there."""
    return serializers.FloatField(help_text=help_text)


def count(help_text: str) -> FIELD:
    """A whole number that is always there."""
    return serializers.IntegerField(help_text=help_text)


def some(help_text: str) -> FIELD:
    """A whole number that may be absent."""
    return serializers.IntegerField(allow_null=True, help_text=help_text)


def word(help_text: str = "", *, null: bool = False) -> FIELD:
    """A word."""
    return serializers.CharField(help_text=help_text, allow_null=null, allow_blank=True)


def moment(help_text: str = TIME, *, null: bool = False) -> FIELD:
    """A time."""
    return serializers.DateTimeField(help_text=help_text, allow_null=null)


def levels(help_text: str) -> FIELD:
    """One side of a book."""
    level = serializers.ListField(child=serializers.FloatField(allow_null=True), min_length=2, max_length=2)
    return serializers.ListField(child=level, max_length=10, help_text=help_text)


def sparkline() -> FIELD:
    """A small picture of the day."""
    return serializers.ListField(
        child=serializers.FloatField(), max_length=60, help_text="A price each 5 minutes, oldest first."
    )


class Error(serializers.Serializer[Any]):
    """What every refusal looks like."""

    code = word(
        "invalid, not_authenticated, authentication_failed, not_found, throttled, unavailable or error, among others."
    )
    detail = word("What is wrong; for a parameter, its name and what was expected.")


class Live(serializers.Serializer[Any]):
    """What every live answer says of its moment."""

    served_from = word("Always `live copy`: what ingest keeps in Redis.")
    channel = word("Channel of the WebSocket API with the same rows.")
    epoch = word("Names the start of ingest; empty before the first data.")
    seq = count("Grows by one with each update of the channel.")
    time = moment("The market's clock when the copy was written.", null=True)
    status = serializers.DictField(
        help_text="How the feed does; `feed` is live, delayed, reconnecting, closed or starting."
    )


class LiveList(Live):
    """A live answer with a list."""

    list = word("The list shown: VN30, HOSE, HNX, UPCOM or ALL; null for named symbols.", null=True)


class MarketRow(serializers.Serializer[Any]):
    """A stock as the price board shows it."""

    symbol = word()
    board = word("HOSE, HNX or UPCOM.")
    phase = word("pre_open, ato, continuous, lunch, atc, post_close, put_through, closed or halted.", null=True)
    status = word("The feed's trading status.", null=True)
    time = moment(null=True)
    reference = number("Reference price, VND.")
    ceiling = number("VND.")
    floor = number("VND.")
    open = number("VND.")
    high = number("VND.")
    low = number("VND.")
    average = number("Value by volume, VND.")
    price = number("Last matched price, VND; null before the first match.")
    volume = some("Of the last match, shares.")
    change = number("Against the reference price, VND.")
    change_percent = number("Per cent of the reference price.")
    total_volume = count("Matched today, shares.")
    total_value = amount("Matched today, VND.")
    trades = count("Matches seen today.")
    bids = levels("[price, volume], best first; price null is an ATO/ATC order.")
    asks = levels("[price, volume], best first; price null is an ATO/ATC order.")
    expected_price = number("Expected match of the auction, VND.")
    buy_volume = count("Aggressive buying, shares.")
    sell_volume = count("Aggressive selling, shares.")
    neutral_volume = count("Auctions and what cannot be told, shares.")
    unclassified_volume = count("Traded while nobody listened, shares.")
    phases = serializers.DictField(help_text="Volumes by aggressor of ato, continuous and atc, shares.")
    methods = serializers.DictField(
        help_text="Volume by how the aggressor was found: feed, quote, auction, none; shares."
    )
    foreign_buy_volume = some("Shares.")
    foreign_sell_volume = some("Shares.")
    foreign_room = some("Shares that foreigners may still buy.")
    spark = sparkline()


class Snapshot(LiveList):
    """Live rows of the price board."""

    rows = serializers.DictField(child=MarketRow(), help_text="By symbol.")


class ForeignRow(serializers.Serializer[Any]):
    """Foreign flow of a stock today."""

    symbol = word()
    board = word()
    time = moment()
    buy_volume = count("Shares.")
    sell_volume = count("Shares.")
    net_volume = count("Bought less sold, shares; negative when foreigners sell.")
    buy_value = amount("VND, as the exchange says.")
    sell_value = amount("VND, as the exchange says.")
    net_value = amount("VND.")
    own_buy_value = amount("VND, our own sum of volume times price of the moment.")
    own_sell_value = amount("VND, our own sum.")
    own_net_value = amount("VND, our own sum.")
    room = some("Shares that foreigners may still buy.")
    total_room = some("Shares that foreigners may hold.")
    room_used_percent = number("Per cent.")
    buy_speed = number("Shares a minute over five minutes.")
    sell_speed = number("Shares a minute.")
    net_speed = number("Shares a minute.")
    value_speed = number("VND a minute.")
    acceleration = number("Change of the net speed, shares a minute per minute.")
    covered_seconds = some("Seconds that the speeds really cover.")


class ForeignDetail(LiveList):
    """Foreign flow by symbol."""

    rows = serializers.DictField(child=ForeignRow(), help_text="By symbol.")


class PhaseVolumes(serializers.Serializer[Any]):
    """Volume of a phase by aggressor."""

    buy_volume = count("Shares.")
    sell_volume = count("Shares.")
    neutral_volume = count("Shares.")
    unclassified_volume = count("Shares.")
    total_volume = count("Shares.")


class MethodShare(serializers.Serializer[Any]):
    """How much was judged by a method."""

    volume = count("Shares.")
    percent = number("Of the total volume.")


class VolumeRow(serializers.Serializer[Any]):
    """Volume of a stock by aggressor, phase and method. buy + sell + neutral + unclassified = total."""

    symbol = word()
    board = word()
    time = moment(null=True)
    total_volume = count("Shares.")
    buy_volume = count("Shares.")
    sell_volume = count("Shares.")
    neutral_volume = count("Shares.")
    unclassified_volume = count("Shares.")
    active_buy_percent = number("Buying, per cent of buying and selling.")
    phases = serializers.DictField(child=PhaseVolumes(), help_text="ato, continuous, atc.")
    methods = serializers.DictField(child=MethodShare(), help_text="feed, quote, auction, none.")
    coverage_percent = number("Volume judged by feed, quote or auction, per cent of the total.")


class VolumeStats(LiveList):
    """Volume by symbol."""

    rows = serializers.DictField(child=VolumeRow(), help_text="By symbol.")


class BasisPoint(serializers.Serializer[Any]):
    """A future against its index at a time."""

    time = moment()
    underlying = word("Index.")
    future = amount("Points.")
    index = amount("Points.")
    basis = amount("future - index, points.")
    basis_percent = number("Per cent of the index.")


class BasisContract(serializers.Serializer[Any]):
    """Where a future stands against its index, and how it came there."""

    symbol = word("Code.")
    alias = word("VN30F1M, VN30F2M, VN30F1Q or VN30F2Q.", null=True)
    name = word()
    underlying = word("Index.")
    expiry = serializers.DateField(help_text="Last trading day.")
    days_to_expiry = count("Calendar days.")
    front = serializers.BooleanField(help_text="Nearest contract.")
    time = moment(null=True)
    price = number("Points.")
    basis = number("future - index, points.")
    basis_percent = number("Per cent of the index.")
    basis_state = word("premium, discount or flat.", null=True)
    convergence = number("Slope of the distance to the index, points a minute; negative when it closes.")
    total_volume = count("Contracts.")
    points = BasisPoint(many=True, allow_null=True, help_text="Oldest first; null while the database is away.")


class BasisTrend(Live):
    """Futures against their index."""

    contracts = BasisContract(many=True, help_text="Nearest expiry first.")


class Alert(serializers.Serializer[Any]):
    """Something unusual that a rule noticed."""

    id = word()
    kind = word()
    symbol = word(null=True)
    time = moment()
    severity = word()
    title = word()
    evidence = serializers.DictField(help_text="The numbers that made the rule hold.")
    rule = count("Number of the rule; 0 for one that ships and was never stored.")
    version = count("Version of the rule that held.")


class Alerts(serializers.Serializer[Any]):
    """Newest alerts first."""

    alerts = Alert(many=True)


class Candle(serializers.Serializer[Any]):
    """A bar. The four kinds of volume add up to `volume`."""

    time = moment("First second of the interval; a day starts at midnight.")
    open = amount(PRICE)
    high = amount(PRICE)
    low = amount(PRICE)
    close = amount(PRICE)
    volume = count(SHARES)
    value = amount("VND.")
    buy_volume = count(SHARES)
    sell_volume = count(SHARES)
    neutral_volume = count(SHARES)
    unclassified_volume = count(SHARES)
    trades = count("Matches.")


class History(serializers.Serializer[Any]):
    """What every range says of itself."""

    symbol = word("The stored code.")
    more = serializers.BooleanField(help_text="Whether the range holds older rows than `limit` let through.")


class Candles(History):
    """Candles, oldest first."""

    interval = word()
    candles = Candle(many=True)


class Tick(serializers.Serializer[Any]):
    """A trade: an increase of the day's total volume."""

    time = moment()
    price = amount(PRICE)
    volume = count(SHARES)
    value = amount("VND.")
    side = word("Aggressor: buy, sell or neutral.")
    method = word("How it was found: feed, quote, auction or none.")
    phase = word("ato, continuous or atc.")
    total_volume = count("Of the day after this trade.")
    number = count("Of the day, from 1.")
    gap = serializers.BooleanField(help_text="Several matches of which the feed showed only the last.")


class Ticks(serializers.Serializer[Any]):
    """A page of trades, newest first."""

    symbol = word("The stored code.")
    ticks = Tick(many=True)
    next = word("`cursor` of the next page; null after the last.", null=True)


class ForeignSample(serializers.Serializer[Any]):
    """Foreign totals since the start of the day."""

    time = moment()
    buy_volume = count("Shares.")
    sell_volume = count("Shares.")
    net_volume = count("Bought less sold, shares.")
    buy_value = amount("VND.")
    sell_value = amount("VND.")
    net_value = amount("VND.")
    own_buy_value = amount("VND, our own sum.")
    own_sell_value = amount("VND, our own sum.")
    room = some("Shares.")
    total_room = some("Shares.")


class ForeignHistory(History):
    """Samples, oldest first."""

    interval = word()
    samples = ForeignSample(many=True)


class ForeignDay(serializers.Serializer[Any]):
    """What foreigners bought and sold on a day."""

    day = serializers.DateField()
    buy_volume = count("Shares.")
    sell_volume = count("Shares.")
    net_volume = count("Bought less sold, shares; negative on a day of net selling.")
    buy_value = amount("VND.")
    sell_value = amount("VND.")
    net_value = amount("VND; negative on a day of net selling.")


class ForeignDaily(History):
    """Days, oldest first."""

    days = ForeignDay(many=True)


class IndexPoint(serializers.Serializer[Any]):
    """An index at a time."""

    time = moment()
    value = amount("Points.")
    estimate = number("Estimate of the auction, points.")
    total_volume = count("Shares.")
    total_value = amount("VND.")


class IndexHistory(History):
    """Points, oldest first."""

    interval = word()
    points = IndexPoint(many=True)


class DerivativesHistory(History):
    """Points, oldest first."""

    interval = word()
    points = BasisPoint(many=True)


class Component(serializers.Serializer[Any]):
    """A member of a basket."""

    symbol = word()
    name = word("In Vietnamese.")
    english_name = word()
    sector = word("ICB code.", null=True)
    joined = serializers.DateField(help_text="First day in the basket, as far as known.")


class Components(serializers.Serializer[Any]):
    """Members of a basket on a day."""

    basket = word()
    day = serializers.DateField()
    components = Component(many=True)


class SymbolFound(serializers.Serializer[Any]):
    """An instrument."""

    symbol = word()
    kind = word("stock, etf, fund, warrant, future, index or bond.")
    board = word()
    name = word("In Vietnamese.")
    english_name = word()
    sector = word("ICB code.", null=True)


class Symbols(serializers.Serializer[Any]):
    """What was found, best match first."""

    symbols = SymbolFound(many=True)
