"""Time whole commands, start of Python and imports included, against the targets.

`solve` on random instances of 8 stages x 20 thresholds x 18 options, and `--help`. Exits with 1 when a median misses
its target or a command fails.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generate import write_instance
from reporting import setting, table, write

SIZE = (8, 20, 18)
SOLVE_TARGET, HELP_TARGET = 2.0, 0.25


def program() -> list[str]:
    """Return the console script beside this Python, or the module where there is none."""
    for name in ("serflow-opt", "serflow-opt.exe"):
        script = Path(sys.executable).with_name(name)
        if script.exists():
            return [str(script)]
    return [sys.executable, "-m", "serflow_opt.cli"]


def seconds_of(command: list[str]) -> float:
    """Run a command to its end and return its wall time; what it prints is dropped.

    Raises
    ------
    SystemExit
        When it fails.
    """
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {' '.join(command[1:])}\n{done.stderr}")
    return seconds


def main() -> int:
    """Run the timing; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3, help="runs of each instance")
    parser.add_argument("--help-runs", type=int, default=7)
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    given = parser.parse_args()
    command, heading = program(), setting()
    seconds_of([*command, "--help"])  # compile the byte code first
    helps = [seconds_of([*command, "--help"]) for _ in range(given.help_runs)]
    solves = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            path = write_instance(Path(folder) / str(seed), *SIZE, seed)
            times = [seconds_of([*command, "solve", str(path), "--json"]) for _ in range(given.runs)]
            print(f"seed {seed}: {', '.join(f'{t:.2f}' for t in times)} s", file=sys.stderr)
            solves += times
    rows, missed = [], False
    name = f"solve, {'x'.join(map(str, SIZE))}, {given.seeds} instances"
    for what, times, target in ((name, solves, SOLVE_TARGET), ("--help", helps, HELP_TARGET)):
        median = statistics.median(times)
        missed |= median > target
        verdict = "met" if median <= target else "missed"
        rows.append([what, str(len(times)), f"{median:.2f} s", f"{max(times):.2f} s", f"{target:g} s", verdict])
    text = heading + "\n\n" + table(["command", "runs", "median", "largest", "target", ""], rows)
    print(text)
    if given.out:
        write(given.out, "command_time", text)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
