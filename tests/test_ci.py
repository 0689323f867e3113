"""The workflows and the hooks, as far as they can be judged here: what they run exists, and is what `.ci/run` runs."""

import re
import shlex
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from django.conf import settings

ROOT: Final = Path(settings.BASE_DIR)
WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED: Final = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def workflow(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())
    return content


def make_targets(job: dict[str, Any]) -> list[str]:
    """The targets that a job's steps make, in their order."""
    lines = [line for step in job["steps"] for line in step.get("run", "").splitlines()]
    return [line.removeprefix("make ") for line in lines if line.startswith("make ")]


def targets_of_the_makefile() -> set[str]:
    return set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def script() -> str:
    return (ROOT / ".ci" / "run").read_text()


def test_workflow_makes_what_the_script_makes() -> None:
    [listed] = re.findall(r"^for target in (.*); do$", script(), re.MULTILINE)
    assert make_targets(workflow("ci.yml")["jobs"]["checks"]) == listed.split()
    assert set(listed.split()) <= targets_of_the_makefile()


def test_workflow_installs_what_the_script_installs() -> None:
    steps = " ".join(step.get("run", "") for step in workflow("ci.yml")["jobs"]["checks"]["steps"])
    for package in re.findall(r"missing\+=\(([\w -]+)\)", script()):
        assert "chromium" in package or package in steps  # the runner has Google Chrome
    assert "google-chrome" in script()


def test_workflow_asks_the_database_of_the_compose_files() -> None:
    job = workflow("ci.yml")["jobs"]["timescale"]
    compose = yaml.safe_load((ROOT / "docker" / "compose.prod.yml").read_text())
    assert job["services"]["postgres"]["image"] == compose["services"]["postgres"]["image"]
    assert [step["run"] for step in job["steps"] if "TIMESCALE_URL" in step.get("env", {})] == [
        ".venv/bin/python -m pytest -m timescale"
    ]


def test_workflow_builds_the_image_and_reads_every_compose_file() -> None:
    commands = " ".join(step.get("run", "") for step in workflow("ci.yml")["jobs"]["image"]["steps"])
    for path in re.findall(r"--file (\S+)", commands):
        assert (ROOT / path).is_file(), path
    assert "docker build --file docker/Dockerfile" in commands
    there = {path.name for path in (ROOT / "docker").glob("compose*.yml")}
    assert there == {Path(path).name for path in re.findall(r"--file (\S+) config", commands)}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_may_read_alone_and_pins_its_actions_by_commit(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    assert content["permissions"] == {"contents": "read"}
    used = [line.strip().removeprefix("- ") for line in path.read_text().splitlines() if "uses:" in line]
    assert used and [line for line in used if not PINNED.fullmatch(line)] == []
    for job in content["jobs"].values():
        assert "permissions" not in job and job["timeout-minutes"] <= 60
        assert set(make_targets(job)) <= targets_of_the_makefile()
        [checkout] = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert checkout["with"]["persist-credentials"] is False
    # What a pull request says never becomes part of a command.
    assert re.findall(r"\$\{\{(?! github\.ref \}\})[^}]*\}\}", path.read_text()) == []
    assert "pull_request_target" not in path.read_text()


def hooks() -> list[dict[str, Any]]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in config["repos"]] == ["local"]  # nothing to fetch
    return [hook for repository in config["repos"] for hook in repository["hooks"]]


def test_hooks_run_what_there_is() -> None:
    found = {hook["id"]: shlex.split(hook["entry"]) for hook in hooks()}
    assert set(found) == {"ruff", "ruff-format", "translations", "large-files", "mypy"}
    requirements = (ROOT / "requirements" / "dev.txt").read_text()
    for program, *arguments in found.values():
        assert program == ".venv/bin/python"
        if arguments[0] == "-m":
            assert re.search(rf"^{arguments[1]}\b", requirements, re.MULTILINE)
        paths = [each for each in arguments if re.search(r"^(scripts|tests)/", each)]
        assert all((ROOT / each).is_file() for each in paths) and (paths or arguments[0] == "-m")


def test_hooks_hold_types_back_until_a_push_and_run_what_make_runs() -> None:
    stages = {hook["id"]: hook.get("stages", ["pre-commit"]) for hook in hooks()}
    assert stages.pop("mypy") == ["pre-push"] and set(map(tuple, stages.values())) == {("pre-commit",)}
    entries = {hook["id"]: hook["entry"].removeprefix(".venv/bin/python ") for hook in hooks()}
    makefile = (ROOT / "Makefile").read_text()
    assert entries["mypy"] in makefile and "-m ruff check" in makefile and "-m ruff format --check" in makefile
