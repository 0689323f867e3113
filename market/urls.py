from django.urls import path

from market import symbol_views, views

app_name = "market"
urlpatterns = [
    path("", views.board, name="board"),
    path("symbol/", symbol_views.jump, name="jump"),
    path("symbol/<str:name>/", symbol_views.symbol, name="symbol"),
    path("symbol/<str:name>/day/", symbol_views.day, name="symbol_day"),
    path("symbol/<str:name>/candles/", symbol_views.candle_table, name="symbol_candles"),
    path("about/", views.about, name="about"),
    path("theme/", views.theme, name="theme"),
]
