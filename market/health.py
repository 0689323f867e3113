"""`/health`: that this process answers, and how the parts do that it needs.

`/health/live` is for whoever would start the process again, `/health/ready` for whoever sends it visitors or looks
after the whole site.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import redis
from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from market import heartbeat, live
from market.domain.calendar import BOARDS, VIETNAM, is_weekday, phase_at
from market.status import ACTIVE_PHASES, in_session
from market.storage.level import ask, database_level

PATIENCE_SECONDS: Final = 4.0  # for a part that neither answers nor refuses
SILENT_SECONDS: Final = 15.0  # ingest writes at least every five
PARTS: Final = ("database", "redis", "feed")
ALL_PARTS: Final = (*PARTS, *heartbeat.NAMES)
NEEDED: Final = ("database", "redis")  # no visitor is better off elsewhere because the exchange is silent

Part = dict[str, Any]


@login_not_required
@never_cache
@require_safe
async def health(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as this process does; `?require=redis,database` asks for 503 unless those parts are ok.

    What is wrong is said in one word: error texts hold addresses, and anybody may ask.
    """
    required, refusal = required_parts(request, PARTS)
    if refusal:
        return refusal
    database, (store, feed) = await asyncio.gather(look_at_database(), look_at_live())
    feed.pop("session", None)
    parts = {"database": database, "redis": store, "feed": feed}
    failing = failing_parts(parts)
    body = {"status": "degraded" if failing else "ok", **parts}
    return JsonResponse(body, status=503 if required & failing else 200)


@login_not_required
@never_cache
@require_safe
async def alive(request: HttpRequest) -> JsonResponse:
    """Answer 200: the event loop of this process turns. It asks nobody else, so that no outage restarts us."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
async def ready(request: HttpRequest) -> JsonResponse:
    """Tell how every part does: 503 and `unavailable` without those that a visitor needs, or that `?require=` names.

    Else 200, `degraded` while anything is not ok. The feed may be silent while no board trades.
    """
    required, refusal = required_parts(request, ALL_PARTS)
    if refusal:
        return refusal
    database, (store, feed), beats = await asyncio.gather(look_at_database(), look_at_live(), look_at_heartbeats())
    parts = {"database": database, "redis": store, "feed": judged_by_session(feed), **beats}
    failing = failing_parts(parts)
    if failing & (required | set(NEEDED)):
        return JsonResponse({"status": "unavailable", **parts}, status=503)
    return JsonResponse({"status": "degraded" if failing else "ok", **parts})


def required_parts(request: HttpRequest, known: Sequence[str]) -> tuple[set[str], JsonResponse | None]:
    """The parts that `require` names, or the answer to a name that there is not."""
    required = {name for name in request.GET.get("require", "").split(",") if name}
    if unknown := sorted(required - set(known)):
        detail = f"require: expected some of {', '.join(known)}, was {unknown[0][:40]!r}"
        return set(), JsonResponse({"code": "invalid", "detail": detail}, status=400)
    return required, None


def failing_parts(parts: dict[str, Part]) -> set[str]:
    """Names of those that are not ok."""
    return {name for name, part in parts.items() if part["state"] != "ok"}


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
        "session": "open" if in_session(meta.status) else "closed",
        "state": "silent" if silent else "ok",
        "feed": meta.status.get("feed"),
        "source": meta.status.get("source"),
        "age_seconds": None if age is None else round(age, 1),
        "time": meta.time,
        "delay_seconds": meta.status.get("delay_seconds"),
    }
    return {"state": "ok"}, feed


def judged_by_session(feed: Part) -> Part:
    """The feed as the hour asks for it: in a session it has to flow, out of one nobody has to speak."""
    if feed["state"] not in ("ok", "silent"):
        return feed
    expected = feed["session"] == "open" or (feed["source"] == "ssi" and timetable_trades(datetime.now(tz=VIETNAM)))
    if not expected:
        return feed | {"state": "ok"}
    troubled = feed["state"] == "ok" and feed["feed"] in ("delayed", "reconnecting")
    return feed | {"state": feed["feed"] if troubled else feed["state"], "session": "open"}


def timetable_trades(moment: datetime) -> bool:
    """Whether some board trades at a moment of a weekday: what ingest said before it fell silent may be old."""
    second = moment.hour * 3600 + moment.minute * 60 + moment.second
    return is_weekday(moment.date()) and any(phase_at(board, second)[0] in ACTIVE_PHASES for board in BOARDS)


async def look_at_heartbeats() -> dict[str, Part]:
    """State of worker and beat: ok, late, none (never seen), away (Redis is, which tells it)."""
    client = live.connect()
    try:
        ages = await asyncio.wait_for(heartbeat.aages(client), PATIENCE_SECONDS)
    except (redis.RedisError, OSError, TimeoutError):
        return {name: {"state": "away"} for name in heartbeat.NAMES}
    finally:
        await client.aclose()
    return {name: judged_by_age(age) for name, age in ages.items()}


def judged_by_age(age: float | None) -> Part:
    if age is None:
        return {"state": "none"}
    return {"state": "late" if age > heartbeat.LATE_SECONDS else "ok", "age_seconds": round(age, 1)}
