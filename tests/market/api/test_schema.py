"""The schema: complete, true, readable offline; and nothing that it allows makes the server fail."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings
from rest_framework.serializers import BaseSerializer, DictField, ListSerializer
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from market.api import serializers
from market.api.examples import EXAMPLES
from market.api.schema import document
from market.models import ApiToken
from tests.market.api.conftest import Ask
from tests.market.api.test_away import NOWHERE
from tests.market.api.test_history import at, bar, flow, trades
from tests.market.api.web import web_process
from tests.market.live_rows import VN30, Publisher, future_row, indices, market_row
from tracker.launch.process import Warden

SHAPES = {
    "snapshot": serializers.Snapshot, "foreign_detail": serializers.ForeignDetail,
    "volume_stats": serializers.VolumeStats, "basis_trend": serializers.BasisTrend, "alerts": serializers.Alerts,
    "candles": serializers.Candles, "ticks": serializers.Ticks, "foreign": serializers.ForeignHistory,
    "foreign_daily": serializers.ForeignDaily, "index_history": serializers.IndexHistory,
    "derivatives_history": serializers.DerivativesHistory, "vn30_components": serializers.Components,
    "symbols": serializers.Symbols,
}  # fmt: skip
CHANGING = ("post", "put", "patch", "delete")
SUCCESSES = {"post": "201", "delete": "204"}  # where it is not 200


# --- The document ---------------------------------------------------------------------------------------------


def test_schema_is_made_without_a_warning_and_valid() -> None:
    GENERATOR_STATS.reset()
    validate_schema(SchemaGenerator().get_schema(request=None, public=True))
    assert not GENERATOR_STATS


def test_schema_is_served_without_a_login_in_json_and_yaml(client: Client, settings: Settings) -> None:
    settings.ANONYMOUS_READ = False
    assert client.get("/api/schema/").json()["openapi"].startswith("3.")
    assert client.get("/api/schema/?format=yaml").content.startswith(b"openapi:")


def described_operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation."""
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def test_schema_describes_every_parameter_and_refusal() -> None:
    for method, path, operation in described_operations():
        wanted = {"400", "401", "429", "503"} | ({"403"} if method in CHANGING else set())
        wanted |= {"409", "415"} if "requestBody" in operation else set()
        assert wanted <= set(operation["responses"]), (method, path)
        assert all(parameter.get("description") for parameter in operation.get("parameters", [])), (method, path)
        assert operation["description"], (method, path)


def test_schema_tells_of_one_success_with_an_example_and_of_bodies_likewise() -> None:
    for method, path, operation in described_operations():
        ((status, success),) = [(code, each) for code, each in operation["responses"].items() if code < "400"]
        assert status == SUCCESSES.get(method, "200"), (method, path)
        content = success.get("content", {})
        assert ("text/csv" in content) == path.startswith("/api/history/")
        assert ("application/json" in content) == (status != "204")
        assert all("examples" in content[kind] for kind in content if kind == "application/json"), (method, path)
        assert ("requestBody" in operation) == (method in ("post", "patch"))
        if "requestBody" in operation:
            assert "examples" in operation["requestBody"]["content"]["application/json"], (method, path)


def test_schema_has_every_address_of_the_contract() -> None:
    market = ("snapshot", "foreign-detail", "volume-stats", "basis-trend", "alerts")
    history = ("{symbol}/candles", "{symbol}/ticks", "{symbol}/foreign", "{symbol}/foreign/daily", "index/{symbol}")
    wanted = {f"/api/market/{name}" for name in market} | {f"/api/history/{name}" for name in history}
    assert wanted | {"/api/history/derivatives/{symbol}", "/api/vn30-components"} <= set(document()["paths"])


# --- Answers and their shapes ---------------------------------------------------------------------------------


