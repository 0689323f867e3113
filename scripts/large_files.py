"""Refuse files that are too large for a source repository; the names are arguments, as pre-commit gives them."""

import sys
from pathlib import Path
from typing import Final

MOST_KB: Final = 500
LOCKS: Final = {"package-lock.json"}


def main(names: list[str]) -> int:
    """Name the files that are too large; the exit code."""
    large = [name for name in names if Path(name).name not in LOCKS and Path(name).stat().st_size > MOST_KB * 1024]
    for name in large:
        print(f"{name}: expected at most {MOST_KB} kB, is {Path(name).stat().st_size // 1024} kB", file=sys.stderr)
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
