"""The OpenAPI schema: how operations are described, and the view that shows it."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
import yaml
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from market.api.examples import EXAMPLES
from market.api.serializers import Error

REFUSALS = {
    400: "A parameter that cannot be used; `detail` names it.",
    401: "Neither a valid token nor a session, where one is needed.",
    429: "Too many requests; Retry-After says when to come back.",
    503: "Redis or the database does not answer; Retry-After says when to come back.",
}
NO_SYMBOL = "No such symbol."
JSON = "application/json"
SYMBOL = OpenApiParameter(
    "symbol", str, OpenApiParameter.PATH, description="Code of a stock, index or future, or an alias (VN30F1M)."
)


def described(
    name: str,
    query: type[Serializer[Any]] | None,
    response: type[Serializer[Any]],
    *,
    tag: str = "history",
    csv: bool = False,
    path: tuple[OpenApiParameter, ...] = (SYMBOL,),
) -> Callable[[type[APIView]], type[APIView]]:
    """Describe the GET of a view."""
    refusals = {404: NO_SYMBOL} if tag != "reference" else {}

    def describe(view: type[APIView]) -> type[APIView]:
        words = (view.__doc__ or "").partition("\n")[0]
        get = operation(
            name, response, EXAMPLES[name], tag=tag, query=query, path=path, csv=csv, refusals=refusals, summary=words
        )
        return extend_schema_view(get=get)(view)

    return describe


def operation(
    name: str,
    response: type[Serializer[Any]] | None,
    example: Any,
    *,
    tag: str,
    query: type[Serializer[Any]] | None = None,
    path: tuple[OpenApiParameter, ...] = (),
    body: tuple[type[Serializer[Any]], Any] | None = None,
    status: int = 200,
    csv: bool = False,
    refusals: Mapping[int, str] | None = None,
    summary: str | None = None,
) -> Callable[[Any], Any]:
    """Describe one method of a view: what it answers, what it takes (`body`: shape and example) and what it refuses.

    No `response`: an answer without a body. Without `summary` it is the method's docstring.
    """
    answers: dict[Any, Any] = {(status, JSON): response} if response else {status: None}
    if csv:
        answers[(200, "text/csv")] = OpenApiTypes.STR
    shown = OpenApiExample("Example", example, response_only=True, status_codes=[str(status)], media_type=JSON)
    examples = [shown] if response else []
    if body:
        examples.append(OpenApiExample("Request", body[1], request_only=True, media_type=JSON))
    wrong = {
        code: OpenApiResponse(Error, description=words) for code, words in (REFUSALS | dict(refusals or {})).items()
    }
    return extend_schema(
        operation_id=name,
        summary=summary,
        parameters=[*path, *([query] if query else [])],
        request=body[0] if body else None,
        responses=answers | wrong,
        tags=[tag],
        examples=examples,
    )


def without_slashes(endpoints: list[Any]) -> list[Any]:
    """Leave out the second address of each operation, which differs in its last slash."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The schema; it takes half a second to make, and never changes."""
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


@login_not_required
@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The schema in JSON, or in YAML for `?format=yaml`."""
    headers = {"Cache-Control": "public, max-age=300"}
    if request.GET.get("format") == "yaml":
        text = yaml.safe_dump(document(), allow_unicode=True, sort_keys=False)
        return HttpResponse(text, "application/yaml", headers=headers)
    return HttpResponse(msgspec.json.encode(document()), "application/json", headers=headers)
