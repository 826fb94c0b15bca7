"""Pictures of traffic: what is drawn adds up to what the tables say, and nothing is written over something else."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from support.traffic_cases import Script, trace

from serflow_opt.plotting import plot_latency, plot_policies, plot_pools, plot_schedule, plot_spending
from serflow_opt.plotting.latency import rare
from serflow_opt.plotting.text import brief
from serflow_opt.plotting.timeline import CELLS, Timeline, duration
from serflow_opt.traffic.control.compare import Comparison, PolicyRow
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.schedule.solve import schedule
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.result import Simulation
from serflow_opt.traffic.simulate.simulate import simulate

matplotlib.use("Agg")

COUNTS = (2, 0, 4, 4, 1, 0)
"""Requests by second."""


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def service(blocks: int = 1, function: bool = True, **more: Any) -> Service:
    """Blocks of a stage each; half leave after each. Machines take 0.5 s, and 1 s to start, functions 0.25 s."""
    run = Function("f", 1.0, 0.25, (0.25, 0.25)) if function else None
    machines = (Machine("m$1", 0.5, 1, (0.5, 0.5), start_s=1.0), Machine("m$2", 0.75, 2, (0.5, 0.5), start_s=1.0))
    parts = [Block(b, b, machines, run, hop_s=0.125 * b, hop_usd=0.5 * b) for b in range(blocks)]
    shares = [0.5 ** (b + 1) for b in range(blocks - 1)]
    shares.append(1 - math.fsum(shares))
    return Service("made", tuple(parts), tuple(shares), (math.nan,) * blocks, **more)


def simulation(blocks: int = 1, function: bool = True, machines: int = 1, **more: Any) -> Simulation:
    """Requests of `COUNTS`, and the same machines all the time; what is drawn has periods of 1 s."""
    settings = {"timeout_s": more.pop("timeout_s", None), "period_s": more.pop("period_s", 1.0)}
    over: Trace = more.pop("over", None) or trace(*COUNTS)
    policy = Script([Orders(tuple({"m$1": machines} for _ in range(blocks)))])
    return simulate(service(blocks, function, **more), over, policy, arrivals="even", **settings)


def steps(ax: Any, label: str) -> Any:
    """The first steps whose label starts so: top, below, and the length of each cell in seconds."""
    patch = next(patch for patch in ax.patches if str(patch.get_label()).startswith(label))
    top, edges, below = patch.get_data()
    return np.nan_to_num(top), np.nan_to_num(below), np.diff(edges)


def area(ax: Any, label: str) -> float:
    """What was filled."""
    top, below, lengths = steps(ax, label)
    return float(((top - below) * lengths).sum())


def legend(ax: Any) -> list[str]:
    """What stands in the legend of axes, with its title."""
    found = ax.get_legend()
    return [text.get_text() for text in (found.get_title(), *found.get_texts()) if text.get_text()]


def overlapping(*axes: Any) -> list[tuple[str, str]]:
    """Texts that are written over each other, by more than rounding, or outside the picture."""
    axes[0].figure.canvas.draw()
    width, height = axes[0].figure.canvas.get_width_height()
    texts = [text for ax in axes for text in (*ax.texts, *ax.get_legend().get_texts(), ax.title, ax.yaxis.label)]
    texts += [text for ax in axes for text in ax.get_yticklabels() if text.get_text()[:1].isalpha()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    pairs = [(name, "edge") for name, box in boxes if box.x0 < -1 or box.x1 > width + 1 or box.y1 > height + 1]
    for (a, one), (b, other) in itertools.combinations(boxes, 2):
        wide = min(one.x1, other.x1) - max(one.x0, other.x0)
        high = min(one.y1, other.y1) - max(one.y0, other.y0)
        if wide > 1 and high > 1:
            pairs.append((a, b))
    return pairs


# ----------------------------------------------------------------------------------------------------
# Time


def test_short_rest_joins_the_cell_before() -> None:
    """The last cell of a timeline is never a sliver, and rates are by its true length."""
    timeline = Timeline(np.array([0.0, 60.0, 120.0, 180.0]), 200.0)
    assert timeline.edges.tolist() == [0, 60, 120, 200]
    assert timeline.per_second(np.array([60, 120, 60, 20])).tolist() == [1, 2, 1]
    assert Timeline(np.array([0.0, 60.0, 120.0, 180.0]), 211.0).edges.tolist() == [0, 60, 120, 180, 211]


@pytest.mark.parametrize(
    ("seconds", "unit"), [(60, "second"), (3600, "minute"), (86400, "hour"), (14 * 86400, "day"), (9e8, "day")]
)
def test_units_and_few_ticks(seconds: float, unit: str) -> None:
    """A minute and years alike have a fitting unit and a dozen ticks at most, and keep their sums."""
    rows = np.arange(3000, dtype=float) * seconds / 3000
    timeline = Timeline(rows, seconds)
    assert timeline.unit.name == unit
    assert len(timeline.edges) <= CELLS + 1
    amounts = np.random.default_rng(0).random(3000)
    lengths = np.diff(timeline.edges) * timeline.unit.seconds
    assert timeline.per_second(amounts) @ lengths == pytest.approx(amounts.sum())
    ax = plt.subplots()[1]
    timeline.label(ax)
    low, high = ax.get_xlim()
    assert 4 <= sum(low <= tick <= high for tick in ax.get_xticks()) <= 12
    assert ax.get_xlabel().startswith(f"time ({unit}s), means over ")


def test_durations_in_words() -> None:
    """Lengths of time are said as people say them."""
    assert [duration(s) for s in (1, 30, 60, 300, 5400, 86400, 0.5)] == [
        "1 second",
        "30 seconds",
        "1 minute",
        "5 minutes",
        "1.5 hours",
        "1 day",
        "0.5 seconds",
    ]


# ----------------------------------------------------------------------------------------------------
# Pools


@pytest.mark.parametrize("blocks", [1, 2])
def test_pools_add_up_to_the_table(blocks: int) -> None:
    """Areas drawn are the sums of the table, machines and function alike."""
    run = simulation(blocks)
    frame = run.to_frame()
    axes: Any = plot_pools(run)
    assert len(axes) == 1 + 2 * blocks
    assert area(axes[0], "") == pytest.approx(sum(COUNTS))
    assert legend(axes[0]) == [f"{sum(COUNTS)} requests"]
    for b in range(blocks):
        rows = frame[frame["block"] == b]
        machines, function = axes[1 + 2 * b : 3 + 2 * b]
        assert area(machines, "paid for") == pytest.approx(rows["machines_billed"].sum())
        top, _, lengths = steps(machines, "serving")
        assert top @ lengths == pytest.approx(rows["machines_ready"].sum())
        assert machines.get_ylabel() == f"block {b + 1}\n(machines)"
        assert legend(machines)[0] == r"m\$1"
        took = rows["function_requests"].sum()
        assert took > 0
        assert area(function, "on the function") == pytest.approx(took)
        assert legend(function) == [f"on the function: {100 * took / rows['arrivals'].sum():.1f} %"]
        assert function.get_ylabel() == "function\n(requests/s)"
    assert axes[0].get_ylabel() == "traffic\n(requests/s)"
    assert [ax.get_xlabel() for ax in axes[:-1]] == [""] * (2 * blocks)
    assert axes[-1].get_xlabel() == "time (seconds), means over 1 second"
    assert len({ax.get_xlim() for ax in axes}) == 1


@pytest.mark.parametrize("machines", [0, 1])
def test_nothing_is_written_over_something_else(machines: int) -> None:
    """No text of a picture of pools covers another."""
    assert overlapping(*plot_pools(simulation(2, machines=machines))) == []


def test_start_up_is_paid_for_and_does_not_serve() -> None:
    """A machine that starts is drawn as paid for and not as serving."""
    machines: Any = plot_pools(simulation())[1]
    assert steps(machines, "paid for")[0][:2].tolist() == [1, 1]
    assert steps(machines, "serving")[0][:2].tolist() == [0, 1]


def test_pools_of_nothing() -> None:
    """Functions only; and machines only, where requests are dropped."""
    _, machines, function = plot_pools(simulation(machines=0))
    assert legend(machines) == ["no machines"]
    assert legend(function) == ["on the function: 100 %"]
    run = simulation(function=False, timeout_s=0.25)
    _, _, unused = plot_pools(run)
    lost = sum(run.dropped.values())
    assert lost > 0
    assert area(unused, "dropped") == pytest.approx(lost)
    assert legend(unused) == [f"dropped: {100 * lost / run.arrivals:.1f} %"]
    _, _, unused = plot_pools(simulation(function=False))
    assert legend(unused) == ["not used"]


def test_traffic_of_nobody() -> None:
    """Pictures of no traffic are empty, not broken; latencies of nobody are refused."""
    run = simulation(over=trace(0, 0, 0))
    for ax in (plot_pools(run)[0], plot_spending(run)):
        ax.figure.canvas.draw()
    assert legend(plot_pools(simulation(over=trace(0, 0, 0), machines=0))[2]) == ["not used"]
    idle = simulation(over=trace(0, 0, 0), machines=0)
    assert plot_spending(idle).get_ylim() == (0, 1)
    with pytest.raises(ValueError, match="no latency"):
        plot_latency(idle)


def test_many_types_are_not_all_named() -> None:
    """Of many types three are named and the others counted."""
    run = simulation()
    rentals = [dataclasses.replace(run.rentals[0], machine=f"t{k}") for k in range(5)]
    axes = plot_pools(dataclasses.replace(run, rentals=tuple(rentals)))
    assert legend(axes[1])[0] == "t0\nt1\nt2\nand 2 more"


# ----------------------------------------------------------------------------------------------------
# Schedules


def scheduled(blocks: int = 1, usd_per_s: float = 0.1, function: bool = True) -> Schedule:
    """A schedule with decisions every other second, and a last period that is short."""
    made = service(blocks, function)
    cheap = [tuple(dataclasses.replace(m, usd_per_s=usd_per_s, start_s=0.0) for m in b.machines) for b in made.blocks]
    return schedule(made.with_machines(tuple(cheap)), trace(*COUNTS, 3), step_s=2)


@pytest.mark.parametrize("blocks", [1, 2])
def test_schedules_add_up_to_the_table(blocks: int) -> None:
    """Areas of machines and function are the schedule's own sums."""
    found = scheduled(blocks)
    frame = found.to_frame()
    axes: Any = plot_schedule(found)
    assert area(axes[0], "") == pytest.approx(sum(COUNTS) + 3)
    for own in found.blocks:
        machines, function = axes[1 + 2 * own.block : 3 + 2 * own.block]
        seconds = sum(rental.to_s - rental.from_s for rental in own.rentals)
        names = sorted({rental.machine for rental in own.rentals})
        assert names
        assert sorted(legend(machines)) == [name.replace("$", r"\$") for name in names]
        assert sum(area(machines, name.replace("$", r"\$")) for name in names) == pytest.approx(seconds)
        took = frame.loc[frame["block"] == own.block, "function_requests"].sum()
        assert took == pytest.approx(own.function_requests)
        assert (area(function, "on the function") if took else 0) == pytest.approx(took)
    assert axes[0].get_title() == rf"made on trace, schedule with foresight: \${brief(found.usd)}"


