"""What is wrong with an input: told in one form, all at once, and whole in another process."""

from __future__ import annotations

import pickle

import pytest

from serflow_opt.errors import InputError, OutOfReach, Problem, first_line, nearest


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (Problem("a.toml", "tier[0]", "no name", "give one"), "a.toml: tier[0]: no name; give one"),
        (Problem("", "gap", "-1", "write 0 or more"), "gap: -1; write 0 or more"),
        (Problem("a.toml", "", "no such file", ""), "a.toml: no such file"),
    ],
)
def test_a_problem_is_a_line(problem: Problem, said: str) -> None:
    """File, place, what was found, and the cure; parts that are not there leave no colon behind."""
    assert str(problem) == said


def test_all_problems_are_kept_on_the_way_to_another_process() -> None:
    """Workers refuse inputs, too: their caller has to get each problem and the kind of the error."""
    error = OutOfReach([Problem("a", "b", "c", "d"), Problem("e", "f", "g", "")])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is OutOfReach
    assert again.problems == error.problems
    assert str(again) == "a: b: c; d\ne: f: g"
    assert isinstance(again, InputError)
    assert isinstance(again, ValueError)


def test_a_misspelt_word_is_answered_with_the_nearest() -> None:
    """A close word is suggested; where none is close all are listed, a dozen at most."""
    assert nearest("latencyy", ["cost", "latency"]) == "did you mean latency?"
    assert nearest("xyz", ["cost", "latency"]) == "known: cost, latency"
    assert nearest("xyz", [f"w{n}" for n in range(13)]).endswith("w11, ...")
    assert nearest("xyz", []) == "none are known here"


def test_of_an_exception_of_foreign_code_the_first_line_is_told() -> None:
    """Without the colours of a screen, 200 characters at most, and its kind where it says nothing."""
    assert first_line(ValueError("\x1b[31mno such layer\x1b[0m\nand a page of hints")) == "no such layer"
    assert first_line(KeyError()) == "KeyError"
    assert len(first_line(ValueError("x" * 500))) == 200
