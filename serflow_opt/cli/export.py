"""The command `serflow-opt export`: from a plan to what is pasted to start serving."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from serflow_opt.cli.common import OK, Debug, finish


class Format(StrEnum):
    """What is written."""

    terraform = "terraform"
    k8s = "k8s"
    json = "json"
    triton = "triton"
    ray_serve = "ray-serve"
    kserve = "kserve"
    torchserve = "torchserve"
    flower = "flower"


ENDINGS = {Format.terraform: "tf", Format.k8s: "yaml", Format.json: "json"}
ENDINGS_OF_BATCHES = {
    Format.triton: "pbtxt",
    Format.ray_serve: "yaml",
    Format.kserve: "yaml",
    Format.torchserve: "yaml",
}


def export(
    plan: Annotated[Path, typer.Argument(help="Plan as `solve --out` or `provision --json` writes it.")],
    format_: Annotated[
        Format,
        typer.Option(
            "--format",
            help="terraform: AWS; k8s: Kubernetes, Knative; json: plain; flower: of a training. Of batches: the rest.",
        ),
    ],
    out: Annotated[Path | None, typer.Option(metavar="FILE|DIR", help="Write here instead of printing.")] = None,
    instance: Annotated[
        str | None, typer.Option(metavar="FILE", help="The plan's instance: tells more of tiers and functions.")
    ] = None,
    image: Annotated[str | None, typer.Option(help="URI of the container image.")] = None,
    name: Annotated[str | None, typer.Option(help="Start of all names; default: the instance's.")] = None,
    debug: Debug = False,
) -> None:
    """Turn a plan into Terraform, Kubernetes manifests or plain JSON: machines, functions and thresholds.

    Plans of batches become settings of Triton, Ray Serve, KServe or TorchServe, federated ones those of Flower.
    """

    def work() -> int:
        if format_ is Format.flower:
            from serflow_opt.families.serving import read_rounds_settings

            title, text = read_rounds_settings(plan, name)
            return _written(text, out, title, "toml")
        if format_ not in ENDINGS:
            from serflow_opt.families.serving import read_settings

            title, text = read_settings(plan, format_.value, name)
            return _written(text, out, title, ENDINGS_OF_BATCHES[format_])
        from serflow_opt.export.reading import read_description
        from serflow_opt.problem.loader import load

        description = read_description(plan, load(instance) if instance else None, name)
        if format_ is Format.json:
            text = json.dumps(description.to_dict(), indent=2) + "\n"
        elif format_ is Format.terraform:
            from serflow_opt.export.terraform import to_terraform

            text = to_terraform(description, image)
        else:
            from serflow_opt.export.kubernetes import to_kubernetes

            text = to_kubernetes(description, image)
        return _written(text, out, description.name, ENDINGS[format_])

    finish(work, debug)


def _written(text: str, out: Path | None, name: str, ending: str) -> int:
    """Print a text, or write it and print where."""
    if out is None:
        print(text, end="")
        return OK
    from serflow_opt.files import write_atomically

    file = out / f"{name}.{ending}" if out.is_dir() else out
    write_atomically(file, lambda draft: draft.write_text(text, encoding="utf-8"))
    print(file)
    return OK
