"""Tables of alerts: the market's rules and what they noticed, and what users ask for themselves."""

from alerts.models.delivery import Delivery, DeliveryChannel, DeliveryState, PlannedSubject, PushDevice
from alerts.models.personal import PersonalAlert, PersonalHit
from alerts.models.rules import KEEP, Alert, AlertQuerySet, AlertRule, AlertRuleQuerySet, Severity, fired_since
from alerts.models.summary import DayEnd

__all__ = [
    "KEEP",
    "Alert",
    "AlertQuerySet",
    "AlertRule",
    "AlertRuleQuerySet",
    "DayEnd",
    "Delivery",
    "DeliveryChannel",
    "DeliveryState",
    "PersonalAlert",
    "PersonalHit",
    "PlannedSubject",
    "PushDevice",
    "Severity",
    "fired_since",
]
