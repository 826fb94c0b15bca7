"""The service for days, at compressed time: does its memory stay flat, and its state file small?

The service is a process of its own whose clocks run so many times as fast; it is pushed ten seconds of requests at a
time, asked for orders and metrics each minute, and sent nonsense and wrong keys in between. Requests follow the time of
day, with bursts. Its memory is read every hour of its time.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import signal
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from reporting import setting, table, write
from serving import _cpu, _rss

KEY = "0123456789abcdef"
HOUR_S, PUSH_S = 3600, 10
WARM_HOURS = 4
"""The controller looks back on an hour and more: what it keeps is complete after some."""


def serve(folder: Path, speed: float) -> None:
    """Be the service."""
    import serflow_opt as so
    from serflow_opt.serving.clock import SteadyClock
    from serflow_opt.serving.loop import ControlLoop
    from serflow_opt.serving.server import ServerSettings, log_to_stderr, run
    from serflow_opt.serving.store import ServiceStore

    begin = time.monotonic()
    epoch = float((folder / "epoch").read_text())

    def steady() -> float:
        return (time.monotonic() - begin) * speed

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / speed)

    log_to_stderr()
    with ServiceStore(folder / "state.db") as store:
        service = so.service_for(so.load("libra"), so.Trace.of([100 * HOUR_S], float(HOUR_S)), 1)
        clock = SteadyClock(None, lambda: epoch + steady(), steady)
        loop = ControlLoop(so.Controller(service), store, clock, settle_s=60.0)  # a late answer is minutes here

        def ready(place: str) -> None:
            (folder / "draft").write_text(place)
            (folder / "draft").replace(folder / "place")

        asyncio.run(run(loop, ServerSettings(port=0, key=KEY), ready=ready, sleep=sleep))


def rate(second: float, rng: np.random.Generator) -> float:
    """Requests a second at a time of day, with a burst now and then."""
    day = 100 + 80 * math.sin(2 * math.pi * second / 86_400)
    return day * (3 if int(second) % 7000 < 240 else 1) * float(rng.uniform(0.9, 1.1))


async def soaked(folder: Path, hours: float, speed: float, minutes: float) -> list[tuple[float, float, float, float]]:
    """Run it; return hour, MB, kB of the state file and machines wanted, hour by hour."""
    (folder / "epoch").write_text(str(time.time()))
    arguments = [sys.executable, __file__, "--serve", str(folder), "--speed", str(speed)]
    with (folder / "log").open("w") as log:
        own = await asyncio.create_subprocess_exec(*arguments, stderr=log)
    while not (folder / "place").exists():
        await asyncio.sleep(0.05)
    place, rng, rows = (folder / "place").read_text(), np.random.default_rng(0), []
    begin = time.monotonic()
    async with httpx.AsyncClient(base_url=place, headers={"X-API-Key": KEY}, timeout=30) as client:
        for turn in range(round(hours * HOUR_S / PUSH_S)):
            second = turn * PUSH_S
            if time.monotonic() > begin + 60 * minutes:
                break
            wait = begin + second / speed - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            counts = rng.poisson(rate(second, rng), PUSH_S).tolist()
            body = {"source": "soak", "number": turn, "requests": [{"counts": counts}]}
            (await client.post("/v1/measurements", json=body)).raise_for_status()
            if turn % 6 == 0:
                orders = (await client.get("/v1/orders")).json()
                await client.get("/metrics")
                await client.post("/v1/measurements", content=rng.bytes(200))
                await client.get("/v1/events", headers={"X-API-Key": str(turn)})
            if second % HOUR_S == 0:
                print(f"hour {second / HOUR_S:.0f}", file=sys.stderr)
                wanted = sum(row["count"] for row in orders["blocks"][0]["machines"]) if "blocks" in orders else 0
                size = sum(file.stat().st_size for file in folder.glob("state.db*"))
                rows.append((second / HOUR_S, _rss(own.pid), size / 1e3, wanted))
        text = (await client.get("/metrics")).text
    cpu = _cpu(own.pid)
    own.send_signal(signal.SIGTERM)
    code = await own.wait()
    told = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line.startswith("serflow_")}
    names = ("serflow_decisions_total", "serflow_measurements_total", "serflow_late_total")
    counted = ", ".join(f"{told[name]:,.0f} {name.split('_')[1]}" for name in names)
    print(f"{counted}, {cpu:.0f} s of a processor, ended with {code}", file=sys.stderr)
    print((folder / "log").read_text()[-2000:], file=sys.stderr)
    return rows


def main() -> None:
    """Run it, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--hours", type=float, default=48, help="of the service's time")
    parser.add_argument("--speed", type=float, default=300.0, help="its seconds a second")
    parser.add_argument("--minutes", type=float, default=60, help="of ours, at most")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, given.speed)
        return
    where = setting()
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(soaked(Path(folder), given.hours, given.speed, given.minutes))
    shown = [row for row in rows if row[0] % max(1, round(len(rows) / 8)) == 0]
    text = f"{where}\n\n{rows[-1][0]:.0f} hours at up to {given.speed:g} times their speed.\n\n"
    text += table(
        ["hour", "memory, MB", "state file with its log, kB", "machines wanted"],
        [[f"{h:.0f}", f"{mb:.1f}", f"{kb:.0f}", f"{n:.0f}"] for h, mb, kb, n in shown],
    )
    warm = np.array([row[:2] for row in rows if row[0] >= WARM_HOURS])
    if len(warm) > 2:
        slope = np.polyfit(warm[:, 0], warm[:, 1], 1)[0]
        text += f"\n\nAfter {WARM_HOURS} hours memory grows by {1000 * slope:+.1f} kB an hour (least squares)."
    if given.out is None:
        print(text)
    else:
        write(given.out, "soak", text)


if __name__ == "__main__":
    main()
