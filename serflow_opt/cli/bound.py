"""The command `bound`: the least that any autoscaler of one pool of machines pays for a trace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serflow_opt.cli.common import OK, Debug, Json, Out, check_out, finish, hand_over
from serflow_opt.cli.traffic_options import FromS, ToS, TraceScale, read_part
from serflow_opt.cli.usage import above_zero

Slo = Annotated[
    float, typer.Option(metavar="MS", help="Within what each request is served after it came, ms.", callback=above_zero)
]
UsdPerHour = Annotated[float, typer.Option(metavar="USD", help="Rent of a machine for an hour.", callback=above_zero)]
Capacity = Annotated[
    float | None,
    typer.Option(metavar="PER_S", help="Requests a second that one machine serves at most.", callback=above_zero),
]
StepS = Annotated[
    float | None,
    typer.Option(
        help="Seconds between moments at which machines become ready or stop; none: 60, or as it takes.",
        callback=above_zero,
    ),
]


def bound(
    trace: Annotated[
        Path,
        typer.Argument(
            help="CSV (second,requests; time stamps; a row a request), or shipped: twitter-day.", metavar="TRACE"
        ),
    ],
    slo: Slo,
    usd_per_hour: UsdPerHour,
    capacity: Capacity = None,
    batch_times: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Instead: what batches take on a machine (batch,mean_ms), full ones counted."),
    ] = None,
    start_up: Annotated[
        float, typer.Option(metavar="S", help="Seconds from order to first request, paid.", min=0.0)
    ] = 0.0,
    billing_min: Annotated[
        float, typer.Option(metavar="S", help="Seconds of each machine that are billed at least.", min=0.0)
    ] = 0.0,
    late: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the requests that may be later.", min=0.0)
    ] = 0.0,
    step_s: StepS = None,
    paid: Annotated[
        float | None, typer.Option(metavar="USD", help="What an autoscaler paid: how far above is that?", min=0.0)
    ] = None,
    trace_scale: TraceScale = 1.0,
    from_s: FromS = 0.0,
    to_s: ToS = None,
    as_json: Json = False,
    out: Out = None,
    plot: Annotated[Path | None, typer.Option(help="Draw into this file (.png, .pdf, .svg).")] = None,
    debug: Debug = False,
) -> None:
    """The least that any autoscaler could pay for a trace: no instance file, a second for a day.

    For machines of one type behind one queue, as Kubernetes' autoscaler, KEDA,
    Karpenter or llm-d run them.
    """

    def work() -> int:
        from serflow_opt.cli.output import check_plot
        from serflow_opt.traffic.batches.capacity import capacity_of
        from serflow_opt.traffic.cost_bound import cost_bound

        check_plot(plot)
        check_out(out)
        part = read_part(trace, trace_scale, from_s, to_s)
        found = cost_bound(
            part,
            slo_s=slo / 1000,
            capacity_per_s=capacity_of(capacity, batch_times, slo / 1000),
            usd_per_hour=usd_per_hour,
            start_s=start_up,
            billing_min_s=billing_min,
            late=late,
            step_s=step_s,
            paid_usd=paid,
        )
        if plot is not None:
            from matplotlib.figure import Figure

            from serflow_opt.files import write_atomically
            from serflow_opt.plotting import plot_bound

            figure = Figure(figsize=(10, 4.5), layout="constrained")
            plot_bound(found, figure.subplots())
            write_atomically(plot, lambda draft: figure.savefig(draft, dpi=150))
        hand_over(found, as_json, out)
        return OK

    finish(work, debug)
