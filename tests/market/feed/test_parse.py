"""Message text in, event out: each kind and oddity of tests/data/messages, and everything that must be rejected."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from market.domain.calendar import BOARDS, board_of, clock_text, to_date
from market.domain.events import (
    Event,
    Fill,
    ForeignUpdate,
    IndexUpdate,
    OddLot,
    Quote,
    Snapshot,
    StatusUpdate,
    TradeReport,
)
from market.feed.errors import RejectedMessage
from market.feed.parse import DATE_CACHE_LIMIT, Parser
from market.feed.wire import ALIASES, DATA_TYPES, NAMES
from tests.market.builders import DAY, NEXT_DAY, message

MESSAGES = Path(__file__).parents[2] / "data" / "messages"
EXPECTED: dict[str, tuple[type[Event], dict[str, Any]]] = {
    "x_trade": (
        TradeReport,
        {
            "symbol": "SSI",
            "market": "HOSE",
            "session": "C",
            "status": "N",
            "side": "SD",
            "last_price": 24_500.0,
            "last_volume": 1_800.0,
            "total_volume": 34_016_200.0,
            "total_value": 838_234_940_000.0,
            "reference": 25_000.0,
            "ceiling": 26_750.0,
            "floor": 23_250.0,
            "high": 24_950.0,
            "low": 24_300.0,
            "expected_price": 0.0,
        },
    ),
    "x_trade_null_side_and_isin": (TradeReport, {"side": None, "total_volume": 34_016_200.0}),
    "x_trade_side_unknow": (TradeReport, {"side": "Unknow", "session": "LO"}),
    "x_trade_content_as_object": (TradeReport, {"symbol": "SSI", "side": "SD", "total_volume": 34_016_200.0}),
    "x_trade_null_last_price": (TradeReport, {"last_price": 0.0, "total_volume": 34_016_200.0}),
    "x_trade_fraction_of_a_share": (TradeReport, {"last_volume": 8.5, "total_volume": 34_016_200.0}),
    "x_trade_without_exchange": (TradeReport, {"symbol": "SSI", "total_volume": 34_016_200.0}),
    "x_quote": (
        Quote,
        {
            "symbol": "ACB",
            "session": "LO",
            "ask_price1": 22_950.0,
            "ask_volume1": 109_100.0,
            "ask_price3": 23_050.0,
            "ask_price4": 0.0,
            "bid_price1": 22_900.0,
            "bid_volume3": 678_800.0,
        },
    ),
    "x_quote_at_the_open": (Quote, {"symbol": "SSI", "ask_price1": 32_400.0, "bid_volume1": 62_600.0}),
    "x_future": (
        Snapshot,
        {
            "symbol": "VN30F2407",
            "market": "DERIVATIVES",
            "last_price": 1_283.9,
            "open": 1_285.0,
            "high": 1_287.0,
            "low": 1_282.0,
            "status": "Active",
            "expected_price": 1_283.9,
            "side": None,
        },
    ),
    "x_future_before_the_open": (
        Snapshot,
        {"symbol": "41I1G4000", "last_price": 0.0, "total_volume": 0.0, "reference": 1_880.0, "session": "C"},
    ),
    "x_stock_of_hnx": (
        Snapshot,
        {"symbol": "TAR", "market": "HNX", "ask_price10": 22_800.0, "bid_volume10": 20_000.0},
    ),
    "x_stock_of_2023_without_side": (Snapshot, {"symbol": "TAR", "side": None, "total_volume": 1_282_900.0}),
    "x_ratio_change_is_no_number": (Snapshot, {"last_price": 21_800.0}),
    "x_total_with_a_long_tail": (Snapshot, {"total_value": 185_028_289_999.99728}),
    "x_null_optionals": (
        Snapshot,
        {
            "ceiling": 0.0,
            "floor": 0.0,
            "reference": 0.0,
            "open": 0.0,
            "status": None,
            "session": None,
            "bid_volume1": 0.0,
            "bid_price1": 21_800.0,
        },
    ),
    "x_numbers_as_text": (Snapshot, {"last_price": 21_800.0, "total_volume": 1_282_900.0, "bid_price2": 21_700.0}),
    "r": (
        ForeignUpdate,
        {
            "symbol": "SSI",
            "buy_volume": 1_933_300.0,
            "sell_volume": 1_587_415.0,
            "buy_value": 47_557_197_950.0,
            "sell_value": 39_195_574_350.0,
            "room": 1_741_403_260.0,
            "total_room": 2_503_089_220.0,
        },
    ),
    "r_with_the_documents_names": (
        ForeignUpdate,
        {"buy_volume": 1_933_300.0, "sell_volume": 1_587_415.0, "buy_value": 47_557_197_950.0},
    ),
    "mi": (
        IndexUpdate,
        {
            "index": "VNINDEX",
            "value": 1_746.55,
            "prior": 1_787.45,
            "advances": 37,
            "no_changes": 30,
            "declines": 274,
            "ceilings": 0,
            "floors": 13,
            "total_volume": 475_358_288.0,
            "total_value": 10_672_028_103_810.0,
            "put_through_volume": 34_677_711.0,
            "put_through_value": 1_638_191_691_900.0,
        },
    ),
    "mi_without_estimate_and_breadth": (IndexUpdate, {"index": "VN30", "estimate": 0.0, "advances": 0}),
    "mi_null_session_and_estimate": (IndexUpdate, {"index": "HNXIndex", "estimate": 261.5, "session": None}),
    "f": (StatusUpdate, {"symbol": "SSI", "session": "C", "status": "N", "market": "HOSE"}),
    "b": (Fill, {"symbol": "SSI", "close": 24_500.0, "volume": 1_800.0}),
    "b_with_the_documents_time": (Fill, {"symbol": "SSI", "volume": 1_800.0}),
    "ol": (OddLot, {"symbol": "MBB", "last_price": 22_750.0, "last_volume": 9_193.0, "total_volume": 8_135_000.0}),
    "legacy_trade": (TradeReport, {"last_price": 13_050.0, "last_volume": 2_100.0, "total_volume": 2_180_310.0}),
    "legacy_quote_with_market_order": (
        Quote,
        {"symbol": "VN30F2105", "bid_price1": 0.0, "bid_volume1": 150.0, "session": "ATC"},
    ),
}
WHEN = {
    "x_trade": ("2026-08-14", "14:45:00"),
    "x_quote": ("2023-08-14", "14:00:28"),
    "mi": ("2026-07-20", "13:37:35"),
    "b_with_the_documents_time": ("2026-08-14", "14:45:00"),
    "x_future_before_the_open": ("2026-03-19", "08:00:07"),
}
QUOTE = {"Symbol": "ACB", "TradingDate": "20/11/2026", "Time": "09:15:01", "BidPrice1": 24_950.0}


def read(name: str) -> bytes:
    return (MESSAGES / f"{name}.json").read_bytes()


def reason(text: str | bytes, parser: Parser | None = None) -> str:
    with pytest.raises(RejectedMessage) as caught:
        (parser or Parser()).parse(text)
    assert str(caught.value).startswith(caught.value.reason)
    return caught.value.reason


def test_every_message_file_has_an_expectation() -> None:
    assert {path.stem for path in MESSAGES.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_message_becomes_its_event(name: str) -> None:
    kind, fields = EXPECTED[name]
    event = Parser().parse(read(name))
    assert isinstance(event, kind)
    assert {field: getattr(event, field) for field in fields} == fields


@pytest.mark.parametrize("name", EXPECTED)
def test_message_as_text_becomes_the_same_event_as_bytes(name: str) -> None:
    assert Parser().parse(read(name).decode()) == Parser().parse(read(name))


@pytest.mark.parametrize("name", WHEN)
def test_event_has_the_exchanges_time_and_day(name: str) -> None:
    event = Parser().parse(read(name))
    assert (to_date(event.day).isoformat(), clock_text(event.at)) == WHEN[name]
    assert to_date(event.at) == to_date(event.day)


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        ("r_with_the_documents_names", "r"),
        ("x_numbers_as_text", "x_stock_of_hnx"),
        ("x_trade_content_as_object", "x_trade"),
    ],
)
def test_tolerated_message_equals_the_usual_one(name: str, usual: str) -> None:
    assert read_fields(Parser().parse(read(name))) == read_fields(Parser().parse(read(usual)))


def read_fields(event: Event) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(event).items() if not name.startswith("unread_")}


def test_market_id_stands_in_for_a_missing_exchange_where_the_message_is_odd() -> None:
    event = Parser().parse(message("R", **QUOTE, FBuyVol=1, FSellVol=2, MarketId="UPCOM"))
    assert isinstance(event, ForeignUpdate)
    assert event.market == "UPCOM"


def test_alias_never_replaces_the_right_name() -> None:
    event = Parser().parse(message("R", **QUOTE, FBuyVol=1, BuyVol="7", SellVol=2))
    assert isinstance(event, ForeignUpdate)
    assert event.buy_volume == 7


def test_data_type_is_found_inside_the_content_where_the_envelope_has_none() -> None:
    content = msgspec.json.encode(QUOTE | {"RType": "X-QUOTE"}).decode()
    assert isinstance(Parser().parse(msgspec.json.encode({"Content": content})), Quote)


def test_unknown_fields_are_left_alone() -> None:
    assert isinstance(Parser().parse(message("X-QUOTE", **QUOTE, New={"deep": [1, None]})), Quote)


def test_parser_reads_one_recording_line_with_its_time_of_arrival() -> None:
    line = read("f").strip()[:-1] + b',"ReceivedAt":1795107600.25}'
    assert isinstance(Parser().parse(line), StatusUpdate)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not_json"),
        ("not json", "not_json"),
        ('{"DataType":"X","Content":"{"}', "not_json"),
        ('{"DataType":"X","Content":"not json"}', "not_json"),
        ('{"DataType":"X-QUOTE","Content":"{\\"BidPrice1\\":NaN}"}', "not_json"),
        ('{"DataType":"X-QUOTE","Content":"\\ud800"}', "not_json"),
        ('{"DataType":"X-QUOTE","Content":"\ud800"}', "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 100_000, "not_json"),
        ('{"DataType":"X","Content":"' + "[" * 100_000 + '"}', "not_json"),
        ("null", "missing_field"),
        ("1", "missing_field"),
        ('"X"', "missing_field"),
        ("[]", "missing_field"),
        ("{}", "missing_field"),
        ('{"DataType":"X"}', "missing_field"),
        ('{"DataType":"X","Content":null}', "missing_field"),
        ('{"DataType":"X","Content":"null"}', "missing_field"),
        ('{"DataType":"X","Content":"[]"}', "missing_field"),
        ('{"DataType":"X","Content":"{}"}', "missing_field"),
        ('{"Content":{}}', "missing_field"),
        ('{"DataType":"Y","Content":"{}"}', "unknown_type"),
        ('{"DataType":[],"Content":{"RType":7}}', "unknown_type"),
        ('{"DataType":{"a":1},"Content":{}}', "unknown_type"),
    ],
)
def test_text_that_is_no_message_is_rejected(text: str | bytes, expected: str) -> None:
    assert reason(text) == expected


@pytest.mark.parametrize("name", ["Symbol", "TradingDate", "Time", "TotalVol", "LastPrice"])
def test_message_without_a_required_field_is_rejected(name: str) -> None:
    content = QUOTE | {"TotalVol": 100.0, "LastPrice": 25_000.0}
    assert isinstance(Parser().parse(message("X", **content)), Snapshot)
    assert reason(message("X", **{key: value for key, value in content.items() if key != name})) == "missing_field"


@pytest.mark.parametrize("value", [None, "NaN", "Infinity", "", "many", True, [], {}, "1" * 400])
def test_total_volume_that_is_no_number_is_rejected(value: object) -> None:
    assert reason(message("X", **QUOTE, TotalVol=value, LastPrice=1.0)) == "missing_field"


@pytest.mark.parametrize("name", ["LastPrice", "TotalVol", "BidVol1", "Ceiling"])
@pytest.mark.parametrize("value", [-1, -0.01, "-5"])
def test_negative_number_is_rejected(name: str, value: object) -> None:
    assert reason(message("X", **QUOTE | {"TotalVol": 1, "LastPrice": 1} | {name: value})) == "bad_number"


@pytest.mark.parametrize(("name", "value"), [("LastPrice", 2e9), ("TotalVol", 2e18), ("TotalVol", "9" * 40)])
def test_number_beyond_all_reason_is_rejected(name: str, value: object) -> None:
    assert reason(message("X", **QUOTE | {"TotalVol": 1, "LastPrice": 1} | {name: value})) == "bad_number"


def test_breadth_beyond_all_reason_is_rejected() -> None:
    content = {"IndexId": "VN30", "TradingDate": "20/11/2026", "Time": "09:15:01", "IndexValue": 1.0}
    assert reason(message("MI", **content, Advances=2_000_000)) == "bad_number"
    assert reason(message("MI", **content, Advances=1.5)) == "bad_number"


@pytest.mark.parametrize("symbol", ["A" * 25, "A" * 10_000])
def test_symbol_of_an_impossible_length_is_rejected(symbol: str) -> None:
    assert reason(message("X-QUOTE", **QUOTE | {"Symbol": symbol})) == "bad_text"


@pytest.mark.parametrize("symbol", ["", None, 7])
def test_symbol_that_is_no_text_is_missing(symbol: object) -> None:
    assert reason(message("X-QUOTE", **QUOTE | {"Symbol": symbol})) == "missing_field"


@pytest.mark.parametrize(
    "clock",
    [
        "9:15:01",
        "24:00:00",
        "09:60:00",
        "09:15:60",
        "09:15",
        "09-15-01",
        "09:15:01.5",
        "+9:15:01",
        " 9:15:01",
        "٠٩:١٥:٠١",
    ],
)
def test_time_that_is_none_is_rejected(clock: str) -> None:
    assert reason(message("X-QUOTE", **QUOTE | {"Time": clock})) == "bad_time"


@pytest.mark.parametrize("clock", ["00:00:00", "23:59:59"])
def test_first_and_last_second_of_a_day_are_times(clock: str) -> None:
    assert clock_text(Parser().parse(message("X-QUOTE", **QUOTE | {"Time": clock})).at) == clock


@pytest.mark.parametrize(
    "date",
    ["2026-11-20", "20/11/26", "31/02/2026", "29/02/2027", "32/01/2026", "01/13/2026", "00/01/2026", "20/11/1999", ""],
)
def test_date_that_is_none_is_rejected(date: str) -> None:
    assert reason(message("X-QUOTE", **QUOTE | {"TradingDate": date})) in ("bad_date", "missing_field")


def test_leap_day_is_a_date() -> None:
    assert (
        to_date(Parser().parse(message("X-QUOTE", **QUOTE | {"TradingDate": "29/02/2028"})).day).isoformat()
        == "2028-02-29"
    )


def test_date_after_the_latest_day_is_rejected_until_that_day_has_come() -> None:
    latest = DAY
    parser = Parser(lambda: latest)
    tomorrow = message("X-QUOTE", **QUOTE | {"TradingDate": "21/11/2026"})
    assert parser.parse(message("X-QUOTE", **QUOTE)).day == DAY
    assert reason(tomorrow, parser) == "future_date"
    latest = NEXT_DAY
    assert parser.parse(tomorrow).day == NEXT_DAY


def test_parser_remembers_few_dates_however_many_come() -> None:
    parser = Parser()
    for year in range(2000, 2100):
        text = message("X-QUOTE", **QUOTE | {"TradingDate": f"20/11/{year}"})
        assert to_date(parser.parse(text).day).year == year
    assert len(parser._days) <= DATE_CACHE_LIMIT


def test_events_are_frozen() -> None:
    event = Parser().parse(read("x_trade"))
    with pytest.raises(AttributeError):
        event.at = 0  # type: ignore[misc]


def test_every_alias_stands_for_a_name_of_the_wire() -> None:
    assert set(ALIASES.values()) <= {name for names in NAMES.values() for name in names.values()}
    assert set(DATA_TYPES.values()) == set(NAMES)


def test_exchange_of_every_message_names_a_board() -> None:
    assert {board_of(getattr(Parser().parse(read(name)), "market", None)) for name in EXPECTED} <= set(BOARDS)