def test_schedules_of_functions_and_of_machines() -> None:
    """A schedule of one kind says that the other is not used."""
    _, machines, function = plot_schedule(scheduled(usd_per_s=100.0))
    assert (legend(machines), legend(function)) == (["no machines"], ["on the function: 100 %"])
    _, machines, function = plot_schedule(scheduled(function=False))
    assert machines.patches
    assert legend(function) == ["not used"]


def test_more_types_than_colours() -> None:
    """Eight types have eight colours."""
    found = scheduled()
    machine = found.service.blocks[0].machines[0]
    types = tuple(dataclasses.replace(machine, name=f"t{k}") for k in range(8))
    own = found.blocks[0]
    rentals = tuple(dataclasses.replace(own.rentals[0], machine=name.name) for name in types)
    many = dataclasses.replace(
        found,
        service=found.service.with_machines((types,)),
        blocks=(dataclasses.replace(own, rentals=rentals),),
    )
    ax: Any = plot_schedule(many)[1]
    filled = [patch for patch in ax.patches if str(patch.get_label()).startswith("t")]
    assert len({tuple(patch.get_facecolor()) for patch in filled}) == 8
    assert legend(ax) == [f"t{k}" for k in reversed(range(8))]


# ----------------------------------------------------------------------------------------------------
# Spending


