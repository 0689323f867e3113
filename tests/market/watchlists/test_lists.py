"""Readers' own lists: in the session, in an account, and on their way from one to the other."""

import threading

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from market.models.watchlist import MOST_LISTS, MOST_SYMBOLS, Watchlist
from market.watchlists.keepers import VISITORS, AccountLists, VisitorsList, shared_list, take_along
from market.watchlists.lists import Lists, WatchlistError, added, arranged, codes_in, free_name, moved, removed

BANKS = ("ACB", "VCB", "BID")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("ACB, FPT HPG", ["ACB", "FPT", "HPG"]),
        (" acb;ACB\n\tfpt,, ", ["ACB", "FPT"]),
        ("", []),
        (" , ;", []),
        ("../x <b>", ["../X", "<B>"]),
    ],
)
def test_codes_are_found_in_what_people_type(text: str, codes: list[str]) -> None:
    assert codes_in(text) == codes


def test_codes_beyond_what_anybody_types_are_dropped() -> None:
    assert len(codes_in(" ".join(str(number) for number in range(10_000)))) == 300


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (added(["FPT", "ACB"]), ["ACB", "VCB", "BID", "FPT"]),
        (removed("VCB"), ["ACB", "BID"]),
        (removed("FPT"), ["ACB", "VCB", "BID"]),
        (moved("BID", -1), ["ACB", "BID", "VCB"]),
        (moved("ACB", -1), ["ACB", "VCB", "BID"]),
        (moved("ACB", 9), ["VCB", "BID", "ACB"]),
        (moved("FPT", 1), ["ACB", "VCB", "BID"]),
        (arranged(["BID", "FPT", "ACB"]), ["BID", "ACB", "VCB"]),
    ],
)
def test_change_of_a_list_keeps_what_it_does_not_name(change: object, after: list[str]) -> None:
    assert list(change(BANKS)) == after  # type: ignore[operator]


def test_free_name_counts_on_and_fits() -> None:
    assert free_name("Banks", []) == "Banks"
    assert free_name("Banks", ["banks", "Banks 2"]) == "Banks 3"
    assert len(free_name("x" * 40, ["x" * 40])) <= 40


@pytest.fixture(params=["account", "visitor"])
def keeper(request: pytest.FixtureRequest, db: None) -> Lists:
    if request.param == "account":
        return AccountLists(User.objects.create_user("trader"))
    return VisitorsList(SessionStore())


def test_list_is_made_changed_renamed_and_deleted(keeper: Lists) -> None:
    made = keeper.create(" Ngân   hàng ", BANKS)
    assert (made.name, made.symbols) == ("Ngân hàng", BANKS)
    keeper.change(made.id, added(["FPT"]))
    keeper.change(made.id, moved("FPT", -3))
    keeper.change(made.id, removed("VCB"))
    keeper.rename(made.id, "Banks")
    assert keeper.all() == [made._replace(name="Banks", symbols=("FPT", "ACB", "BID"))]
    keeper.delete(made.id)
    assert keeper.all() == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\x00b", "a\u202eb"])
def test_name_that_cannot_be_shown_is_refused(keeper: Lists, name: str) -> None:
    with pytest.raises(WatchlistError, match="1"):
        keeper.create(name)


def test_list_is_bounded(keeper: Lists) -> None:
    made = keeper.create("Many", [f"S{number}" for number in range(MOST_SYMBOLS)])
    with pytest.raises(WatchlistError, match="100"):
        keeper.change(made.id, added(["ONE", "MORE"]))
    assert len(keeper.all()[0].symbols) == MOST_SYMBOLS


def test_list_of_nobody_is_not_found(keeper: Lists) -> None:
    for act in (keeper.delete, lambda id: keeper.change(id, added(["ACB"])), lambda id: keeper.rename(id, "x")):
        with pytest.raises(KeyError):
            act("my-999999999999999999")


def test_visitor_has_one_list_and_does_not_share_it(db: None) -> None:
    visitor = VisitorsList(SessionStore())
    visitor.create("First")
    with pytest.raises(WatchlistError):
        visitor.create("Second")
    with pytest.raises(WatchlistError):
        visitor.share(VISITORS, True)


@pytest.fixture
def trader(db: None) -> User:
    return User.objects.create_user("trader")


def test_account_has_many_lists_in_an_order_and_no_two_of_a_name(trader: User) -> None:
    account = AccountLists(trader)
    made = [account.create(f"List {number}") for number in range(MOST_LISTS)]
    with pytest.raises(WatchlistError, match="20"):
        account.create("One more")
    account.place(made[2].id, -1)
    account.place(made[0].id, -1)
    assert [each.name for each in account.all()][:3] == ["List 0", "List 2", "List 1"]
    with pytest.raises(WatchlistError):
        account.rename(made[1].id, "LIST 0")


def test_list_of_another_reader_cannot_be_touched(trader: User) -> None:
    made = AccountLists(trader).create("Mine", BANKS)
    other = AccountLists(User.objects.create_user("other"))
    for act in (other.delete, lambda id: other.change(id, removed("ACB")), lambda id: other.share(id, True)):
        with pytest.raises(KeyError):
            act(made.id)
    assert AccountLists(trader).all() == [made]


def test_shared_list_is_found_by_its_key_until_it_is_revoked(trader: User) -> None:
    account = AccountLists(trader)
    made = account.create("Banks", BANKS)
    account.share(made.id, True)
    (key,) = (each.share_key for each in account.all())
    assert len(key) >= 22
    account.share(made.id, True)  # pressed twice: the address that was passed on holds
    found = shared_list(key)
    assert found
    assert (found.name, found.symbols) == ("Banks", BANKS)
    account.share(made.id, False)
    assert shared_list(key) is None
    assert shared_list("") is None
    account.share(made.id, True)
    assert account.all()[0].share_key not in ("", key)


def test_visitors_list_comes_along_to_the_account(trader: User) -> None:
    session = SessionStore()
    AccountLists(trader).create("Banks", ("FPT",))
    VisitorsList(session).create("Banks", BANKS)
    made = take_along(session, trader)
    assert made
    assert made.name == "Banks 2"
    assert [each.symbols for each in AccountLists(trader).all()] == [("FPT",), BANKS]
    assert VisitorsList(session).all() == []
    assert take_along(session, trader) is None


def test_visitors_list_that_the_account_has_is_not_doubled(trader: User) -> None:
    session = SessionStore()
    AccountLists(trader).create("Banks", BANKS)
    VisitorsList(session).create("My list", BANKS)
    assert take_along(session, trader) is None
    assert len(AccountLists(trader).all()) == 1


def test_visitors_list_stays_where_the_account_is_full(trader: User) -> None:
    session = SessionStore()
    for number in range(MOST_LISTS):
        AccountLists(trader).create(f"List {number}")
    VisitorsList(session).create("My list", BANKS)
    assert take_along(session, trader) is None
    assert len(VisitorsList(session).all()) == 1


@pytest.mark.django_db(transaction=True)
def test_lists_made_at_the_same_time_keep_to_the_bound() -> None:
    trader = User.objects.create_user("trader")
    for number in range(MOST_LISTS - 1):
        AccountLists(trader).create(f"List {number}")
    refused = []

    def make(name: str) -> None:
        try:
            AccountLists(trader).create(name)
        except WatchlistError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=make, args=(f"New {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Watchlist.objects.count() == MOST_LISTS
    assert len(refused) == 3
