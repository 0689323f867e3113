from django.urls import path

from market import dashboard_views, symbol_views, views

app_name = "market"
urlpatterns = [
    path("", views.board, name="board"),
    path("symbol/", symbol_views.jump, name="jump"),
    path("symbol/<str:name>/", symbol_views.symbol, name="symbol"),
    path("symbol/<str:name>/day/", symbol_views.day, name="symbol_day"),
    path("symbol/<str:name>/candles/", symbol_views.candle_table, name="symbol_candles"),
    path("foreign/", dashboard_views.foreign, name="foreign"),
    path("derivatives/", dashboard_views.derivatives, name="derivatives"),
    path("volume/", dashboard_views.volume, name="volume"),
    path("overview/", dashboard_views.overview, name="overview"),
    path("about/", views.about, name="about"),
    path("theme/", views.theme, name="theme"),
]
