"""Write a description as Terraform for AWS: machines in autoscaling groups, functions on Lambda."""

from __future__ import annotations

import math

from serflow_opt.errors import InputError, Problem
from serflow_opt.export.description import (
    BALANCER,
    DescribedBlock,
    DescribedFunction,
    DescribedMachine,
    Description,
    environment,
)
from serflow_opt.export.facts import FUNCTION
from serflow_opt.export.hcl import Attribute, Item, Nest, literal, literal_text, render
from serflow_opt.export.text import compact

ENVIRONMENT_MOST = 4096
"""Bytes of environment that Lambda takes."""
LAMBDA_MB = (128, 10240)
LAMBDA_S = (3, 900)
"""Timeout that Lambda takes by itself, and the longest."""

NEEDS = {
    "subnet_ids": ("list(string)", "Subnets the machines start in"),
    "security_group_ids": ("list(string)", "Security groups of the machines: who may reach their port"),
    "port": ("number", "Port the container of the machines listens on"),
    "machine_image": ("string", "URI of the container image for machines"),
    "function_role_arn": ("string", "ARN of the IAM role that the functions run under"),
    "function_timeout": ("number", "Seconds after which a function is stopped; the plan promises no latency"),
}


class Wanted(dict[str, tuple[str, str, str | None]]):
    """Variables that have been used: type, description, and HCL of the default where one is given."""

    def use(self, name: str, kind: str = "", what: str = "", default: str | None = None) -> str:
        """Return how a variable is written, and remember it.

        Parameters
        ----------
        name
            Of the variable.
        kind, what
            Its HCL type and description; empty: those in `NEEDS`.
        default
            As HCL; None: whoever applies the file has to say.
        """
        self[name] = (*((kind, what) if kind else NEEDS[name]), default)
        return f"var.{name}"


def to_terraform(description: Description, image: str | None = None) -> str:
    """Return the text of a `.tf` file.

    What the plan does not know is a variable without default; `image`, where given, becomes the default of all images.

    Raises
    ------
    InputError
        For what AWS cannot do: functions of other clouds, sizes Lambda has not, more thresholds than its environment
        holds.
    """
    wanted, resources = Wanted(), list[Item]()
    outputs: dict[str, list[Item]] = {"machines": [], "functions": []}
    for block in description.blocks:
        label = f"stages_{block.first}_{block.last}"
        for part, machine in block.machines:
            own = f"{label}{part.replace('-', '_')}"
            resources += _machines(description, block, machine, (part, own), image, wanted)
            outputs["machines"] += [Attribute(literal_text(block.label + part), f"aws_autoscaling_group.{own}.name")]
        if block.function is not None:
            made = FUNCTION.fullmatch(block.function.name)
            if made is not None and made["service"] != "lambda":
                found, cure = f"'{block.function.name}' is none of AWS", "Terraform is written for AWS: use json"
                raise InputError([Problem("", "--format", found, cure)])
            resources += _function(description, block, block.function, label, image, wanted)
            outputs["functions"] += [Attribute(literal_text(block.label), f"aws_lambda_function.{label}.arn")]
    if not resources:
        raise InputError([Problem("", "--format", "all stages run on the device", "there is nothing to start")])
    decided: list[Item] = [
        Attribute(key.lower(), f"jsonencode({literal(value)})") for key, value in description.decisions.items()
    ]
    provider = Nest("aws =", [Attribute("source", '"hashicorp/aws"'), Attribute("version", '">= 5.0"')])
    items: list[Item] = [
        *description.heading(),
        *_to_fill_in(wanted),
        None,
        Nest("terraform", [Nest("required_providers", [provider])]),
        *_variables(wanted),
        None,
        "As the plan has them, for every container",
        Nest("locals", decided),
        *resources,
    ]
    for name, lines in outputs.items():
        if lines:
            items += [None, Nest(f'output "{name}"', [Nest("value =", lines)])]
    return render(items)


def _to_fill_in(wanted: Wanted) -> list[Item]:
    lines: list[Item] = [f"- {name}: {what}" for name, (_, what, default) in wanted.items() if default is None]
    return [
        "",
        "To fill in, since no plan knows it:",
        *lines,
        "",
        "Not in here: the provider's region, the network, and the balancer.",
        *BALANCER,
    ]


