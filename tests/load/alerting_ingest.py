"""`manage.py ingest` that also raises an alert for every so many messages, stamped with the message's arrival."""

import itertools
import os
import sys
import time
from typing import Any, Final

import django
from django.core.management import execute_from_command_line

EVERY: Final = 20

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
django.setup()

from market.broadcast import Broadcaster  # noqa: E402  (needs the app registry)
from market.domain.changes import Changes  # noqa: E402
from market.domain.events import Event  # noqa: E402
from market.management.commands import ingest  # noqa: E402


class AlertingBroadcaster(Broadcaster):
    """Raises an alert at every so many messages."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._numbers = itertools.count(1)

    def observe(self, event: Event, changes: Changes) -> None:
        """Take in the event as always."""
        super().observe(event, changes)
        number = next(self._numbers)
        if number % EVERY == 0:
            symbol = getattr(event, "symbol", "")
            row = {"id": f"load-{number}", "kind": "volume_spike", "symbol": symbol, "arrived_at": time.time()}
            self.publish_alert(row)


if __name__ == "__main__":
    vars(ingest)["Broadcaster"] = AlertingBroadcaster
    execute_from_command_line(["manage.py", "ingest", *sys.argv[1:]])
