"""Errors of the API, all in one shape: {"code", "detail"}.

APIException                 DRF's: not authenticated, not found, method not allowed, throttled ...
  ValidationError  invalid   a parameter that cannot be used; `detail` names it
  Unavailable      unavailable, 503 with Retry-After: the database or Redis does not answer; asking later helps
"""

import logging
from collections.abc import Mapping
from math import ceil
from typing import Any, Final

import msgspec
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from psycopg.errors import QueryCanceled
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.response import Response

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS: Final = 5
API_PREFIX: Final = "/api/"
TOO_LONG: Final = "This takes too long to find; ask for a shorter range."
FAULTS: Final = {
    400: ("bad_request", "The request cannot be understood."),
    404: ("not_found", "There is nothing at this address."),
    500: ("error", "Something went wrong here."),
}


class Unavailable(APIException):
    """A server that the answer needs does not answer."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "The database does not answer; try again later."
    wait = RETRY_AFTER_SECONDS


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to an error of a view; None for a fault of ours, which Django logs and answers."""
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("the API gets nothing from the database: %s", error)
        error = Unavailable(TOO_LONG if isinstance(error.__cause__, QueryCanceled) else None)
    elif isinstance(error, Http404):
        error = NotFound()
    if not isinstance(error, APIException):
        return None
    code, detail = describe(error)
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(ceil(wait))
    return Response({"code": code, "detail": detail}, error.status_code, headers=headers)


def describe(error: APIException) -> tuple[str, str]:
    """Code and words of an error."""
    if isinstance(error, ValidationError):
        return "invalid", "; ".join(complaints(error.detail))
    codes = error.get_codes()
    return (codes if isinstance(codes, str) else error.default_code), str(error.detail)


def complaints(detail: Any, name: str = "") -> list[str]:
    """What is wrong, one text a fault: "limit: expected ..."."""
    if isinstance(detail, Mapping):
        return [text for key, each in detail.items() for text in complaints(each, str(key))]
    if isinstance(detail, list):
        return [text for each in detail for text in complaints(each, name)]
    return [f"{name}: {detail}" if name and name != "non_field_errors" else str(detail)]


def encoded(code: str, detail: str) -> bytes:
    """The body of an error."""
    return msgspec.json.encode({"code": code, "detail": detail})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400, for what never reached a view."""
    return of_api(request, 400) or defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404: programs get the one shape, readers the page."""
    return of_api(request, 404) or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return of_api(request, 500) or defaults.server_error(request)


def of_api(request: HttpRequest, status: int) -> HttpResponse | None:
    if not request.path.startswith(API_PREFIX):
        return None
    return HttpResponse(encoded(*FAULTS[status]), "application/json", status)
