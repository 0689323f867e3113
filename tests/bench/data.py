"""A recorded day to measure with: the sample beside the project, or else one that the simulator writes."""

import subprocess
import sys
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT.parent / "shared" / "samples" / "day-a.jsonl.gz"
MADE = ROOT / ".run" / "bench" / "day.jsonl.gz"


@lru_cache(maxsize=1)
def recorded_day() -> Path:
    """Path of a day's recording; made once and kept."""
    if SAMPLE.exists():
        return SAMPLE
    if not MADE.exists():
        MADE.parent.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "manage.py",
            "simulate",
            "--seed",
            "1",
            "--date",
            "2026-11-20",
            "--export",
            str(MADE),
        ]
        subprocess.run(command, cwd=ROOT, check=True)
    return MADE
