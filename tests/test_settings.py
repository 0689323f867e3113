import ast
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings

HELPERS = {"text", "flag", "whole", "number", "words", "networks", "url", "urls", "one_of"}
BUILT_IN = {"SECRET_KEY"}  # its default is written nowhere but in the settings
PROGRAM = "from tracker import settings; print(repr(getattr(settings, {name!r})))"


def read_settings() -> dict[str, str | None]:
    """Every variable that the settings read, with its default as text; None where that is no literal."""
    tree = ast.parse((settings.BASE_DIR / "tracker" / "settings.py").read_text())
    found: dict[str, str | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in HELPERS:
            name, *rest = node.args
            assert isinstance(name, ast.Constant), f"line {node.lineno}: expected the name of a variable"
            assert isinstance(name.value, str)
            default = as_text(rest[0]) if rest else ""
            found[name.value] = found.get(name.value) or default
    return found


def as_text(node: ast.expr) -> str | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_example() -> dict[str, str]:
    lines = (settings.BASE_DIR / ".env.example").read_text().splitlines()
    return dict(match.groups() for line in lines if (match := re.fullmatch(r"#?([A-Z_]+)=(.*)", line)))  # type: ignore[misc]


def read_value(name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Read one setting in a process whose environment has nothing but what is given."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(name=name)],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "ENV_FILE": os.devnull} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_env_example_lists_exactly_the_variables_that_the_settings_read() -> None:
    assert set(read_example()) == set(read_settings())


def test_env_example_shows_the_defaults() -> None:
    expected = {
        name: default for name, default in read_settings().items() if name not in BUILT_IN and default is not None
    }
    example = read_example()
    assert {name: example[name] for name in expected} == expected


def test_env_example_explains_every_variable() -> None:
    lines = (settings.BASE_DIR / ".env.example").read_text().splitlines()
    blocks = [previous for previous, line in pairwise(lines) if re.match(r"#?[A-Z_]+=", line)]
    assert all(blocks), "expected a comment or another variable above each variable, was an empty line"


def test_readme_table_lists_every_variable() -> None:
    readme = (settings.BASE_DIR / "README.md").read_text()
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE))
    assert listed == set(read_settings())


def test_environment_is_read_in_the_settings_alone() -> None:
    launcher = settings.BASE_DIR / "tracker" / "launch"  # passes it on to its children
    readers = [
        path
        for app in ("tracker", "market", "alerts")
        for path in Path(settings.BASE_DIR / app).rglob("*.py")
        if re.search(r"os\.(environ\b(?!\.setdefault)|getenv)", path.read_text()) and launcher not in path.parents
    ]
    assert readers == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEBUG", "maybe", "true or false"),
        ("PORT", "80000", "a whole number from 1 to 65535"),
        ("BROADCAST_INTERVAL_MS", "fast", "a whole number from 20 to 5000"),
        ("DATABASE_URL", "mysql://localhost/tracker", "an address that starts with postgres or postgresql"),
        ("REDIS_URL", "localhost:6379", "an address that starts with redis or rediss or unix"),
        (
            "CHANNEL_REDIS_URLS",
            "redis://a:1,http://b:1",
            "a comma list of different addresses that start with redis or rediss or unix",
        ),
        ("LOG_LEVEL", "LOUD", "one of ['DEBUG', 'ERROR', 'INFO', 'WARNING']"),
    ],
)
def test_setting_with_a_bad_value_names_variable_value_and_what_is_expected(
    name: str, value: str, expected: str
) -> None:
    done = read_value(name, **{name: value})
    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name}: expected {expected}, was {value!r}" in done.stderr


def test_setting_file_that_is_not_there_is_named() -> None:
    done = read_value("PORT", ENV_FILE="/no/such.env")
    assert "ImproperlyConfigured: ENV_FILE: expected a file, was '/no/such.env'" in done.stderr


def test_setting_that_is_empty_has_its_default() -> None:
    assert read_value("PORT", PORT="").stdout.strip() == "8000"


def test_setting_in_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "other.env"
    file.write_text("PORT=9000\nWATCH=all\n")
    assert read_value("PORT", ENV_FILE=str(file)).stdout.strip() == "9000"
    assert read_value("PORT", ENV_FILE=str(file), PORT="9001").stdout.strip() == "9001"


@pytest.mark.parametrize(
    ("given", "backend"),
    [
        ({}, "dummy"),
        ({"EMAIL_OUTBOX": "/tmp/outbox"}, "filebased"),
        ({"EMAIL_OUTBOX": "/tmp/outbox", "EMAIL_HOST": "mail.example.org"}, "smtp"),
    ],
)
def test_setting_of_mail_never_writes_letters_to_the_log(given: dict[str, str], backend: str) -> None:
    said = read_value("EMAIL_BACKEND", **given).stdout.strip()
    assert said == repr(f"django.core.mail.backends.{backend}.EmailBackend")


def test_setting_may_stand_in_a_file_whose_content_no_error_shows(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("9002\n")
    assert read_value("PORT", PORT_FILE=str(file)).stdout.strip() == "9002"
    file.write_text("hidden")
    done = read_value("PORT", PORT_FILE=str(file))
    assert f"PORT: expected a whole number from 1 to 65535, was what {file} holds" in done.stderr
    assert "'hidden'" not in done.stderr


def test_setting_whose_file_is_missing_or_that_is_given_twice_is_named(tmp_path: Path) -> None:
    assert "SECRET_KEY_FILE: expected a text file" in read_value("PORT", SECRET_KEY_FILE="/no/such").stderr
    file = tmp_path / "port"
    file.write_text("9002")
    done = read_value("PORT", PORT_FILE=str(file), PORT="9003")
    assert "PORT: expected one of PORT and PORT_FILE, both are set" in done.stderr


def test_settings_spread_groups_over_the_servers_that_are_given_and_else_use_the_only_one() -> None:
    found = read_value("CHANNEL_LAYERS", CHANNEL_REDIS_URLS="redis://a:1/0, redis://b:2/0", REDIS_URL="redis://c:3/0")
    assert re.findall(r"redis://[^']+", found.stdout) == ["redis://a:1/0", "redis://b:2/0"]
    assert re.findall(r"redis://[^']+", read_value("CHANNEL_LAYERS", REDIS_URL="redis://c:3/0").stdout) == [
        "redis://c:3/0"
    ]


def test_settings_know_a_replica_where_one_is_given_that_nothing_can_be_written_to() -> None:
    assert "'history'" not in read_value("DATABASES").stdout
    found = ast.literal_eval(read_value("DATABASES", READ_DATABASE_URL="postgres://me@far:5433/it").stdout)
    assert (found["history"]["HOST"], found["history"]["PORT"]) == ("far", 5433)
    assert "default_transaction_read_only=on" in found["history"]["OPTIONS"]["options"]
    assert "options" not in found["default"]["OPTIONS"]
