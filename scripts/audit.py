"""Ask for known vulnerabilities of what is installed: `make audit`.

It needs PyPI's and npm's advisories, so it is no part of CI's checks. Exit codes: 0 nothing is known; 1 something is;
2 at least one of the two could not be asked, which is never taken for a good answer.
"""

import json
import subprocess
import sys
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
TOOLS: Final = ROOT / ".run" / "audit"  # of its own: pip-audit brings much that the project does not need
PIP_AUDIT: Final = "pip-audit>=2.10,<3"
SECONDS: Final = 600
MOST_SHOWN: Final = 8


class Verdict(IntEnum):
    """What is known; also the exit code."""

    CLEAN = 0
    VULNERABLE = 1
    UNKNOWN = 2


class Report(NamedTuple):
    verdict: Verdict
    lines: list[str]


def judge_pip(text: str, errors: str) -> Report:
    """What `pip-audit --format json` said. A package that it could not look up is not a good one."""
    try:
        packages: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError):
        return Report(Verdict.UNKNOWN, [f"could not be asked: {last_line(errors)}"])
    found = [
        f"{package['name']} {package['version']}: {each['id']}, fixed in {', '.join(each['fix_versions']) or 'none'}"
        for package in packages
        for each in package.get("vulns", ())
    ]
    skipped = [f"{package['name']}" for package in packages if "skip_reason" in package]
    asked = len(packages) - len(skipped)
    missing = [f"could not look up {len(skipped)} of {len(packages)}: {shortened(skipped)}"] if skipped else []
    if found:
        return Report(Verdict.VULNERABLE, found + missing)
    if missing or not asked:
        return Report(Verdict.UNKNOWN, missing or ["found no package to ask about"])
    return Report(Verdict.CLEAN, [f"nothing is known of {asked} packages"])


def judge_npm(text: str, errors: str) -> Report:
    """What `npm audit --json` said."""
    try:
        answer: dict[str, Any] = json.loads(text)
    except ValueError:
        answer = {}
    if "metadata" not in answer:
        return Report(Verdict.UNKNOWN, [f"could not be asked: {answer.get('message') or last_line(errors)}"])
    if answer["metadata"]["vulnerabilities"]["total"]:
        found = answer["vulnerabilities"].items()
        return Report(Verdict.VULNERABLE, [f"{name}: {each['severity']}, {each['range']}" for name, each in found])
    return Report(Verdict.CLEAN, [f"nothing is known of {answer['metadata']['dependencies']['total']} packages"])


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def shortened(names: list[str]) -> str:
    rest = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def run(*command: str) -> tuple[str, str]:
    """Output and errors of a command; one that is missing or hangs has said so."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return done.stdout, done.stderr


def ask_pip() -> Report:
    """Everything in .venv, by pip-audit."""
    python = TOOLS / "bin" / "python"
    if not python.exists():
        run(sys.executable, "-m", "venv", str(TOOLS))
    quietly = ("--quiet", "--disable-pip-version-check")
    installed, errors = run(str(python), "-m", "pip", "install", *quietly, PIP_AUDIT)
    if not (TOOLS / "bin" / "pip-audit").exists():
        return Report(Verdict.UNKNOWN, [f"pip-audit could not be installed: {last_line(errors or installed)}"])
    places = [str(path) for path in sorted((ROOT / ".venv").glob("lib/python*/site-packages"))]
    paths = [part for place in places for part in ("--path", place)]
    return judge_pip(*run(str(python), "-m", "pip_audit", *paths, "--format", "json", "--progress-spinner", "off"))


def ask_npm() -> Report:
    """Everything in package-lock.json, by npm."""
    return judge_npm(*run("npm", "audit", "--json", "--package-lock-only"))


def main() -> int:
    """Ask both; the worst verdict is the exit code."""
    verdicts = []
    for name, report in (("Python", ask_pip()), ("npm", ask_npm())):
        verdicts.append(report.verdict)
        for line in report.lines:
            print(f"{name}: {line}")
    return Verdict.VULNERABLE if Verdict.VULNERABLE in verdicts else max(verdicts)


if __name__ == "__main__":
    sys.exit(main())