def differences(shape: BaseSerializer[Any], value: Any, path: str = "") -> Iterator[str]:
    """Where a value is not what a serializer says, names and types alike."""
    if value is None:
        if not shape.allow_null:
            yield f"{path}: null"
    elif isinstance(shape, ListSerializer):
        for place, each in enumerate(value):
            yield from differences(shape.child, each, f"{path}[{place}]")
    elif isinstance(shape, DictField):
        for name, each in value.items():
            if isinstance(shape.child, BaseSerializer):
                yield from differences(shape.child, each, f"{path}.{name}")
    elif isinstance(shape, BaseSerializer):
        if set(value) != set(shape.fields):
            yield f"{path}: names differ in {set(value) ^ set(shape.fields)}"
        for name in set(value) & set(shape.fields):
            yield from differences(shape.fields[name], value[name], f"{path}.{name}")
    else:
        shape.run_validation(value)


@pytest.mark.parametrize("name", SHAPES)
def test_example_has_the_shape_that_the_schema_says(name: str) -> None:
    assert list(differences(SHAPES[name](), EXAMPLES[name])) == []


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("market/snapshot", "snapshot"),
        ("market/volume-stats", "volume_stats"),
        ("market/basis-trend", "basis_trend"),
        ("history/HPG/candles", "candles"),
        ("history/HPG/ticks", "ticks"),
        ("history/HPG/foreign", "foreign"),
        ("history/HPG/foreign/daily", "foreign_daily"),
        ("vn30-components", "vn30_components"),
        ("symbols", "symbols"),
    ],
)
@pytest.mark.django_db
def test_answer_has_the_shape_that_the_schema_says(ask: Ask, published: Publisher, address: str, name: str) -> None:
    store_some_history()
    status, body = ask(f"/api/{address}")
    assert status == 200
    assert list(differences(SHAPES[name](), body)) == []


def store_some_history() -> None:
    trades(3)
    bar(at("9:15")).save()
    flow(at("9:15"), 1, 2).save()


# --- Pages to read it -----------------------------------------------------------------------------------------


def test_docs_are_ours_alone_and_hold_no_inline_script(client: Client) -> None:
    response = client.get("/api/docs/")
    html = response.content.decode()
    assert "'unsafe" not in response.headers["Content-Security-Policy"]
    assert "<style" not in html and " style=" not in html
    assert html.count("<script") == html.count('<script defer src="/static/') + html.count(
        'type="module" src="/static/'
    )
    assert 'data-schema="/api/schema/"' in html


# --- Nothing makes it fail ------------------------------------------------------------------------------------


def not_500(ctx: Any, response: Any, case: Any) -> None:
    """Hold every answer to: no fault of ours, errors in the one shape."""
    assert response.status_code != 500, case.as_curl_command()
    if response.status_code >= 400:
        assert set(json.loads(response.content)) == {"code", "detail"}


CHECKS: list[CheckFunction] = [
    not_500,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def storm(address: str, examples: int, token: str | None = None) -> int:
    """Ask every operation what the schema allows, and what it does not; how many answers were given."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    schema = schemathesis.openapi.from_url(f"{address}/api/schema/")
    answers = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

            @hypothesis_settings(
                max_examples=examples, deadline=None, database=None, derandomize=True,
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask_one(case: Any) -> None:
                nonlocal answers
                case.call_and_validate(base_url=address, headers=headers, checks=CHECKS)
                answers += 1

            ask_one()
    return answers


def publish_everything() -> None:
    publisher = Publisher()
    publisher.store("market", {symbol: market_row(symbol) for symbol in VN30})
    publisher.store("index", indices())
    publisher.store("derivatives", {"41I1GC000": future_row()})


def test_no_question_makes_the_server_fail(process_environment: dict[str, str], warden: Warden) -> None:
    publish_everything()
    store_some_history()
    token = ApiToken.issue(User.objects.create_user("trader"), "test")[1]
    with web_process(process_environment, warden) as address:
        assert storm(address, 4, token) > 100


def test_no_question_makes_the_server_fail_without_a_database(redis_url: str, warden: Warden) -> None:
    publish_everything()
    environment = os.environ | {"DATABASE_URL": NOWHERE, "DJANGO_SETTINGS_MODULE": "tracker.settings"}
    with web_process(environment, warden, pool=0) as address:
        assert storm(address, 2) > 20
