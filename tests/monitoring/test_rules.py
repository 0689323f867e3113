"""Alerts and dashboards as files: whole, tested, and with a paragraph that says what to do."""

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from tests.monitoring.queries import DASHBOARDS, PROMETHEUS, panels, rules

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")
GUIDE = Path(settings.BASE_DIR) / "docs" / "monitoring.md"


def promtool(*arguments: str) -> str:
    """Run it beside the rules; what it said."""
    done = subprocess.run(
        ["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_configuration_and_rules_are_what_prometheus_takes() -> None:
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")


@needs_promtool
def test_rules_fire_when_they_have_to_and_not_before() -> None:
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml")


def test_every_alert_has_a_test_that_expects_it() -> None:
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    expected = {each["alertname"] for test in tests for each in test["alert_rule_test"] if each["exp_alerts"]}
    assert {rule["alert"] for rule in rules()} == expected


def test_every_alert_has_a_paragraph_in_the_guide_that_says_what_to_do() -> None:
    headings = set(re.findall(r"^### (\w+)$", GUIDE.read_text(), re.MULTILINE))
    assert {rule["alert"] for rule in rules()} == headings
    for rule in rules():
        assert rule["annotations"]["runbook"] == f"docs/monitoring.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_dashboards_are_four_with_names_of_their_own() -> None:
    read = [json.loads(path.read_text()) for path in DASHBOARDS]
    assert [each["uid"] for each in read] == [path.stem for path in DASHBOARDS]
    assert len({each["title"] for each in read}) == len(read) == 4


def test_panels_ask_the_provisioned_source_and_do_not_overlap() -> None:
    source = yaml.safe_load((DASHBOARDS[0].parents[1] / "provisioning/datasources/prometheus.yml").read_text())
    uid = source["datasources"][0]["uid"]
    assert {target["datasource"]["uid"] for _, panel in panels() for target in panel["targets"]} == {uid}
    for path in DASHBOARDS:
        boxes = [panel["gridPos"] for name, panel in panels() if name == path.stem]
        for one, other in combinations(boxes, 2):
            apart = (
                one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            )  # fmt: skip
            assert apart, (path.stem, one, other)
