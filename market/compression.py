"""Pages, styles and scripts packed with gzip on their way out."""

from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

PACKED: Final = frozenset({"text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml"})


class CompressionMiddleware(GZipMiddleware):
    """Pack what browsers load; the API's answers keep their strong ETags and go as they are.

    Packed pages that hold a secret and echo what a stranger may choose can leak the secret by their size (BREACH). The
    only secret on a page is the CSRF token, which Django masks anew in each answer; Django also adds up to a hundred
    random bytes to each. Keep it so: no token or key may stand on a page unmasked.

    Static files that were collected are packed already and pass; this packs those that come from the finders.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Pack the answer if it is of a kind that browsers render and worth it."""
        if response.headers.get("Content-Type", "").split(";")[0] not in PACKED:
            return response
        return super().process_response(request, response)
