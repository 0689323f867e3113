"""VN30's members as live answers know them, read again behind the answers."""

import asyncio

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async

from market.api import live
from market.api.live_views import SNAPSHOT
from tests.market.live_rows import Publisher
from tests.patience import PATIENT_SECONDS


async def test_members_are_read_again_after_the_request_that_noticed_their_age(
    published: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    members, now = frozenset({"HPG"}), 0.0
    monkeypatch.setattr(live, "vn30_on", lambda day: members)
    answers = live.LiveAnswers(lambda: now)

    def view() -> bytes:
        return async_to_sync(answers.answer)(SNAPSHOT, "", None).body

    async def ask() -> bytes:
        async with ThreadSensitiveContext():  # as Django serves each request
            return await sync_to_async(view)()

    assert b'"ACB"' not in await ask()
    members, now = frozenset({"ACB"}), live.MEMBERS_SECONDS + 0.05
    await ask()
    async with asyncio.timeout(PATIENT_SECONDS):
        assert answers._reading is not None
        await answers._reading
    assert b'"ACB"' in await ask()
