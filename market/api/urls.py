"""Addresses of the API. Each answers with and without a slash at its end; the schema shows them without."""

from django.urls import URLPattern, path
from rest_framework.views import APIView

from market.api import history_views, views
from market.api.schema import schema
from market.health import alive, health, ready


def both(address: str, view: type[APIView], name: str) -> list[URLPattern]:
    """An address in both its spellings."""
    return [path(address, view.as_view(), name=name), path(f"{address}/", view.as_view())]


app_name = "api"
urlpatterns = [
    path("health", health, name="health"),
    path("health/", health),
    path("health/live", alive, name="health_live"),
    path("health/ready", ready, name="health_ready"),
    *both("metrics", views.MetricsView, "metrics"),
    *both("api/market/snapshot", views.SnapshotView, "snapshot"),
    *both("api/market/foreign-detail", views.ForeignDetailView, "foreign_detail"),
    *both("api/market/volume-stats", views.VolumeStatsView, "volume_stats"),
    *both("api/market/basis-trend", views.BasisTrendView, "basis_trend"),
    *both("api/market/alerts", views.AlertsView, "alerts"),
    *both("api/history/index/<str:symbol>", history_views.IndexView, "index_history"),
    *both("api/history/derivatives/<str:symbol>", history_views.DerivativesView, "derivatives_history"),
    *both("api/history/<str:symbol>/candles", history_views.CandlesView, "candles"),
    *both("api/history/<str:symbol>/ticks", history_views.TicksView, "ticks"),
    *both("api/history/<str:symbol>/foreign", history_views.ForeignView, "foreign"),
    *both("api/history/<str:symbol>/foreign/daily", history_views.ForeignDailyView, "foreign_daily"),
    *both("api/vn30-components", views.ComponentsView, "vn30_components"),
    *both("api/symbols", views.SymbolsView, "symbols"),
    path("api/schema/", schema, name="schema"),
    path("api/docs/", views.docs, name="docs"),
]
