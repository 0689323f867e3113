from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from market.live import LiveSnapshot
from market.pages.live_board import HISTORY, BoardChannel, Patch, future_patch, index_patch, market_patch
from tests.market.live_rows import future_row, index_row, market_row


def snapshot(seq: int, rows: dict[str, dict[str, Any]], epoch: str = "e") -> LiveSnapshot:
    return LiveSnapshot("market", epoch, seq, None, {}, rows)


def apply(shown: dict[str, Any], patch: Patch) -> dict[str, Any]:
    new = dict(shown)
    for id, cells in patch.items():
        if cells is None:
            new.pop(id, None)  # it may have come and gone in between
        else:
            new[id] = new.get(id, {}) | cells
    return new


SYMBOLS = st.sampled_from(["ACB", "HPG", "SSI"])
FIELDS = st.fixed_dictionaries(
    {}, optional={"price": st.sampled_from([25_100.0, 26_950.0, 28_800.0, None]), "volume": st.integers(0, 9)}
)
UPDATES = st.lists(st.dictionaries(SYMBOLS, st.one_of(st.none(), FIELDS), max_size=3), max_size=12)


@given(updates=UPDATES, since=st.integers(0, 12), lost=st.booleans())
def test_patches_since_any_position_lead_to_the_newest_cells(
    updates: list[dict[str, dict[str, Any] | None]], since: int, lost: bool
) -> None:
    channel = BoardChannel(market_patch)
    channel.load(snapshot(1, {}))
    shown = channel.everything("vi")
    positions = [(1, {id: dict(cells) for id, cells in shown.items()})]
    for seq, update in enumerate(updates, start=2):
        full = {id: None if row is None else market_row(id) | row for id, row in update.items()}
        if lost and seq % 3 == 0:  # the update never came: the rows are read again
            rows = {id: row for id, row in (channel.rows | full).items() if row is not None}
            channel.load(snapshot(seq, rows))
        else:
            channel.update(seq, full)
        positions.append((seq, {id: dict(cells) for id, cells in channel.everything("vi").items()}))
    seq, before = positions[min(since, len(positions) - 1)]
    patch = channel.since("e", seq, "vi")
    assert patch is not None
    assert apply(before, patch) == channel.everything("vi")


def test_since_another_epoch_or_a_forgotten_position_is_none() -> None:
    channel = BoardChannel(market_patch)
    channel.load(snapshot(1, {"HPG": market_row()}))
    channel.everything("vi")
    for seq in range(2, HISTORY + 3):
        channel.update(seq, {"HPG": {"volume": seq}})
    assert channel.since("e", 1, "vi") is None
    assert channel.since("e", 2, "vi") == {"HPG": {"volume": (str(HISTORY + 2), "up")}}
    assert channel.since("before", HISTORY + 2, "vi") is None
    assert channel.since("e", HISTORY + 2, "vi") == {}


def test_since_a_position_before_the_language_was_read_is_none() -> None:
    channel = BoardChannel(market_patch)
    channel.load(snapshot(1, {"HPG": market_row()}))
    channel.update(2, {"HPG": {"volume": 5}})
    channel.everything("en")
    assert channel.since("e", 1, "en") is None


def test_rows_are_formatted_once_for_all_readers() -> None:
    formatted: list[str] = []

    def form(rows: Mapping[str, Any], ids: Iterable[str], language: str) -> Patch:
        listed = list(ids)
        formatted.extend(listed)
        return market_patch(rows, listed, language)

    channel = BoardChannel(form)
    channel.load(snapshot(1, {"HPG": market_row("HPG"), "ACB": market_row("ACB")}))
    channel.everything("vi")
    formatted.clear()
    channel.update(2, {"HPG": {"price": 27500.0}})
    for _ in range(50):
        assert channel.since("e", 1, "vi")
    assert formatted == ["HPG"]


def test_older_snapshot_of_the_same_epoch_changes_nothing() -> None:
    channel = BoardChannel(market_patch)
    channel.load(snapshot(5, {"HPG": market_row()}))
    channel.load(snapshot(4, {}))
    assert channel.seq == 5
    assert channel.rows


def test_snapshot_rows_that_others_share_are_not_written_to() -> None:
    rows = {"HPG": market_row()}
    channel = BoardChannel(market_patch)
    channel.load(snapshot(1, rows))
    channel.update(2, {"HPG": {"price": 1.0}, "ACB": market_row("ACB")})
    assert rows == {"HPG": market_row()}


def test_strip_shows_known_indices_under_their_own_names() -> None:
    rows = {"HNXUPCOMINDEX": index_row("HNXUPCOMINDEX"), "VNXALL": index_row("VNXALL")}
    assert list(index_patch(rows, rows, "vi")) == ["index:UPCOM"]


def test_strip_shows_the_front_future_alone() -> None:
    rows = {"near": future_row(), "far": future_row(front=False), "other": future_row(underlying="VN100")}
    assert list(future_patch(rows, rows, "vi")) == ["future"]
    assert future_patch(rows, ["far", "other"], "vi") == {}
