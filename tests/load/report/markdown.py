"""A report for people."""

from collections.abc import Iterable, Iterator, Sequence

from tests.load.report.comparison import Change, comparable, compare
from tests.load.report.model import Figure, PartResult, Report


def text(report: Report, before: Report | None) -> str:
    """The whole report in Markdown; `before` is the last one, if there is any."""
    lines = [f"# Measured on {report.at}", "", verdict(report), ""]
    lines += machine(report)
    lines += troubles(report.parts)
    lines += missed(report.missed)
    lines += comparison(report, before)
    for part in report.parts:
        lines += table(part, [each for each in report.figures if each.part == part.name])
    return "\n".join(lines).rstrip() + "\n"


def verdict(report: Report) -> str:
    """Pass or fail in one line."""
    held = sum(each.ok is True for each in report.figures)
    failed = sum(bool(part.errors) for part in report.parts)
    word = "PASS" if report.ok else "FAIL"
    kind = ", a smoke without bars on times" if report.quick else ""
    return f"**{word}**: {held} criteria hold, {len(report.missed)} do not, {failed} parts failed{kind}."


def machine(report: Report) -> list[str]:
    on = report.machine
    facts = {
        "Commit": report.commit, "Processor": f"{on.processor}, {on.cores} cores", "Memory": f"{on.memory_gb:g} GB",
        "System": on.system, "Python": on.python, "PostgreSQL": on.postgresql, "Valkey": on.valkey,
        "Load at start": f"{on.load:g}", "Runs of each part": str(report.runs),
    }  # fmt: skip
    return rows(("Machine", ""), facts.items())


def troubles(parts: Iterable[PartResult]) -> list[str]:
    """What failed, and what was not measured."""
    lines = [f"- **{part.name} failed**: {error}" for part in parts for error in part.errors]
    lines += [f"- {part.name} was not measured: {part.skipped}" for part in parts if part.skipped]
    return [*lines, ""] if lines else []


def missed(figures: Sequence[Figure]) -> list[str]:
    if not figures:
        return []
    return ["## Missed", "", *criteria(figures)]


def criteria(figures: Iterable[Figure]) -> list[str]:
    heads = ("Criterion", "Measured", "Has to be", "", "Runs")
    return rows(
        heads, ((each.name, amount(each.value, each.unit), bound(each), mark(each), runs(each)) for each in figures)
    )


def table(part: PartResult, figures: Sequence[Figure]) -> list[str]:
    if not figures:
        return []
    return [f"## {part.name}", "", f"Took {part.seconds:.0f} s.", "", *criteria(figures)]


def comparison(report: Report, before: Report | None) -> list[str]:
    """What changed since the last report, the worse first."""
    lines = ["## Against the last report", ""]
    if before is None:
        return [*lines, "There is none.", ""]
    lines += [f"That of {before.at}, commit {before.commit}.", ""]
    if not comparable(before, report):
        return [*lines, "It is of another machine or another kind: a comparison would say nothing.", ""]
    changes = compare(before, report)
    order = ("worse", "better", "changed", "unknown", "new", "gone")
    told = sorted((each for each in changes if each.verdict != "noise"), key=lambda each: order.index(each.verdict))
    quiet = len(changes) - len(told)
    lines += [f"{quiet} figures changed by no more than their own noise.", ""]
    return lines + (rows(("Figure", "Then", "Now", "Change", "Noise", ""), map(changed, told)) if told else [])


def changed(change: Change) -> tuple[str, ...]:
    marked = f"**{change.verdict}**" if change.verdict == "worse" else change.verdict
    return (
        *(change.name, amount(change.before), amount(change.now)),
        "" if change.percent is None else f"{change.percent:+.1f} %",
        "" if change.noise is None else f"±{change.noise:.1f} %",
        marked,
    )


def rows(heads: Sequence[str], cells: Iterable[Sequence[str]]) -> list[str]:
    """A table and an empty line."""
    return [line(heads), line(["---"] * len(heads)), *(line(each) for each in cells), ""]


def line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def amount(value: float | None, unit: str = "") -> str:
    if value is None:
        return "nothing"
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{shown} {unit}".rstrip()


def bound(figure: Figure) -> str:
    if figure.bar is None:
        return ""
    return f"{'at least' if figure.better == 'higher' else 'at most'} {amount(figure.bar)}"


def mark(figure: Figure) -> str:
    return {True: "pass", False: "**fail**", None: ""}[figure.ok]


def runs(figure: Figure) -> str:
    return ", ".join(map(amount, figure.values)) if len(figure.values) > 1 else ""


def lines_of(report: Report) -> Iterator[str]:
    """What to say on the terminal at the end."""
    yield verdict(report).replace("**", "")
    for each in report.missed:
        yield f"missed: {each.name} is {amount(each.value, each.unit)}, has to be {bound(each)}"
    for part in report.parts:
        for error in part.errors:
            yield f"failed: {part.name} {error}"
