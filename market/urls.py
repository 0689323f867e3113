from django.urls import path

from market.pages import dashboard_views, symbol_views, views
from market.watchlists import views as watchlist_views

app_name = "market"
urlpatterns = [
    path("", views.board, name="board"),
    path("symbol/", symbol_views.jump, name="jump"),
    path("symbol/<str:name>/", symbol_views.symbol, name="symbol"),
    path("symbol/<str:name>/day/", symbol_views.day, name="symbol_day"),
    path("symbol/<str:name>/tape/", symbol_views.tape, name="symbol_tape"),
    path("symbol/<str:name>/candles/", symbol_views.candle_table, name="symbol_candles"),
    path("foreign/", dashboard_views.foreign, name="foreign"),
    path("derivatives/", dashboard_views.derivatives, name="derivatives"),
    path("volume/", dashboard_views.volume, name="volume"),
    path("overview/", dashboard_views.overview, name="overview"),
    path("lists/", watchlist_views.watchlists, name="watchlists"),
    path("lists/state/", watchlist_views.state, name="lists_state"),
    path("lists/new/", watchlist_views.create, name="new_watchlist"),
    path("lists/<str:id>/", watchlist_views.watchlists, name="watchlist"),
    path("lists/<str:id>/<str:action>/", watchlist_views.change, name="change_watchlist"),
    path("shared/<str:key>/", views.shared, name="shared_list"),
    path("shared/<str:key>/copy/", watchlist_views.copy, name="copy_shared_list"),
    path("about/", views.about, name="about"),
    path("theme/", views.theme, name="theme"),
    path("palette/", views.palette, name="palette"),
]
