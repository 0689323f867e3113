"""Live answers behind Django, reference data, metrics, and the readable schema."""

from datetime import datetime
from typing import Any, Final
from zlib import crc32

import msgspec
from asgiref.sync import async_to_sync
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from market import history
from market.api import live, live_views, serializers
from market.api.base import ApiView
from market.api.parameters import AlertQuery, BasisQuery, DayQuery, LiveQuery, SearchQuery, validated
from market.api.schema import described
from market.api.search import search
from market.api.symbols import market_day
from market.api.tables import VARY, Row, json_response
from market.domain.calendar import iso_time
from market.metrics import exposition
from market.models import BasketMember
from market.queries import SECONDS

CONTRACT_FIELDS: Final = (
    *("symbol", "alias", "name", "underlying", "expiry", "days_to_expiry", "front", "time", "price", "basis"),
    *("basis_percent", "basis_state", "convergence", "total_volume"),
)


class LiveApiView(ApiView):
    """An answer from the live copy. Most requests never come here; see `market.api.shortcut`."""

    view: live.LiveView

    def get(self, request: Request) -> HttpResponse:
        answer = async_to_sync(live.answer)
        reply = answer(self.view, request.META.get("QUERY_STRING", ""), request.META.get("HTTP_IF_NONE_MATCH"))
        return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers) | VARY)


@described("snapshot", LiveQuery, serializers.Snapshot, tag="live", path=())
class SnapshotView(LiveApiView):
    """The price board: prices, book, volume by aggressor, foreign totals of each stock now."""

    view = live_views.SNAPSHOT


@described("foreign_detail", LiveQuery, serializers.ForeignDetail, tag="live", path=())
class ForeignDetailView(LiveApiView):
    """What foreigners do now: totals, net, room, speed and acceleration of each stock."""

    view = live_views.FOREIGN_DETAIL


@described("volume_stats", LiveQuery, serializers.VolumeStats, tag="live", path=())
class VolumeStatsView(LiveApiView):
    """Who is the aggressor: volume of each stock by phase, and how much of it was judged by which method."""

    view = live_views.VOLUME_STATS


@described("basis_trend", BasisQuery, serializers.BasisTrend, tag="live", path=())
class BasisTrendView(ApiView):
    """Where each future stands against its index, and its way there."""

    def get(self, request: Request) -> HttpResponse:
        wanted = validated(BasisQuery, request.query_params)
        head, rows = async_to_sync(live.rows)("derivatives")
        chosen = sorted(rows.values(), key=lambda row: row["expiry"])
        if name := wanted["contract"]:
            chosen = [row for row in chosen if name.upper() in (row["symbol"].upper(), row["alias"])]
            if not chosen:
                raise NotFound(f"{name[:24]} is not a live future.")
        points = points_of([row["symbol"] for row in chosen], SECONDS[wanted["interval"]], wanted["limit"])
        contracts = [
            {name: row[name] for name in CONTRACT_FIELDS} | {"points": points and points[row["symbol"]]}
            for row in chosen
        ]
        return tagged(request, head | {"contracts": contracts})


def points_of(contracts: list[str], seconds: int, limit: int) -> dict[str, list[Row]] | None:
    """The newest points of each contract; None while the database is away, because the rest is known."""
    try:
        return {
            code: [basis_point(*sample) for sample in history.samples(history.BASIS, code, seconds, limit=limit)]
            for code in contracts
        }
    except (DatabaseError, InterfaceError):
        return None


def basis_point(at: datetime, underlying: str, future: float, index: float, basis: float) -> Row:
    return {
        "time": iso_time(int(at.timestamp())), "underlying": underlying, "future": future, "index": index,
        "basis": basis, "basis_percent": round(100 * basis / index, 3) if index else None,
    }  # fmt: skip


@described("alerts", AlertQuery, serializers.Alerts, tag="live", path=())
class AlertsView(ApiView):
    """The newest alerts."""

    def get(self, request: Request) -> HttpResponse:
        wanted = validated(AlertQuery, request.query_params)
        return tagged(request, {"alerts": newest_alerts(wanted["symbols"], wanted["limit"])})


def newest_alerts(symbols: list[str] | None, limit: int) -> list[Row]:
    """Alerts, newest first, of some symbols or of all: those that the live channel still holds."""
    _, rows = async_to_sync(live.rows)("alerts")
    found = [row for row in rows.values() if symbols is None or row.get("symbol") in symbols]
    return sorted(found, key=lambda row: row["time"], reverse=True)[:limit]


def tagged(request: Request, body: Any) -> HttpResponse:
    """A live body, or 304 to whoever has it already."""
    encoded = msgspec.json.encode(body)
    tag = f'"{crc32(encoded):08x}"'
    headers = {"ETag": tag, "Cache-Control": live.CACHE_CONTROL, **VARY}
    if live.matches(request.META.get("HTTP_IF_NONE_MATCH", ""), tag):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(encoded, "application/json", headers=headers)


@described("vn30_components", DayQuery, serializers.Components, tag="reference", path=())
class ComponentsView(ApiView):
    """The members of VN30 on a day."""

    def get(self, request: Request) -> HttpResponse:
        day = validated(DayQuery, request.query_params)["date"] or market_day()
        members = BasketMember.objects.filter(basket__code="VN30").on(day).select_related("instrument")
        components = [
            {
                "symbol": member.instrument.code, "name": member.instrument.name,
                "english_name": member.instrument.english_name, "sector": member.instrument.sector_id,
                "joined": member.joined,
            }
            for member in members.order_by("instrument__code")
        ]  # fmt: skip
        return json_response({"basket": "VN30", "day": day, "components": components})


@described("symbols", SearchQuery, serializers.Symbols, tag="reference", path=())
class SymbolsView(ApiView):
    """Search for stocks, futures and indices by code or name."""

    def get(self, request: Request) -> HttpResponse:
        wanted = validated(SearchQuery, request.query_params)
        return json_response({"symbols": search(wanted["q"], wanted["kind"], wanted["limit"])})


@extend_schema(exclude=True)
class MetricsView(ApiView):
    """This process in numbers, for Prometheus."""

    def get(self, request: Request) -> HttpResponse:
        return exposition()


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The schema to read and try, with Swagger UI."""
    return render(request, "market/api_docs.html")
