import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings as project
from django.core.checks import run_checks
from pytest_django import Settings

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def found(*, deploy: bool = False) -> set[str]:
    """The ids of our own findings."""
    messages = run_checks(include_deployment_checks=deploy)
    return {message.id for message in messages if message.id and message.id.startswith("tracker.")}


def test_checks_as_a_developer_starts_out_find_nothing() -> None:
    assert found() == set()


@pytest.mark.parametrize("changes", [{"ALLOWED_HOSTS": ["stocks.example.org"]}, {"HTTPS_ONLY": True}])
def test_checks_of_a_public_site_with_the_built_in_key_find_it(settings: Settings, changes: dict[str, object]) -> None:
    settings.SECRET_KEY = settings.DEFAULT_SECRET_KEY
    for name, value in changes.items():
        setattr(settings, name, value)
    assert found() == {"tracker.E001"}
    settings.SECRET_KEY = "k" * 50
    assert found() == set()


def test_checks_of_a_public_site_with_debug_find_it(settings: Settings) -> None:
    settings.SECRET_KEY = "k" * 50
    settings.DEBUG = True
    assert found() == set()
    settings.ALLOWED_HOSTS = ["*"]
    assert found() == {"tracker.E002"}


def test_checks_of_an_in_memory_channel_layer_find_it(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = IN_MEMORY
    assert found() == {"tracker.E003"}


def test_checks_before_a_deployment_without_credentials_warn(settings: Settings) -> None:
    settings.SSI_CONSUMER_ID, settings.SSI_CONSUMER_SECRET = "me", ""
    assert found(deploy=True) == {"tracker.W001"}
    settings.SSI_CONSUMER_SECRET = "secret"
    assert found(deploy=True) == set()


def test_variables_of_the_check_of_production_are_those_that_compose_sets() -> None:
    folder = Path(project.BASE_DIR) / "docker"
    given = yaml.safe_load((folder / "compose.prod.yml").read_text())["x-app"]["environment"]
    listed = dict(re.findall(r"^(\w+)=(.*)$", (folder / "check.env").read_text(), re.MULTILINE))
    assert set(listed) == {name.removesuffix("_FILE") for name in given}
    fixed = {name: value for name, value in given.items() if not name.endswith("_FILE") and "${" not in value}
    assert {name: listed[name] for name in fixed} == fixed


def test_checks_that_are_silenced_have_a_reason() -> None:
    assert project.SILENCED_SYSTEM_CHECKS == ["security.W021"]
