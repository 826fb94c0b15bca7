"""Write stages.csv: one stage whose operations take LIBRA's one second at the speed that instance.toml states."""

from __future__ import annotations

from pathlib import Path

from serflow_opt.instances.architectures import write_table

SECONDS = 1
"""`req_duration` in simulator/configuration.py of github.com/Zongshun96/LIBRA."""
FLOPS_PER_S = 1_000_000_000
"""Any speed does: only the time counts. The one of both options."""


def main() -> None:
    """Run from the command line."""
    header = "stage,flops,activation_bytes,parameter_bytes"
    write_table(Path(__file__).parent / "stages.csv", header, [(1, SECONDS * FLOPS_PER_S, 0, 0)])


if __name__ == "__main__":
    main()
