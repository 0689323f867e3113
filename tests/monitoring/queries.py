"""The queries of alerts and dashboards, and the names in them."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

DOCKER = Path(settings.BASE_DIR) / "docker"
PROMETHEUS = DOCKER / "prometheus"
DASHBOARDS = sorted((DOCKER / "grafana" / "dashboards").glob("*.json"))
NAME = re.compile(r"\b(?:tracker|process|python|pg|redis|nginx)_\w+")
# What the exporters tell; their processes are not ours.
FOREIGN = {
    "pg_database_size_bytes", "pg_stat_activity_count", "pg_stat_database_tup_inserted",
    "pg_stat_database_tup_returned", "pg_stat_database_xact_commit", "pg_stat_database_xact_rollback",
    "redis_commands_processed_total", "redis_connected_clients", "redis_memory_max_bytes", "redis_memory_used_bytes",
    "nginx_connections_active", "nginx_connections_waiting", "nginx_http_requests_total",
}  # fmt: skip


def rules() -> list[dict[str, Any]]:
    """Every alerting rule."""
    read = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())
    return [rule for group in read["groups"] for rule in group["rules"]]


def panels() -> list[tuple[str, dict[str, Any]]]:
    """Every panel, with the name of its dashboard."""
    return [(path.stem, panel) for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"]]


def dashboard_queries() -> dict[str, list[str]]:
    """Queries of each panel."""
    return {
        f"{name}: {panel['title']}": [
            target["expr"].replace("$__rate_interval", "30s") for target in panel["targets"]
        ]
        for name, panel in panels()
    }  # fmt: skip


def names_in(query: str) -> set[str]:
    """Names of metrics in a query; those of labels have no such beginnings."""
    return set(NAME.findall(query))


def names_used() -> set[str]:
    """Every metric that an alert or a dashboard asks for."""
    queries = [rule["expr"] for rule in rules()] + [query for each in dashboard_queries().values() for query in each]
    return {name for query in queries for name in names_in(query)}
