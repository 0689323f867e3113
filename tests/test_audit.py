"""What an audit concludes from what its tools said, and how requirements are bounded."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from packaging.requirements import Requirement

from scripts.audit import Verdict, judge_npm, judge_pip

GOOD = {"name": "django", "version": "5.2.19", "vulns": []}
BAD = {"name": "idna", "version": "3.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.7"]}]}
SKIPPED = {"name": "segno", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "verdict", "lines"),
    [
        ([GOOD], Verdict.CLEAN, ["nothing is known of 1 packages"]),
        ([GOOD, BAD], Verdict.VULNERABLE, ["idna 3.1: PYSEC-1, fixed in 3.7"]),
        ([GOOD, SKIPPED], Verdict.UNKNOWN, ["could not look up 1 of 2: segno"]),
        ([], Verdict.UNKNOWN, ["found no package to ask about"]),
    ],
)
def test_audit_of_python_takes_no_silence_for_a_good_answer(
    packages: list[object], verdict: Verdict, lines: list[str]
) -> None:
    assert judge_pip(json.dumps({"dependencies": packages, "fixes": []}), "") == (verdict, lines)


def test_audit_that_could_not_ask_says_why() -> None:
    errors = "Traceback\n  ...\nProxyError: cannot connect\n"
    for judge in (judge_pip, judge_npm):
        assert judge("", errors) == (Verdict.UNKNOWN, ["could not be asked: ProxyError: cannot connect"])
    refused = json.dumps({"message": "405 Method Not Allowed", "method": "POST"})
    assert judge_npm(refused, "npm error\n") == (Verdict.UNKNOWN, ["could not be asked: 405 Method Not Allowed"])


def test_audit_of_npm_names_what_it_found() -> None:
    metadata = {"vulnerabilities": {"total": 0}, "dependencies": {"total": 2}}
    answer: dict[str, object] = {"auditReportVersion": 2, "vulnerabilities": {}, "metadata": metadata}
    assert judge_npm(json.dumps(answer), "") == (Verdict.CLEAN, ["nothing is known of 2 packages"])
    metadata["vulnerabilities"]["total"] = 1
    answer["vulnerabilities"] = {"fancy-canvas": {"severity": "high", "range": "<2.1"}}
    assert judge_npm(json.dumps(answer), "") == (Verdict.VULNERABLE, ["fancy-canvas: high, <2.1"])


def requirements() -> list[Requirement]:
    lines = [
        line.split("#")[0].strip()
        for path in sorted(Path(settings.BASE_DIR / "requirements").glob("*.txt"))
        for line in path.read_text().splitlines()
    ]
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


def test_every_requirement_has_a_bounded_range_and_stands_once() -> None:
    found = requirements()
    loose = [
        str(each)
        for each in found
        if not ({"<", "<=", "==", "~="} & {part.operator for part in each.specifier} and is_from_below(each))
    ]
    assert loose == []
    names = [each.name.lower() for each in found]
    assert sorted(names) == sorted(set(names))


def is_from_below(requirement: Requirement) -> bool:
    return bool({">=", "==", "~="} & {part.operator for part in requirement.specifier})


def test_every_script_package_is_locked_with_its_hash() -> None:
    lock = json.loads((settings.BASE_DIR / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages and all(re.match(r"sha512-", each["integrity"]) for each in packages.values())
