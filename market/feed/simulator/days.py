"""Trading days of the simulated exchange. Source: the exchanges' closures of 2026, the expected ones of 2027."""

from datetime import date, timedelta

CLOSED = {
    *(date(2026, 2, day) for day in range(16, 21)),
    *(date(2027, 2, day) for day in range(4, 11)),
    date(2026, 1, 1), date(2026, 4, 27), date(2026, 4, 30), date(2026, 5, 1),
    date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2), date(2026, 11, 24),
    date(2027, 1, 1), date(2027, 4, 16), date(2027, 4, 30), date(2027, 5, 3), date(2027, 9, 2), date(2027, 9, 3),
    date(2027, 11, 24),
}  # fmt: skip


def is_trading_day(day: date) -> bool:
    return day.weekday() < 5 and day not in CLOSED


def next_trading_day(day: date) -> date:
    day += timedelta(days=1)
    while not is_trading_day(day):
        day += timedelta(days=1)
    return day


def previous_trading_day(day: date) -> date:
    day -= timedelta(days=1)
    while not is_trading_day(day):
        day -= timedelta(days=1)
    return day


def trading_days(first: date, last: date) -> list[date]:
    """Return the trading days from `first` to `last`, both included."""
    span = range((last - first).days + 1)
    return [day for day in (first + timedelta(days=n) for n in span) if is_trading_day(day)]
