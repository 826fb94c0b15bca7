"""The instance file, key by key: what may stand in the TOML document and in which unit.

These definitions validate `instance.toml` and generate its JSON Schema (`serflow-opt schema`). They say nothing
of the CSV tables beside it (`tables.py`) nor of what the keys mean together (`loader.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from serflow_opt.problem.any_table import AnyTable
from serflow_opt.problem.carbon_table import CarbonTable
from serflow_opt.problem.egress_table import EgressTable, EgressTierTable
from serflow_opt.problem.key_types import (
    FileName,
    IdleAndFull,
    InstanceTable,
    Name,
    NonNegative,
    OneOrManyShares,
    OneOrMoreArchs,
    OneOrMoreFiles,
    OneOrMoreNames,
    Positive,
    Share,
    Workers,
)
from serflow_opt.problem.kinds import (
    LATENCY_MEASURE,
    Accounting,
    Minimize,
    Mode,
    Objective,
    Tail,
    ThresholdMode,
    TierKind,
)
from serflow_opt.problem.profile_table import ProfileTable
from serflow_opt.problem.uncertainty_table import ScenarioTable, UncertaintyTable


class NetworkTable(InstanceTable):
    """[network]: the chain of stages."""

    stages: FileName = Field(
        description="CSV: stage,flops,activation_bytes,parameter_bytes[,backward_flops,ramp_flops,"
        "ramp_parameter_bytes,restarts], one row a stage 1..M"
    )
    input_bytes: NonNegative = Field(description="size of one request's input a_0, bytes")


class ExitsTable(InstanceTable):
    """[exits]: where and how often requests leave early."""

    table: FileName | None = Field(default=None, description="CSV: stage,threshold,exit_rate,accuracy")
    samples: FileName | None = Field(
        default=None, description="CSV: sample_id,conf_exit1,correct_exit1,...; tables are derived from it"
    )
    thresholds: ThresholdMode = Field(
        default="menu",
        description="menu: one row a classifier; interpolated: between rows; randomized: a coin flip between rows",
    )
    classifier_stages: list[Annotated[int, Field(ge=1)]] | None = Field(
        default=None, description="samples only: the stage of exit 1, exit 2, ..."
    )
    levels: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None,
        description="samples only: thresholds on offer per classifier, at quantiles; left out: 10 in tables, "
        "every confidence with joint",
    )
    earlier_threshold: OneOrManyShares | None = Field(
        default=None,
        description="samples only: tables are taken on what earlier exits let through at this threshold, or at these, "
        "one for each exit but the last; left out: on all samples; with `joint` only beside `levels`",
    )
    holdout_share: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = Field(
        default=0.0, description="samples only: share of samples kept out of the tables"
    )
    seed: int = Field(default=0, ge=0, description="samples only: seed that draws the hold-out")
    joint: bool = Field(
        default=False,
        description="samples only: thresholds are chosen on the samples themselves, all confidences together, "
        "not on tables derived from them",
    )
    ramps_max: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="most classifiers that are on, the last one not counted; which ones is decided"
    )
    run_on: bool = Field(
        default=False, description="answers leave early, inputs run on to the end: latency is saved, work is not"
    )


class WorkloadTable(InstanceTable):
    """[workload]: traffic and targets."""

    rate_per_s: Positive | None = Field(default=None, description="requests per second; `reserved` needs it")
    accuracy_min: Share | None = Field(default=None, description="A_tar, survey 2.2.1 (2)")
    accuracy_confidence: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] | None = Field(
        default=None,
        description="exits.joint only: the floor holds beyond the samples with this confidence; needs a hold-out",
    )
    latency_slo_ms: Positive | None = Field(default=None, description="Latency, survey 2.2.3 (2), milliseconds")
    latency_measure: str = Field(
        default="worst", pattern=f"^({LATENCY_MEASURE})$", description="worst, mean, or a percentile p50 .. p99.9"
    )
    tail: Tail = Field(
        default="fixed",
        description="percentiles: of fixed stage times; or of times that vary by sd_ms, whole path, normal or any",
    )
    source: Name = Field(default="client", description="where the input is: client or a tier's name")
    cost_max_usd: Positive | None = Field(default=None, description="limit on the cost of a request, USD")
    energy_max_j: Positive | None = Field(default=None, description="limit on the mean energy of a request, joules")
    carbon_max_g: Positive | None = Field(default=None, description="limit on the carbon of a request, grams of CO2e")
    privacy_max: NonNegative | None = Field(default=None, description="limit on the privacy loss of a request")
    mse_min: Positive | None = Field(
        default=None, description="floor on the reconstruction error of whatever crosses an untrusted link"
    )
    cross_entropy_max: Positive | None = Field(
        default=None, description="Thr_CE, survey 2.2.2 (2), read as a ceiling on every hand-over, nats"
    )
    utilisation_cap: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        default=0.8, description="share of a rented machine's time that may be planned as busy"
    )


class OptionTable(InstanceTable):
    """[[tier.option]]: one thing a stage may run on, written out in the instance."""

    name: Name = Field(description="what plans call it; unique in its tier")
    flops_per_s: Positive | None = Field(default=None, description="speed, FLOP/s; not with stage_times")
    usd_per_hour: NonNegative | None = Field(
        default=None, description="rent; a VM needs it unless the catalogue knows the name"
    )
    usd_per_request: NonNegative = Field(default=0.0, description="functions: fee per invocation")
    usd_per_gb_s: NonNegative | None = Field(default=None, description="functions: price per GB and second")
    memory_mb: Positive | None = Field(default=None, description="memory, 2^20 bytes each; functions need it")
    joules_per_flop: NonNegative | None = Field(default=None, description="energy of an operation; replaces the tier's")
    workers: Workers | None = Field(default=None, description="requests it serves at once; replaces the tier's")
    watts: IdleAndFull | None = Field(default=None, description="with [carbon]: of the whole machine, idle and full")
    embodied_g_per_hour: NonNegative | None = Field(
        default=None, description="with [carbon]: grams of CO2e of making it, over the hours of its use"
    )


class TierTable(InstanceTable):
    """[[tier]]: one level of the ordered list a request moves down."""

    name: Name = Field(description="what links and plans call it")
    kind: TierKind = Field(description="device, edge, vm or function: how it is paid")
    options: list[Name] = Field(default=[], description="names from the catalogue, or patterns such as c7g.*")
    any_: AnyTable | None = Field(
        default=None, alias="any", description="every type of the catalogue that is as said, beside those of options"
    )
    option: list[OptionTable] = Field(default=[], description="options written out here")
    memory_mb: list[Annotated[int, Field(gt=0)]] = Field(
        default=[], description="functions: sizes offered, 1,769 MB = 1 vCPU"
    )
    memory_mb_range: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="functions: smallest and largest size; any whole number of MB between them"
    )
    region: Name = Field(default="us-east-1", description="region of the catalogue's prices")
    term: Name = Field(
        default="on-demand", description="machines: how they are rented: on-demand, spot, or a commitment"
    )
    speed_class: dict[Name, Positive] = Field(
        default={},
        description="speed of an architecture or family beside flops_per_s_per_vcpu, as arm64 = 1.1; needed where "
        "architectures differ",
    )
    arch: OneOrMoreArchs = Field(default=["x86_64"], description="functions: x86_64, arm64, or a list of both")
    flops_per_s_per_vcpu: Positive | None = Field(default=None, description="speed of one vCPU, FLOP/s")
    parallel_fraction: Share = Field(default=1.0, description="Amdahl's p: share of the work that runs in parallel")
    speed_curve: FileName | None = Field(
        default=None,
        description="functions: CSV memory_mb,flops_per_s, speed measured at some sizes; replaces flops_per_s_per_vcpu",
    )
    stage_times: FileName | None = Field(
        default=None,
        description="CSV: stage,option,mean_ms[,sd_ms,p95_ms,p99_ms,backward_ms], or stage,option,batch,mean_ms, or "
        "stage,option,fixed_ms,per_request_ms; replaces FLOPs / speed",
    )
    batch: list[Annotated[int, Field(ge=1, le=4096)]] = Field(
        default=[], description="most requests in a batch, sizes to choose from; above 1 with stage_times by batch"
    )
    batch_wait_ms: list[NonNegative] = Field(
        default=[], description="how long a batch may wait to be full, times to choose from"
    )
    cold_start_ms: NonNegative = Field(default=0.0, description="T_cold, survey 2.2.3 (5), milliseconds")
    cold_share: Share | None = Field(
        default=None, description="share of requests that meet a cold start; 1 when cold_start_ms is given"
    )
    stage_specific: bool = Field(default=False, description="stages of this tier may use different options")
    payload_max_bytes: Positive | None = Field(
        default=None, description="largest input or hand-over the tier accepts, bytes"
    )
    joules_per_flop: NonNegative = Field(default=0.0, description="energy of an operation, J")
    joules_per_byte: NonNegative = Field(default=0.0, description="energy of sending a byte, J")
    workers: Workers = Field(default=1, description="machines: requests one serves at once, each at the stated times")
    start_s: NonNegative | None = Field(
        default=None, description="machines: seconds from the order to the first request; traffic commands need it"
    )
    billing_min_s: NonNegative = Field(default=0.0, description="machines: least seconds that are billed")
    machines_max: Workers | None = Field(default=None, description="machines: most of one type and block at once")
    interruptions_per_day: NonNegative = Field(
        default=0.0, description="machines on spot: how often one is taken away, of a day that it runs"
    )
    replace_s: NonNegative | None = Field(
        default=None, description="machines on spot: from then to when the next one serves, seconds"
    )
    keep_alive_s: NonNegative | None = Field(
        default=None, description="functions: how long an idle one stays warm; traffic commands need it"
    )
    keep_alive_plan: str | None = Field(
        default=None,
        description="functions: instead, JSON: a plan of kind 'keep-alive', as `solve --out` writes it",
    )
    concurrency_max: Workers | None = Field(default=None, description="functions: most requests at once, per block")
    billing_step_ms: NonNegative = Field(default=0.0, description="functions: busy time is rounded up to this; 0: not")
    billing_min_ms: NonNegative = Field(default=0.0, description="functions: least busy time of a call that is billed")
    g_per_kwh: NonNegative | None = Field(
        default=None, description="with [carbon]: grams of CO2e of a kWh; default: of [carbon], else of the region"
    )
    grid: Name | None = Field(default=None, description="with [carbon] hours: its column there; default: the region")
    pue: Annotated[float, Field(ge=1, le=10)] | None = Field(
        default=None, description="with [carbon]: kWh for each used; default: for VMs, functions the region's, else 1"
    )
    watts_per_vcpu: IdleAndFull | None = Field(
        default=None, description="with [carbon]: of a vCPU, idle and full; replaces the catalogue's watts"
    )
    embodied_g_per_vcpu_hour: NonNegative | None = Field(
        default=None, description="with [carbon]: grams of CO2e of making a vCPU, over the hours of its use"
    )


class LinkTable(InstanceTable):
    """[[link]]: a way from one tier (or the client) to a later one."""

    from_: Name = Field(alias="from", description="client or a tier")
    to: Name = Field(description="a later tier")
    bandwidth_mbit_s: Positive = Field(description="10^6 bit/s")
    round_trip_ms: NonNegative = Field(default=0.0, description="added to each transfer, milliseconds")
    usd_per_gb: NonNegative = Field(default=0.0, description="per 10^9 bytes")
    egress: Name | None = Field(
        default=None, description="prices by volume of a month, of [[egress]] or the catalogue, beside usd_per_gb"
    )
    trusted: bool = Field(default=True, description="false: what crosses here leaks")


class PrivacyTable(InstanceTable):
    """[privacy]: what an attacker on an untrusted link sees, and what protects it."""

    table: FileName | None = Field(default=None, description="CSV of leaks by cut, as `profile --privacy` writes it")
    baseline_mse: Positive | None = Field(
        default=None, description="error of an attacker who sees nothing; the table needs it"
    )
    weight_mse: NonNegative = Field(default=1.0, description="w_P: of leaks, 1 - mse / baseline_mse")
    weight_cross_entropy: NonNegative = Field(default=0.0, description="w_CE: of nats added by a hand-over")
    noise: Literal["rows", "curve"] = Field(
        default="rows", description="rows: strengths of the table; curve: between them, too, linear in the scale"
    )
    protections: list[Name] | None = Field(default=None, description="those of the table to choose from; default: all")


class AdaptationTable(InstanceTable):
    """[adaptation]: how hand-overs may be compressed."""

    handovers: FileName = Field(description="CSV of compressions by cut, as `profile --compression` writes it")
    methods: list[Name] | None = Field(default=None, description="those of the table to choose from; default: all")


class VariantTable(InstanceTable):
    """[[variant]]: another form of a block of stages, quantised, pruned or distilled."""

    name: Name = Field(description="what plans call it")
    stages: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)] = Field(
        description="first and last stage of the block"
    )
    flops_factor: NonNegative = Field(default=1.0, description="times the operations and measured times of each stage")
    added_flops: NonNegative = Field(default=0.0, description="operations added in the first stage")
    parameters_kept: NonNegative = Field(default=1.0, description="times parameter_bytes")
    activations_kept: NonNegative = Field(default=1.0, description="times activation_bytes")
    accuracy_loss: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] = Field(
        default=0.0, description="share of right answers lost by requests that enter the block"
    )
    exits: FileName | None = Field(default=None, description="CSV: own rows for classifiers in the block")


class RuleTable(InstanceTable):
    """[[rule]]: where stages may run: pins them to options, or forbids them some."""

    stages: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=2)] = Field(
        description="one stage, or first and last"
    )
    only: OneOrMoreNames = Field(
        default=[], description="pattern(s) of options they run on, if at all: name, tier, kind, family, architecture"
    )
    never: OneOrMoreNames = Field(default=[], description="pattern(s) of options they never run on")


class WeightsTable(InstanceTable):
    """[objective.weights]: of each objective, on the scale from its ideal to its nadir value."""

    cost: NonNegative = Field(default=0.0, description="weight of cost")
    latency: NonNegative = Field(default=0.0, description="weight of latency")
    privacy: NonNegative = Field(default=0.0, description="weight of privacy loss")
    energy: NonNegative = Field(default=0.0, description="weight of energy")
    carbon: NonNegative = Field(default=0.0, description="weight of carbon")
    accuracy: NonNegative = Field(default=0.0, description="weight of accuracy, which is maximised")


class ObjectiveTable(InstanceTable):
    """[objective]: what is minimised, in which accounting."""

    minimize: Minimize = Field(
        default="cost", description="cost, latency (of latency_measure), privacy, energy, carbon, or weighted"
    )
    weights: WeightsTable | None = Field(default=None, description="of a weighted objective")
    then: list[Objective] = Field(
        default=[], description="of equally good plans the best in these, in turn; default: latency, or cost"
    )
    accounting: Accounting = Field(
        default="per-request",
        description="per-request: price x busy time; reserved: VMs rented whole; as-printed: survey 2.2.3 (1)",
    )
    mode: Mode = Field(
        default="infer",
        description="infer; train: a request is a sample that goes all the way and whose gradients come back",
    )


class InstanceDocument(InstanceTable):
    """One placement problem: a network, its exits, the workload, and what it may run on."""

    schema_: Literal[1] = Field(alias="schema", description="version of this format: 1")
    kind: Literal["placement"] = Field(default="placement", description="kind of problem; others have other tables")
    name: Name = Field(description="what results call the instance")
    description: str = Field(default="", description="where the numbers come from")
    catalog: OneOrMoreFiles = Field(default=[], description="CSV file(s) that add to or override the prices")
    network: NetworkTable
    exits: ExitsTable | None = None
    workload: WorkloadTable = WorkloadTable()
    tier: list[TierTable] = Field(min_length=1)
    link: list[LinkTable] = Field(default=[])
    egress: list[EgressTable] = Field(default=[])
    variant: list[VariantTable] = Field(default=[])
    rule: list[RuleTable] = Field(default=[])
    adaptation: AdaptationTable | None = None
    privacy: PrivacyTable | None = None
    objective: ObjectiveTable = ObjectiveTable()
    uncertainty: UncertaintyTable | None = None
    scenario: dict[Name, dict[str, Any]] = Field(
        default={}, description="tables by name, [scenario.peak.workload]: keys in the place of the file's own"
    )
    carbon: CarbonTable | None = None
    profile: ProfileTable | None = None

    @property
    def limits_ramps(self) -> bool:
        """Whether so many classifiers may be on."""
        return self.exits is not None and self.exits.ramps_max is not None


def keys_as_markdown() -> str:
    """Return a table of every key: where it stands, default, meaning."""
    tables: list[tuple[str, type[InstanceTable]]] = [
        ("", InstanceDocument),
        ("[network]", NetworkTable),
        ("[exits]", ExitsTable),
        ("[workload]", WorkloadTable),
        ("[[tier]]", TierTable),
        ("[[tier.option]]", OptionTable),
        ("[[link]]", LinkTable),
        ("[[egress]]", EgressTable),
        ("[[egress.tiers]]", EgressTierTable),
        ("[[variant]]", VariantTable),
        ("[[rule]]", RuleTable),
        ("[adaptation]", AdaptationTable),
        ("[privacy]", PrivacyTable),
        ("[objective]", ObjectiveTable),
        ("[objective.weights]", WeightsTable),
        ("[uncertainty]", UncertaintyTable),
        ("[[uncertainty.scenario]]", ScenarioTable),
        ("[carbon]", CarbonTable),
        ("[profile]", ProfileTable),
    ]
    headings = {table for _, table in tables}
    lines = ["| table | key | default | meaning |", "|---|---|---|---|"]
    for title, table in tables:
        for name, field in table.model_fields.items():
            if not any(heading.__name__ in str(field.annotation) for heading in headings):
                shown = "" if field.default in (None, [], "") else f"`{_shown(field.default)}`"
                default = "needed" if field.is_required() else shown
                lines.append(f"| {title} | `{field.alias or name}` | {default} | {field.description or ''} |")
    return "\n".join(lines)


def _shown(default: object) -> str:
    return ", ".join(default) if isinstance(default, list) else str(default).lower()