@pytest.mark.parametrize("blocks", [1, 2])
def test_spending_adds_up_to_the_bill(blocks: int) -> None:
    """The areas by resource are the bill, to the cent."""
    run = simulation(blocks)
    ax: Any = plot_spending(run)
    drawn = {"machines": 0.0, "functions": 0.0, "links": 0.0}
    for patch in ax.patches:
        name = str(patch.get_label())
        if not name.startswith("_") and name:
            drawn[name.split(":")[0].split(",")[0]] += area(ax, name) / 3600
    assert drawn == pytest.approx(run.usd)
    resources = ["machines", "functions"] if blocks == 1 else [f"{k}, block {b}" for k in drawn for b in (1, 2)][:4]
    resources += ["links"] * (blocks > 1)
    assert [text.split(":")[0] for text in legend(ax)] == resources[::-1]
    assert ax.get_ylabel() == "USD per hour"
    assert ax.get_title() == rf"made on trace, script: \${brief(run.usd_total)} in {run.periods} seconds"
    assert overlapping(ax) == []


# ----------------------------------------------------------------------------------------------------
# Latency


def curves(ax: Any) -> list[Any]:
    """Lines that are curves, not marks or targets."""
    return [line for line in ax.lines if line.get_drawstyle() == "steps-post"]


