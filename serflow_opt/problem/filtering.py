"""Fewer options: those that patterns keep, and those that they take away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.offers import Option


def kept(
    options: Sequence[Option],
    words: Callable[[Option], Sequence[str]],
    include: Sequence[str],
    exclude: Sequence[str],
) -> tuple[Option, ...]:
    """Return the options that patterns keep.

    Within a tier where some include pattern matches, only matching options stay; other tiers keep theirs. Then whatever
    an exclude pattern matches goes.

    Parameters
    ----------
    options
        All there are.
    words
        What an option goes by.
    include, exclude
        Patterns as a shell has them.

    Raises
    ------
    InputError
        When a pattern matches nothing (to exclude what the catalogue knows and the instance lacks is no error), or
        nothing is left.
    """

    def matches(option: Option, patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(word, pattern) for word in words(option) for pattern in patterns)

    known = ", ".join(sorted({word for option in options for word in words(option)}))
    problems = [
        Problem("", flag, f"'{pattern}' matches no option", f"options go by: {known}")
        for flag, patterns in (("--include", include), ("--exclude", exclude))
        for pattern in patterns
        if not any(matches(option, (pattern,)) for option in options)
        and not (flag == "--exclude" and _in_catalogue(pattern))
    ]
    limited = {option.tier for option in options if matches(option, include)}
    left = tuple(
        option
        for option in options
        if (option.tier not in limited or matches(option, include)) and not matches(option, exclude)
    )
    if not left and not problems:
        problems.append(Problem("", "--exclude", "no option is left", "exclude less"))
    if problems:
        raise InputError(problems)
    return left


def _in_catalogue(pattern: str) -> bool:
    from serflow_opt.problem.catalog import load_catalog

    known = load_catalog().filter([pattern], [])
    return bool(known.vms or known.functions)
