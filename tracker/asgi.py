"""ASGI entry point: HTTP goes to Django, WebSockets to Channels. Server-neutral."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
django_application = get_asgi_application()

from market.api.shortcut import LiveShortcut  # noqa: E402  (needs the app registry)
from market.routing import websocket_urlpatterns  # noqa: E402
from market.sockets import SameSiteOrigin  # noqa: E402

routes = URLRouter(websocket_urlpatterns)  # type: ignore[arg-type]  # its stubs know no plain URLPattern

application = ProtocolTypeRouter(
    {
        "http": LiveShortcut(django_application),
        "websocket": SameSiteOrigin(routes),
    }
)
