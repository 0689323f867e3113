"""What the simulated exchange lists: stocks, futures, indices. The same for the same seed."""

from collections.abc import Callable, Sequence
from datetime import date
from random import Random

from msgspec import Struct

from market.domain.calendar import last_trading_day
from market.domain.contracts import live_contracts
from market.feed.simulator.days import is_trading_day
from market.feed.simulator.names import VN30, Company

POINT_VALUE = 100_000  # VND per index point of a futures contract


class Instrument(Struct, frozen=True):
    """One listed stock or futures contract.

    `price` is that of an ordinary day (VND, or points); `shares` are listed shares; `trades` are matches on an ordinary
    day; `mean_size` is the mean match in shares or contracts; `underlying` and `expiry` are set for futures only.
    """

    symbol: str
    board: str
    name: str
    english: str
    price: float
    shares: int
    free: float
    trades: int
    mean_size: int
    foreign_part: float
    underlying: str = ""
    expiry: date | None = None
    status: str = "N"

    @property
    def lot(self) -> int:
        return 1 if self.underlying else 100

    @property
    def multiplier(self) -> int:
        """VND of one price unit of one share or contract."""
        return POINT_VALUE if self.underlying else 1


class IndexSpec(Struct, frozen=True):
    """One index: its value when all members stand at their ordinary price, and the members' weights (they sum to 1)."""

    index: str
    board: str
    base: float
    weights: dict[str, float]
    sends_breadth: bool = True
    futures: bool = False


class Universe(Struct, frozen=True):
    """Everything listed, in the order of the exchange; `front_trades` is an ordinary day of the front future."""

    stocks: list[Instrument]
    indices: list[IndexSpec]
    seed: int
    front_trades: int = 24_000


def listed(company: Company, board: str) -> Instrument:
    """Return the instrument of a company. A match is worth 80 million VND in the mean, less on small boards."""
    worth = {"HOSE": 80e6, "HNX": 30e6, "UPCOM": 15e6}[board] * (1 if company.trades > 700 else 0.3)
    return Instrument(
        symbol=company.symbol,
        board=board,
        name=company.name,
        english=company.english,
        price=float(company.price),
        shares=int(company.shares * 1_000_000),
        free=company.free,
        trades=company.trades,
        mean_size=max(100, int(worth / company.price / 100) * 100),
        foreign_part=0.15 if company.trades > 700 else 0.04,
    )


def vn30_universe(seed: int) -> Universe:
    """Return the VN30 basket and six indices; those without listed members follow the market as a whole."""
    stocks = [listed(company, "HOSE") for company in VN30]
    return Universe(stocks=stocks, indices=indices_of(stocks), seed=seed)


def indices_of(stocks: Sequence[Instrument]) -> list[IndexSpec]:
    """Return the six indices with weights by market value (VN30, VN100 and HNX30: free float, at most 10 % each)."""
    basket = {company.symbol for company in VN30}
    hose = [stock for stock in stocks if stock.board == "HOSE"]
    hnx = [stock for stock in stocks if stock.board == "HNX"]
    upcom = [stock for stock in stocks if stock.board == "UPCOM"]
    vn30 = [stock for stock in hose if stock.symbol in basket]
    return [
        IndexSpec("VNINDEX", "HOSE", 1680.0, weights(hose, _market_value)),
        IndexSpec("VN30", "HOSE", 1950.0, weights(vn30, _float_value, 0.1), sends_breadth=False, futures=True),
        IndexSpec("VN100", "HOSE", 1790.0, weights(largest(hose, 100), _float_value, 0.1), futures=True),
        IndexSpec("HNXIndex", "HNX", 262.0, weights(hnx, _market_value)),
        IndexSpec("HNX30", "HNX", 571.0, weights(largest(hnx, 30), _float_value, 0.15)),
        IndexSpec("HNXUpcomIndex", "UPCOM", 118.0, weights(upcom, _market_value)),
    ]


def _market_value(stock: Instrument) -> float:
    return stock.price * stock.shares


def _float_value(stock: Instrument) -> float:
    return stock.price * stock.shares * stock.free


def largest(stocks: Sequence[Instrument], count: int) -> list[Instrument]:
    """Return the `count` stocks of the largest free float."""
    return sorted(stocks, key=_float_value, reverse=True)[:count]


def weights(stocks: Sequence[Instrument], value: Callable[[Instrument], float], cap: float = 1.0) -> dict[str, float]:
    """Return weights that sum to 1, none above `cap` (where there are enough members for that)."""
    total = sum(value(stock) for stock in stocks)
    parts = {stock.symbol: value(stock) / total for stock in stocks}
    for _ in range(20):
        over = {symbol: part for symbol, part in parts.items() if part > cap}
        rest = sum(part for symbol, part in parts.items() if symbol not in over)
        if not over or rest <= 0 or len(parts) * cap <= 1:
            break
        scale = (1 - cap * len(over)) / rest
        parts = {symbol: cap if symbol in over else part * scale for symbol, part in parts.items()}
    return parts


def futures_on(universe: Universe, day: date) -> list[Instrument]:
    """Return the futures listed on a day, nearest first, VN30 before VN100."""
    found = []
    for spec in (spec for spec in universe.indices if spec.futures):
        trades = [universe.front_trades, 900, 160, 90] if spec.index == "VN30" else [40, 8, 4, 4]
        for contract, count in zip(live_contracts(spec.index, day, is_trading_day), trades, strict=True):
            found.append(
                Instrument(
                    symbol=contract.krx_code,
                    board="DERIVATIVES",
                    name=f"Hợp đồng tương lai chỉ số {contract.name}",
                    english=f"{spec.index} Index Futures {contract.month:02d}/{contract.year}",
                    price=spec.base,
                    shares=0,
                    free=0.0,
                    trades=count,
                    mean_size=5 if count > 10_000 else 2,
                    foreign_part=0.03,
                    underlying=spec.index,
                    expiry=last_trading_day(contract.year, contract.month, is_trading_day),
                )
            )
    return found


def day_random(seed: int, day: date, what: str) -> Random:
    """Return the source of chance for one thing on one day."""
    return Random(f"{seed}:{day.isoformat()}:{what}")
