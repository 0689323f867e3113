"""ASGI entry point: HTTP goes to Django, WebSockets to Channels. Server-neutral."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from prometheus_client import REGISTRY

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
django_application = get_asgi_application()

from alerts.routing import websocket_urlpatterns as signal_patterns  # noqa: E402  (needs the app registry)
from market.api.shortcut import LiveShortcut  # noqa: E402  (needs the app registry)
from market.body import BoundedBody  # noqa: E402
from market.metrics import serve  # noqa: E402
from market.observed import Requests, Sockets  # noqa: E402
from market.routing import websocket_urlpatterns  # noqa: E402
from market.sockets.terms import SameSiteOrigin  # noqa: E402

patterns: list[Any] = [*signal_patterns, *websocket_urlpatterns]
sockets = Sockets(SameSiteOrigin(URLRouter(patterns)), patterns)
REGISTRY.register(sockets)
serve("web")

application = ProtocolTypeRouter(
    {
        "http": Requests(BoundedBody(LiveShortcut(django_application))),
        "websocket": sockets,
    }
)
