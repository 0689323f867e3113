"""What ingest says of itself to Prometheus: read from its parts when asked, so that a message pays nothing for it.

Scrapes come in a thread of their own. They only copy what the event loop and the writer count.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from market.broadcast import Broadcaster
from market.metrics import LOOP_LAG_SECONDS, counter, gauge, number, total
from market.pipeline import Pipeline
from market.status import FeedStatus, in_session
from market.storage.store import Store

FEED_STATES: Final = ("starting", "live", "delayed", "reconnecting", "closed")
LAG_EVERY_SECONDS: Final = 0.25


class Standing(Collector):
    """Whether this ingest leads: the one that stands by has nothing else to tell."""

    def __init__(self) -> None:
        self.leads = False

    def collect(self) -> Iterator[Metric]:
        """Read it."""
        yield number("tracker_ingest_leader", "1 of the ingest that leads, 0 of one that stands by.", float(self.leads))


class IngestCollector(Collector):
    """The leader's numbers. `loop_thread` is the ident of the thread that its event loop runs in."""

    def __init__(
        self,
        pipeline: Pipeline,
        status: FeedStatus,
        store: Store,
        broadcaster: Broadcaster,
        alerts: Callable[[], Mapping[str, int]],
        loop_thread: int,
    ) -> None:
        self._pipeline = pipeline
        self._status = status
        self._store = store
        self._broadcaster = broadcaster
        self._alerts = alerts
        self._clock = time.pthread_getcpuclockid(loop_thread)

    def collect(self) -> Iterator[Metric]:
        """Read every part."""
        yield from self._feed()
        yield from self._storage()
        redis_up = float(self._broadcaster.redis_up)
        yield number("tracker_ingest_redis_up", "Whether the last write to Redis succeeded.", redis_up)
        fired = {(kind,): float(count) for kind, count in dict(self._alerts()).items()}
        yield counter("tracker_alerts_fired", "Alerts that rules raised since the start.", ["kind"], fired)

    def _feed(self) -> Iterator[Metric]:
        pipeline, said = self._pipeline, self._status.last
        received = {
            (kind.__name__.removesuffix("Frame"),): float(count) for kind, count in dict(pipeline.received).items()
        }
        yield counter("tracker_feed_messages", "Messages used, by what they are.", ["type"], received)
        rejected = {(reason,): float(count) for reason, count in pipeline.all_rejected().items()}
        yield counter("tracker_feed_rejected", "Messages not used, by reason.", ["reason"], rejected)
        yield total(
            "tracker_ingest_loop_cpu_seconds",
            "CPU time of the event loop: reading, parsing, applying, judging and publishing.",
            time.clock_gettime(self._clock),
        )
        at = pipeline.last_received_at
        age = {(): max(0.0, time.time() - at)} if at else {}
        yield gauge("tracker_feed_age_seconds", "Time since the last message.", (), age)
        behind = said.get("delay_seconds")
        delay = {} if behind is None else {(): float(behind)}
        yield gauge("tracker_feed_delay_seconds", "How far the last message is behind the exchange.", (), delay)
        yield number("tracker_feed_session_open", "Whether a board is in a phase that trades.", float(in_session(said)))
        states = {(state,): float(said.get("feed") == state) for state in FEED_STATES}
        yield gauge("tracker_feed_state", "What the pages say of the feed: 1 of the state it is in.", ["state"], states)
        connections = {(name, str(state)): 1.0 for name, state in dict(said.get("connections", {})).items()}
        yield gauge("tracker_feed_connections", "State of each connection.", ["channel", "state"], connections)

    def _storage(self) -> Iterator[Metric]:
        progress, waiting = self._store.progress, self._store.waiting()
        yield number("tracker_ingest_database_up", "Whether rows go to the database.", float(not progress.trouble))
        yield total("tracker_storage_rows", "Rows stored.", progress.stored_rows)
        yield total("tracker_storage_batches", "Batches stored.", progress.stored_batches)
        yield total("tracker_storage_spooled_batches", "Batches that went to the spool.", progress.spooled_batches)
        yield total("tracker_storage_refused_rows", "Rows that the database refused.", progress.refused_rows)
        yield total(
            "tracker_storage_lost_batches", "Batches that neither database nor disk took.", progress.lost_batches
        )
        yield total("tracker_storage_lost_rows", "Rows that a full spool dropped.", waiting.lost_rows)
        yield number("tracker_storage_waiting_batches", "Batches in memory on their way.", waiting.batches)
        yield number("tracker_spool_bytes", "Size of what waits on disk for the database.", waiting.spool_bytes)
        yield number("tracker_spool_segments", "Files that wait on disk for the database.", waiting.spool_segments)
        yield number("tracker_spool_max_bytes", "The bound of the spool.", waiting.spool_max_bytes)
        yield number(
            "tracker_storage_longest_seal_seconds", "Longest time in which a batch held up the event loop.",
            self._store.longest_seal,
        )  # fmt: skip


async def watch_loop() -> None:
    """Measure how late the event loop is, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_EVERY_SECONDS
        await asyncio.sleep(LAG_EVERY_SECONDS)
        LOOP_LAG_SECONDS.observe(max(0.0, loop.time() - due))
