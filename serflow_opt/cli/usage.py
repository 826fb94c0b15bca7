"""Command lines that a command cannot take: each option with its value and what to write instead, all at once."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand

from serflow_opt.errors import Problem, nearest

UsageError: Any = typer.BadParameter.__mro__[1]
"""What the parser raises; whose it is depends on the version of Typer."""
Function = TypeVar("Function", bound=Callable[..., Any])
CURES = (
    (r".*valid (number|float).*", "write a number"),
    (r".*valid integer.*", "write a whole number"),
    (r".*valid (path|string).*", "write the name of a file"),
    (r".*(?:less than or equal to|in the range x<=) ?(\S+?)\.?", r"write at most \1"),
    (r".*(?:greater than or equal to|in the range x>=) ?(\S+?)\.?", r"write at least \1"),
    (r".*in the range (\S+?)<=x<=(\S+?)\.?", r"write \1 to \2"),
    (r".*does not take a value\.?", "write it alone"),
    (r".*requires an argument\.?", "write a value behind it"),
)
"""What the parser says of a value, and what is to be written."""


def above_zero(value: float | None) -> float | None:
    """Return the value of an option that has to be above 0, which the parser's ranges cannot say.

    Raises
    ------
    typer.BadParameter
        Where it is not.
    """
    if value is not None and not value > 0:
        raise typer.BadParameter("write a number above 0")
    return value


class CommandLine(typer.Typer):
    """Commands that tell all that is wrong with their options at once."""

    def command(self, *arguments: Any, **keywords: Any) -> Callable[[Function], Function]:
        """Take a function as a command, as `typer.Typer.command` does."""
        return super().command(*arguments, cls=_ToldCommand, **keywords)


class _ToldCommand(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read a command line, or print all that is wrong with it and end."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except UsageError:
            problems = _problems(self, ctx, given)
            if not problems:
                raise
        for problem in problems:
            print(f"error: {problem}", file=sys.stderr)
        print(f"`{ctx.command_path} --help` has all options", file=sys.stderr)
        raise typer.Exit(2)


def _problems(command: TyperCommand, ctx: Any, args: list[str]) -> list[Problem]:
    """What is wrong with a command line: options that there are not, values, what is missing, what is too much."""
    problems: list[Problem] = []
    options = [own for param in command.get_params(ctx) for own in param.opts if own.startswith("-")]
    parsed: tuple[dict[str, Any], list[str], list[Any]] | None = None
    while parsed is None:
        try:
            parsed = command.make_parser(ctx).parse_args(args=list(args))
        except UsageError as error:
            name = str(getattr(error, "option_name", ""))
            at = next((n for n, own in enumerate(args) if own.partition("=")[0] == name), None)
            if at is None:
                return problems
            known = name in options
            found = _end(error.message) if known else "no such option"
            problems.append(Problem("", name, found, _cure(error.message) if known else nearest(name, options)))
            valued = not known and "=" not in args[at] and at + 2 < len(args) and not args[at + 1].startswith("-")
            del args[at : at + 1 + valued]  # what it is the value of, if it is one, is not known
    opts, rest, order = parsed
    unsure = [own for own in problems if own.found == "no such option"]
    meant = {word.strip("?,") for own in unsure for word in own.cure.split()}
    for param in dict.fromkeys((*order, *command.get_params(ctx))):
        if getattr(param, "is_eager", False):
            continue
        try:
            param.handle_parse_result(ctx, opts, rest)
        except UsageError as error:
            missing = opts.get(param.name) in (None, (), [])
            misspelt = unsure if param.param_type_name == "argument" else meant & set(param.opts)
            if not (missing and misspelt):
                problems.append(_of_value(param, opts.get(param.name), error, missing))
    extra = f"{len(rest)} too many" if len(rest) > 1 else "one too many"
    return problems + ([] if unsure or not rest else [Problem("", " ".join(rest), extra, "leave it out")])


def _of_value(param: Any, value: Any, error: Any, missing: bool) -> Problem:
    """What is wrong with the value of an option or an argument."""
    place = max(param.opts, key=len) if param.param_type_name == "option" else (param.metavar or param.name.upper())
    if missing:
        return Problem("", place, "missing", f"give it: {param.help}" if getattr(param, "help", "") else "give it")
    found = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    words = re.findall(r"'([^']*)'", error.message.partition(" one of ")[2])
    return Problem("", place, repr(found), nearest(found, words) if words else _cure(error.message))


def _cure(message: str) -> str:
    for pattern, cure in CURES:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return found.expand(cure)
    return message.removeprefix("Value error, ")


def _end(message: str) -> str:
    return "a value, and it takes none" if "does not take" in message else "no value"
