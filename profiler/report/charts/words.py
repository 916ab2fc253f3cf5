"""Words that the summaries of several charts have in common."""

from profiler.judge.records import Verdict
from profiler.report.charts.chart import Cases

NOTHING_MEASURED = "No case was measured."


def case_count(cases: Cases) -> str:
    """How many cases there are, in words: `1 case`, `4 cases`."""
    return "1 case" if len(cases) == 1 else f"{len(cases)} cases"


def verdict_counts(cases: Cases) -> str:
    """How many cases there are, and how many of each verdict, in a sentence."""
    counts = {verdict: sum(case.verdict == verdict for case in cases) for verdict in Verdict}
    return f"{case_count(cases)}: {', '.join(f'{count} {verdict}' for verdict, count in counts.items() if count)}."
