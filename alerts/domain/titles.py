"""Alerts in words."""

from collections.abc import Mapping

from alerts.domain.kinds import KINDS
from alerts.domain.model import EvidenceValue


def title(kind: str, symbol: str, evidence: Mapping[str, EvidenceValue], template: str | None = None) -> str:
    """Say what happened in a short sentence: English, or by another template of the kind (its translation).

    Evidence that does not fit the kind, as that of an older version may be, gives the kind's name.
    """
    info = KINDS.get(kind)
    if info is None:
        return f"{symbol}: {kind}"
    try:
        return f"{symbol}: {(template or info.title).format_map(evidence)}"
    except (KeyError, ValueError, TypeError):
        return f"{symbol}: {info.label}"
