"""Read an instance folder: TOML and CSV in, one frozen `Instance` out, or everything that is wrong with it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.files import read_text
from serflow_opt.problem.catalog import Catalog, load_catalog
from serflow_opt.problem.consistency import consistency_problems
from serflow_opt.problem.document_faults import explained
from serflow_opt.problem.egress_reading import read_egress
from serflow_opt.problem.emitting import TierEmissions
from serflow_opt.problem.handovers import noise_curves, read_ways
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kept_warm import kept_warm_s
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.links import read_links
from serflow_opt.problem.network import NO_CLASSIFIER, Menu, Privacy, Stage
from serflow_opt.problem.offers import Scaling, Tier
from serflow_opt.problem.options import resolve_options
from serflow_opt.problem.ramps import cascade_problems, with_ramps
from serflow_opt.problem.rules import read_rules
from serflow_opt.problem.scenarios import in_scenario, scenario_names
from serflow_opt.problem.schema import ExitsTable, InstanceDocument, ObjectiveTable, PrivacyTable, TierTable
from serflow_opt.problem.stages import MAX_STAGES, read_stages
from serflow_opt.problem.tables import read_table
from serflow_opt.problem.training import in_mode
from serflow_opt.problem.uncertainty import Uncertainty
from serflow_opt.problem.uncertainty_reading import read_uncertainty
from serflow_opt.problem.variants import read_variants


def shipped() -> list[str]:
    """Return the names of the instances that come with the package."""
    return sorted(p.name for p in shipped_folder().iterdir() if (p / "instance.toml").is_file())


def shipped_folder() -> Path:
    """Return the folder of the shipped instances."""
    return Path(str(resources.files("serflow_opt.instances")))


def find(name: str | Path) -> Path:
    """Return the TOML file meant by a path, a folder that holds instance.toml, or a shipped instance's name.

    Raises
    ------
    InputError
        When it is none of these.
    """
    path = Path(name)
    try:
        if path.is_dir():
            path = path / "instance.toml"
        if path.exists():
            return path
    except (OSError, ValueError):  # a name no file can have: too long, or with a null byte
        pass
    inside = shipped_folder() / str(name) / "instance.toml"
    if str(name) in shipped() and inside.is_file():
        return inside
    raise InputError([Problem(str(name), "", "no such file, nor a shipped instance", nearest(str(name), shipped()))])


def load(name: str | Path, catalogs: Sequence[str | Path] = ()) -> Instance:
    """Read and check an instance.

    Parameters
    ----------
    name
        Path of the TOML file or of its folder, or the name of a shipped instance.
    catalogs
        Price files that add to or override the catalogue, applied after those the instance names.

    Raises
    ------
    InputError
        With every problem found, each with file, place, value and cure.
    """
    path = find(name)
    problems: list[Problem] = []
    raw = read_toml(path, problems)
    instance = None if raw is None else instance_in(raw, path, catalogs, problems)
    if problems or instance is None:
        raise InputError(problems)
    return instance


def read_toml(path: Path, problems: list[Problem], scenario: str | None = None) -> dict[str, Any] | None:
    """Parse the TOML file of an instance, of any kind.

    Parameters
    ----------
    path
        Of the file.
    problems
        Takes every fault.
    scenario
        Which of the file's scenarios is laid over it; None: none.
    """
    text = read_text(path, problems)
    if text is None:
        return None
    try:
        return in_scenario(tomllib.loads(text), scenario, str(path), problems)
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(str(path), "", f"not TOML: {error}", "mend the line named"))
        return None


def scenarios_in(path: Path) -> list[str]:
    """Return the names of a file's [scenario.NAME]; none where it cannot be read."""
    try:
        return scenario_names(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []


def instance_in(
    raw: dict[str, Any], path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> Instance | None:
    """Return the instance that a parsed file describes; None: it has faults.

    Parameters
    ----------
    raw
        The parsed file.
    path
        Of the file: names in it are relative to its folder, and messages name it.
    catalogs
        Price files applied after those the instance names.
    problems
        Takes every fault.
    """
    document = _document_in(raw, path, catalogs, problems)
    return None if document is None else _resolve(document, path, catalogs, problems)


def read_document(path: Path, problems: list[Problem], catalogs: Sequence[str | Path] = ()) -> InstanceDocument | None:
    """Parse and validate the TOML file; None: it has faults.

    Where it has faults, those of the tables beside it are looked for, too.

    Parameters
    ----------
    path
        Of the file: names in it are relative to its folder.
    problems
        Takes every fault.
    catalogs
        Price files applied after those the instance names.
    """
    raw = read_toml(path, problems)
    return None if raw is None else _document_in(raw, path, catalogs, problems)


def _document_in(
    raw: dict[str, Any], path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> InstanceDocument | None:
    """Validate what a TOML file says."""
    try:
        return InstanceDocument.model_validate(raw)
    except ValidationError as error:
        from serflow_opt.problem.mending import further_problems

        def told(fault: dict[str, Any]) -> Problem:
            return explained(str(path), raw, fault)

        def resolve(document: InstanceDocument, problems: list[Problem]) -> None:
            _resolve(document, path, catalogs, problems)

        problems += [told(dict(fault)) for fault in error.errors(include_url=False)]
        problems += further_problems(InstanceDocument, raw, error, told, resolve)
        return None


def _resolve(
    document: InstanceDocument, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> Instance | None:
    """Bring the tables beside the document in and put everything into SI units."""
    folder, file = path.parent, str(path)
    catalog = _catalog(document, folder, catalogs, problems)
    table = read_stages(folder / document.network.stages, document.network.input_bytes, problems)
    stages = table.stages
    menus: tuple[Menu, ...] = ()
    samples = None
    if stages:
        menus, samples = _menus(document.exits, folder, file, len(stages), problems)
    elif document.exits and document.exits.table:
        from serflow_opt.problem.exits import exit_columns

        read_table(folder / document.exits.table, exit_columns(MAX_STAGES), problems)
    options, sizes = resolve_options(document, stages, catalog, folder, file, problems)
    links = read_links(document, file, problems)
    ways = read_ways(document, folder, len(stages), file, problems) if stages else ()
    variants = read_variants(document, folder, len(stages), file, problems) if stages else ()
    if menus:
        problems.extend(cascade_problems(table.ramps, table.restarts, menus, document, file))
        menus, on = with_ramps(menus, table.ramps, limited=document.limits_ramps)
        variants = (*variants, *on)
    # with faults so far, what does not go together is told all the same; nothing else comes of the instance then
    unread = not menus
    if unread:
        stages = stages or (Stage(0.0, 0.0, 0.0),)
        right = math.nan if document.exits is None else 1.0
        menus = (*[NO_CLASSIFIER] * (len(stages) - 1), Menu((0.0,), (1.0,), (right,)))
    workload, objective = document.workload, document.objective
    privacy = document.privacy or PrivacyTable()
    instance = Instance(
        name=document.name,
        description=document.description,
        stages=stages,
        input_bytes=document.network.input_bytes,
        menus=menus,
        threshold_mode=document.exits.thresholds if document.exits else "menu",
        tiers=_tiers(document, folder, file, problems),
        options=options,
        links=links,
        egress=read_egress(document, file, problems),
        source=workload.source,
        rate_per_s=workload.rate_per_s,
        accuracy_min=workload.accuracy_min,
        latency_slo_s=None if workload.latency_slo_ms is None else workload.latency_slo_ms / 1000,
        latency_measure=workload.latency_measure,
        utilisation_cap=workload.utilisation_cap,
        minimize=objective.minimize,
        accounting=objective.accounting,
        samples=samples,
        ways=ways,
        variants=variants,
        privacy=Privacy(privacy.weight_mse, privacy.weight_cross_entropy, workload.mse_min, workload.cross_entropy_max),
        cost_max_usd=workload.cost_max_usd,
        energy_max_j=workload.energy_max_j,
        carbon_max_g=workload.carbon_max_g,
        privacy_max=workload.privacy_max,
        weights=_weights(objective),
        then=tuple(objective.then),
        tail=workload.tail,
        families=(*sizes, *(noise_curves(document, ways) if ways else ())),
        joint=document.exits is not None and document.exits.joint,
        accuracy_confidence=workload.accuracy_confidence,
        ramps_max=document.exits.ramps_max if document.exits else None,
        run_on=document.exits is not None and document.exits.run_on,
    )
    if not unread:
        instance = replace(instance, uncertainty=_uncertain(document, menus, path, problems))
    words = sorted({word for option in options for word in instance.words(option)})
    instance = replace(instance, rules=read_rules(document.rule, words, len(stages), file, problems))
    if not unread:
        instance = in_mode(instance, objective.mode)
    wrong = consistency_problems(instance, file)
    if unread:  # nothing is known of the samples
        wrong = [problem for problem in wrong if "held-out" not in problem.found]
    problems.extend(wrong)
    return instance


def _uncertain(
    document: InstanceDocument, menus: Sequence[Menu], path: Path, problems: list[Problem]
) -> Uncertainty | None:
    if document.uncertainty is None:
        return None
    names = [tier.name for tier in document.tier]
    return read_uncertainty(document.uncertainty, names, menus, path.parent, str(path), problems)


def _weights(objective: ObjectiveTable) -> tuple[tuple[Objective, float], ...]:
    if objective.weights is None:
        return ()
    names: tuple[Objective, ...] = get_args(Objective)
    return tuple((name, weight) for name in names if (weight := getattr(objective.weights, name)) > 0)


def _catalog(document: InstanceDocument, folder: Path, extra: Sequence[str | Path], problems: list[Problem]) -> Catalog:
    catalog = load_catalog()
    for path in [*(folder / name for name in document.catalog), *map(Path, extra)]:
        try:
            catalog = catalog.with_rows(path)
        except InputError as error:
            problems.extend(error.problems)
    return catalog


def _menus(
    exits: ExitsTable | None, folder: Path, file: str, stages: int, problems: list[Problem]
) -> tuple[tuple[Menu, ...], Any]:
    from serflow_opt.problem.exits import derive_menus, read_menus, read_samples

    if exits is None:
        return (*[NO_CLASSIFIER] * (stages - 1), Menu((0.0,), (1.0,), (math.nan,))), None
    if (exits.table is None) == (exits.samples is None):
        found = "neither table nor samples" if exits.table is None else "table and samples"
        problems.append(Problem(file, "exits", found, "give one of exits.table and exits.samples"))
        return (), None
    if exits.table is not None:
        unused = sorted(exits.model_fields_set - {"table", "thresholds", "ramps_max", "run_on"})
        for key in unused:
            problems.append(Problem(file, f"exits.{key}", "only used with samples", "remove it"))
        return read_menus(folder / exits.table, stages, problems), None
    assert exits.samples is not None
    samples = read_samples(folder / exits.samples, exits, stages, file, problems)
    if samples is None:
        return (), None
    earlier, wanted = exits.earlier_threshold, len(samples.classifier_stages) - 1
    if isinstance(earlier, list) and len(earlier) != wanted:
        found, cure = f"{len(earlier)} values", f"give one, or {wanted}: one for each exit but the last"
        problems.append(Problem(file, "exits.earlier_threshold", found, cure))
        return (), None
    if exits.joint and exits.levels is None and earlier is not None:
        cure = "remove it, or give exits.levels: thresholds are chosen among all values, not from tables"
        problems.append(Problem(file, "exits.earlier_threshold", "given with joint = true", cure))
        return (), None
    if exits.joint and exits.levels is None:
        return derive_menus(samples, stages, None, always_off=True), samples
    return derive_menus(samples, stages, exits.levels or 10, exits.earlier_threshold, always_off=exits.joint), samples


def _tiers(document: InstanceDocument, folder: Path, file: str, problems: list[Problem]) -> tuple[Tier, ...]:
    """The tiers without what they offer."""
    found = []
    for n, tier in enumerate(document.tier, start=1):
        kept_s = kept_warm_s(tier, folder, file, f'tier[{n}] "{tier.name}"', problems)
        found.append(_tier(tier, TierEmissions(document.carbon, tier, file, ""), kept_s))
    return tuple(found)


def _tier(tier: TierTable, own: TierEmissions, kept_s: float | None) -> Tier:
    """A tier without what it offers."""
    sent = tier.payload_max_bytes, tier.joules_per_byte
    return Tier(tier.name, tier.kind, tier.stage_specific, *sent, _scaling(tier, kept_s), own.per_joule, own.hours)


def _scaling(tier: TierTable, kept_s: float | None) -> Scaling:
    """How what a tier has comes and goes."""
    return Scaling(
        start_s=tier.start_s,
        billing_min_s=tier.billing_min_s,
        machines_max=tier.machines_max,
        interruptions_per_day=tier.interruptions_per_day,
        replace_s=tier.replace_s,
        keep_alive_s=kept_s,
        concurrency_max=tier.concurrency_max,
    )
