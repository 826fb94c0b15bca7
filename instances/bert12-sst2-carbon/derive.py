"""Write stages.csv and exits.csv: the network is that of `../bert12-sst2`, whose README says how it was measured."""

from __future__ import annotations

from pathlib import Path

from serflow_opt.problem.loader import shipped_folder

FOLDER = Path(__file__).parent


def main() -> None:
    """Run from the command line."""
    for name in ("stages.csv", "exits.csv"):
        (FOLDER / name).write_bytes((shipped_folder() / "bert12-sst2" / name).read_bytes())


if __name__ == "__main__":
    main()
