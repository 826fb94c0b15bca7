"""Fewer options, by patterns."""

from __future__ import annotations

import pytest

import serflow_opt as so


def names(instance: so.Instance) -> list[str]:
    return [option.name for option in instance.options]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ((), (), ["c6i.large", "lambda-1769MB", "lambda-3538MB"]),
        (("lambda-1*",), (), ["c6i.large", "lambda-1769MB"]),
        (("c6i", "*3538*"), (), ["c6i.large", "lambda-3538MB"]),
        (("function",), ("*1769*",), ["c6i.large", "lambda-3538MB"]),
        ((), ("vm",), ["lambda-1769MB", "lambda-3538MB"]),
        ((), ("x86_64",), None),
        (("gpu",), (), None),
        ((), ("no-such",), None),
    ],
)
def test_fewer_options(
    include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str] | None, instance: so.Instance
) -> None:
    """Options are kept and left out by name, tier or pattern, and a pattern that leaves or finds nothing is refused."""
    if expected is None:
        with pytest.raises(so.InputError):
            instance.keep(include, exclude)
    else:
        assert names(instance.keep(include, exclude)) == expected
        assert len(instance.options) == 3