def at(line: Any, latency: float) -> float:
    """The share that a curve has at a latency."""
    x, y = line.get_data()
    return float(y[np.flatnonzero(x <= latency)[-1]])


def test_share_that_is_slower() -> None:
    """One machine, 0.5 s each, functions 0.25 s for those that find no worker."""
    run = simulation(slo_s=0.3)
    ax: Any = plot_latency(run)
    (line,) = curves(ax)
    slower = run.by_machine[0] / run.arrivals
    assert 0 < slower < 1
    assert line.get_ydata()[0] == 1
    assert at(line, 250) == pytest.approx(slower)
    assert at(line, 300) == pytest.approx(run.violations / run.arrivals)
    assert at(line, 500) < 1 / run.arrivals / 5  # nobody, below the axis
    (target,) = (line for line in ax.lines if line.get_linestyle() == "--")
    assert list(target.get_xdata()) == [300, 300]
    marks = {line.get_marker(): float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() in "osD"}
    assert marks == {"o": run.percentile(50) * 1000, "s": run.percentile(95) * 1000, "D": run.percentile(99) * 1000}
    assert ax.get_xlabel() == "latency (ms)"
    assert ax.get_yscale() == "log"
    late = rare(run.violations / run.arrivals)
    p50 = f"{run.percentile(50) * 1000:.0f}"
    assert legend(ax) == ["target 300 ms", f"script: p50 {p50} ms, p95 500 ms, p99 500 ms; {late} late"]
    assert overlapping(ax) == []


def test_dropped_requests_are_slower_than_all() -> None:
    """Who was dropped stands beyond all latencies, so that the target's share is right."""
    run = simulation(function=False, timeout_s=0.25, slo_s=0.6)
    ax: Any = plot_latency([run])
    (line,) = curves(ax)
    lost = sum(run.dropped.values()) / run.arrivals
    assert line.get_ydata()[-1] == pytest.approx(lost)
    assert line.get_xdata()[-1] > ax.get_xlim()[1]
    assert at(line, 600) == pytest.approx(run.violations / run.arrivals)
    assert legend(ax)[1].endswith(
        f"p99 dropped; {rare(run.violations / run.arrivals - lost)} late; {rare(lost)} dropped"
    )


def test_many_latencies_are_few_points() -> None:
    """Three hundred thousand latencies are drawn by a thousand points, right to 5 % of any share."""
    latency = np.random.default_rng(0).lognormal(0, 2, 300_000).astype(np.float32)
    run = dataclasses.replace(simulation(), latency=latency, arrivals=len(latency), served=len(latency))
    ax: Any = plot_latency([run, dataclasses.replace(run, policy="twice", latency=2 * latency)])
    one, two = curves(ax)
    for line, values in ((one, latency), (two, 2 * latency)):
        x, y = line.get_data()
        assert len(x) < 1500
        for share in (0.9, 0.5, 0.1, 1e-3, 1e-5):
            drawn = float(y[np.flatnonzero(x <= np.quantile(values, 1 - share))[-1]])
            assert drawn == pytest.approx(share, rel=0.05)
    assert ax.get_xlabel() == "latency (s)"
    assert ax.get_xscale() == "log"
    assert one.get_linestyle() != two.get_linestyle()
    assert not [line for line in ax.lines if line.get_linestyle() == "--" and line not in (one, two)]  # no target
    assert [text.split(":")[0] for text in legend(ax)] == ["script", "twice"]


def test_shares_that_may_be_small() -> None:
    """Small shares are shown with the digits they have."""
    assert [rare(share) for share in (0, 1e-6, 3.5e-4, 0.075, 0.194, 0.999, 1)] == [
        "0 %",
        "<0.001 %",
        "0.035 %",
        "7.5 %",
        "19 %",
        "100 %",
        "100 %",
    ]


# ----------------------------------------------------------------------------------------------------
# Policies


def comparison(*usd: tuple[float, float, float], slo_s: float | None = None, libra: bool = True) -> Comparison:
    """Policies with such bills, the last on two blocks, and bounds at 90 % of the least of them."""
    run = simulation(slo_s=slo_s)
    names = ("libra", "serflow", "controller", "maximum", "special $") if libra else ("serflow", "controller")
    least = 0.9 * min(map(sum, usd))
    rows = [
        PolicyRow(
            name, 1 + (k == len(usd) - 1), dataclasses.replace(run, usd=dict(zip(run.usd, bill, strict=True))), least
        )
        for k, (name, bill) in enumerate(zip(names, usd, strict=False))
    ]
    return Comparison("made", "some $ trace", tuple(rows))


