"""Addresses of the API of alerts, with and without a slash at their ends like all of the API."""

from alerts.api.views import AlertHistoryView
from market.api.urls import both

app_name = "alerts_api"
urlpatterns = both("api/history/alerts", AlertHistoryView, "alert_history")
