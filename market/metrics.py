"""The metrics of this process, all in one place. `/metrics` shows them, and `serve` on a port of the process's own.

Every process is its own target: no process adds up what others counted. What is counted anyway (messages, rows, frames
of sockets) is read when Prometheus asks, by the collectors in `market.ingest_metrics` and `market.observed`, so that a
message pays nothing for it.
"""

import logging
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias
from wsgiref.simple_server import WSGIServer

from django.conf import settings
from django.http import HttpResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

Labelled: TypeAlias = Mapping[Any, float]  # by tuples of label values; Mapping is invariant in its keys

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for each series, which nobody asks for

HTTP_SECONDS: Final = Histogram(
    "tracker_http_seconds",
    "Time to answer a request, by route, method and status.",
    ["route", "method", "status"],
    buckets=(0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0),
)
FRAME_BYTES: Final = Histogram(
    "tracker_broadcast_frame_bytes",
    "Size of the frames that ingest sent to a channel's group; their count is that of the sends.",
    ["channel", "kind"],
    buckets=(256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576),
)
BROADCAST_INTERVAL_SECONDS: Final = Histogram(
    "tracker_broadcast_interval_seconds",
    "Time from one round of broadcasts to the next while the market moves.",
    buckets=(0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0),
)
LOOP_LAG_SECONDS: Final = Histogram(
    "tracker_ingest_loop_lag_seconds",
    "How late the event loop of ingest woke a task that asked for the time, four times a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)
BUILD: Final = Gauge("tracker_build_info", "What runs here; always 1.", ["process", "revision", "python"])


def counter(name: str, text: str, labels: Iterable[str], values: Labelled) -> Metric:
    """A family of counters, from counts kept elsewhere."""
    family = CounterMetricFamily(name, text, labels=tuple(labels))
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def gauge(name: str, text: str, labels: Iterable[str], values: Labelled) -> Metric:
    """A family of gauges, from values kept elsewhere."""
    family = GaugeMetricFamily(name, text, labels=tuple(labels))
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def number(name: str, text: str, value: float) -> Metric:
    """One gauge without labels."""
    return GaugeMetricFamily(name, text, value=value)


def total(name: str, text: str, value: float) -> Metric:
    """One counter without labels."""
    return CounterMetricFamily(name, text, value=value)


def exposition(registry: CollectorRegistry = REGISTRY) -> HttpResponse:
    """All metrics in Prometheus's text form."""
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@contextmanager
def collected(collector: Collector) -> Iterator[None]:
    """Show what a collector reads, for the time of the block."""
    REGISTRY.register(collector)
    try:
        yield
    finally:
        REGISTRY.unregister(collector)


@contextmanager
def served(process: str) -> Iterator[None]:
    """Serve this process's metrics for the time of the block."""
    server = serve(process)
    try:
        yield
    finally:
        if server is not None:
            server.shutdown()
            server.server_close()


def serve(process: str) -> WSGIServer | None:
    """Name this process, and serve its metrics from a thread on METRICS_ADDRESS and METRICS_PORT; 0 is no port."""
    BUILD.labels(process, settings.BUILD_REVISION, platform.python_version()).set(1)
    if not settings.METRICS_PORT:
        return None
    try:
        server, _ = start_http_server(settings.METRICS_PORT, settings.METRICS_ADDRESS)
    except OSError as error:  # no reason to stand still: whoever watches will see that nothing answers
        logger.error("METRICS_PORT: nothing serves the metrics of this process: %s", error)
        return None
    logger.info("Metrics on port %s", settings.METRICS_PORT)
    return server
