"""Examines claims one after the other: what breaks one of them is that one's row, and the others go on."""

import dataclasses
import time
from collections.abc import Callable, Sequence

from profiler.base.errors import MemoryNeedError, MissingPackageError, RunInterruptedError
from profiler.claims.claim import Claim
from profiler.claims.lab import InterruptedByUserError, Laboratory
from profiler.report.appendix_records import ClaimResult, Finding, Outcome

INTERRUPT = 2  # SIGINT


@dataclasses.dataclass(frozen=True)
class Examination:
    """The rows in order, and the signal that ended it early, None if none did."""

    results: tuple[ClaimResult, ...]
    stopped_by: int | None


def examine_all(
    claims: Sequence[Claim],
    lab: Laboratory,
    *,
    stage: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> Examination:
    """Examine every claim, telling `stage` how it goes."""
    results: list[ClaimResult] = []
    for place, claim in enumerate(claims, 1):
        stage(f"claim {claim.number} ({place} of {len(claims)}): {claim.done}")
        try:
            result = examine_one(claim, lab, clock=clock)
        except (InterruptedByUserError, RunInterruptedError) as error:
            return Examination(tuple(results), error.number)
        except KeyboardInterrupt:
            return Examination(tuple(results), INTERRUPT)
        results.append(result)
        stage(f"claim {claim.number}: {result.outcome} ({result.elapsed_s:.0f} s)")
    return Examination(tuple(results), None)


def examine_one(claim: Claim, lab: Laboratory, *, clock: Callable[[], float]) -> ClaimResult:
    """One row. What cannot be measured here says why, and so does a claim whose examination failed."""
    started = clock()
    failed = False
    try:
        finding = claim.examine(lab)
    except (InterruptedByUserError, RunInterruptedError):
        raise
    except (MissingPackageError, MemoryNeedError) as error:
        finding = Finding(done=claim.done, outcome=Outcome.NOT_MEASURABLE, reason=str(error))
    except Exception as error:  # noqa: BLE001 - whatever breaks one claim shall not lose the others
        failed = True
        reason = " ".join(f"it failed: {str(error) or type(error).__name__}".split())
        finding = Finding(done=claim.done, outcome=Outcome.NOT_MEASURABLE, reason=reason)
    return ClaimResult(
        number=claim.number,
        text=claim.text,
        quote=claim.quote,
        done=finding.done,
        outcome=finding.outcome,
        reason=finding.reason,
        figures=finding.figures,
        failed=failed,
        elapsed_s=clock() - started,
    )
