from django.urls import path

from alerts import signal_views

app_name = "alerts"
urlpatterns = [
    path("signals/", signal_views.signals, name="signals"),
    path("signals/of/<str:name>/", signal_views.of_symbol, name="of_symbol"),
]
