from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from market.feed.simulator.book import Book

LOT = 100
Step = tuple[str, float, int]
steps = st.lists(
    st.tuples(st.sampled_from(["lift", "hit", "change", "center"]), st.floats(-0.5, 40.5), st.integers(1, 400)),
    max_size=200,
)


def assert_coherent(book: Book) -> None:
    assert book.bid_at or book.ask_at
    assert book.bid_at == sorted(set(book.bid_at), reverse=True)
    assert book.ask_at == sorted(set(book.ask_at))
    assert len(book.bid_at) == len(book.bid_size) <= book.depth
    assert len(book.ask_at) == len(book.ask_size) <= book.depth
    assert all(0 <= position <= book.top for position in [*book.bid_at, *book.ask_at])
    assert all(size > 0 and size % LOT == 0 for size in [*book.bid_size, *book.ask_size])
    if book.bid_at and book.ask_at:
        assert book.bid_at[0] < book.ask_at[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), steps)
def test_book_after_any_orders_is_coherent(seed: int, steps: list[Step]) -> None:
    book = Book(Random(seed), 40, 10, LOT, 1000)
    book.center(20.5)
    for what, fair, lots in steps:
        if what == "lift":
            before = book.ask_size[0] if book.ask_at else 0
            assert book.lift(lots * LOT) == min(before, lots * LOT)
        elif what == "hit":
            before = book.bid_size[0] if book.bid_at else 0
            assert book.hit(lots * LOT) == min(before, lots * LOT)
        elif what == "change":
            book.change(fair)
        else:
            book.center(fair)
        assert_coherent(book)


def test_book_beyond_the_ceiling_ends_without_sellers() -> None:
    book = Book(Random(1), 40, 10, LOT, 1000)
    book.center(30.5)
    for _ in range(200):
        book.change(40.5)
    assert book.ask_at == []
    assert book.bid_at[0] == 40


def test_book_beyond_the_floor_ends_without_buyers() -> None:
    book = Book(Random(1), 40, 10, LOT, 1000)
    book.center(10.5)
    for _ in range(200):
        book.change(-0.5)
    assert book.bid_at == []
    assert book.ask_at[0] == 0
