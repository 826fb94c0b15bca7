"""Random pools of spot machines: as instance files, and as the oracle has them."""

from __future__ import annotations

import random
from pathlib import Path

from oracles.spot_pools import Asked, Rented, best, independent, late_exponential, values

HEAD = 'schema = 1\nkind = "spot"\nname = "s"\n'


def offer_text(name: str, own: Rented) -> str:
    """Return an offer as files have it."""
    text = f'[[offer]]\nname = "{name}"\nusd_per_hour = {own.usd!r}\nworkers = {own.workers}\n'
    text += f"machines_max = {own.most}\n"
    if own.zone >= 0:
        text += f'zone = "z{own.zone}"\n'
    if own.gone_per_day:
        text += f'term = "spot"\ninterruptions_per_day = {own.gone_per_day!r}\nreplace_s = {own.replace_s!r}\n'
        text += f"start_s = {own.start_s!r}\n"
    return text


def zone_text(n: int, zone: tuple[float, float]) -> str:
    """Return a zone as files have it."""
    return f'[[zone]]\nname = "z{n}"\noutages_per_day = {zone[0]!r}\noutage_s = {zone[1]!r}\n'


def draw(seed: int, folder: Path) -> tuple[Path, str, float | None]:
    """Return a random instance of up to four offers in two zones, what it asks for, and the optimum; None: none."""
    chance = random.Random(seed)
    zones = [(chance.choice([0.0, 0.5, 3.0]), 3600.0) for _ in range(2)]
    zones = [(a, s if a else 0.0) for a, s in zones]
    states, joint = independent(zones), ""
    if chance.random() < 0.3:  # two zones that vanish together, as a table says
        shares = [chance.uniform(0.0, 0.05) if n else 1.0 for n in range(4)]
        whole = [(True, True), (True, False), (False, True), (False, False)]
        states = [(own / sum(shares), up) for own, up in zip(shares, whole, strict=True)]
        rows = (f"{own!r},{up[0]:d},{up[1]:d}" for own, up in zip(shares, whole, strict=True))
        joint, zones = "\n".join(("share,z0,z1", *rows)) + "\n", [(a, 0.0) for a, _ in zones]
    offers = []
    for n in range(chance.randint(1, 4)):
        gone = chance.choice([0.0, 2.0, 12.0]) if n else 0.0
        usd = chance.uniform(0.2, 0.6) if gone else chance.uniform(0.8, 1.2)
        workers, replace = chance.choice([1, 1, 2]), chance.choice([300.0, 2400.0])
        sizes = (usd * workers, workers, chance.randint(1, 4))
        offers.append(Rented(chance.randint(-1, 1) if gone else -1, *sizes, gone, replace, chance.choice([0.0, 60.0])))
    most, asked = sum(own.most * own.workers for own in offers), ""
    if chance.random() < 0.5:
        enough = chance.randint(1, 4)
        late = [float(c < enough) for c in range(most + 1)]
        asked = f"workers_min = {enough}\n"
    else:
        rate, service, limit = chance.uniform(1, 25), 0.1, chance.choice([0.3, 0.6])
        late = [1.0, *(late_exponential(c, rate, service, limit) for c in range(1, most + 1))]
        enough = next((c for c, own in enumerate(late) if own <= 0.1), most + 1)
        asked = f'rate_per_s = {rate!r}\nservice_ms = 100\nservice = "exponential"\n'
        asked += f'latency_slo_ms = {limit * 1000!r}\nlatency_measure = "p90"\n'
    given = Asked(offers, states, [a for a, _ in zones], late, enough)
    every = values(given, [own.most for own in offers])
    limits: dict[str, float] = {}
    goal = chance.choice(["cost", "cost", "cost", "late", "availability"])
    if goal == "cost":
        if chance.random() < 0.7:
            limits["availability"] = -chance.choice([0.9, 0.99, 0.999]) * chance.choice([1.0, every["availability"]])
        if not limits or chance.random() < 0.4:
            limits["late"] = every["late"] + chance.choice([0.3, 0.05, 0.002])
    else:
        limits["cost"] = every["cost"] * chance.uniform(0.2, 0.9)
    if chance.random() < 0.2:
        limits["interruptions"] = every["interruptions"] * chance.uniform(0.3, 1.0)
    keys = {"cost": "budget_usd_per_hour", "late": "late_max", "interruptions": "interruptions_max"}
    head = HEAD + ('zone_states = "zones.csv"\n' if joint else "")
    text = head + f'objective = "{goal}"\n' + asked + "limits = { "
    told = [(keys.get(name, "availability_min"), abs(most)) for name, most in limits.items()]
    text += ", ".join(f"{key} = {most!r}" for key, most in told) + " }\n"
    text += "".join(zone_text(n, own) for n, own in enumerate(zones))
    text += "".join(offer_text(f"o{n}", own) for n, own in enumerate(offers))
    folder.mkdir(exist_ok=True)
    (folder / "zones.csv").write_text(joint, encoding="utf-8")
    (folder / "instance.toml").write_text(text, encoding="utf-8")
    return folder, goal, best(given, goal, limits)
