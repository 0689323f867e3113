"""One-minute bars and the small lines beside numbers."""

from market.domain.bars import SPARK_POINTS, BarBuilder, Spark
from market.domain.changes import Bar
from tests.market.builders import NEXT_DAY, at, changes, index, market, snapshot


def test_bar_is_handed_out_when_the_next_minute_trades() -> None:
    state = market(snapshot("09:20:00", 0, 0.0, last=0))
    made = changes(
        state,
        snapshot("09:20:10", 100, 25_050.0),
        snapshot("09:20:20", 300, 25_100.0),
        snapshot("09:20:59", 400, 24_950.0),
        snapshot("09:22:00", 500, 25_000.0),
    )
    (bar,) = [change for change in made if isinstance(change, Bar)]
    assert bar.minute == at("09:20:00")
    assert (bar.open, bar.high, bar.low, bar.close) == (25_050.0, 25_100.0, 24_950.0, 24_950.0)
    assert (bar.volume, bar.buy_volume, bar.sell_volume, bar.neutral_volume, bar.trades) == (400, 300, 100, 0, 3)
    assert made.index(bar) == len(made) - 1  # after the trade that ended it


def test_bar_keeps_the_price_that_trades_lowest_between() -> None:
    builder = BarBuilder("ACB")
    for second, price in enumerate((10.0, 8.0, 12.0, 11.0)):
        builder.add(60 + second, price, 100, 100 * price, "neutral")
    assert builder.current() == Bar("ACB", 60, 10.0, 12.0, 8.0, 11.0, 400, 4_100.0, 0, 0, 400, 4)


def test_bar_takes_a_late_trade_into_the_minute_in_progress() -> None:
    builder = BarBuilder("ACB")
    builder.add(120, 10.0, 100, 1_000.0, "buy")
    assert builder.add(119, 11.0, 100, 1_100.0, "buy") is None
    current = builder.current()
    assert current is not None
    assert (current.minute, current.volume, current.high) == (120, 200, 11.0)


def test_bar_of_an_index_has_no_sides() -> None:
    builder = BarBuilder("VN30")
    builder.add(60, 1_900.0, 500, 1e9, None)
    bar = builder.current()
    assert bar is not None
    assert (bar.volume, bar.buy_volume + bar.sell_volume + bar.neutral_volume) == (500, 0)


def test_bar_continues_after_a_restart() -> None:
    builder, fresh = BarBuilder("ACB"), BarBuilder("ACB")
    builder.add(60, 10.0, 100, 1_000.0, "sell")
    bar = builder.current()
    assert bar is not None
    fresh.resume(bar)
    for each in (builder, fresh):
        each.add(61, 12.0, 50, 600.0, "buy")
    assert fresh.current() == builder.current()


def test_no_bar_before_the_first_trade() -> None:
    assert BarBuilder("ACB").current() is None
    assert market(snapshot("09:20:00", 1_000)).bar_count() == 0


def test_bars_are_counted_with_those_in_progress() -> None:
    state = market(snapshot("09:20:00", 0, 0.0, last=0), index("09:20:00", 1_900.0))
    for total, minute in ((100, 20), (200, 21), (300, 25)):
        state.apply(snapshot(f"09:{minute}:00", total))
    assert state.bar_count() == 3 + 1
    assert state.symbols["ACB"].bar.minute == at("09:25:00")


def test_bars_start_again_on_a_new_day() -> None:
    state = market(snapshot("14:20:00", 100, last=100), snapshot("09:20:00", 0, 0.0, last=0, day=NEXT_DAY))
    assert state.bar_count() == 0


def test_spark_holds_the_last_price_of_each_five_minutes() -> None:
    spark = Spark()
    for clock, price in (("09:15:00", 1.0), ("09:19:59", 2.0), ("09:20:00", 3.0), ("09:19:00", 4.0), ("09:40:00", 5.0)):
        spark.add(at(clock), price)
    assert spark.points == [2.0, 4.0, 5.0]


def test_spark_is_bounded() -> None:
    spark = Spark()
    for step in range(100):
        spark.add(at("09:00:00") + 300 * step, float(step))
    assert spark.points == [float(step) for step in range(100 - SPARK_POINTS, 100)]


def test_spark_continues_after_a_restart() -> None:
    spark, fresh = Spark(), Spark()
    spark.add(at("09:15:00"), 1.0)
    fresh.load(spark.dump())
    for each in (spark, fresh):
        each.add(at("09:16:00"), 2.0)
    assert fresh.points == spark.points == [2.0]
    fresh.load([])
    assert fresh.points == [2.0]
    fresh.clear()
    assert fresh.points == []
