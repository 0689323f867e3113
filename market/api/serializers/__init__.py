"""The shapes of answers, with units, one module a subject. Answers are encoded by msgspec; tests hold them to these."""

from market.api.serializers.alerts import Alerts
from market.api.serializers.board import Snapshot, VolumeStats
from market.api.serializers.derivatives import BasisTrend, DerivativesHistory
from market.api.serializers.foreign import ForeignDaily, ForeignDetail, ForeignHistory
from market.api.serializers.heads import Error
from market.api.serializers.prices import Candles, IndexHistory, Ticks
from market.api.serializers.reference import Components, Symbols

__all__ = [
    "Alerts",
    "BasisTrend",
    "Candles",
    "Components",
    "DerivativesHistory",
    "Error",
    "ForeignDaily",
    "ForeignDetail",
    "ForeignHistory",
    "IndexHistory",
    "Snapshot",
    "Symbols",
    "Ticks",
    "VolumeStats",
]
