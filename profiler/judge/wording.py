"""The rule in words: what reports say of how a verdict comes about, made from the rule itself.

It stands beside `verdicts`, `family` and `shifts`, and changes with them.
"""

from profiler.judge.family import PROCEDURE
from profiler.judge.verdicts import Rule

RULE_TERMS = (
    ("null", "The same ratio between two loaded copies of one layout: what placement and noise alone can do."),
    ("noise", "The larger end of the null's interval."),
    ("margin", "The smallest difference worth acting on, fixed before the run."),
    ("pays off, costs", "The speedup lies above, or below, 1 by more than margin and noise, surely enough."),
    ("equal", "The whole interval lies within the margin, and the noise is smaller than the margin."),
    ("undecided", "Anything else. It does not say that there is no difference."),
)


def sureness_sentences(rule: Rule, cases: int) -> str:
    """How sure the verdicts of so many cases are together."""
    tested = "One case was" if cases == 1 else f"{cases} cases were"
    looks = "once" if len(rule.looks) == 1 else f"at most {len(rule.looks)} times"
    return (
        f"{tested} tested, each looked at {looks}. Corrected for both, the chance that any pays off or costs of this "
        f"session is false is at most {100 * rule.error:.3g} %; each verdict is also held against the noise between "
        "copies of one layout. Load times have a correction of their own."
    )


def interval_sentences(rule: Rule) -> str:
    """What is estimated, and what its interval and its null are."""
    return (
        "Speedup is time([in, out]) / time([out, in]): above 1, transposed storage is faster. Its interval is a "
        f"{level_words(rule.confidence_level)} t interval over passes that holds at every look, for its own case. The "
        "null is the same ratio between two copies of one layout in the same passes; its larger end is the noise."
    )


def verdict_sentences(rule: Rule, cases: int) -> str:
    """When so many cases are called what."""
    margin, level = margin_words(rule.margin), level_words(rule.confidence_level)
    looks = count_passes(", ".join(map(str, rule.looks)))
    return (
        f"Verdicts, after {looks}: pays off or costs when the ratio lies beyond both {margin} and the noise, surely "
        f"enough for all {cases} cases together ({PROCEDURE}, {level}); equal when the interval lies within {margin} "
        "and the noise is smaller; else undecided. A sign-flip test must agree."
    )


def change_sentences(rule: Rule, times: int) -> str:
    """When so many times of a call are said to have changed between two sessions."""
    margin, level = margin_words(rule.margin), level_words(rule.confidence_level)
    return (
        "A change is the ratio of the geometric means over passes, new to old, above 1 slower, with Welch's "
        f"{level} interval. Slower or faster: beyond both {margin} and the noise of either session, surely enough for "
        f"all {times} times together ({PROCEDURE}, {level}). Unchanged: the whole interval lies within {margin} and "
        "the noise is smaller. Else undecided. Changes of the speedup are judged alike, together."
    )


def margin_words(margin: float) -> str:
    """A margin as people read it: `3 %`."""
    return f"{100 * margin:.3g} %"


def level_words(confidence_level: float) -> str:
    """A confidence level as people read it: `95 %`."""
    return f"{100 * confidence_level:.4g} %"


def count_passes(count: int | str) -> str:
    """Numbers of passes in words: `1 pass`, `8, 12, 16 passes`."""
    return "1 pass" if str(count) == "1" else f"{count} passes"
