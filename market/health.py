"""`/health`: that this process answers, and how the parts do that it needs."""

import asyncio
import time
from typing import Any, Final

import redis
from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from market import live
from market.storage.level import ask, database_level

PATIENCE_SECONDS: Final = 4.0  # for a part that neither answers nor refuses
SILENT_SECONDS: Final = 15.0  # ingest writes at least every five
PARTS: Final = ("database", "redis", "feed")

Part = dict[str, Any]


@login_not_required
@never_cache
@require_safe
async def health(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as this process does; `?require=redis,database` asks for 503 unless those parts are ok.

    What is wrong is said in one word: error texts hold addresses, and anybody may ask.
    """
    required = [name for name in request.GET.get("require", "").split(",") if name]
    if unknown := sorted(set(required) - set(PARTS)):
        detail = f"require: expected some of {', '.join(PARTS)}, was {unknown[0][:40]!r}"
        return JsonResponse({"code": "invalid", "detail": detail}, status=400)
    database, (store, feed) = await asyncio.gather(look_at_database(), look_at_live())
    parts = {"database": database, "redis": store, "feed": feed}
    failing = [name for name, part in parts.items() if part["state"] != "ok"]
    body = {"status": "degraded" if failing else "ok", **parts}
    return JsonResponse(body, status=503 if set(required) & set(failing) else 200)


async def look_at_database() -> Part:
    """State ok, unmigrated or away; with the level that the tables are on."""
    try:
        return await asyncio.wait_for(sync_to_async(database)(), PATIENCE_SECONDS)
    except (DatabaseError, InterfaceError, TimeoutError):
        return {"state": "away"}


def database() -> Part:
    with connection.cursor() as cursor:
        migrated = ask(cursor, "SELECT to_regclass('market_bar') IS NOT NULL")
    return {"state": "ok" if migrated else "unmigrated", "level": database_level(connection)}


async def look_at_live() -> tuple[Part, Part]:
    """State of Redis (ok, away) and of the feed: ok, away (Redis is), none (never any data), silent (ingest is).

    `age_seconds` is the time since ingest wrote last, `feed` its own word on the exchange.
    """
    try:
        meta = await asyncio.wait_for(live.meta("market"), PATIENCE_SECONDS)
    except (live.LiveUnavailable, redis.RedisError, TimeoutError):
        return {"state": "away"}, {"state": "away"}
    if meta is None:
        return {"state": "ok"}, {"state": "none"}
    age = None if meta.written_at is None else max(0.0, time.time() - meta.written_at)
    silent = age is not None and age > SILENT_SECONDS
    feed = {
        "state": "silent" if silent else "ok",
        "feed": meta.status.get("feed"),
        "source": meta.status.get("source"),
        "age_seconds": None if age is None else round(age, 1),
        "time": meta.time,
        "delay_seconds": meta.status.get("delay_seconds"),
    }
    return {"state": "ok"}, feed
