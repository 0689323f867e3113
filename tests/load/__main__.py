"""Measure the WebSocket API and print one JSON object a line: name, value, unit, bar, ok, on.

python -m tests.load --bars               all scenarios
python -m tests.load --bars --only market_500 --only alerts_500
"""

import argparse
import asyncio
import gc
import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
django.setup()

from tests.load.scenarios import SCENARIOS, Report  # noqa: E402  (needs the settings)


def main() -> int:
    """Run the scenarios; the exit code says whether every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--bars", action="store_true", help="print nothing but the measured bars")
    parser.add_argument("--only", action="append", choices=sorted(SCENARIOS), help="may be given more than once")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each scenario listens")
    options = parser.parse_args()
    gc.set_threshold(100_000, 50, 50)  # a pause of the generator would count as one of the server
    report = Report(lambda line: print(json.dumps(line), flush=True), only_bars=options.bars)
    for name in options.only or SCENARIOS:
        asyncio.run(SCENARIOS[name](report, options.seconds))
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
