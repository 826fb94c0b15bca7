"""Damage files that people write and see that each is either read or refused in words: no traceback, no hang.

`python tests/fuzzing.py FIRST LAST` tries the seeds FIRST to LAST - 1 and prints those that went wrong;
`test_fuzzing.py` tries a few.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from serflow_opt.cli.main import app
from serflow_opt.problem.loader import shipped_folder

SECONDS = 60
"""Longer than any of these small problems takes on a busy machine: a hang."""
ODD = (
    "0",
    "-1",
    "1e308",
    "-1e-308",
    "5e-324",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "1e19",
    "0.5",
    "3",
    '""',
    '"x"',
    "[]",
    "true",
    "١٢",
    "{}",
    "1e6",
    "2",
)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")
WORD = re.compile(r"[A-Za-z_]{3,}")
TRACE = "minute,requests\n" + "".join(f"{minute},{17 * minute % 23}\n" for minute in range(12))
POINTS = {
    "results": {
        "stats": [{"value": mb, "averagePrice": 1e-6 * mb, "averageDuration": 2e5 / mb} for mb in (512, 1024, 1769)]
    }
}
INSTANCE = "mobilenet-v3-edge-cloud"
"""Whose plan is damaged."""
Case = tuple[str, list[str]]
"""A name, and the arguments of the command."""


def damaged(text: str, draw: random.Random) -> bytes:
    """A text with one to three faults such as people, editors and broken pipes make."""
    for _ in range(draw.randint(1, 3)):
        lines = text.splitlines(keepends=True) or [""]
        at = draw.randrange(len(lines))
        match draw.randrange(9):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[draw.randrange(len(lines))])
            case 2 | 3 | 4:
                lines[at] = _replaced(NUMBER, lines[at], draw.choice(ODD), draw)
            case 5:
                lines[at] = _replaced(WORD, lines[at], draw.choice(("x", "cost", "vm", "1", "name", "\t")), draw)
            case 6:
                lines[at] = lines[at][: draw.randrange(len(lines[at]) + 1)]
            case 7:
                lines[at] = lines[at].replace(draw.choice(',=.[]{}:"'), draw.choice(",;=[]{} "), 1)
            case 8:
                lines = lines[: at + 1]
        text = "".join(lines)
    raw = text.encode("utf-8")
    match draw.randrange(12):
        case 0:
            return b"\xef\xbb\xbf" + raw
        case 1:
            return raw.replace(b"\n", b"\r\n")
        case 2:
            return flipped(raw, draw)
    return raw


def flipped(raw: bytes, draw: random.Random) -> bytes:
    """Bytes of which a few are others, or missing at the end."""
    own = bytearray(raw)
    for _ in range(draw.randint(1, 6)):
        if own:
            own[draw.randrange(len(own))] = draw.randrange(256)
    return bytes(own[: draw.randrange(len(own) + 1)]) if draw.random() < 0.1 else bytes(own)


def _replaced(pattern: re.Pattern[str], line: str, by: str, draw: random.Random) -> str:
    found = list(pattern.finditer(line))
    if not found:
        return line
    chosen = draw.choice(found)
    return line[: chosen.start()] + by + line[chosen.end() :]


def _instance(folder: Path, draw: random.Random) -> Case:
    good = Path(__file__).parent / "data" / "good"
    sources = [
        *(shipped_folder() / name for name in ("libra", "resnet50-lambda", "branchynet-lenet", "alexnet-cifar10")),
        good,
    ]
    source = draw.choice(sources)
    mine = folder / "mine"
    shutil.copytree(source, mine, ignore=shutil.ignore_patterns("*.pt", "*.py", "__pycache__", "*.md"))
    documents = sorted(mine.glob("*.toml"))
    file = draw.choice(documents)
    target = draw.choice([file, file, *sorted(mine.glob("*.csv"))])
    target.write_bytes(damaged(target.read_text(encoding="utf-8"), draw))
    commands = [
        ["validate", str(file)],
        ["solve", str(file), "--time-limit", "1", "--gap", "1e-2"],
        ["solve", str(file), "--time-limit", "1", "--method", "milp"],
        ["pareto", str(file), "cost", "latency", "--time-limit", "1"],
        ["provision", str(file), "--rate-per-s", "3", "--time-limit", "1"],
    ]
    return source.name, draw.choice(commands)


def _trace(folder: Path, draw: random.Random) -> Case:
    path = folder / "trace.csv"
    path.write_bytes(damaged(TRACE, draw))
    compared = ["compare", "--policy", "libra", "--policy", "foresight"]
    command = draw.choice((["scale"], ["simulate"], ["simulate", "--policy", "functions"], compared))
    return "trace", [command[0], "libra", "--trace", str(path), *command[1:], "--time-limit", "2"]


def _plan(folder: Path, draw: random.Random) -> Case:
    text = json.dumps(_solved(), indent=1)
    path = folder / "plan.json"
    path.write_bytes(damaged(text, draw))
    commands = [
        ["evaluate", INSTANCE, str(path)],
        ["export", str(path), "--instance", INSTANCE, "--format", draw.choice(("terraform", "k8s", "json"))],
    ]
    return "plan", draw.choice(commands)


def _solved(known: list[Any] = []) -> Any:  # noqa: B006  (solved once)
    if not known:
        known.append(json.loads(CliRunner().invoke(app, ["solve", INSTANCE, "--json"]).stdout))
    return known[0]


def _power_tuning(folder: Path, draw: random.Random) -> Case:
    path = folder / "points.json"
    path.write_bytes(damaged(json.dumps(POINTS, indent=1), draw))
    return "power-tuning", ["speed", str(path), "--flops", "1e9"]


def _onnx(folder: Path, draw: random.Random) -> Case:
    import numpy as np
    from onnx import helper
    from onnx.numpy_helper import from_array

    ones = [("w", (4, 3, 3, 3)), ("v", (256, 10))]
    held = [from_array(np.ones(shape, np.float32), name) for name, shape in ones]
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["c"], ["r"]),
        helper.make_node("MatMul", ["r", "v"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, 1, shape) for name, shape in (("x", (1, 3, 8, 8)), ("y", (1, 10)))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], held)
    raw = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    path = folder / "net.onnx"
    # weights fill the middle of the file: its ends hold what matters
    first, last = bytearray(raw[:200]), raw[-250:]
    path.write_bytes(
        flipped(bytes(first), draw) + raw[200:-250] + (flipped(last, draw) if draw.random() < 0.5 else last)
    )
    return "onnx", ["profile", str(path), "--out", str(folder / "out")]


KINDS: tuple[Callable[[Path, random.Random], Case], ...] = (
    _instance,
    _instance,
    _instance,
    _trace,
    _plan,
    _power_tuning,
    _onnx,
)


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(number: int, frame: Any) -> None:
        raise TimeoutError("hangs")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def attempt(seed: int) -> tuple[str, int, str]:
    """What was tried, the exit code, and what went wrong: nothing is an empty text."""
    draw = random.Random(seed)
    kind = draw.choice(KINDS)
    if kind is _onnx and find_spec("onnx") is None:
        kind = _trace
    with tempfile.TemporaryDirectory() as folder:
        source, arguments = kind(Path(folder), draw)
        tried = f"{source}: {arguments[0]}"
        try:
            with _alarm():
                ran = CliRunner().invoke(
                    app, [*arguments, *(["--json"] if arguments[0] not in ("export", "profile") else [])]
                )
        except TimeoutError:
            return tried, 1, "hangs"
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            return tried, 1, repr(ran.exception)[:300]
        if ran.exit_code not in (0, 2, 3, 4) or "Traceback" in ran.output:
            return tried, ran.exit_code, ran.stderr[-300:]
        if ran.exit_code == 2 and not ran.output.strip():
            return tried, 2, "refused without a word"
        silent = ran.exit_code == 2 or (ran.exit_code == 4 and ran.stderr.startswith("stopped: "))
        if not silent and arguments[0] not in ("export", "profile"):
            try:
                json.loads(ran.stdout)
            except ValueError:
                return tried, ran.exit_code, f"standard output is no JSON: {ran.stdout[:200]!r} {ran.stderr[-200:]}"
        return tried, ran.exit_code, ""


def main(first: int, last: int) -> int:
    """Try seeds; print what went wrong, and how often what came out."""
    codes: Counter[tuple[str, int]] = Counter()
    wrong = 0
    for seed in range(first, last):
        tried, code, said = attempt(seed)
        codes[tried, code] += 1
        if said:
            wrong += 1
            print(f"{seed}: {tried}: exit {code}: {said}", flush=True)
    for (tried, code), count in sorted(codes.items()):
        print(f"{count:6} {tried}: exit {code}")
    print(f"{wrong} of {last - first} went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
