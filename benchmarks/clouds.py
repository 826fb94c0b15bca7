"""The cheapest way to serve bert12-sst2 on three clouds, six regions each, on every term the catalogue has.

    python benchmarks/clouds.py --plot docs/clouds.png [--across 80] [--catalog prices.csv]

One instance holds every offer, and one search proves the cheapest plan of all; a second run takes each region and term
by itself, for the table and the picture. A request stays in one region; with --across MS machines may hand over to the
functions of any other region, that many milliseconds away and back: activations (393 kB) then pay the egress of the
cloud they leave, to its other regions or to the internet, by tiers of the month's volume. A vCPU is taken to be equally
fast everywhere, a spot machine as never taken away. --catalog adds prices, as of regions that are not shipped.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from reporting import setting, table

import serflow_opt as so
from serflow_opt.problem.catalog import Catalog, load_catalog
from serflow_opt.problem.loader import shipped_folder

REGIONS = (
    "us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1", "ap-southeast-1",
    "eastus", "westus2", "northeurope", "westeurope", "southeastasia", "japaneast",
    "us-east1", "us-central1", "us-west1", "europe-west1", "europe-west4", "asia-northeast1",
)  # fmt: skip
"""Six of AWS, six of Azure, six of Google."""
TERMS = ("on-demand", "spot", "1yr_no_upfront", "3yr_all_upfront")
MEMORY_MB = {"aws": (1769, 3538, 5307, 7076, 8845, 10240), "azure": (1536,), "gcp": (2048, 4096, 8192)}
ANY = 'vcpus = [2, 8], arch = ["x86_64"]'
HEAD = '''schema = 1
name = "bert12-sst2-clouds"
description = """
BERT-base with 12 exits on SST-2 on what three clouds offer in six regions each, on demand, spot and committed.
"""

[network]
stages = "stages.csv"
input_bytes = 2048

[exits]
table = "exits.csv"
thresholds = "menu"

[workload]
rate_per_s = 20.0
accuracy_min = 0.88
latency_slo_ms = 500.0
latency_measure = "worst"
utilisation_cap = 0.8
'''
SPEED = """flops_per_s_per_vcpu = 1.68e10
parallel_fraction = 0.983
"""
TAIL = """
[objective]
minimize = "cost"
accounting = "reserved"
"""


def machines(catalog: Catalog, region: str) -> Iterator[tuple[str, str]]:
    """Return each term with a tier for it, on which the region has machines of the sizes asked for."""
    for term in TERMS:
        offered = catalog.select(region, term, keep=lambda vm: 2 <= vm.vcpus <= 8 and not vm.accelerator)
        if any(vm.arch == "x86_64" and not vm.burstable for vm in offered):
            yield (
                term,
                (
                    f'\n[[tier]]\nname = "{region} {term}"\nkind = "vm"\nregion = "{region}"\nterm = "{term}"\n'
                    f"any = {{{ANY}}}\n{SPEED}start_s = 100.0\nbilling_min_s = 60.0\n"
                ),
            )


def function(catalog: Catalog, region: str) -> str:
    """Return the tier of the region's functions; empty: it has none with a price."""
    for price in catalog.functions:
        if price.region == region and price.arch == "x86_64":
            return (
                f'\n[[tier]]\nname = "{region} functions"\nkind = "function"\nregion = "{region}"\n'
                f"memory_mb = {list(MEMORY_MB[price.provider])}\n{SPEED}cold_start_ms = 350.0\ncold_share = 0.0\n"
            )
    return ""


def across(vms: dict[str, dict[str, str]], functions: dict[str, str], ms: float) -> Iterator[str]:
    """Return links from machines to the functions of all other regions, with the egress of the cloud they leave."""
    for region, tiers in vms.items():
        for other in functions:
            if other == region or not functions[other]:
                continue
            to = "regions" if cloud_of(other) == cloud_of(region) else "internet"
            for term in tiers:
                yield (
                    f'\n[[link]]\nfrom = "{region} {term}"\nto = "{other} functions"\nbandwidth_mbit_s = 500.0\n'
                    f'round_trip_ms = {ms}\negress = "{cloud_of(region)}-{to}"\n'
                )


def cloud_of(region: str) -> str:
    """Return whose region it is: us-east-1 is AWS's, us-east1 Google's, eastus Azure's."""
    if "-" not in region:
        return "azure"
    return "aws" if region[-2] == "-" else "gcp"


