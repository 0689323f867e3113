"""The OpenAPI schema: how operations are described, and the view that shows it."""

from collections.abc import Callable
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
    404: "No such symbol.",
    429: "Too many requests; Retry-After says when to come back.",
    503: "Redis or the database does not answer; Retry-After says when to come back.",
}
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
    answers: dict[Any, Any] = {(200, "application/json"): response}
    if csv:
        answers[(200, "text/csv")] = OpenApiTypes.STR
    refusals = {
        status: OpenApiResponse(Error, description=words)
        for status, words in REFUSALS.items()
        if status != 404 or tag != "reference"
    }
    example = OpenApiExample(
        "Example", EXAMPLES[name], response_only=True, status_codes=["200"], media_type="application/json"
    )

    def describe(view: type[APIView]) -> type[APIView]:
        get = extend_schema(
            operation_id=name,
            summary=(view.__doc__ or "").partition("\n")[0],
            parameters=[*path, *([query] if query else [])],
            responses=answers | refusals,
            tags=[tag],
            examples=[example],
        )
        return extend_schema_view(get=get)(view)

    return describe


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
