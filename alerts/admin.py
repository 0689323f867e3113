"""Admin pages: rules to edit, try out, compare, bring back, export and import; alerts to look at.

The type ignores: Django's admin classes take type arguments in the stubs only, not at run time.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin

import alerts.delivery.admin  # noqa: F401  (its pages register themselves)
from alerts.domain.kinds import KINDS
from alerts.evidence import sentence
from alerts.exchange import import_rules, rules_to_json
from alerts.forms import ImportForm, form_for
from alerts.models import Alert, AlertRule
from alerts.trial import TrialForm, run_trial
from alerts.words import scope_words
from market.domain.calendar import midnight


class KindFilter(admin.SimpleListFilter):
    """By kind, with its name."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, gettext(info.label)) for name, info in KINDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class RuleFilter(admin.SimpleListFilter):
    """Alerts by the rule that fired."""

    title = _("rule")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(row.pk), f"{row.pk} {row}") for row in AlertRule.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        return queryset.filter(rule=int(value)) if value.isdecimal() else queryset


@admin.register(AlertRule)
class AlertRuleAdmin(SimpleHistoryAdmin):  # type: ignore[misc]
    list_display = [
        *("shown_name", "kind_name", "enabled", "severity", "shown_scope", "fired_today", "fired_lately", "version"),
    ]  # fmt: skip
    list_filter = [KindFilter, "enabled", "severity"]
    search_fields = ["name", "kind", "symbols"]
    readonly_fields = ["version"]
    actions = ["enable", "disable", "export_selected"]
    history_list_display = ["version"]
    # The package's own has an inline style, which the content policy forbids.
    object_history_list_template = "admin/alerts/rule_history.html"
    change_form_template = "admin/alerts/rule_form.html"
    change_list_template = "admin/alerts/rule_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertRule]:
        """Count alerts in the same query."""
        rows: QuerySet[AlertRule] = AlertRule.objects.with_counts(midnight(timezone.localdate()))
        return rows.order_by(*(self.get_ordering(request) or ["pk"]))

    def get_fieldsets(self, request: HttpRequest, obj: AlertRule | None = None) -> Any:
        """Show the fields of the kind; whoever may only look gets the values as they are stored."""
        if not self._may_edit(request, obj):
            names = ["name", "kind", "enabled", "severity", "cooldown_seconds", "scope", "symbols", "phases", "params"]
            return [(None, {"fields": [*names, "version"]})]
        form = form_for(self._kind(request, obj))
        fields = ["kind", "shown_kind", "name", "enabled", "severity", "cooldown_seconds", "version"]
        about = {"fields": form.param_fields(), "description": gettext(form.info.help)}
        return [
            (None, {"fields": fields}),
            (gettext(form.info.label), about),
            (_("Where and when"), {"fields": ["scope", "basket", "symbols", "phases"]}),
        ]

    def get_form(self, request: HttpRequest, obj: AlertRule | None = None, **kwargs: Any) -> Any:
        form = form_for(self._kind(request, obj)) if self._may_edit(request, obj) else forms.ModelForm
        return super().get_form(request, obj, **{"form": form, **kwargs})

    def _kind(self, request: HttpRequest, obj: AlertRule | None) -> str:
        return request.POST.get("kind") or request.GET.get("kind") or (obj.kind if obj else "")

    def _may_edit(self, request: HttpRequest, obj: AlertRule | None) -> bool:
        return bool(self.has_change_permission(request, obj) if obj else self.has_add_permission(request))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add the trial of what the form holds now, saved or not."""
        trial_form = TrialForm(request.POST if "_trial" in request.POST else None)
        context |= {"trial_form": trial_form, "tryable": self._may_edit(request, kwargs.get("obj"))}
        form = context["adminform"].form
        if "_trial" in request.POST and trial_form.is_valid() and (rule := form.unsaved_rule()) is not None:
            context["trial"] = run_trial(rule, trial_form.cleaned_data)
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    @admin.display(description=_("rule"), ordering="name")
    def shown_name(self, rule: AlertRule) -> str:
        return str(rule)

    @admin.display(description=_("kind"), ordering="kind")
    def kind_name(self, rule: AlertRule) -> str:
        return rule.kind_label

    @admin.display(description=_("symbols"), ordering="scope")
    def shown_scope(self, rule: AlertRule) -> str:
        return scope_words(rule.scope, rule.symbols)

    @admin.display(description=_("fired today"), ordering="fired_today")
    def fired_today(self, rule: AlertRule) -> str:
        return self._count(rule, rule.fired_today)  # type: ignore[attr-defined]  # annotated above

    @admin.display(description=_("fired in 7 days"), ordering="fired_lately")
    def fired_lately(self, rule: AlertRule) -> str:
        return self._count(rule, rule.fired_lately)  # type: ignore[attr-defined]  # annotated above

    def _count(self, rule: AlertRule, count: int) -> str:
        if not count:
            return "0"
        address = reverse("admin:alerts_alert_changelist")
        return format_html('<a href="{}?rule={}">{}</a>', address, rule.pk, count)

    @admin.action(description=_("Enable the selected rules"), permissions=["change"])
    def enable(self, request: HttpRequest, rules: QuerySet[AlertRule]) -> None:
        self._set_enabled(request, rules, True)

    @admin.action(description=_("Disable the selected rules"), permissions=["change"])
    def disable(self, request: HttpRequest, rules: QuerySet[AlertRule]) -> None:
        self._set_enabled(request, rules, False)

    def _set_enabled(self, request: HttpRequest, rules: QuerySet[AlertRule], enabled: bool) -> None:
        # Afresh by key: the list's own query counts alerts, and a grouped query cannot be locked.
        count = AlertRule.objects.filter(pk__in=[rule.pk for rule in rules]).set_enabled(enabled)
        self.message_user(request, gettext("%(count)d rules changed.") % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Export the selected rules"), permissions=["view"])
    def export_selected(self, request: HttpRequest, rules: QuerySet[AlertRule]) -> HttpResponse:
        return as_file(rules)

    def get_urls(self) -> list[URLPattern]:
        """Add export and import."""
        wrap = self.admin_site.admin_view
        own = [
            path("export/", wrap(self.export_view), name="alerts_alertrule_export"),
            path("import/", wrap(self.import_view), name="alerts_alertrule_import"),
        ]
        return own + list(super().get_urls())

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """All rules as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return as_file(AlertRule.objects.all())

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take rules from a file: all of them, or none where one has a fault."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            remove_others = form.cleaned_data["remove_others"]
            if remove_others and not self.has_delete_permission(request):
                raise PermissionDenied
            with transaction.atomic():
                done = import_rules(form.cleaned_data["file"], remove_others=remove_others)
            words = gettext("%(added)d rules added, %(changed)d changed, %(unchanged)d as before, %(removed)d deleted.")
            self.message_user(request, words % done._asdict(), messages.SUCCESS)
            return redirect("admin:alerts_alertrule_changelist")
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "opts": self.model._meta,
            "title": gettext("Import rules"),
        }
        return render(request, "admin/alerts/import.html", context)


