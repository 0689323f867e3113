"""The metrics of this process, all in one place. `/metrics` shows them; one process, one port."""

from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest

API_SECONDS = Histogram(
    "tracker_api_seconds",
    "Time to answer a request of the API, by address and status.",
    ["endpoint", "status"],
    buckets=(0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 3.0),
)


def exposition() -> HttpResponse:
    """All metrics in Prometheus's text form."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
