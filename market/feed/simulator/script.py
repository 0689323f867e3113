"""What is planned for the stocks of one day: who is driven to the ceiling or the floor, who has busy spells."""

from datetime import date

from market.feed.simulator.instruments import Universe, day_random
from market.feed.simulator.schedule import at
from market.feed.simulator.ticks import LIMIT_PERCENT
from market.feed.simulator.trading import Script

SPELL_CHANCE = 0.35  # that a stock has busy spells on a day


def write_scripts(universe: Universe, day: date) -> dict[str, Script]:
    """Return a script for each stock. One in thirty goes to the ceiling and one to the floor, at least one each."""
    rng = day_random(universe.seed, day, "scripts")
    count = max(1, len(universe.stocks) // 60) if len(universe.stocks) > 60 else 1
    chosen = rng.sample(universe.stocks, min(2 * count, len(universe.stocks)))
    signs = {stock.symbol: 1 if place % 2 == 0 else -1 for place, stock in enumerate(chosen)}
    scripts = {}
    for stock in universe.stocks:
        sign = signs.get(stock.symbol, 0)
        start = rng.randint(at(9, 20), at(13, 0))
        goal = sign * 1.4 * LIMIT_PERCENT[stock.board] / 100
        script = Script(goal, start, start + rng.randint(20, 60) * 60_000)
        if rng.random() < SPELL_CHANCE:
            script.spells = [_spell(rng.randint(at(9, 30), at(14, 20)), rng.randint(60, 200), rng.choice((-1, 0, 1)))]
        scripts[stock.symbol] = script
    return scripts


def _spell(start: int, seconds: int, lean: int) -> tuple[int, int, float]:
    return start, start + seconds * 1000, float(lean)
