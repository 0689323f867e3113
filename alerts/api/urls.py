"""Addresses of the API of alerts, with and without a slash at their ends like all of the API."""

from alerts.api.own_views import AlertsView, AlertView, HitsView
from alerts.api.views import AlertHistoryView
from market.api.urls import both

app_name = "alerts_api"
urlpatterns = [
    *both("api/history/alerts", AlertHistoryView, "alert_history"),
    *both("api/alerts/mine", AlertsView, "own_alerts"),
    *both("api/alerts/mine/hits", HitsView, "own_hits"),
    *both("api/alerts/mine/<int:number>", AlertView, "own_alert"),
]
