# ruff: noqa: E501  (tables)
"""The whole market: real companies first, then generated ones until each board has its usual number of symbols."""

from random import Random

from market.feed.simulator.companies import FREE_FLOAT, HNX, HOSE, UPCOM
from market.feed.simulator.instruments import Instrument, Universe, indices_of, listed
from market.feed.simulator.names import VN30, Company
from market.feed.simulator.ticks import round_to_step

COUNTS = {"HOSE": 400, "HNX": 310, "UPCOM": 990}
REAL = {"HOSE": [*VN30, *HOSE], "HNX": HNX, "UPCOM": UPCOM}
# Trades on an ordinary day of all generated symbols of a board together.
TRADES = {"HOSE": 22_000, "HNX": 4_500, "UPCOM": 9_000}
TRADES_ALPHA = 0.75
PLACES = [
    ("Hà Nội", "Hanoi"), ("Sài Gòn", "Saigon"), ("Đà Nẵng", "Da Nang"), ("Hải Phòng", "Hai Phong"), ("Cần Thơ", "Can Tho"),
    ("Quảng Ninh", "Quang Ninh"), ("Bình Định", "Binh Dinh"), ("Đồng Nai", "Dong Nai"), ("Nghệ An", "Nghe An"),
    ("Thanh Hóa", "Thanh Hoa"), ("Khánh Hòa", "Khanh Hoa"), ("Lâm Đồng", "Lam Dong"), ("Long An", "Long An"),
    ("Nam Định", "Nam Dinh"), ("Thái Nguyên", "Thai Nguyen"), ("Tây Bắc", "Tay Bac"), ("Cửu Long", "Cuu Long"),
]  # fmt: skip
TRADES_OF_WORK = [
    ("Xây dựng", "Construction"), ("Thủy điện", "Hydropower"), ("Dược phẩm", "Pharmaceutical"), ("Cấp nước", "Water Supply"),
    ("Vật liệu Xây dựng", "Building Materials"), ("Cảng biển", "Port"), ("Thủy sản", "Seafood"), ("Cơ khí", "Mechanical"),
    ("Bao bì", "Packaging"), ("Sách và Thiết bị", "Book and Equipment"), ("Xi măng", "Cement"), ("Điện lực", "Electricity"),
    ("Than", "Coal"), ("Cao su", "Rubber"), ("Vận tải", "Transport"), ("Du lịch", "Tourism"), ("Dệt may", "Textile"),
    ("Chế biến Gỗ", "Wood Processing"), ("Công nghệ", "Technology"), ("Môi trường Đô thị", "Urban Environment"),
]  # fmt: skip
ODD_STATUSES = ("ST", "ND", "H", "S")  # special, to be delisted, halted, suspended


def whole_universe(seed: int) -> Universe:
    """Return about 1,700 symbols over three boards. Codes and names do not depend on the seed."""
    rng = Random("whole market")
    taken = {company.symbol for companies in REAL.values() for company in companies}
    stocks: list[Instrument] = []
    for board, count in COUNTS.items():
        companies = [*REAL[board], *_generated(board, count - len(REAL[board]), taken, rng)]
        stocks += [listed(company, board) for company in sorted(companies, key=lambda company: company.symbol)]
    stocks = [_with_status(stock, rng) for stock in stocks]
    return Universe(stocks=stocks, indices=indices_of(stocks), seed=seed)


def _generated(board: str, count: int, taken: set[str], rng: Random) -> list[Company]:
    shares = [rng.paretovariate(TRADES_ALPHA) for _ in range(count)]
    scale = TRADES[board] / sum(min(share, 60) for share in shares)
    found = []
    for share in shares:
        symbol = _code(taken, rng)
        place, place_english = rng.choice(PLACES)
        work, work_english = rng.choice(TRADES_OF_WORK)
        found.append(
            Company(
                symbol=symbol,
                price=int(round_to_step(board, 3_000 + 9_000 * rng.paretovariate(1.4) % 90_000)),
                shares=round(5 + 12 * rng.paretovariate(1.1), 1) % 900,
                free=FREE_FLOAT,
                trades=int(min(share, 60) * scale),
                name=f"CTCP {work} {place} {symbol}",
                english=f"{place_english} {work_english} {symbol} Joint Stock Company",
            )
        )
    return found


def _code(taken: set[str], rng: Random) -> str:
    while True:
        code = "".join(rng.choice("ABCDEGHIKLMNPQSTV") for _ in range(3))
        if code not in taken:
            taken.add(code)
            return code


def _with_status(stock: Instrument, rng: Random) -> Instrument:
    """Give about one in a hundred of the quiet symbols an unusual trading status."""
    if stock.trades > 100 or rng.random() > 0.012:
        return stock
    fields = {name: getattr(stock, name) for name in stock.__struct_fields__}
    return Instrument(**{**fields, "status": rng.choice(ODD_STATUSES)})
