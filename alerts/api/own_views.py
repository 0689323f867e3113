"""`/api/alerts/mine`: users' own alerts and what came of them. Those of others do not exist."""

from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from rest_framework.exceptions import APIException
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from alerts.api.own_form import LANGUAGE, changed, checked
from alerts.api.own_schema import CHANGE, CREATE, DELETE, HITS, LIST, READ
from alerts.api.own_shapes import AlertChange, NewAlert, OwnAlertsQuery, OwnHitsQuery, place_of
from alerts.models import PersonalAlert, PersonalHit
from alerts.personal.limits import LimitReached, create, hold_room
from alerts.personal.words import asked, said
from market.api.base import ApiView
from market.api.parameters import validated
from market.domain.calendar import VIETNAM

PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Authorization, Cookie"}
QUIET = {"note"}  # changing these alone cannot make an alert active


class Full(APIException):
    """As many alerts as one may have; pausing or deleting some helps."""

    status_code = 409
    default_code = "limit_reached"


class OwnView(ApiView):
    """A view of what belongs to the user, whatever ANONYMOUS_READ says."""

    permission_classes = [IsAuthenticated]

    def rows(self) -> Any:
        """The user's alerts."""
        return PersonalAlert.objects.of(self.request.user).with_spent()

    def find(self, number: int) -> Any:
        """One of them. Raises Http404."""
        row = self.rows().filter(pk=number).first()
        if row is None:
            raise Http404
        return row


class AlertsView(OwnView):
    """The user's alerts, newest first, and new ones."""

    http_method_names = ["get", "head", "options", "post"]

    @LIST
    def get(self, request: Request) -> HttpResponse:
        """List the user's alerts, newest first."""
        wanted = validated(OwnAlertsQuery, request.query_params)
        rows = self.rows().order_by("-pk")
        rows = rows.filter(symbol__in=wanted["symbols"]) if wanted["symbols"] else rows
        rows = rows.filter(pk__lt=wanted["before"]) if wanted["before"] else rows
        found = list(rows[: wanted["limit"] + 1])
        shown = found[: wanted["limit"]]
        return answer(
            {
                "alerts": [alert_json(row) for row in shown],
                "most_active": settings.PERSONAL_ALERTS_PER_USER,
                "next": shown[-1].pk if len(found) > len(shown) else None,
            }
        )

    @CREATE
    def post(self, request: Request) -> HttpResponse:
        """Set an alert."""
        values = checked(body(NewAlert(data=request.data)))
        try:
            with translation.override(LANGUAGE):
                made = create(request.user, values)
        except LimitReached as error:
            raise Full(str(error)) from error
        where = {"Location": reverse("alerts_api:own_alert", args=[made.pk])}
        return answer(alert_json(self.find(made.pk)), 201, where)


class AlertView(OwnView):
    """One alert of the user."""

    http_method_names = ["get", "head", "options", "patch", "delete"]

    @READ
    def get(self, request: Request, number: int) -> HttpResponse:
        """Show an alert."""
        return answer(alert_json(self.find(number)))

    @CHANGE
    def patch(self, request: Request, number: int) -> HttpResponse:
        """Change, pause, resume or set anew an alert."""
        row = self.find(number)
        given = body(AlertChange(data=request.data, partial=True))
        values = changed(row, given)
        again = row.is_spent and given.get("is_spent") is False
        rests = values.get("is_paused", row.is_paused and not again)
        try:
            with transaction.atomic(), translation.override(LANGUAGE):
                if not rests and (again or not values.keys() <= QUIET):
                    hold_room(request.user, besides=row)
                if again:
                    row.set_again()
                row.change(values)
        except LimitReached as error:
            raise Full(str(error)) from error
        return answer(alert_json(self.find(number)))

    @DELETE
    def delete(self, request: Request, number: int) -> HttpResponse:
        """Delete an alert; its hits stay."""
        self.find(number).delete()
        return HttpResponse(status=204, headers=PRIVATE)


class HitsView(OwnView):
    """What came of the user's alerts."""

    @HITS
    def get(self, request: Request) -> HttpResponse:
        """List the hits of the user's alerts, newest first."""
        wanted = validated(OwnHitsQuery, request.query_params)
        rows = PersonalHit.objects.filter(user=request.user.pk).order_by("-time", "-id")
        rows = rows.filter(symbol__in=wanted["symbols"]) if wanted["symbols"] else rows
        rows = rows.filter(alert=wanted["alert"]) if wanted["alert"] else rows
        if wanted["cursor"]:
            time, id = wanted["cursor"]
            rows = rows.filter(Q(time__lt=time) | Q(time=time, id__lt=id))
        found = list(rows[: wanted["limit"] + 1])
        shown = found[: wanted["limit"]]
        last = place_of(shown[-1].time, shown[-1].pk) if len(found) > len(shown) else None
        return answer({"hits": [hit_json(row) for row in shown], "next": last})


def body(serializer: Any) -> dict[str, Any]:
    """What a request says. Raises ValidationError."""
    with translation.override(LANGUAGE):
        serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def answer(found: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """An answer that nobody keeps."""
    return HttpResponse(msgspec.json.encode(found), "application/json", status, headers=PRIVATE | (headers or {}))


def alert_json(row: Any) -> dict[str, Any]:
    """An alert as answers have it."""
    with translation.override(LANGUAGE):
        words = asked(row.kind, row.condition, row.threshold, row.symbol, LANGUAGE)
    same = ("symbol", "kind", "condition", "threshold", "repeats", "cooldown_seconds", "expires_on", "note")
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in same},
        "words": words,
        "is_paused": row.is_paused,
        "is_spent": row.is_spent,
        "state": row.state(timezone.localdate()),
        "version": row.version,
        "created_at": row.created_at.astimezone(VIETNAM),
        "updated_at": row.updated_at.astimezone(VIETNAM),
    }


def hit_json(hit: PersonalHit) -> dict[str, Any]:
    """A hit as answers have it."""
    with translation.override(LANGUAGE):
        words = said(hit.symbol, hit.kind, hit.evidence, LANGUAGE)
    return {
        "id": str(hit.pk),
        "alert": hit.alert_id,
        "symbol": hit.symbol,
        "kind": hit.kind,
        "time": hit.time.astimezone(VIETNAM).isoformat(),
        "words": words,
        "evidence": hit.evidence,
        "note": hit.note,
    }
