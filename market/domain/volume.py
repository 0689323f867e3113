"""Volume of one symbol's day by session phase, by aggressor, and by how the aggressor was decided."""

from collections.abc import Mapping
from typing import Any, Final

from market.domain.changes import Method, Side, VolumePhase

PHASES: Final[tuple[VolumePhase, ...]] = ("ato", "continuous", "atc")
KINDS: Final = ("buy", "sell", "neutral", "unclassified")
METHODS: Final[tuple[Method, ...]] = ("feed", "quote", "auction", "none")


class PhaseVolumes:
    """Running sums. At every moment the four kinds over the three phases add up to the symbol's total volume."""

    __slots__ = ("methods", "phases")

    def __init__(self) -> None:
        self.phases: dict[str, dict[str, int]] = {phase: dict.fromkeys(KINDS, 0) for phase in PHASES}
        self.methods: dict[str, int] = dict.fromkeys(METHODS, 0)

    def add(self, phase: VolumePhase, side: Side, method: Method, volume: int) -> None:
        """Count a trade."""
        self.phases[phase][side] += volume
        self.methods[method] += volume

    def add_unclassified(self, phase: VolumePhase, volume: int) -> None:
        """Count volume that nobody saw being traded."""
        self.phases[phase]["unclassified"] += volume

    def of_kind(self, kind: str) -> int:
        """Sum of one kind over the phases."""
        return sum(volumes[kind] for volumes in self.phases.values())

    def of_phase(self, phase: VolumePhase) -> int:
        """Sum of one phase over the kinds."""
        return sum(self.phases[phase].values())

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.of_phase(phase) for phase in PHASES)

    def load(self, phases: Mapping[str, Mapping[str, Any]], methods: Mapping[str, Any]) -> None:
        """Take back stored sums."""
        for phase in PHASES:
            self.phases[phase] = {kind: int(phases[phase][kind]) for kind in KINDS}
        self.methods = {method: int(methods[method]) for method in METHODS}
