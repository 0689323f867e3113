"""The index strip above the board: what it shows of an index and of the front future. Pure."""

from market.pages.formatting import (
    AUCTIONS,
    BLANK,
    Cells,
    Row,
    billions,
    colour,
    number,
    row_cell,
    shares,
    spark,
)

# The feed's ids differ between its own channels and generations, also in case.
INDEX_NAMES = {
    "vnindex": "VNINDEX",
    "vn30": "VN30",
    "hnx": "HNX",
    "hnxindex": "HNX",
    "upcom": "UPCOM",
    "hnxupcomindex": "UPCOM",
    "upcomindex": "UPCOM",
}
INDICES = ("VNINDEX", "VN30", "HNX", "UPCOM")
FUTURE = "future"
STATES = {
    "vi": {"premium": "cao hơn cơ sở", "discount": "thấp hơn cơ sở", "flat": "ngang cơ sở"},
    "en": {"premium": "premium", "discount": "discount", "flat": "flat"},
}
DAYS = {"vi": ("{} ngày", "{} ngày"), "en": ("{} day", "{} days")}


def strip_id(index: str) -> str | None:
    """Name the strip's card for an index of the feed; None for an index that has no card."""
    name = INDEX_NAMES.get(index.lower())
    return f"index:{name}" if name else None


def index_cells(row: Row, language: str) -> Cells:
    """Turn one index row into its card. In auctions the estimate, where there is one, stands for the value."""
    expected = row.get("phase") in AUCTIONS and bool(row.get("estimate"))
    value = row.get("estimate") if expected else row.get("value")
    prior = row.get("prior")
    state = colour(value, {"reference": prior})
    change = value - prior if value and prior else None
    mark = " expected" if expected else ""
    id: str = row["index"]
    shown: Cells = {
        "row": row_cell(row),
        "name": (INDEX_NAMES.get(id.lower(), id), state),
        "value": (("≈" if expected else "") + number(value or None, language, 2), state + mark),
        "change": (number(change, language, 2, sign=True), state),
        "percent": (percent(change, prior, language), state),
        "turnover": (billions(row.get("total_value") or None, language), ""),
        "spark": spark(row.get("spark") or (), prior, state, row.get("time")),
    }
    return shown | breadth_cells(row, language)


def percent(change: float | None, base: float | None, language: str) -> str:
    return "" if change is None or not base else number(100 * change / base, language, 2, sign=True) + "%"


def breadth_cells(row: Row, language: str) -> Cells:
    """Show how many members rise, stand and fall, those at a limit in brackets, and a bar of the three."""
    up, flat, down = (row.get(name) or 0 for name in ("advances", "no_changes", "declines"))
    if not up + flat + down:
        return dict.fromkeys(("advances", "ceilings", "no_changes", "declines", "floors", "breadth_bar"), BLANK)
    return {
        "advances": (number(up, language), "up"),
        "ceilings": (number(row.get("ceilings") or 0, language), "ceiling"),
        "no_changes": (number(flat, language), "reference"),
        "declines": (number(down, language), "down"),
        "floors": (number(row.get("floors") or 0, language), "floor"),
        "breadth_bar": (shares(up, flat, down), ""),
    }


def is_front(row: Row) -> bool:
    """Tell whether a contract is the one that the strip shows: VN30's nearest."""
    return bool(row.get("front")) and row.get("underlying") == "VN30"


def future_cells(row: Row, language: str) -> Cells:
    """Turn the front contract's row into its card: price in points, basis to the index, days to expiry."""
    price, reference, basis = row.get("price") or None, row.get("reference"), row.get("basis")
    state = colour(price, row)
    change = price - reference if price and reference else None
    days = row.get("days_to_expiry")
    singular, plural = DAYS[language]
    return {
        "row": row_cell(row),
        "name": (row.get("alias") or row["symbol"], state),
        "value": (number(price, language, 1), state),
        "change": (number(change, language, 1, sign=True), state),
        "percent": (percent(change, reference, language), state),
        "basis": (number(basis, language, 2, sign=True), colour_of_sign(basis)),
        "basis_state": (STATES[language].get(row.get("basis_state") or "", ""), ""),
        "expiry": ("" if days is None else (singular if days == 1 else plural).format(days), ""),
        "total": (number(row.get("total_volume") or None, language), ""),
        "spark": spark(row.get("spark") or (), reference, state, row.get("time")),
    }


def colour_of_sign(value: float | None) -> str:
    return "" if value is None else "up" if value > 0 else "down" if value < 0 else "reference"
