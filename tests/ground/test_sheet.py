"""Tables on narrow screens: nothing is cut, whatever has to fold or go below."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from rich.console import Console
from support.helpers import GOOD, run
from support.service import service_document, write_trace

from serflow_opt.ground.sheet import Sheet

TITLES = ("stage", "runs on", "leave when", "leave here", "still inside", "done at ms")
ROWS = [
    ("1", "vm: c6i.large", "confidence >= 0.7135", "55.5%", "44.5%", "56.43"),
    ("12", "function: lambda-7076MB", "always", "0.7%", "0.0%", "492.5"),
]


def lines(sheet: Sheet, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False)
    with console.capture() as capture:
        console.print(sheet)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_wide_screen_has_a_line_a_row() -> None:
    """Where there is room a table is a line a row, numbers to the right."""
    assert lines(Sheet(TITLES, ROWS, left=TITLES[1:3]), 120) == [
        "stage  runs on                  leave when            leave here  still inside  done at ms",
        "    1  vm: c6i.large            confidence >= 0.7135       55.5%         44.5%       56.43",
        "   12  function: lambda-7076MB  always                      0.7%          0.0%       492.5",
    ]


def test_words_that_can_be_spared_go_first_then_titles_fold() -> None:
    """Narrow screens lose filler words before they fold titles."""
    assert lines(Sheet(TITLES, ROWS, left=TITLES[1:3], spare=("confidence ",)), 70) == [
        "                                leave      leave   still   done",
        "stage  runs on                  when        here  inside  at ms",
        "    1  vm: c6i.large            >= 0.7135  55.5%   44.5%  56.43",
        "   12  function: lambda-7076MB  always      0.7%    0.0%  492.5",
    ]


def test_columns_go_below_with_their_key() -> None:
    """What does not fit beside goes below, with the key again."""
    assert lines(Sheet(("key", "first", "second"), [("a", "1" * 9, "2" * 9), ("b", "3", "4")], left=("key",)), 20) == [
        "key      first",
        "a    111111111",
        "b            3",
        "",
        "key     second",
        "a    222222222",
        "b            4",
    ]


def test_a_column_stays_with_the_one_before() -> None:
    """A column that explains another goes where that goes."""
    shown = lines(
        Sheet(("k", "at", "saves", "then", "saves"), [("x", "1" * 6, "2", "3" * 6, "4")], stays=("saves",)), 20
    )
    assert shown == ["k      at  saves", "x  111111      2", "", "k    then  saves", "x  333333      4"]


@pytest.mark.parametrize("seed", range(30))
def test_no_word_is_lost_in_any_width(seed: int) -> None:
    """Whatever the width every word is shown: nothing is cut to dots."""
    rng = random.Random(seed)
    count = rng.randint(1, 8)
    titles = tuple(f"{rng.choice('abc')}{n} title" for n in range(count))

    def cell() -> str:
        return " ".join("w" * rng.randint(1, 9) for _ in range(rng.randint(0, 3)))

    rows = [tuple(cell() for _ in titles) for _ in range(4)]
    folds = [title for title in titles if rng.random() < 0.5]
    for width in (24, 33, 60, 80, 200):
        shown = " ".join(lines(Sheet(titles, rows, folds=folds, left=folds), width))
        assert "…" not in shown
        if width >= 60:  # two columns fit
            assert all(word in shown for row in rows for text in row for word in text.split())


@pytest.mark.parametrize("width", ["80", "60"])
@pytest.mark.parametrize(
    "command",
    [
        ("solve", GOOD),
        ("solve", GOOD, "libra"),
        ("explain", GOOD),
        ("pareto", GOOD),
        ("catalog", "c6i.*", "aws-lambda"),
        ("provision", "SERVICE", "--rate-per-s", "20"),
        ("scale", "SERVICE", "--trace", "TRACE", "--step-s", "2"),
        ("simulate", "SERVICE", "--trace", "TRACE"),
        ("compare", "SERVICE", "--trace", "TRACE", "--policy", "functions", "--policy", "libra"),
    ],
)
def test_commands_fit_the_screen_and_cut_nothing(
    command: tuple[str | Path, ...], width: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables of commands keep to 60 and 80 columns in ASCII, without dots."""
    from oracles.writing import write

    files = {"SERVICE": write(service_document(), tmp_path), "TRACE": write_trace(tmp_path / "t.csv", (20, 40, 20))}
    monkeypatch.setenv("COLUMNS", width)
    ran = run(*(files.get(str(word), word) for word in command))
    assert ran.code == 0, ran.stderr
    assert max(map(len, ran.stdout.splitlines())) <= int(width)
    assert "…" not in ran.stdout
    assert ran.stdout.isascii()
