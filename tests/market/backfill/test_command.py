"""The command, against the simulator over real sockets, into a real database."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from market.backfill.lock import NAMESPACE, key_of
from market.models import Bar, DailyBar
from tests.market.backfill.small_market import store_future


def backfill(*arguments: str) -> str:
    out = StringIO()
    call_command("backfill", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.usefixtures("reachable", "redis_url")
def test_backfill_command_fetches_what_it_is_asked_for_and_then_nothing() -> None:
    store_future()
    arguments = ["--symbols", "hpg,vnindex,41I1GC000", "--what", "prices,daily,index,intraday", "--to", "2026-11-13"]
    assert "steps for 3 symbols" in backfill(*arguments)
    assert set(DailyBar.objects.values_list("symbol", flat=True)) == {"HPG", "VNINDEX", "41I1GC000"}
    assert set(Bar.objects.values_list("symbol", flat=True)) == {"HPG", "41I1GC000"}
    assert backfill(*arguments) == "Nothing is missing of 3 symbols.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--symbols", "NOSUCH"], "expected codes of known instruments, was NOSUCH"),
        (["--basket", "VN31"], "expected a basket with members on"),
        (["--what", "prices,tea"], "expected some of reference,prices,daily,index,intraday"),
        (["--from", "yesterday"], "expected a day like 2026-11-20, was 'yesterday'"),
        (["--from", "2026-11-10", "--to", "2026-11-09"], "expected days in order"),
        (["--to", "2999-01-01"], "expected days in order, up to 2026-11-20"),
    ],
)
@pytest.mark.django_db
@pytest.mark.usefixtures("reachable", "redis_url")
def test_backfill_command_with_a_bad_argument_says_what_was_expected(arguments: list[str], message: str) -> None:
    if "--what" not in arguments:
        arguments = [*arguments, "--what", "prices"]
    with pytest.raises(CommandError, match=message):
        backfill(*arguments)


@pytest.mark.django_db
@pytest.mark.usefixtures("reachable", "redis_url")
def test_backfill_command_with_refused_credentials_says_so(settings: Any) -> None:
    settings.SSI_CONSUMER_SECRET = "wrong"
    with pytest.raises(CommandError, match="expected SSI to accept ConsumerID and ConsumerSecret"):
        backfill()


@pytest.mark.django_db
@pytest.mark.usefixtures("reachable", "redis_url")
def test_backfill_command_while_another_runs_ends_with_one_line() -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [NAMESPACE, key_of("venue")])
    try:
        with pytest.raises(CommandError, match="venue: another process does that now"):
            backfill()
    finally:
        other.close()
