"""Price steps, limits and the ladder of a day's legal prices. Source: the boards' rules (HOSE, HNX, UPCOM, futures).

Stock prices are whole VND, futures are points with one decimal. Inside, a price is an index into the day's ladder, so
that nothing off a tick or outside the limits can be said at all.
"""

LIMIT_PERCENT = {"HOSE": 7, "HNX": 10, "UPCOM": 15, "DERIVATIVES": 7}


def step_of(board: str, price: int) -> int:
    """Return the tick that holds at `price`, in VND (in tenths of a point for futures)."""
    if board == "DERIVATIVES":
        return 1
    if board != "HOSE":
        return 100
    if price < 10_000:
        return 10
    return 50 if price < 50_000 else 100


def round_to_step(board: str, price: float) -> float:
    """Return the legal price nearest to `price`, at least one tick."""
    if board == "DERIVATIVES":
        return max(1, round(price * 10)) / 10
    step = step_of(board, int(price))
    return float(max(1, round(price / step)) * step)


def limits_of(board: str, reference: float) -> tuple[float, float]:
    """Return (ceiling, floor): the ceiling rounds down and the floor up, with the tick of the band they fall in."""
    scale = 10 if board == "DERIVATIVES" else 1
    whole = round(reference * scale)
    percent = LIMIT_PERCENT[board]
    high, low = whole * (100 + percent), whole * (100 - percent)
    step_up, step_down = step_of(board, high // 100), step_of(board, low // 100)
    ceiling = high // (100 * step_up) * step_up
    floor = -(-low // (100 * step_down)) * step_down
    if ceiling <= whole:  # very cheap: rounding ate the limit
        ceiling = whole + step_up
    if floor >= whole:
        floor = max(step_down, whole - step_down)
    return ceiling / scale, floor / scale


def ladder_of(board: str, ceiling: float, floor: float) -> list[float]:
    """Return every legal price from the floor to the ceiling, ascending."""
    scale = 10 if board == "DERIVATIVES" else 1
    price, top = round(floor * scale), round(ceiling * scale)
    ladder = []
    while price <= top:
        ladder.append(price / scale)
        price += step_of(board, price)
    return ladder