def as_file(rules: QuerySet[AlertRule]) -> HttpResponse:
    """Rules as a download."""
    headers = {"Content-Disposition": 'attachment; filename="alert-rules.json"'}
    return HttpResponse(rules_to_json(rules), "application/json", headers=headers)


@admin.register(Alert)
class AlertAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What fired, to look at only."""

    list_display = ["at", "symbol", "kind_name", "severity", "title", "phase", "rule_link"]
    list_filter = [KindFilter, "severity", RuleFilter]
    search_fields = ["=symbol"]
    search_help_text = _("A symbol.")
    date_hierarchy = "at"
    show_full_result_count = False
    fields = ["at", "symbol", "kind_name", "severity", "title", "phase", "rule_link", "rule_version", "numbers", "id"]
    readonly_fields = ["kind_name", "title", "rule_link", "numbers"]

    @admin.display(description=_("kind"), ordering="kind")
    def kind_name(self, alert: Alert) -> str:
        return gettext(KINDS[alert.kind].label) if alert.kind in KINDS else alert.kind

    @admin.display(description=_("title"))
    def title(self, alert: Alert) -> str:
        return sentence(alert.kind, alert.symbol, alert.evidence)

    @admin.display(description=_("rule"), ordering="rule")
    def rule_link(self, alert: Alert) -> str:
        address = reverse("admin:alerts_alertrule_change", args=[alert.rule])
        return format_html('<a href="{}">{}</a>', address, alert.rule) if alert.rule else "-"

    @admin.display(description=_("evidence"))
    def numbers(self, alert: Alert) -> str:
        """The numbers with what they are."""
        units = KINDS[alert.kind].evidence if alert.kind in KINDS else {}
        lines = [f"{name}: {value} ({gettext(units[name])})" if name in units else f"{name}: {value}"
                 for name, value in alert.evidence.items()]  # fmt: skip
        return "\n".join(lines)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False
