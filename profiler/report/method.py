"""How a session was measured and judged, in short."""

from profiler.judge.summary import Summary
from profiler.judge.verdicts import Rule
from profiler.judge.wording import count_passes, interval_sentences, verdict_sentences


def method_lines(summary: Summary) -> list[str]:
    """How a session was measured and judged, a paragraph each."""
    options = summary.options
    rule = Rule(margin=summary.margin, confidence_level=summary.confidence_level, looks=options.looks)
    sets = "as often as a pilot showed to pay" if options.sets is None else _times(options.sets)
    process = "process forked from one that has imported the runtime" if options.forked else "fresh process"
    made = (
        f"Suite {summary.suite}, measured {summary.created_utc} by layout-profiler {summary.tool_version}; at most "
        f"{count_passes(options.passes)}, seed {options.seed}."
    )
    passes = (
        f"A pass is a {process}. In it every open case loads each layout twice, in random order with random "
        f"padding between, {sets}, and times all four copies in rounds of slices of about "
        f"{options.slice_s * 1000:.3g} ms. A disturbed block is measured once more, up to a quarter of all."
    )
    return [made, passes, interval_sentences(rule), verdict_sentences(rule, summary.tested_cases)]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
