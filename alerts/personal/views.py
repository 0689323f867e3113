"""The page of a user's own alerts, and the forms on it. Nobody sees or touches those of others: they do not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec, TypeAlias

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import DatabaseError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alerts.evidence import Text, shown_name
from alerts.models import PersonalAlert, PersonalHit
from alerts.personal.forms import PersonalAlertForm, initial_for, initial_of
from alerts.personal.limits import LimitReached, create, hold_room
from alerts.personal.subject import look_up
from alerts.personal.words import asked, hit_line
from market.domain.calendar import VIETNAM

P = ParamSpec("P")
View: TypeAlias = Callable[Concatenate[HttpRequest, P], HttpResponse]
HITS_ON_PAGE: Final = 50
RETRY_AFTER_SECONDS: Final = 5
STATES: Final[dict[str, Text]] = {
    "active": "",
    "paused": gettext_lazy("paused"),
    "spent": gettext_lazy("went off"),
    "expired": gettext_lazy("expired"),
}


class Line(NamedTuple):
    """An alert as the page lists it."""

    row: PersonalAlert
    name: str  # of the symbol
    words: str
    state: Text
    is_active: bool


def own(view: View[P]) -> Any:
    """Ask for a user who is logged in, and answer 503 while the database is away."""

    @never_cache
    @login_required
    @wraps(view)
    def answered(request: HttpRequest, *args: P.args, **options: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **options)
        except DatabaseError:
            response = render(request, "alerts/mine_away.html", status=503)
            response["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return response

    return answered


@require_http_methods(["GET", "HEAD", "POST"])
@own
def mine(request: HttpRequest) -> HttpResponse:
    """All alerts of the user and what came of them; a new one by POST. `symbol` fills the form in."""
    if request.method != "POST":
        name = request.GET.get("symbol", "")[:24]
        subject = look_up(name) if name else None
        form = PersonalAlertForm(initial=initial_for(subject, language()) if subject else {"symbol": name})
        return page(request, form)
    form = PersonalAlertForm(request.POST)
    if not form.is_valid():
        return page(request, form, status=422)
    try:
        row = create(request.user, form.values())
    except LimitReached as error:
        form.add_error(None, str(error))
        return page(request, form, status=422)
    messages.success(
        request, _("Set: %(symbol)s, %(words)s.") % {"symbol": shown_name(row.symbol), "words": words_of(row)}
    )
    return HttpResponseRedirect(reverse("alerts:mine"))


@require_safe
@own
def state(request: HttpRequest) -> HttpResponse:
    """Which alerts the user has now, as `data-state` of the page says it."""
    return HttpResponse(PersonalAlert.objects.stamp(request.user), content_type="text/plain")


@require_http_methods(["GET", "HEAD", "POST"])
@own
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """One alert to be changed."""
    row = get_object_or_404(PersonalAlert.objects.of(request.user), pk=pk)
    form = PersonalAlertForm(request.POST or None, initial=initial_of(row, language()))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                hold_room(request.user, besides=row)
                row.change(form.values())
        except LimitReached as error:
            form.add_error(None, str(error))
        else:
            changed = {"symbol": shown_name(row.symbol), "words": words_of(row)}
            messages.success(request, _("Changed: %(symbol)s, %(words)s.") % changed)
            return HttpResponseRedirect(reverse("alerts:mine"))
    status = 422 if form.is_bound else 200
    context = {"page": "mine", "form": form, "row": row, "name": shown_name(row.symbol), "words": words_of(row)}
    return render(request, "alerts/mine_edit.html", context, status=status)


@require_POST
@own
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Pause, resume, set anew or delete one alert."""
    if action not in ACTIONS:
        raise Http404
    row = get_object_or_404(PersonalAlert.objects.of(request.user), pk=pk)
    try:
        with transaction.atomic():
            if action in ("resume", "again"):
                hold_room(request.user, besides=row)
            ACTIONS[action](row)
    except LimitReached as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("alerts:mine"))


def pause(row: PersonalAlert) -> None:
    """Let it rest."""
    row.change({"is_paused": True})


def resume(row: PersonalAlert) -> None:
    """Let it wait again, from where the market is now."""
    row.change({"is_paused": False})


ACTIONS: Final[dict[str, Callable[[PersonalAlert], Any]]] = {
    "pause": pause,
    "resume": resume,
    "again": PersonalAlert.set_again,
    "delete": PersonalAlert.delete,
}


def page(request: HttpRequest, form: PersonalAlertForm, status: int = 200) -> HttpResponse:
    """The page with a form on it."""
    user, today = request.user, timezone.localdate()
    rows = PersonalAlert.objects.of(user).with_spent()
    lines = [line(row, today) for row in rows]
    hits = Paginator(PersonalHit.objects.filter(user=user.pk), HITS_ON_PAGE).get_page(request.GET.get("hits"))
    context = {
        "page": "mine",
        "state": PersonalAlert.objects.stamp(user),
        "form": form,
        "active": [each for each in lines if each.is_active],
        "resting": [each for each in lines if not each.is_active],
        "most": settings.PERSONAL_ALERTS_PER_USER,
        "hits": hits,
        "hit_lines": [hit_line(stored_hit(hit), language()) for hit in hits],
    }
    return render(request, "alerts/mine.html", context, status=status)


def line(row: Any, today: Any) -> Line:
    """An alert with its state in words. Rows need `with_spent`."""
    state = row.state(today)
    return Line(row, shown_name(row.symbol), words_of(row), STATES[state], state == "active")


def words_of(row: PersonalAlert) -> str:
    """What an alert waits for."""
    return asked(row.kind, row.condition, row.threshold, row.symbol, language())


def stored_hit(hit: PersonalHit) -> dict[str, Any]:
    """A stored hit in the form of its message."""
    return {
        "id": str(hit.pk),
        "symbol": hit.symbol,
        "kind": hit.kind,
        "time": hit.time.astimezone(VIETNAM).isoformat(),
        "evidence": hit.evidence,
        "note": hit.note,
    }


def language() -> str:
    """The reader's language."""
    return get_language() or settings.LANGUAGE_CODE
