"""Answers that the schema shows as examples. Tests hold them to the serializers."""

from typing import Any, Final

TIME: Final = "2026-11-20T10:15:04+07:00"
MINUTE: Final = "2026-11-20T10:15:00+07:00"
STATUS: Final = {
    "source": "ssi",
    "feed": "live",
    "detail": "",
    "trading_date": "2026-11-20",
    "time": TIME,
    "boards": {"HOSE": {"phase": "continuous", "until": "2026-11-20T11:30:00+07:00", "next": "lunch"}},
}


def head(channel: str) -> dict[str, Any]:
    return {
        "served_from": "live copy", "channel": channel, "epoch": "2f6c1d9e", "seq": 4711, "time": TIME,
        "status": STATUS,
    }  # fmt: skip


STOCK: Final = {
    "symbol": "HPG", "board": "HOSE", "phase": "continuous", "status": None, "time": TIME, "reference": 26950.0,
    "ceiling": 28800.0, "floor": 25100.0, "open": 27000.0, "high": 27600.0, "low": 26900.0, "average": 27312.44,
    "price": 27450.0, "volume": 1200, "change": 500.0, "change_percent": 1.86, "total_volume": 12345600,
    "total_value": 337188000000, "trades": 4211, "bids": [[27400.0, 152300], [27350.0, 98000]],
    "asks": [[27450.0, 20100], [27500.0, 187600]], "expected_price": None, "buy_volume": 6500000,
    "sell_volume": 4500000, "neutral_volume": 1000000, "unclassified_volume": 345600,
    "phases": {"ato": {"neutral": 1000000}, "continuous": {"buy": 6500000, "sell": 4500000, "unclassified": 345600}},
    "methods": {"feed": 11000000, "auction": 1000000}, "foreign_buy_volume": 1204300, "foreign_sell_volume": 880100,
    "foreign_room": 1834567890, "spark": [26950.0, 27050.0, 27450.0],
}  # fmt: skip
FOREIGN: Final = {
    "symbol": "HPG", "board": "HOSE", "time": TIME, "buy_volume": 1204300, "sell_volume": 1880100,
    "net_volume": -675800, "buy_value": 32900000000, "sell_value": 51300000000, "net_value": -18400000000,
    "own_buy_value": 32880000000, "own_sell_value": 51310000000, "own_net_value": -18430000000, "room": 1834567890,
    "total_room": 3100000000, "room_used_percent": 40.82, "buy_speed": 4100.0, "sell_speed": 8800.0,
    "net_speed": -4700.0, "value_speed": -128000000.0, "acceleration": -310.0, "covered_seconds": 300,
}  # fmt: skip
PHASE: Final = {
    "buy_volume": 6500000, "sell_volume": 4500000, "neutral_volume": 0, "unclassified_volume": 345600,
    "total_volume": 11345600,
}  # fmt: skip
VOLUME: Final = {
    "symbol": "HPG", "board": "HOSE", "time": TIME, "total_volume": 12345600, "buy_volume": 6500000,
    "sell_volume": 4500000, "neutral_volume": 1000000, "unclassified_volume": 345600, "active_buy_percent": 59.09,
    "phases": {"continuous": PHASE},
    "methods": {"feed": {"volume": 11000000, "percent": 89.1}, "auction": {"volume": 1000000, "percent": 8.1}},
    "coverage_percent": 97.2,
}  # fmt: skip
POINT: Final = {
    "time": MINUTE, "underlying": "VN30", "future": 1921.4, "index": 1916.8, "basis": 4.6, "basis_percent": 0.24,
}  # fmt: skip
CONTRACT: Final = {
    "symbol": "41I1GC000", "alias": "VN30F1M", "name": "VN30 12/2026", "underlying": "VN30", "expiry": "2026-12-17",
    "days_to_expiry": 27, "front": True, "time": TIME, "price": 1921.4, "basis": 4.6, "basis_percent": 0.24,
    "basis_state": "premium", "convergence": -0.1, "total_volume": 164210, "points": [POINT],
}  # fmt: skip
CANDLE: Final = {
    "time": MINUTE, "open": 27400.0, "high": 27450.0, "low": 27400.0, "close": 27450.0, "volume": 152300,
    "value": 4175000000.0, "buy_volume": 100000, "sell_volume": 52300, "neutral_volume": 0, "unclassified_volume": 0,
    "trades": 61,
}  # fmt: skip
TICK: Final = {
    "time": TIME, "price": 27450.0, "volume": 1200, "value": 32940000.0, "side": "buy", "method": "feed",
    "phase": "continuous", "total_volume": 12345600, "number": 4211, "gap": False,
}  # fmt: skip
SAMPLE: Final = {
    "time": TIME, "buy_volume": 1204300, "sell_volume": 1880100, "net_volume": -675800, "buy_value": 32900000000.0,
    "sell_value": 51300000000.0, "net_value": -18400000000.0, "own_buy_value": 32880000000.0,
    "own_sell_value": 51310000000.0, "room": 1834567890, "total_room": 3100000000,
}  # fmt: skip
DAY: Final = {
    "day": "2026-11-20", "buy_volume": 1204300, "sell_volume": 1880100, "net_volume": -675800,
    "buy_value": 32900000000.0, "sell_value": 51300000000.0, "net_value": -18400000000.0,
}  # fmt: skip
ALERT: Final = {
    "id": "volume_spike-1-HPG-1795145400-3", "kind": "volume_spike", "symbol": "HPG", "time": TIME,
    "severity": "warning", "title": "HPG: trade of 152,300, 7.3 x the mean of 20 minutes",
    "evidence": {
        "volume": 152300, "mean_volume": 21000.5, "times": 7.25, "trades": 112, "window_minutes": 20,
        "price": 25650.0, "side": "buy",
    },
    "rule": 1, "version": 2,
}  # fmt: skip
INDEX_POINT: Final = {
    "time": MINUTE, "value": 1916.8, "estimate": None, "total_volume": 212000000, "total_value": 7345600000000.0,
}  # fmt: skip
NAMES: Final = {"name": "CTCP Tập đoàn Hòa Phát", "english_name": "Hoa Phat Group", "sector": "1700"}

