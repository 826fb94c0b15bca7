"""Read a plan, whichever command wrote it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.export.description import Description
from serflow_opt.export.facts import Facts
from serflow_opt.export.provisioned import Provisioned, describe_provisioned
from serflow_opt.export.solved import describe_solved
from serflow_opt.export.text import LONGEST_NAME, NAME, slug
from serflow_opt.files import read_text
from serflow_opt.ground.document import validated
from serflow_opt.plan.answer import unvalued
from serflow_opt.plan.document import Plan, PlanDocument

if TYPE_CHECKING:
    from serflow_opt.problem.instance import Instance

CURE = "give what `solve --out`, `provision --json` or `export --format json` writes"


def read_description(path: Path, instance: Instance | None = None, name: str | None = None) -> Description:
    """Read a plan's JSON file as what is to be started.

    Parameters
    ----------
    path
        What `solve`, `provision` or `export --format json` wrote.
    instance
        Tells what the plan does not: kinds of tiers, memory, workers, how long functions stay warm.
    name
        Start of all names; None: the instance's.

    Raises
    ------
    InputError
        For a file that is none of these, a plan of nothing, and names that nothing is known of.
    """
    problems: list[Problem] = []
    text = read_text(path, problems, CURE)
    if text is None:
        raise InputError(problems)
    if name is not None and (len(name) > LONGEST_NAME or not re.fullmatch(NAME, name)):
        cure = f"write at most {LONGEST_NAME} of a-z, 0-9 and -, with a letter first and no - last"
        raise InputError([Problem("", "--name", repr(name), cure)])
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError([Problem(str(path), "", f"not JSON (line {error.lineno}: {error.msg})", CURE)]) from None
    return _described(document, path, Facts(str(path), instance), name)


def _described(document: Any, path: Path, facts: Facts, name: str | None) -> Description:
    """Tell the kinds of documents apart by their keys."""
    file = str(path)
    if isinstance(document, list):
        raise InputError([Problem(file, "", f"a list of {len(document)}", "give the document of one plan")])
    if not isinstance(document, dict):
        raise InputError([Problem(file, "", f"a {type(document).__name__}, not a plan", CURE)])
    if {"schema", "blocks"} <= document.keys():
        described = validated(Description, document, CURE, file)
        return described.model_copy(update={"name": name}) if name else described
    if {"demand", "blocks"} <= document.keys():
        provisioned = validated(Provisioned, document, CURE, file)
        return describe_provisioned(provisioned, name or slug(provisioned.instance), facts)
    if {"plan", "status"} <= document.keys():
        plan = validated(Plan, document, CURE, file)
        return describe_solved(plan, name or slug(plan.instance), facts)
    if "placement" in document:
        bare = validated(PlanDocument, document, CURE, file)
        plan = unvalued(bare, facts.instance.name if facts.instance else path.stem)
        return describe_solved(plan, name or slug(plan.instance), facts)
    keys = ", ".join(map(str, list(document)[:8])) or "no keys"
    raise InputError([Problem(file, "", f"not a plan: {keys}", CURE)])
