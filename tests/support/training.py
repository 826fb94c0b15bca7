"""Training cases as instance files."""

from __future__ import annotations

from pathlib import Path

from oracles.training import Case


def write(case: Case, folder: Path, more: str = "", training: str = "") -> Path:
    """Write a case; further tables, and further keys of [training]."""
    folder.mkdir(exist_ok=True, parents=True)
    lines = ["schema = 1", 'kind = "training"', 'name = "case"', "[training]", 'stages = "stages.csv"']
    lines += ['rounds = "rounds.csv"', 'privacy = "privacy.csv"', 'packing = "packing.csv"']
    lines += [f"input_bytes = {case.input_bytes}", f"aggregation_s = {case.aggregation_s}", training]
    lines += ["[federated]", 'compression = "compression.csv"']
    for n, own in enumerate(case.clients):
        up, down = own["up"], own["down"]
        rest = {key: value for key, value in own.items() if key not in ("up", "down")}
        lines += ["[[client]]", f'name = "c{n}"', f"up_mbit_s = {up}", f"down_mbit_s = {down}"]
        lines += [f"{key} = {value}" for key, value in rest.items()]
    for n, own in enumerate(case.servers):
        lines += ["[[server]]", f'name = "s{n}"', f"speed = {own['speed']}"]
        if "usd_per_s" in own:
            lines += [f"usd_per_gb_s = {own['usd_per_s'] / 2}", "memory_gb = 2"]
        else:
            lines += [f"usd_per_hour = {own['usd_per_hour']}", f"workers = [{own['workers']}]"]
    (folder / "instance.toml").write_text("\n".join([*lines, more]) + "\n", encoding="utf-8")

    def table(name: str, header: str, rows: list[object]) -> None:
        text = "\n".join([header, *(",".join(map(str, row)) for row in rows)])  # type: ignore[call-overload]
        (folder / f"{name}.csv").write_text(text + "\n", encoding="utf-8")

    stages = [(f"s{n}", *own.values()) for n, own in enumerate(case.stages)]
    header = "stage,forward_ms,backward_ms,activation_bytes,gradient_bytes,parameter_bytes"
    table("stages", header, list(stages))
    table("rounds", "local_epochs,clients,compression,accuracy,rounds", list(case.rounds))
    table("compression", "name,down_kept,up_kept,client_flop_factor", list(case.compression))
    table("packing", "name,kept,accuracy_loss", list(case.packing))
    table("privacy", "cut,protection,leak,client_flop_factor,accuracy_loss", list(case.privacy))
    return folder
