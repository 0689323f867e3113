"""The channel strings for a watch list."""

import pytest

from market.feed.client import channels_for


def test_channels_for_a_watch_list_has_one_string_a_type() -> None:
    assert channels_for(["ACB", "BID", "ACB "], ["41I1GC000"], ["VNINDEX", "VN30"]) == [
        "X:ACB-BID-41I1GC000",
        "R:ACB-BID",
        "MI:VNINDEX-VN30",
        "F:ACB-BID-41I1GC000",
    ]


def test_channels_for_everything_asks_for_all() -> None:
    assert channels_for("all", ["41I1GC000"]) == ["X:ALL", "R:ALL", "MI:ALL", "F:ALL"]


def test_channels_for_split_types_and_nothing_to_watch_leaves_types_out() -> None:
    assert channels_for(["ACB"], types=("X-TRADE", "X-QUOTE", "R")) == ["X-TRADE:ACB", "X-QUOTE:ACB", "R:ACB"]
    assert channels_for([], ["41I1GC000"], []) == ["X:41I1GC000", "F:41I1GC000"]


@pytest.mark.parametrize("code", ["AC-B", "ACB,BID", "X:ACB"])
def test_channels_for_a_code_that_is_none_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        channels_for([code])
