"""Places for sockets, counted over processes in a real Valkey."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
import redis.asyncio

from market import live
from market.sockets.slots import LEASE_SECONDS, Limit, Slots
from tests.patience import PATIENT_SECONDS

ADDRESS = Limit("sockets:address:203.0.113.9", 2)
USER = Limit("sockets:user:1", 1)


@pytest_asyncio.fixture
async def client(redis_url: str) -> AsyncIterator["redis.asyncio.Redis"]:
    client = live.connect()
    yield client
    await client.aclose()


def away() -> "redis.asyncio.Redis":
    return redis.asyncio.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)


async def ends_in(client: "redis.asyncio.Redis", name: str) -> float:
    """Seconds until a lease ends, by Redis's own clock."""
    score = await client.zscore(ADDRESS.key, name)
    assert score is not None
    seconds, microseconds = await client.time()
    return float(score) / 1000 - seconds - microseconds / 1e6


async def test_slots_of_two_processes_share_the_limit(redis_url: str) -> None:
    one, another = Slots(live.connect), Slots(live.connect)
    first, second = await one.take([ADDRESS]), await another.take([ADDRESS])
    assert first and second
    assert await one.take([ADDRESS]) is None
    await another.give_back(second)
    third = await one.take([ADDRESS])
    assert third
    await one.give_back(first)
    await one.give_back(third)


async def test_slots_are_never_more_than_the_limit_however_many_ask_at_once(redis_url: str) -> None:
    processes = [Slots(live.connect) for _ in range(5)]
    taken = await asyncio.gather(*(processes[number % 5].take([Limit("sockets:x", 7)]) for number in range(50)))
    assert sum(slot is not None for slot in taken) == 7
    for number, slot in enumerate(taken):
        if slot:
            await processes[number % 5].give_back(slot)


async def test_slot_that_one_limit_refuses_counts_for_no_other(client: "redis.asyncio.Redis") -> None:
    slots = Slots(live.connect)
    first = await slots.take([ADDRESS, USER])
    assert first
    assert await slots.take([ADDRESS, USER]) is None
    assert await client.zcard(ADDRESS.key) == 1
    await slots.give_back(first)
    assert await client.zcard(ADDRESS.key) == await client.zcard(USER.key) == 0


async def test_slots_of_a_crashed_process_come_back_and_those_of_a_living_one_stay(
    client: "redis.asyncio.Redis",
) -> None:
    crashed, living = Slots(live.connect, renew=3600), Slots(live.connect, renew=0.05)
    gone, held = await crashed.take([ADDRESS]), await living.take([ADDRESS])
    assert gone and held
    assert await living.take([ADDRESS]) is None
    for slot in (gone, held):  # let the time of a lease pass
        await client.zincrby(ADDRESS.key, -LEASE_SECONDS * 1000, slot.name)
    assert await ends_in(client, gone.name) <= 0
    async with asyncio.timeout(PATIENT_SECONDS):
        while await ends_in(client, held.name) <= 0:
            await asyncio.sleep(0.01)
    other = await living.take([ADDRESS])
    assert other
    assert await living.take([ADDRESS]) is None  # its own one was renewed
    await living.give_back(held)
    await living.give_back(other)
    await crashed._rest()


async def test_slots_are_renewed_no_more_when_that_was_cancelled_wherever_it_was(redis_url: str) -> None:
    for number in range(60):
        slots = Slots(live.connect, renew=0.0001)
        assert await slots.take([Limit("sockets:x", 100)])
        renewing = slots._renewing
        assert renewing
        for _ in range(number % 37):
            await asyncio.sleep(0)
        await asyncio.sleep(number % 11 * 0.0001)
        renewing.cancel()
        _, left = await asyncio.wait([renewing], timeout=PATIENT_SECONDS)
        assert not left
        await slots._rest()


async def test_slots_that_redis_forgot_are_written_again(client: "redis.asyncio.Redis") -> None:
    slots = Slots(live.connect, lease=5, renew=0.02)
    slot = await slots.take([ADDRESS])
    assert slot
    await client.flushdb()
    async with asyncio.timeout(PATIENT_SECONDS):
        while not await client.zcard(ADDRESS.key):
            await asyncio.sleep(0.01)
    await slots.give_back(slot)


async def test_slots_without_redis_are_counted_in_the_process(redis_url: str) -> None:
    slots = Slots(away)
    first, second = await slots.take([ADDRESS]), await slots.take([ADDRESS])
    assert first and second
    assert await slots.take([ADDRESS]) is None
    await slots.give_back(first)
    third = await slots.take([ADDRESS])
    assert third
    await slots.give_back(second)
    await slots.give_back(third)
