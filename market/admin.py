"""Admin pages of the reference data, and the log of ingest starts to look at.

History (trades, bars) has none: nobody edits what happened, and Django's admin takes no composite keys.

The type ignores: Django's admin classes take type arguments in the stubs only, not at run time.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, F, Q, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from market.models import ApiToken, Basket, BasketMember, IndexAlias, IngestRun, Instrument, Sector, TradingDay
from market.token_admin import ApiTokenAdmin

Source = TradingDay.Source

admin.site.register(ApiToken, ApiTokenAdmin)


@admin.register(Sector)
class SectorAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["code", "name", "english_name"]
    search_fields = ["code", "name", "english_name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Sector | None = None) -> list[str]:
        """Keep the code of a stored sector: saving another one would make a second sector."""
        return ["code"] if obj else []


class IndexAliasInline(admin.TabularInline):  # type: ignore[type-arg]
    model = IndexAlias
    extra = 0


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    """The baskets of an instrument, to look at; they are edited on the page of the basket."""

    model = BasketMember
    fields = ["basket", "joined", "left"]
    ordering = ["-joined"]
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Instrument | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Instrument | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Instrument | None = None) -> bool:
        return False


@admin.register(Instrument)
class InstrumentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["code", "name", "kind", "board", "sector", "last_trading_day", "active", "updated_at"]
    list_filter = ["kind", "board", "active", ("memberships__basket", admin.RelatedOnlyFieldListFilter), "sector"]
    list_select_related = ["sector"]
    search_fields = ["code", "name", "english_name", "aliases__alias"]
    autocomplete_fields = ["sector", "underlying"]
    readonly_fields = ["updated_at"]
    fieldsets = [
        (None, {"fields": ["code", "kind", "board", "active", "name", "english_name", "sector"]}),
        (
            _("Trading"),
            {"fields": ["lot_size", "tick_table", "listed_shares", "first_trading_day", "last_trading_day"]},
        ),
        (_("Futures and warrants"), {"fields": ["underlying"]}),
        (None, {"fields": ["updated_at"]}),
    ]

    def get_inlines(self, request: HttpRequest, obj: Instrument | None) -> list[Any]:
        """Other spellings for an index, memberships for what can be a member."""
        if obj is None:
            return []
        return [IndexAliasInline] if obj.kind == Instrument.Kind.INDEX else [MembershipInline]


class BasketMemberFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The periods of one basket as a whole."""

    def clean(self) -> None:
        """Refuse two new periods of one page that overlap; each row by itself was held against the stored ones."""
        super().clean()
        if any(self.errors):
            return
        seen: list[BasketMember] = []
        for form in self.forms:
            if not form.has_changed() or form in self.deleted_forms:
                continue
            member = form.instance
            if any(member.overlaps(other) for other in seen):
                raise ValidationError(
                    _("Two periods of %(code)s overlap on this page."), params={"code": member.instrument.code}
                )
            seen.append(member)


class BasketMemberInline(admin.TabularInline):  # type: ignore[type-arg]
    model = BasketMember
    formset = BasketMemberFormSet
    autocomplete_fields = ["instrument"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[BasketMember]:
        """Present members first, by code; then those that left, latest first."""
        rows = super().get_queryset(request).select_related("instrument")
        return rows.order_by(F("left").desc(nulls_first=True), "instrument__code")


@admin.register(Basket)
class BasketAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["code", "name", "members_today"]
    search_fields = ["code", "name"]
    inlines = [BasketMemberInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Basket]:
        """Count today's members in the same query."""
        today = timezone.localdate()
        inside = Q(members__joined__lte=today) & (Q(members__left=None) | Q(members__left__gt=today))
        rows: QuerySet[Basket] = super().get_queryset(request)
        return rows.annotate(members_today=Count("members", filter=inside))

    @admin.display(description=_("members today"), ordering="members_today")
    def members_today(self, basket: Basket) -> int:
        count: int = basket.members_today  # type: ignore[attr-defined]  # annotated above
        return count


@admin.register(TradingDay)
class TradingDayAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["date", "weekday", "which_boards", "state", "translated_reason", "source"]
    list_filter = ["confirmed", "open", "source", "board"]
    search_fields = ["reason", "date"]
    date_hierarchy = "date"
    actions = ["confirm"]

    @admin.display(description=_("weekday"))
    def weekday(self, day: TradingDay) -> str:
        return gettext(day.date.strftime("%A"))

    @admin.display(description=_("board"), ordering="board")
    def which_boards(self, day: TradingDay) -> str:
        return day.get_board_display() if day.board else gettext("All boards")

    @admin.display(description=_("state"), ordering="open")
    def state(self, day: TradingDay) -> str:
        if day.confirmed:
            return gettext("Open") if day.open else gettext("Closed")
        return gettext("Open, not confirmed") if day.open else gettext("Closed, not confirmed")

    @admin.display(description=_("reason"), ordering="reason")
    def translated_reason(self, day: TradingDay) -> str:
        return gettext(day.reason) if day.reason else ""

    def save_model(self, request: HttpRequest, obj: TradingDay, form: "ModelForm[TradingDay]", change: bool) -> None:
        """Note that an admin said so, unless another source was named; the seeding leaves such days alone."""
        if form.changed_data and "source" not in form.changed_data:
            obj.source = Source.ADMIN
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: TradingDay | None = None) -> bool:
        """Let only days that an admin or the feed added be deleted: a seeded one would come back. Edit it instead."""
        seeded = obj is not None and obj.source in (Source.HOLIDAYS, Source.EXCHANGE)
        return not seeded and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Take the bulk deletion away: it would not ask about each day's source."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    @admin.action(description=_("Confirm the selected days"), permissions=["change"])
    def confirm(self, request: HttpRequest, days: QuerySet[TradingDay]) -> None:
        count = days.filter(confirmed=False).update(confirmed=True, source=Source.ADMIN)
        self.message_user(request, gettext("%(count)d days confirmed.") % {"count": count})


@admin.register(IngestRun)
class IngestRunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Starts of ingest, to look at only."""

    list_display = ["started_at", "source", "last_seen_at", "stopped_at", "seq", "detail", "epoch"]
    list_filter = ["source"]
    search_fields = ["epoch", "detail"]
    date_hierarchy = "started_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: IngestRun | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: IngestRun | None = None) -> bool:
        return False
