"""What changed between two reports, and whether that is more than the noise of their own runs."""

from typing import Final, Literal, NamedTuple, TypeAlias

from tests.load.report.model import Figure, Report

Verdict: TypeAlias = Literal["worse", "better", "noise", "changed", "unknown", "new", "gone"]
LEAST_NOISE: Final = 3.0  # per cent; three runs that happen to agree do not make a figure exact


class Change(NamedTuple):
    """A figure then and now. `percent` is None where there is nothing to divide by, `noise` where no run was repeated.

    Verdicts: worse and better go beyond the noise, noise does not; changed does in a figure that is neither good nor
    bad; unknown lacks an estimate of the noise.
    """

    name: str
    before: float | None
    now: float | None
    percent: float | None
    noise: float | None
    verdict: Verdict


def comparable(before: Report, now: Report) -> bool:
    """Whether a comparison says anything: the same kind of report on the same kind of machine."""
    return before.quick == now.quick and before.machine.same == now.machine.same


def compare(before: Report, now: Report) -> list[Change]:
    """Every figure of either report."""
    old = {each.name: each for each in before.figures}
    new = {each.name: each for each in now.figures}
    changes = [change(old.get(name), figure) for name, figure in new.items()]
    gone = [Change(name, each.value, None, None, None, "gone") for name, each in old.items() if name not in new]
    return changes + gone


def change(before: Figure | None, now: Figure) -> Change:
    """One figure against the last report."""
    if before is None or before.value is None or now.value is None:
        return Change(now.name, before.value if before else None, now.value, None, None, "new")
    noise = largest(spread(before), spread(now))
    difference = now.value - before.value
    percent = 100 * difference / abs(before.value) if before.value else None
    return Change(now.name, before.value, now.value, percent, noise, verdict(now, difference, percent, noise))


def verdict(now: Figure, difference: float, percent: float | None, noise: float | None) -> Verdict:
    """What a difference means."""
    if difference == 0:
        return "noise"
    if percent is not None and noise is None:
        return "unknown"
    if percent is not None and noise is not None and abs(percent) <= noise:
        return "noise"
    if not now.better:
        return "changed"
    return "better" if (difference > 0) == (now.better == "higher") else "worse"


def spread(figure: Figure) -> float | None:
    """From the lowest to the highest run, in per cent of the figure; None of a single run, or around nothing."""
    if len(figure.values) < 2 or not figure.value:
        return None
    return 100 * (max(figure.values) - min(figure.values)) / abs(figure.value)


def largest(*spreads: float | None) -> float | None:
    """The noise to assume, given those spreads that are known."""
    known = [each for each in spreads if each is not None]
    return max(LEAST_NOISE, *known) if known else None
