"""The compose files and the Dockerfile, as far as they can be judged without an engine."""

import re
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tracker.launch.stack import SOCKET_LIMITS

DOCKER = Path(settings.BASE_DIR) / "docker"
ALONE = ("compose.yml", "compose.prod.yml")
EXACT = re.compile(r"[a-z0-9./_-]+:v?\d+\.\d+\.\d+[a-z0-9.-]*(@sha256:[0-9a-f]{64})?")
COMMANDS = set(re.findall(r"^(\w+)\)$", (DOCKER / "start").read_text(), re.MULTILINE))
# Each image of these has a reason beside it in the file.
WITHOUT_CHECK = {"migrate", "backup", "crowd", "nginx-exporter"}


@lru_cache
def read(name: str) -> dict[str, Any]:
    """A compose file, its anchors resolved."""
    content: dict[str, Any] = yaml.safe_load((DOCKER / name).read_text())
    return content


def services(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read(name)["services"]
    return found


def each_service() -> list[Any]:
    """Every service of a file that stands alone."""
    return [pytest.param(file, name, id=f"{file}:{name}") for file in ALONE for name in services(file)]


def volumes_of(service: dict[str, Any]) -> list[str]:
    """What is mounted, the default of a variable in its place."""
    return [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[0] for volume in service.get("volumes", [])]


@pytest.mark.parametrize(("file", "name"), each_service())
def test_image_is_ours_or_pinned_exactly(file: str, name: str) -> None:
    image = services(file)[name]["image"]
    assert image.startswith("vn-stock-tracker:") or EXACT.fullmatch(image)


@pytest.mark.parametrize(("file", "name"), each_service())
def test_service_has_limits_a_restart_policy_and_a_check(file: str, name: str) -> None:
    service = services(file)[name]
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0 and re.fullmatch(r"\d+[MG]", limits["memory"])
    assert service["restart"] == ("no" if name in ("migrate", "backup") else "unless-stopped")
    if name in WITHOUT_CHECK:
        assert service["healthcheck"] == {"disable": True}
    elif not service["image"].startswith("vn-stock-tracker:"):  # ours has one in the image
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize(("file", "name"), each_service())
def test_service_refers_to_what_there_is(file: str, name: str) -> None:
    content, service = read(file), services(file)[name]
    assert set(service.get("depends_on", {})) <= set(services(file))
    assert set(service["networks"]) <= set(content["networks"])
    secrets = set(service.get("secrets", []))
    assert secrets <= set(content.get("secrets", {}))
    named = re.findall(r"/run/secrets/(\w+)", yaml.safe_dump(service))
    assert set(named) <= secrets
    for volume in volumes_of(service):
        made_by_the_owner = volume in ("./tls", "./acme", "./backups")
        is_there = (DOCKER / volume).exists() if volume.startswith(".") else volume in content["volumes"]
        assert is_there or made_by_the_owner, volume
    if service["image"].startswith("vn-stock-tracker:") and name != "crowd":
        assert service["command"][0] in COMMANDS


@pytest.mark.parametrize("file", ALONE)
def test_nothing_but_the_proxy_and_this_machine_reaches_a_service(file: str) -> None:
    for name, service in services(file).items():
        for port in service.get("ports", []):
            assert name == "nginx" or port.startswith("127.0.0.1:"), (name, port)


def test_production_runs_every_part() -> None:
    expected = {
        "postgres", "redis", "migrate", "ingest", "ingest-standby", "worker", "courier", "beat", "web", "nginx",
        "prometheus", "grafana", "postgres-exporter", "redis-exporter", "nginx-exporter", "backup",
    }  # fmt: skip
    assert set(services("compose.prod.yml")) == expected


def test_production_has_no_secret_in_its_environment() -> None:
    for name, service in services("compose.prod.yml").items():
        for variable, value in service.get("environment", {}).items():
            secret = re.search(r"PASSWORD|SECRET|KEY|TOKEN|_URL$|PASS\b", variable) and variable != "SITE_URL"
            assert not secret or variable.endswith("FILE"), (name, variable, value)


def test_secrets_are_those_that_the_script_makes(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    for _ in range(2):  # a second run changes nothing
        subprocess.run(["sh", DOCKER / "make-secrets", folder], check=True)
        texts = {path.name: path.read_text() for path in folder.iterdir()}
    declared = read("compose.prod.yml")["secrets"]
    assert {Path(each["file"]).name for each in declared.values()} == set(texts)
    assert texts["database_url"] == f"postgres://tracker:{texts['postgres_password']}@postgres:5432/tracker"
    assert (
        texts["redis_password"] in texts["redis_url"] and texts["redis_password"] in texts["redis_exporter_passwords"]
    )
    assert len(texts["secret_key"]) == 64 and folder.stat().st_mode & 0o077 == 0


def test_variables_of_production_are_ours() -> None:
    example = set(re.findall(r"^#?([A-Z_]+)=", (DOCKER.parent / ".env.example").read_text(), re.MULTILINE))
    given = {
        variable.removesuffix("_FILE")
        for file in ALONE
        for service in services(file).values()
        if service["image"].startswith("vn-stock-tracker:")
        for variable in service["environment"]
    }
    assert given - example == set()


def test_prometheus_asks_services_that_there_are() -> None:
    config = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())
    names: set[str] = set()
    for job in config["scrape_configs"]:
        names |= {name for each in job.get("dns_sd_configs", []) for name in each["names"]}
        names |= {target.split(":")[0] for each in job.get("static_configs", []) for target in each["targets"]}
    assert names - {"localhost"} <= set(services("compose.prod.yml"))
    for name in names - {"localhost"}:
        assert "monitoring" in services("compose.prod.yml")[name]["networks"]


def test_proxy_reaches_the_site_over_the_one_network_that_the_site_trusts() -> None:
    proxy, web = services("compose.prod.yml")["nginx"], services("compose.prod.yml")["web"]
    assert set(proxy["networks"]) & set(web["networks"]) == {"edge"}
    subnet = read("compose.prod.yml")["networks"]["edge"]["ipam"]["config"][0]["subnet"]
    assert web["environment"]["TRUSTED_PROXIES"] == subnet


def test_database_is_the_same_in_every_file() -> None:
    images = {
        service["image"] for file in ALONE for name, service in services(file).items() if name in ("postgres", "backup")
    }
    assert len(images) == 1


def test_image_has_a_tested_version_of_every_package() -> None:
    lines = (DOCKER / "constraints.txt").read_text().splitlines()
    pinned = {canonicalize_name(name): version for name, _, version in (each.partition("==") for each in lines[1:])}
    for line in (DOCKER.parent / "requirements" / "base.txt").read_text().splitlines():
        if text := line.partition("#")[0].strip():
            wanted = Requirement(text)
            assert pinned.get(canonicalize_name(wanted.name), "none") in wanted.specifier, text
    assert "babel" in pinned and all(re.fullmatch(r"[\w.]+", version) for version in pinned.values())
    installs = re.findall(r"pip install (.*)", (DOCKER / "Dockerfile").read_text())
    assert len(installs) == 2 and all("--constraint docker/constraints.txt" in each for each in installs)


def test_proxy_is_given_every_variable_of_its_template() -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+)\}", (DOCKER / "nginx" / "site.conf.template").read_text()))
    assert wanted <= set(services("compose.prod.yml")["nginx"]["environment"])


def test_load_adds_to_services_of_development() -> None:
    assert set(services("compose.load.yml")) - set(services("compose.yml")) == {"crowd"}
    assert set(services("compose.load.yml")["crowd"]["depends_on"]) <= set(services("compose.yml"))


def test_web_process_takes_and_gives_frames_of_the_same_size_everywhere() -> None:
    start = " ".join((DOCKER / "start").read_text().replace("\\\n", " ").split())
    assert " ".join(SOCKET_LIMITS) in start


def test_image_pins_its_bases_runs_without_root_and_is_checked() -> None:
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert len(bases) == 3 and all(EXACT.fullmatch(base) for base in bases)
    assert "USER tracker" in lines and any(line.startswith("HEALTHCHECK") for line in lines)
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    copied = {word for line in lines if line.startswith("COPY") and "--from" not in line for word in line.split()[1:-1]}
    admitted = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert copied <= admitted and all((DOCKER.parent / path).exists() for path in copied)
