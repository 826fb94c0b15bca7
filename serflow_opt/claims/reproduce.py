"""All claims recomputed, or some of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatch

from serflow_opt.claims import early_exits, linear_algebra, serving, training
from serflow_opt.claims.claim import Claim, NotComputedError, Verdict
from serflow_opt.claims.result import Judged, Reproduction
from serflow_opt.errors import InputError, Problem

CLAIMS: tuple[Claim, ...] = (
    *early_exits.CLAIMS,
    *serving.CLAIMS,
    *training.CLAIMS,
    *linear_algebra.CLAIMS,
)
"""By what they are about."""


def reproduce(only: Sequence[str] = (), on_progress: Callable[[str], None] = lambda text: None) -> Reproduction:
    """Recompute published figures with what is shipped, the quick ones first.

    Parameters
    ----------
    only
        Patterns of keys, as `branchynet*`; empty: all.
    on_progress
        Told the key of each claim before it is tried.

    Raises
    ------
    InputError
        For a pattern that fits none.
    """
    problems = [
        Problem("", "only", repr(pattern), f"name some of {', '.join(claim.key for claim in CLAIMS)}")
        for pattern in only
        if not any(fnmatch(claim.key, pattern) for claim in CLAIMS)
    ]
    if problems:
        raise InputError(problems)
    chosen = [claim for claim in CLAIMS if not only or any(fnmatch(claim.key, pattern) for pattern in only)]
    rows = []
    for claim in sorted(chosen, key=lambda own: own.seconds):
        on_progress(claim.key)
        rows.append(_judged(claim))
    return Reproduction(tuple(rows))


def _judged(claim: Claim) -> Judged:
    """Recompute one claim."""
    begin = time.perf_counter()
    found, stopped = None, ""
    try:
        found = None if claim.find is None else claim.find()
    except NotComputedError as error:
        stopped = str(error)
    seconds = time.perf_counter() - begin
    verdict: Verdict = "not computed" if stopped else claim.judged(found)
    missing = claim.missing if verdict in ("refuted", "not reproducible") else ""
    why = "; ".join(words for words in (stopped, missing, claim.note) if words)
    return Judged(
        claim.key, claim.source, claim.what, claim.printed, found, claim.unit, verdict, why, round(seconds, 3)
    )
