"""What Locust's users do together, and the bars that their answers are held to."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Scenario(NamedTuple):
    """`users` are classes of locustfile.py; bars are milliseconds.

    `p95` holds answers, by their name there, to a bar; `most` the slowest of them; `age_p99` updates, by channel.
    The clients come within `arrival` seconds.
    """

    name: str
    users: tuple[str, ...]
    clients: int
    p95: Mapping[str, float]
    most: Mapping[str, float]
    age_p99: Mapping[str, float]
    arrival: int = 1


SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("market_stream", ("MarketStream",), 150, {}, {}, {"market": 500}),
        Scenario("foreign_flow", ("ForeignFlow",), 150, {}, {}, {"foreign": 500}),
        Scenario("snapshot_burst", ("SnapshotBurst",), 100, {"market connect and snapshot": 2000}, {}, {}),
        Scenario("reconnect_storm", ("ReconnectStorm",), 100, {}, {"market come back": 3000}, {}),
        Scenario(
            "mixed_day",
            ("MarketStream", "ForeignFlow", "Reader", "Program", "Trader"),
            100,
            {"page": 500, "symbol page": 500, "snapshot": 300, "history": 300, "log-in": 2000},
            {},
            {"market": 700},
            arrival=5,  # everybody at once is what bursts and storms are for
        ),
    )
}
# Everything at once, for a moment.
SMOKE: Final = Scenario(
    "smoke",
    (*SCENARIOS["mixed_day"].users, "SnapshotBurst", "ReconnectStorm"),
    14,
    SCENARIOS["mixed_day"].p95,
    SCENARIOS["reconnect_storm"].most,
    SCENARIOS["mixed_day"].age_p99,
)