def _variables(wanted: Wanted) -> list[Item]:
    items: list[Item] = []
    for name, (kind, what, default) in wanted.items():
        lines = [Attribute("type", kind), Attribute("description", literal_text(what))]
        items += [None, Nest(f'variable "{name}"', lines + ([Attribute("default", default)] if default else []))]
    return items


def _image(name: str, what: str, image: str | None, wanted: Wanted) -> str:
    return wanted.use(name, "string", what, literal_text(image) if image else None)


def _machines(
    description: Description,
    block: DescribedBlock,
    machine: DescribedMachine,
    called: tuple[str, str],
    image: str | None,
    wanted: Wanted,
) -> list[Item]:
    """Launch template, group and policy of a pool of a block; `called`: in names, and as a label."""
    part, label = called
    name, arch = f"{description.name}-{block.label}{part}", machine.architecture
    if machine.provider == "aws":
        kind, why = literal_text(machine.type), ""
    else:
        what = f"EC2 type that stands for '{machine.type}', which is none of AWS"
        kind, why = wanted.use(f"{label}_instance_type", "string", what), f"in the plan: {machine.type}"
    of_arch = f"_{arch}" if arch else ""
    ami = wanted.use(f"ami{of_arch}", "string", f"AMI that has Docker{f', {arch}' if arch else ''}")
    container = _image("machine_image", NEEDS["machine_image"][1], image, wanted)
    if machine.count is None:
        count = wanted.use(f"{label}_machines", "number", f"Machines for {block.words}; the plan counts none")
        most = f"2 * {count}"
    else:
        count, most = str(machine.count), str(machine.most)
    template = Nest(
        f'resource "aws_launch_template" "{label}"',
        [
            Attribute("name", literal_text(name)),
            Attribute("image_id", ami),
            Attribute("instance_type", kind, why),
            Attribute("vpc_security_group_ids", wanted.use("security_group_ids")),
            Attribute("user_data", _user_data(description, block, machine, container, wanted.use("port"))),
        ],
    )
    warm = [] if machine.start_s is None else [Attribute("default_instance_warmup", f"{math.ceil(machine.start_s)}")]
    group = Nest(
        f'resource "aws_autoscaling_group" "{label}"',
        [
            Attribute("name", literal_text(name)),
            Attribute("vpc_zone_identifier", wanted.use("subnet_ids")),
            Attribute("desired_capacity", count),
            Attribute(
                "min_size", count, "the plan's promises need all of its machines; less is right for slower traffic"
            ),
            Attribute("max_size", most, "twice the plan's: for faster traffic, and to replace machines without a gap"),
            *warm,
            None,
            Nest(
                "launch_template",
                [
                    Attribute("id", f"aws_launch_template.{label}.id"),
                    Attribute("version", f"aws_launch_template.{label}.latest_version"),
                ],
            ),
            None,
            Nest("lifecycle", [Attribute("ignore_changes", "[desired_capacity]", "the policy moves it")]),
        ],
    )
    policy = _policy(block, machine, label, name, wanted)
    return [None, f"{block.words}: {machine.count or '?'} x {machine.in_words()}", template, None, group, *policy]


def _policy(block: DescribedBlock, machine: DescribedMachine, label: str, name: str, wanted: Wanted) -> list[Item]:
    if machine.gpus:
        return [None, f"{block.words}: no scaling policy, since AWS measures no GPU's load by itself"]
    if machine.busy_target is None:
        what = f"Busy share of the machines of {block.words} to aim at, percent; the plan does not say"
        target = wanted.use(f"{label}_busy_percent", "number", what)
    else:
        target = f"{machine.busy_target * 100:.1f}"
    metric = Nest(
        "predefined_metric_specification", [Attribute("predefined_metric_type", '"ASGAverageCPUUtilization"')]
    )
    policy = [
        Attribute("name", literal_text(f"{name}-busy")),
        Attribute("autoscaling_group_name", f"aws_autoscaling_group.{label}.name"),
        Attribute("policy_type", '"TargetTrackingScaling"'),
        None,
        Nest("target_tracking_configuration", [metric, Attribute("target_value", target, machine.target_why)]),
    ]
    return [None, Nest(f'resource "aws_autoscaling_policy" "{label}"', policy)]