def column(ax: Any, header: str) -> list[str]:
    """What stands below a header."""
    texts = list(ax.texts)
    first = next(i for i, text in enumerate(texts) if text.get_text() == header)
    return [text.get_text() for text in texts[first + 1 : first + 1 + len(ax.get_yticks())]]


def test_bars_are_bills() -> None:
    """Bars, columns and bounds are those of the comparison's rows."""
    compared = comparison((2.0, 1.0, 0.5), (1.0, 0.75, 0.5), (1.0, 0.5, 0.0), slo_s=0.3)
    ax: Any = plot_policies(compared)
    widths = {bars.get_label(): [bar.get_width() for bar in bars] for bars in ax.containers}
    assert widths == {"machines": [2, 1, 1], "functions": [1, 0.75, 0.5], "links": [0.5, 0.5, 0]}
    ends = [bar.get_x() + bar.get_width() for bar in ax.containers[-1]]
    assert ends == [row.usd for row in compared.rows]
    bounds = [mark.get_segments()[0][0][0] for mark in ax.collections]
    assert bounds == [pytest.approx(1.35)] * 3
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "LIBRA",
        "SERFLOW (1 block)",
        "controller (2 blocks)",
    ]
    assert column(ax, "USD") == ["3.50", "2.25", "1.50"]
    assert column(ax, "saved over\nLIBRA") == ["", "35.7 %", "57.1 %"]
    assert column(ax, "late or\ndropped") == [rare(compared.rows[0].violations)] * 3
    assert ax.get_xlabel() == "USD for the whole trace"
    assert ax.get_title() == r"made on some \$ trace"
    assert set(legend(ax)) == {"bound: no schedule of the same blocks costs less", "machines", "functions", "links"}
    assert overlapping(ax) == []


def test_far_bars_are_cut() -> None:
    """One absurd bill does not squeeze the others: its bar is cut and its figure stands."""
    bills = (2.0, 1.0, 0.0), (1.0, 1.0, 0.0), (1.0, 0.5, 0.0), (200.0, 0.0, 0.0), (1.0, 0.0, 0.0)
    ax: Any = plot_policies(comparison(*bills))
    assert ax.get_xlim()[1] == pytest.approx(1.05 * 3)
    strokes = [line for line in ax.lines if line.get_color() == "white"]
    assert len(strokes) == 2
    assert {round(float(line.get_ydata().mean() if hasattr(line.get_ydata(), "mean") else 0)) for line in strokes} == {
        3
    }
    assert column(ax, "USD")[3] == "200"
    assert column(ax, "saved over\nLIBRA")[3] == "−6,567 %"
    assert "links" not in legend(ax)
    assert ax.get_yticklabels()[-1].get_text() == r"special \$ (2 blocks)"
    assert overlapping(ax) == []


def test_policies_without_libra_and_target() -> None:
    """Columns that mean nothing without LIBRA or a target are left out."""
    ax: Any = plot_policies(comparison((1.0, 1.0, 0.0), (1.0, 0.5, 0.0), libra=False))
    headers = {text.get_text() for text in ax.texts}
    assert "dropped" in headers
    assert not {"late or\ndropped", "saved over\nLIBRA"} & headers
    with pytest.raises(ValueError, match="no policy"):
        plot_policies(Comparison("made", "trace", ()))


def test_policies_that_cost_nothing() -> None:
    """Bills of nothing can be drawn, too."""
    plot_policies(comparison((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))).figure.canvas.draw()


# ----------------------------------------------------------------------------------------------------
# Axes


def test_axes_that_are_given_are_used() -> None:
    """Pictures go into the axes that the caller gives; a wrong number of them is told."""
    run = simulation(2)
    axes = plt.subplots(5)[1]
    assert plot_pools(run, axes) == tuple(axes)
    axes = plt.subplots(3)[1]
    assert plot_schedule(scheduled(), axes) == tuple(axes)
    ax = plt.subplots()[1]
    assert plot_spending(run, ax) is ax
    ax = plt.subplots()[1]
    assert plot_latency(run, ax) is ax
    ax = plt.subplots()[1]
    assert plot_policies(comparison((1.0, 0.5, 0.0)), ax) is ax
    assert len(plt.get_fignums()) == 5
    with pytest.raises(ValueError, match="3 axes; give 5"):
        plot_pools(run, plt.subplots(3)[1])
