"""`python -m tests.bench [NAME ...]`: measure and print one JSON object a line; exit 1 if a bar does not hold."""

import importlib
import os
import pkgutil
import sys

import django

from tests.bench.figure import line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
HELPERS = {"figure", "data", "servers", "market_day", "__main__"}


def names() -> list[str]:
    """The benches there are."""
    return sorted(
        module.name for module in pkgutil.iter_modules([os.path.dirname(__file__)]) if module.name not in HELPERS
    )


def main(wanted: list[str]) -> int:
    """Run the benches asked for, or all; the exit code."""
    django.setup()
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"expected names of {', '.join(names())}, was {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    held = True
    for name in wanted or names():
        bench = importlib.import_module(f"tests.bench.{name}")
        for shown in bench.figures():
            print(line(shown), flush=True)
            held = held and shown.ok is not False
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