EXAMPLES: Final[dict[str, Any]] = {
    "snapshot": head("market") | {"list": "VN30", "rows": {"HPG": STOCK}},
    "foreign_detail": head("foreign") | {"list": "VN30", "rows": {"HPG": FOREIGN}},
    "volume_stats": head("market") | {"list": "VN30", "rows": {"HPG": VOLUME}},
    "basis_trend": head("derivatives") | {"contracts": [CONTRACT]},
    "alerts": {"alerts": [ALERT]},
    "alert_history": {"alerts": [ALERT], "next": "volume_spike-1-HPG-1795145400-3"},
    "candles": {"symbol": "HPG", "interval": "1m", "candles": [CANDLE], "more": True},
    "ticks": {"symbol": "HPG", "ticks": [TICK], "next": "MTc5NTE0NDUwNDAwMDAwMC4xMjM0NTYwMA"},
    "foreign": {"symbol": "HPG", "interval": "1m", "samples": [SAMPLE], "more": True},
    "foreign_daily": {"symbol": "HPG", "days": [DAY], "more": True},
    "index_history": {"symbol": "VN30", "interval": "1m", "points": [INDEX_POINT], "more": True},
    "derivatives_history": {"symbol": "41I1GC000", "interval": "1m", "points": [POINT], "more": True},
    "vn30_components": {
        "basket": "VN30", "day": "2026-11-20", "components": [{"symbol": "HPG", **NAMES, "joined": "2025-02-03"}],
    },
    "symbols": {"symbols": [{"symbol": "HPG", "kind": "stock", "board": "HOSE", **NAMES}]},
}  # fmt: skip
