"""Read what AWS Lambda Power Tuning found: the output of its state machine, as JSON.

Formats follow alexcasalboni/aws-lambda-power-tuning@262ecc2 (Apache-2.0), README.md "State Machine Output",
`lambda/analyzer.js` and `buildVisualizationURL` in `lambda/utils.js`:

* `stats`, a list of `{"value": MB, "averageDuration": ms, "averagePrice": USD}`, written since version 4.3.4 when the
  input has `"includeOutputResults": true` (before the analysis the state machine's own data hold the same list);
* `stateMachine.visualization`, a link whose fragment is `sizes;durations;costs`, each in base64: sizes in MB as 16-bit
  integers, durations in ms and costs in USD as 32-bit floats, little-endian. Written since October 2019.

`stats` is preferred, because the link rounds to 24 binary digits. The document may stand alone, under `results` as in
that README, or as text under `output` as `aws stepfunctions describe-execution` prints it.

`averageDuration` is a trimmed mean: a fifth of the invocations is dropped at either end unless `discardTopBottom`
says otherwise. Sizes without a duration are left out, as the tool itself leaves them out.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from typing import Any
from urllib.parse import unquote

from serflow_opt.errors import Problem

Found = tuple[str, int, float]
"""Place in the document, memory in MB, milliseconds."""

LARGEST = 1e15
"""No size and no duration comes near this; a whole number beyond it might not fit a float."""
CURE = 'give the output of its state machine; with "includeOutputResults": true it lists its stats'


def read_power_tuning(file: str, text: str, problems: list[Problem]) -> list[Found]:
    """Return the measured sizes and durations in the order they stand.

    Parameters
    ----------
    file
        What messages call the document.
    text
        The document, JSON.
    problems
        Receives what is wrong; nothing is raised.

    Returns
    -------
    list
        (place in the document, memory in MB, milliseconds); those that are wrong are left out.
    """

    def wrong(place: str, found: str, cure: str = CURE) -> list[Found]:
        problems.append(Problem(file, place, found, cure))
        return []

    try:
        document = _unwrap(json.loads(text))
    except (ValueError, RecursionError) as error:
        return wrong("", f"not JSON ({error})")
    if not isinstance(document, dict):
        return wrong("", f"a {type(document).__name__}, not the result of AWS Lambda Power Tuning")
    if isinstance(document.get("stats"), list):
        return _from_stats(file, document["stats"], problems)
    machine = document.get("stateMachine")
    link = machine.get("visualization") if isinstance(machine, dict) else None
    if not isinstance(link, str):
        return wrong("", "neither stats nor stateMachine.visualization")
    try:
        found = _from_link(link)
    except (ValueError, struct.error) as error:
        return wrong("stateMachine.visualization", f"cannot be decoded ({error})", "copy the whole link")
    return found or wrong("stateMachine.visualization", "no memory size in it")


def _unwrap(document: Any) -> Any:
    """Take the result out of what it is wrapped in, each wrapping at most once."""
    for key in ("output", "results"):
        if isinstance(document, dict) and key in document and not {"stats", "stateMachine"} & document.keys():
            document = document[key]
        if isinstance(document, str):
            document = json.loads(document)
    return document


def _from_stats(file: str, stats: list[Any], problems: list[Problem]) -> list[Found]:
    found: list[Found] = []
    for number, entry in enumerate(stats, start=1):
        place = f"stats[{number}]"
        if entry is None or (isinstance(entry, dict) and not entry.get("averageDuration")):
            continue
        if not isinstance(entry, dict):
            problems.append(Problem(file, place, f"{entry!r:.60}", CURE))
            continue
        memory, duration = _number(entry.get("value")), _number(entry["averageDuration"])
        if memory is None or memory < 1 or not memory.is_integer():
            cure = "a memory size is a whole number of MB"
            problems.append(Problem(file, f"{place}.value", f"{entry.get('value')!r:.60}", cure))
        elif duration is None:
            cure = "a duration is a number of milliseconds"
            problems.append(Problem(file, f"{place}.averageDuration", f"{entry['averageDuration']!r:.60}", cure))
        else:
            found.append((place, int(memory), duration))
    if not found and not problems:
        problems.append(Problem(file, "stats", "no size with a duration", CURE))
    return found


def _number(value: Any) -> float | None:
    sound = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
    return float(value) if sound else None


def _from_link(link: str) -> list[Found]:
    lists = unquote(link).partition("#")[2].split(";")
    if len(lists) != 3:
        raise ValueError(f"{len(lists)} lists after #, not 3")
    sizes, durations = _unpack(lists[0], "<h"), _unpack(lists[1], "<f")
    if len(sizes) != len(durations):
        raise ValueError(f"{len(sizes)} sizes and {len(durations)} durations")
    if not all(size >= 1 for size in sizes) or not all(map(math.isfinite, durations)):
        raise ValueError("a size below 1 MB or a duration that is not finite")
    pairs = zip(sizes, durations, strict=True)
    place = "stateMachine.visualization, size"
    return [(f"{place} {number}", int(size), ms) for number, (size, ms) in enumerate(pairs, start=1)]


def _unpack(text: str, layout: str) -> list[float]:
    return [value for (value,) in struct.iter_unpack(layout, base64.b64decode(text, validate=True))]
