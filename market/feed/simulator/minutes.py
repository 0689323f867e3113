"""Minutes of past days that were never played: a path from the open to the close that touches high and low."""

from market.feed.simulator.history import DailyRow, Minute
from market.feed.simulator.instruments import Instrument, day_random
from market.feed.simulator.schedule import at
from market.feed.simulator.ticks import round_to_step

_MINUTES = [
    *range(at(9, 15) // 60_000, at(11, 30) // 60_000),
    *range(at(13, 0) // 60_000, at(14, 30) // 60_000),
    14 * 60 + 45,
]


def minutes_of(instrument: Instrument, row: DailyRow, seed: int) -> list[Minute]:
    """Return minutes that add up to the daily row: open, high, low, close, volume. Quiet symbols have fewer."""
    rng = day_random(seed, row.day, f"minutes:{instrument.symbol}")
    lots = row.volume // instrument.lot
    count = min(len(_MINUTES), max(1, instrument.trades // 3), lots)
    if count < 1:
        return []
    places = sorted(rng.sample(range(len(_MINUTES)), count))
    prices = [_between(instrument, row, place / len(_MINUTES), rng.random()) for place in places]
    prices[-1] = row.close
    if count > 2:
        prices[1], prices[count // 2] = (row.high, row.low) if rng.random() < 0.5 else (row.low, row.high)
    shares = [0.2 + rng.random() for _ in places]
    volumes = [int(lots * share / sum(shares)) * instrument.lot for share in shares]
    volumes[-1] += row.volume - sum(volumes)
    found, last = [], row.open
    for place, price, volume in zip(places, prices, volumes, strict=True):
        if volume <= 0:
            volume, volumes[-1] = instrument.lot, volumes[-1] - instrument.lot
        high, low = max(last, price), min(last, price)
        if count <= 2:
            high, low = row.high, row.low
        found.append(Minute(_MINUTES[place] * 60 + rng.randint(1, 59), last, high, low, price, volume))
        last = price
    found[-1].volume += row.volume - sum(minute.volume for minute in found)
    return found


def _between(instrument: Instrument, row: DailyRow, gone: float, draw: float) -> float:
    middle = row.open + (row.close - row.open) * gone
    price = round_to_step(instrument.board, middle + (draw - 0.5) * (row.high - row.low))
    return min(row.high, max(row.low, price))
