"""The answer in plain sentences. It counts cases and names extremes; it never averages over them."""

from collections import Counter
from collections.abc import Sequence

from profiler.records import Estimate, Record, Verdict

Judged = tuple[str, str, Verdict, Estimate | None]  # label, runtime, verdict, speedup


class Answer(Record, frozen=True, kw_only=True):
    """The headline, how sure it is, and a sentence per runtime."""

    headline: str
    sureness: str
    by_runtime: tuple[str, ...]


def answer_for(
    cases: Sequence[Judged], *, machine: str, margin: float, confidence_level: float, is_control: bool
) -> Answer:
    """The answer for the measured cases of one session."""
    counts = Counter(verdict for _, _, verdict, _ in cases)
    headline = _control(counts, machine) if is_control else _headline(cases, counts, machine, margin)
    return Answer(
        headline=headline,
        sureness=_sureness(len(cases), confidence_level) if cases else "Nothing was measured.",
        by_runtime=tuple(
            f"{runtime}: {_tally(Counter(verdict for _, name, verdict, _ in cases if name == runtime))}"
            for runtime in dict.fromkeys(name for _, name, _, _ in cases)
        ),
    )


def _headline(cases: Sequence[Judged], counts: Counter[Verdict], machine: str, margin: float) -> str:
    total = len(cases)
    if total == 0:
        return f"No case was measured on {machine}; the failures and warnings below say why."
    if counts[Verdict.UNDECIDED] == total:
        return f"Undecided: on {machine} none of the {total} cases could be told apart from noise; run more passes."
    parts = []
    if counts[Verdict.PAYS_OFF]:
        parts.append(f"pays off in {counts[Verdict.PAYS_OFF]} of {total} cases ({_extreme(cases, Verdict.PAYS_OFF)})")
    if counts[Verdict.COSTS]:
        parts.append(f"costs time in {_of(counts[Verdict.COSTS], total, parts)} ({_extreme(cases, Verdict.COSTS)})")
    if counts[Verdict.EQUAL]:
        where = _of(counts[Verdict.EQUAL], total, parts)
        parts.append(f"makes no difference of {100 * margin:.3g} % or more in {where}")
    text = f"{_opening(counts, total)}: on {machine} storing the weights transposed {_join(parts)}"
    if counts[Verdict.UNDECIDED]:
        text += f"; {counts[Verdict.UNDECIDED]} {'is' if counts[Verdict.UNDECIDED] == 1 else 'are'} undecided"
    return text + "."


def _opening(counts: Counter[Verdict], total: int) -> str:
    pays, costs = counts[Verdict.PAYS_OFF], counts[Verdict.COSTS]
    if pays == total:
        return "Yes"
    if costs == total:
        return "No"
    if pays and costs:
        return "It depends"
    if pays:
        return "Sometimes"
    return "No" if costs or counts[Verdict.EQUAL] == total else "Not seen"


def _of(count: int, total: int, earlier: list[str]) -> str:
    """`3 of 16 cases` where the total was not named yet, else `3`."""
    return str(count) if earlier else f"{count} of {total} cases"


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _extreme(cases: Sequence[Judged], verdict: Verdict) -> str:
    found = [(speedup.point, label) for label, _, own, speedup in cases if own is verdict and speedup is not None]
    if verdict is Verdict.PAYS_OFF:
        ratio, label = max(found, key=lambda entry: entry[0])
        return f"at most {ratio:.2f}x as fast: {label}"
    ratio, label = min(found, key=lambda entry: entry[0])
    return f"at worst {1 / ratio:.2f}x as slow: {label}"


def _sureness(total: int, confidence_level: float) -> str:
    cases = "one case was" if total == 1 else f"{total} cases were"
    return (
        f"Each verdict rests on a {100 * confidence_level:.3g} % interval over passes for its own case and on the "
        f"noise seen between copies of one layout; {cases} tested, and the intervals are not corrected for that."
    )


def _tally(counts: Counter[Verdict]) -> str:
    total = sum(counts.values())
    words = [f"{verdict.value} in {counts[verdict]}" for verdict in Verdict if counts[verdict]]
    if len(words) > 1:
        return f"{', '.join(words)} of {total}"
    (verdict,) = counts
    return f"{verdict.value} in {'its only case' if total == 1 else f'all of its {total} cases'}"


def _control(counts: Counter[Verdict], machine: str) -> str:
    false_alarms = counts[Verdict.PAYS_OFF] + counts[Verdict.COSTS]
    return (
        f"Control run on {machine}: all arms loaded the same file. Of {sum(counts.values())} verdicts "
        f"{counts[Verdict.EQUAL]} were equal, {counts[Verdict.UNDECIDED]} undecided and {false_alarms} false alarms."
    )
