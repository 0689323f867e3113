import os
import subprocess
import sys

import pytest
import redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_postgres_fixture_with_the_django_mark_is_a_real_server() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version(), current_database()")
        version, database = cursor.fetchone()
    assert version.startswith("PostgreSQL")
    assert database.startswith("test_")


def test_redis_fixture_starts_a_server_that_is_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "over")


def test_redis_fixture_in_the_next_test_is_empty_again(redis_url: str) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.dbsize() == 0


def test_channel_layer_with_the_redis_fixture_carries_a_message(redis_url: str) -> None:
    @async_to_sync
    async def send_and_receive() -> dict[str, str]:
        layer = get_channel_layer()
        assert layer is not None
        name = await layer.new_channel()
        await layer.send(name, {"type": "hello"})
        received: dict[str, str] = await layer.receive(name)
        return received

    assert send_and_receive() == {"type": "hello"}


def test_process_environment_names_the_database_of_the_tests(process_environment: dict[str, str]) -> None:
    program = "import django; django.setup(); from django.db import connection as c; c.ensure_connection(); "
    program += "print(c.settings_dict['NAME'])"
    done = subprocess.run(
        [sys.executable, "-c", program], env=process_environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == connection.settings_dict["NAME"]
    assert done.stdout.strip().startswith("test_")
    assert process_environment["REDIS_URL"] == os.environ["REDIS_URL"]