def _user_data(
    description: Description, block: DescribedBlock, machine: DescribedMachine, image: str, port: str
) -> str:
    """Start the container; an environment file takes values as they are, so that JSON needs no quotes around it."""
    told = [f"{key}={value}" for key, value in environment(block, machine).items()]
    told += [f"{key}=${{local.{key.lower()}}}" for key in description.decisions] + [f"PORT=${{{port}}}"]
    gpus = "--gpus all " if machine.gpus else ""
    script = [
        "#!/bin/sh",
        "cat > /etc/stages.env <<'END'",
        *told,
        "END",
        f"docker run --detach --restart always {gpus}--publish ${{{port}}}:${{{port}}} \\",
        f"  --env-file /etc/stages.env ${{{image}}}",
    ]
    return "\n".join(["base64encode(<<-EOT", *(f"  {line}" for line in script), "EOT", ")"])


def _function(
    description: Description,
    block: DescribedBlock,
    function: DescribedFunction,
    label: str,
    image: str | None,
    wanted: Wanted,
) -> list[Item]:
    """Lambda function of a block."""
    told = environment(block)
    size = sum(len(key) + len(value) for key, value in told.items())
    size += sum(len(key) + len(compact(value)) for key, value in description.decisions.items())
    if size > ENVIRONMENT_MOST:
        found = (
            f"thresholds and stages take {size} bytes; the environment of a Lambda function holds {ENVIRONMENT_MOST}"
        )
        raise InputError([Problem("", "--format", found, "export as json, and put the file into the image")])
    arch = f"_{function.architecture}" if function.architecture else ""
    what = f"URI in ECR of the container image for Lambda{f', {function.architecture}' if arch else ''}"
    lines: list[Item] = [
        Attribute("function_name", literal_text(f"{description.name}-{block.label}")),
        Attribute("role", wanted.use("function_role_arn")),
        Attribute("package_type", '"Image"'),
        Attribute("image_uri", _image(f"function_image{arch}", what, image, wanted)),
        Attribute("memory_size", _memory(block, function, label, wanted)),
    ]
    if function.architecture:
        lines += [Attribute("architectures", f"[{literal_text(function.architecture)}]")]
    else:
        what = f"Architecture of '{function.name}': x86_64 or arm64"
        lines += [Attribute("architectures", f"[{wanted.use(f'{label}_architecture', 'string', what)}]")]
    lines += [_timeout(description, wanted), *_concurrency(function), None]
    variables = [Attribute(key, literal_text(value)) for key, value in told.items()]
    variables += [Attribute(key, f"local.{key.lower()}") for key in description.decisions]
    lines += [Nest("environment", [Nest("variables =", variables)])]
    behind = f"{block.to_function}," if block.machines else "all"
    return [
        None,
        f"{block.words}: {behind} on {function.name}",
        Nest(f'resource "aws_lambda_function" "{label}"', lines),
    ]


def _memory(block: DescribedBlock, function: DescribedFunction, label: str, wanted: Wanted) -> str:
    if function.memory_mb is None:
        return wanted.use(f"{label}_memory_mb", "number", f"Memory of '{function.name}', MB; the plan does not say")
    least, most = LAMBDA_MB
    if not least <= function.memory_mb <= most:
        found = f"{block.words} on {function.memory_mb:g} MB"
        raise InputError(
            [Problem("", "--format", found, f"AWS Lambda has {least} to {most} MB: export as k8s or json")]
        )
    return str(math.ceil(function.memory_mb))


def _timeout(description: Description, wanted: Wanted) -> Attribute:
    worst = description.latency_ms.get("worst")
    if worst is None:
        return Attribute("timeout", wanted.use("function_timeout"))
    why = (
        f"seconds: twice the plan's worst case of {worst:.6g} ms for a whole request, but no less than Lambda's default"
    )
    least, most = LAMBDA_S
    return Attribute("timeout", str(min(most, max(least, math.ceil(2 * worst / 1000)))), why)


def _concurrency(function: DescribedFunction) -> list[Item]:
    if function.concurrency is None or function.reserved is None:
        return ["no reserved_concurrent_executions: the plan does not tell how many requests are in it at once"]
    at_once = f"{function.concurrency:.4g}"
    why = f"expected at once: {at_once}; of twice that, fewer than 1 in 1,000 is turned away (Erlang B)"
    return [Attribute("reserved_concurrent_executions", str(function.reserved), why)]
