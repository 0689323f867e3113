"""The most that a request may carry: forms and files of rules need less, and nothing else has a body.

Before Django, which would copy any body to the disk first. The proxy in front has the same bound, before the server.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from market.api.errors import encoded

Scope: TypeAlias = dict[str, Any]
Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

MOST_BYTES: Final = 2 * 1024 * 1024  # client_max_body_size of docker/nginx says the same
REFUSAL: Final = encoded("too_large", f"Expected at most {MOST_BYTES} bytes.")


class BoundedBody:
    """Refuses what is too long by its own word with 413, and hangs up on what turns out to be."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not told.isdigit() or int(told[:20]) > MOST_BYTES:
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(REFUSAL)).encode())]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSAL})
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            return {"type": "http.disconnect"} if came > MOST_BYTES else message

        await self._application(scope, counted, send)
