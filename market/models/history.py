"""What ingest stores: trades, samples, bars, and the latest state to start from again.

Each key is natural, so that storing the same rows again after a crash changes nothing, and holds the time column `at`,
as hypertables demand. Symbols, indices and contracts are plain codes: a foreign key would make every insert look up a
row that the exchange may describe later. Units as in `market.domain.changes`; times to the second of the exchange.

Besides its primary key each table has one block-range index on `at`: rows arrive in the order of time, so it costs
next to nothing, and it serves what asks for a time and not for a symbol: recovery ("all rows since") and pruning.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _


class Trade(models.Model):
    """An increase of a symbol's total volume.

    Within a day the total grows with every trade, so symbol, time and the total after the trade name it for ever.
    """

    class Side(models.TextChoices):
        BUY = "buy", _("Buy")
        SELL = "sell", _("Sell")
        NEUTRAL = "neutral", _("Neutral")

    class Method(models.TextChoices):
        FEED = "feed", _("Feed")
        QUOTE = "quote", _("Quote")
        AUCTION = "auction", _("Auction")
        NONE = "none", _("None")

    class Phase(models.TextChoices):
        ATO = "ato", _("ATO")
        CONTINUOUS = "continuous", _("Continuous")
        ATC = "atc", _("ATC")

    # Serves the ticks page (symbol, time range, newest first) and the writer's "on conflict do nothing".
    pk = models.CompositePrimaryKey("symbol", "at", "total_volume")
    symbol = models.CharField(max_length=24)
    at = models.DateTimeField()
    total_volume = models.BigIntegerField()
    number = models.IntegerField()  # of the day, from 1
    price = models.FloatField()
    volume = models.BigIntegerField()
    value = models.FloatField()
    side = models.CharField(max_length=7, choices=Side)
    method = models.CharField(max_length=7, choices=Method)
    phase = models.CharField(max_length=10, choices=Phase)
    gap = models.BooleanField(default=False)  # larger than the last match: matches between were not seen one by one

    class Meta:
        verbose_name = _("trade")
        verbose_name_plural = _("trades")
        # Serves recovery (the trades of the last minutes, to fill the alert windows again) and pruning.
        indexes = [BrinIndex(fields=["at"], name="trade_at_brin")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.at} {self.volume} @ {self.price}"


class Bar(models.Model):
    """One minute of a stock, future or index; `at` is its first second.

    Volume that is neither buy nor sell nor neutral was never seen as trades ("unclassified").
    """

    class Source(models.TextChoices):
        LIVE = "live", _("Live")
        BACKFILL = "backfill", _("Backfill")

    # Serves candles (symbol, time range) and the writer's upsert; a bar is written again as its minute goes on.
    pk = models.CompositePrimaryKey("symbol", "at")
    symbol = models.CharField(max_length=24)
    at = models.DateTimeField()
    open = models.FloatField()
    high = models.FloatField()
    low = models.FloatField()
    close = models.FloatField()
    volume = models.BigIntegerField()
    value = models.FloatField()
    buy_volume = models.BigIntegerField(default=0)
    sell_volume = models.BigIntegerField(default=0)
    neutral_volume = models.BigIntegerField(default=0)
    trades = models.IntegerField(default=0)
    source = models.CharField(max_length=8, choices=Source, default=Source.LIVE)

    class Meta:
        verbose_name = _("bar")
        verbose_name_plural = _("bars")
        # Serves the nightly roll-up into days (all symbols of a day) and pruning.
        indexes = [BrinIndex(fields=["at"], name="bar_at_brin")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.at} {self.open} {self.high} {self.low} {self.close}"


class ForeignFlow(models.Model):
    """Foreign totals of the day, one sample a second: totals are cumulative, so the last of a second says it all."""

    # Serves the foreign history of a symbol and the writer's upsert (the last update of a second stands).
    pk = models.CompositePrimaryKey("symbol", "at")
    symbol = models.CharField(max_length=24)
    at = models.DateTimeField()
    buy_volume = models.BigIntegerField()
    sell_volume = models.BigIntegerField()
    buy_value = models.FloatField()
    sell_value = models.FloatField()
    own_buy_value = models.FloatField()
    own_sell_value = models.FloatField()
    room = models.BigIntegerField()
    total_room = models.BigIntegerField()

    class Meta:
        verbose_name = _("foreign flow")
        verbose_name_plural = _("foreign flow")
        # Serves recovery (the samples of the last minutes, for speed), the nightly roll-up and pruning.
        indexes = [BrinIndex(fields=["at"], name="foreign_flow_at_brin")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.at} +{self.buy_volume} -{self.sell_volume}"


class IndexTick(models.Model):
    """The value of an index, in points, one sample a second: the last of a second stands."""

    # Serves the intraday line of an index and the writer's upsert.
    pk = models.CompositePrimaryKey("index", "at")
    index = models.CharField(max_length=24)
    at = models.DateTimeField()
    value = models.FloatField()
    estimate = models.FloatField(null=True)
    total_volume = models.BigIntegerField()
    total_value = models.FloatField()

    class Meta:
        verbose_name = _("index tick")
        verbose_name_plural = _("index ticks")
        # Serves recovery and pruning.
        indexes = [BrinIndex(fields=["at"], name="index_tick_at_brin")]

    def __str__(self) -> str:
        return f"{self.index} {self.at} {self.value}"


class BasisPoint(models.Model):
    """A future against its index, in points, one sample a second: the last trade of a second stands."""

    # Serves the basis line of a contract and the writer's upsert.
    pk = models.CompositePrimaryKey("contract", "at")
    contract = models.CharField(max_length=24)
    at = models.DateTimeField()
    underlying = models.CharField(max_length=24)
    future = models.FloatField()
    index = models.FloatField()
    basis = models.FloatField()

    class Meta:
        verbose_name = _("basis point")
        verbose_name_plural = _("basis points")
        # Serves recovery (slope of the basis) and pruning.
        indexes = [BrinIndex(fields=["at"], name="basis_point_at_brin")]

    def __str__(self) -> str:
        return f"{self.contract} {self.at} {self.basis}"


class DailyBar(models.Model):
    """One day of a stock, future or index, kept for good: rolled up from minutes, or fetched from the exchange.

    Whichever saw more volume stands. An ordinary table on every server, so that years of days are few rows to read.
    """

    # Serves daily candles and foreign days (symbol, range of days), and both upserts.
    pk = models.CompositePrimaryKey("symbol", "day")
    symbol = models.CharField(max_length=24)
    day = models.DateField()
    open = models.FloatField()
    high = models.FloatField()
    low = models.FloatField()
    close = models.FloatField()
    volume = models.BigIntegerField()
    value = models.FloatField()
    buy_volume = models.BigIntegerField(default=0)
    sell_volume = models.BigIntegerField(default=0)
    neutral_volume = models.BigIntegerField(default=0)
    trades = models.IntegerField(default=0)
    reference = models.FloatField(null=True)
    ceiling = models.FloatField(null=True)
    floor = models.FloatField(null=True)
    foreign_buy_volume = models.BigIntegerField(null=True)
    foreign_sell_volume = models.BigIntegerField(null=True)
    foreign_buy_value = models.FloatField(null=True)
    foreign_sell_value = models.FloatField(null=True)
    source = models.CharField(max_length=8, choices=Bar.Source, default=Bar.Source.LIVE)

    class Meta:
        verbose_name = _("daily bar")
        verbose_name_plural = _("daily bars")

    def __str__(self) -> str:
        return f"{self.symbol} {self.day} {self.open} {self.high} {self.low} {self.close}"


class SymbolState(models.Model):
    """The latest state of a symbol, an index or the market as a whole, stored with the rows that led to it.

    `state` is what the domain needs to go on. `epoch` names the ingest that wrote it, `seq` counts its commits.
    """

    class Kind(models.TextChoices):
        SYMBOL = "symbol", _("Symbol")
        INDEX = "index", _("Index")
        MARKET = "market", _("Market")

    # Serves the upsert of every batch; start-up reads the whole table, which has one row a symbol.
    pk = models.CompositePrimaryKey("kind", "code")
    kind = models.CharField(max_length=6, choices=Kind)
    code = models.CharField(max_length=24)
    day = models.DateField()
    at = models.DateTimeField()
    epoch = models.CharField(max_length=36)
    seq = models.BigIntegerField()
    state = models.JSONField()

    class Meta:
        verbose_name = _("symbol state")
        verbose_name_plural = _("symbol states")

    def __str__(self) -> str:
        return f"{self.kind} {self.code} {self.at}"


class IngestRun(models.Model):
    """One start of ingest: what clients see as `epoch`.

    `identity` tells one simulation or replay from another; a start goes on only from a run of its own. `seq` is the
    number of the newest batch that is stored; later runs go on counting. The days are those whose rows it stored.
    """

    class Source(models.TextChoices):
        SSI = "ssi", _("SSI")
        SIMULATION = "simulation", _("Simulation")
        REPLAY = "replay", _("Replay")

    epoch = models.CharField(_("epoch"), max_length=36)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    started_at = models.DateTimeField(_("started at"))
    last_seen_at = models.DateTimeField(_("last seen at"))
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True)
    seq = models.BigIntegerField(_("sequence"), default=0)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    identity = models.CharField(max_length=200, default="", blank=True)
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = _("ingest run")
        verbose_name_plural = _("ingest runs")
        ordering = ["-started_at"]
        constraints = [
            # Serves ingest's update of its own row with every commit.
            models.UniqueConstraint(fields=["epoch"], name="ingest_run_epoch"),
        ]
        indexes = [
            # Serves "the run before this one" at start-up, and the admin's list.
            models.Index(fields=["-started_at"], name="ingest_run_started"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.started_at}"
