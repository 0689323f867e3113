"""How the schema describes the operations on users' own alerts, with examples."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter

from alerts.api.own_shapes import AlertChange, NewAlert, OwnAlert, OwnAlerts, OwnAlertsQuery, OwnHits, OwnHitsQuery
from market.api.schema import operation

TIME: Final = "2026-11-20T10:15:04+07:00"
WANTED: Final = {
    "symbol": "HPG", "kind": "price", "condition": "above", "threshold": 27500.0, "repeats": True,
    "cooldown_seconds": 900, "expires_on": "2026-12-31", "note": "take profit",
}  # fmt: skip
ALERT: Final = {
    "id": 12, **WANTED, "words": "price rises to 27.50 thousand VND", "is_paused": False, "is_spent": False,
    "state": "active", "version": 1, "created_at": TIME, "updated_at": TIME,
}  # fmt: skip
HIT: Final = {
    "id": "0b5d1c0e-6d0a-5c59-9c8e-5a2f2f3f8c11", "alert": 12, "symbol": "HPG", "kind": "price", "time": TIME,
    "words": "price rises to 27.50 thousand VND",
    "evidence": {"condition": "above", "threshold": 27500.0, "value": 27550.0, "price": 27550.0},
    "note": "take profit",
}  # fmt: skip
EXAMPLES: Final[dict[str, Any]] = {
    "own_alerts": {"alerts": [ALERT], "most_active": 50, "next": None},
    "own_alert": ALERT,
    "own_hits": {"hits": [HIT], "next": "1795144504000000-0b5d1c0e-6d0a-5c59-9c8e-5a2f2f3f8c11"},
}
TAG: Final = "own alerts"
NOT_YOURS: Final = {404: "You have no such alert."}
FORGED: Final = {403: "The session's CSRF token is missing or wrong: send it in `X-CSRFToken`."}
REFUSED: Final = FORGED | {
    409: "As many alerts as one may have (`limit_reached`).",
    415: "The body is not JSON.",
}
NUMBER: Final = OpenApiParameter("number", int, OpenApiParameter.PATH, description="Number of an alert (`id`).")

LIST: Final = operation("own_alerts", OwnAlerts, EXAMPLES["own_alerts"], tag=TAG, query=OwnAlertsQuery)
CREATE: Final = operation(
    "set_own_alert", OwnAlert, ALERT, tag=TAG, status=201, body=(NewAlert, WANTED), refusals=REFUSED
)
READ: Final = operation("own_alert", OwnAlert, ALERT, tag=TAG, path=(NUMBER,), refusals=NOT_YOURS)
CHANGE: Final = operation(
    "change_own_alert", OwnAlert, ALERT | {"is_paused": True, "state": "paused"}, tag=TAG, path=(NUMBER,),
    body=(AlertChange, {"is_paused": True}), refusals=NOT_YOURS | REFUSED,
)  # fmt: skip
DELETE: Final = operation(
    "delete_own_alert", None, None, tag=TAG, status=204, path=(NUMBER,), refusals=NOT_YOURS | FORGED
)
HITS: Final = operation("own_hits", OwnHits, EXAMPLES["own_hits"], tag=TAG, query=OwnHitsQuery)
