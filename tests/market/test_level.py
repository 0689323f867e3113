"""The level of the database, and the check that says it."""

from collections.abc import Iterator
from io import StringIO

import pytest
import pytest_django
from django.core.checks import WARNING
from django.core.management import call_command
from django.db import connection

from market.storage.checks import check_database_level
from market.storage.level import DESCRIPTIONS, database_level, server_offers
from tests.market.scratch import migrate_market, scratch_database


@pytest.mark.django_db
def test_level_is_what_the_server_offers() -> None:
    assert database_level(connection) == server_offers(connection)


@pytest.mark.django_db
def test_check_names_the_level() -> None:
    errors = StringIO()
    call_command("check", databases=["default"], stderr=errors)
    assert DESCRIPTIONS[database_level(connection)] in errors.getvalue()


@pytest.mark.django_db
def test_check_without_databases_asks_none() -> None:
    assert check_database_level(databases=None) == []


@pytest.fixture
def dead_server(django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """The default connection led to a port where nobody listens."""
    settings = connection.settings_dict
    host, port = settings["HOST"], settings["PORT"]
    with django_db_blocker.unblock():
        connection.close()
        settings.update(HOST="127.0.0.1", PORT="1")
        yield
        connection.close()
        settings.update(HOST=host, PORT=port)


def test_check_of_a_database_that_is_away_warns(dead_server: None) -> None:
    (message,) = check_database_level(databases=["default"])
    assert (message.id, message.level) == ("market.W101", WARNING)
    assert "is away" in message.msg


def test_check_before_the_first_migrate_says_nothing(
    postgres_url: str, django_db_blocker: pytest_django.DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock(), scratch_database("level") as database:
        assert check_database_level(databases=[database.alias]) == []
        migrate_market(database, "0003_history")
        assert "market.I101" in [message.id for message in check_database_level(databases=[database.alias])]