def written(folder: Path, catalog: Catalog, regions: Iterable[str], ms: float | None = None) -> Path:
    """Write the instance of these regions beside its tables; `ms` as `across` takes it, None: no such links."""
    shipped = shipped_folder() / "bert12-sst2"
    for name in ("stages.csv", "exits.csv"):
        (folder / name).write_bytes((shipped / name).read_bytes())
    vms = {region: dict(machines(catalog, region)) for region in regions}
    functions = {region: function(catalog, region) for region in vms}
    speed = "bandwidth_mbit_s = 500.0\nround_trip_ms = 2.0\n"
    links = [
        f'\n[[link]]\nfrom = "{region} {term}"\nto = "{region} functions"\n{speed}'
        for region, tiers in vms.items()
        for term in tiers
        if functions[region]
    ]
    links += [] if ms is None else across(vms, functions, ms)
    tiers = [tier for own in vms.values() for tier in own.values()]
    path = folder / "clouds.toml"
    path.write_text("".join([HEAD, *tiers, *functions.values(), *links, TAIL]), encoding="utf-8")
    return path


def alone(instance: so.Instance, region: str, term: str) -> so.Instance | None:
    """Return the instance with one region's functions and its machines on one term; None: it has no such machines."""
    names = [tier.name for tier in instance.tiers]
    if f"{region} {term}" not in names:
        return None
    kept = (f"{region} {term}", f"{region} functions")
    return replace(instance, options=tuple(option for option in instance.options if names[option.tier] in kept))


def plotted(rents: dict[tuple[str, str], float], path: Path) -> None:
    """Draw the least cost of each region, a mark for each term."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    regions = list(dict.fromkeys(region for region, _ in rents))
    regions.sort(key=lambda region: min(usd for (own, _), usd in rents.items() if own == region))
    for term, marker in zip(TERMS, "osv^", strict=True):
        own = {region: rents[region, term] for region in regions if (region, term) in rents}
        axes.plot(list(own.values()), [regions.index(region) for region in own], marker, label=term)
    axes.set(yticks=range(len(regions)), yticklabels=regions, xlabel="USD an hour", xlim=(0, None))
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.legend(title="machines rented")
    axes.set_title("bert12-sst2 at 20 requests a second: the cheapest plan by region and term", loc="left", fontsize=11)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Print the cheapest plan of all, and that of each region and term."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--regions", nargs="*", default=list(REGIONS))
    parser.add_argument("--across", type=float, metavar="MS")
    parser.add_argument("--catalog", type=Path, action="append", default=[])
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    print(setting())
    with tempfile.TemporaryDirectory() as folder:
        catalog = load_catalog().with_rows(*given.catalog)
        instance = so.load(written(Path(folder), catalog, given.regions, given.across), given.catalog)
    began, busy = time.perf_counter(), time.process_time()
    plan = so.solve(instance)
    seconds = f"{time.perf_counter() - began:.1f} s ({time.process_time() - busy:.1f} s of processors)"
    options = {(instance.tiers[option.tier].name, option.name) for option in instance.options}
    assert plan.metrics is not None
    best = plan.metrics.cost_usd_per_hour
    used = ", ".join(dict.fromkeys(f"{run.option} ({run.tier})" for run in plan.placement if run.tier))
    print(plan.certificate.method)
    print(f"{len(options)} offers: {plan.status} in {seconds}, {best:.4f} USD an hour on {used}")
    sent = ", ".join(f"{bill.gb_per_month:,.0f} GB a month of {bill.name}" for bill in plan.metrics.egress)
    print(f"egress: {sent or 'none'}")
    rents: dict[tuple[str, str], float] = {}
    for region in given.regions:
        for term in TERMS:
            own = alone(instance, region, term)
            metrics = None if own is None else so.solve(own).metrics
            if metrics is not None:
                rents[region, term] = metrics.cost_usd_per_hour
    rows = [
        [region, *(f"{rents[region, term]:.4f}" if (region, term) in rents else "-" for term in TERMS)]
        for region in dict.fromkeys(region for region, _ in rents)
    ]
    print(table(["USD an hour", *TERMS], rows))
    assert best <= min(rents.values()), "the search over all offers and those of each region disagree"
    if given.plot:
        plotted(rents, given.plot)


if __name__ == "__main__":
    main()
