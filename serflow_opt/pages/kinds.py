"""Which page an answer gets, by what its document holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.display import Displayed
from serflow_opt.pages.anything import anything
from serflow_opt.pages.deployment import deployment_sections
from serflow_opt.pages.front import Shown, front_sections
from serflow_opt.pages.markup import Markup, facts, join, section, tag, tiles
from serflow_opt.pages.plan import plan_sections
from serflow_opt.pages.traffic import bound_sections, comparison_sections, schedule_series, simulation_series

UNITS = {"cost": "USD per million", "latency": "ms", "energy": "J", "carbon": "g CO2e per million"}
Document = Mapping[str, Any]


def title_of(answer: Displayed | Document) -> str:
    """Return what a page is called: whose answer it is."""
    document = answer if isinstance(answer, Mapping) else answer.to_dict()
    words = [document.get(key) for key in ("instance", "service", "trace", "policy")]
    return ", ".join(word for word in words if isinstance(word, str) and word) or "serflow-opt"


def body_of(answer: Displayed | Document) -> Markup:
    """Return the sections of an answer.

    Raises
    ------
    InputError
        For a document that has the keys of an answer and not its values.
    """
    answer = _whole(answer)
    document = answer if isinstance(answer, Mapping) else answer.to_dict()
    for fits, lay_out in PAGES:
        if fits(document):
            try:
                return lay_out(document) if isinstance(answer, Mapping) else _of_result(answer, lay_out)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                if isinstance(error, InputError):
                    raise
                cure = "give it as a command wrote it"
                raise InputError([Problem("", "", f"no whole answer: {error!r}", cure)]) from None
    return section("Answer", anything(document, ("instance",)))


def _whole(answer: Displayed | Document) -> Displayed | Document:
    """The simulation that a file keeps to the last bit, so that it can be drawn over time; all else as it is."""
    exact = answer.get("exact") if isinstance(answer, Mapping) else None
    if not (isinstance(answer, Mapping) and isinstance(exact, Mapping) and exact.get("is") == "Simulation"):
        return answer
    from serflow_opt.traffic.simulate.result import Simulation

    return Simulation.from_dict(answer)


def _of_result(answer: Displayed, lay_out: Callable[[Document], Markup]) -> Markup:
    """A result that keeps more than its document: over time, too."""
    from serflow_opt.traffic.simulate.result import Simulation

    document = answer.to_dict()
    if isinstance(answer, Simulation):
        return join([simulation_series(answer.to_frame(), answer.period_s), lay_out(document)])
    return lay_out(document)


def _plan(document: Document) -> Markup:
    from serflow_opt.plan.document import Plan

    return plan_sections(Plan.from_dict(document))


def _front(document: Document) -> Markup:
    from serflow_opt.fronts.front import Front, verdict
    from serflow_opt.plan.document import runs_on

    front = Front.from_dict(document)
    points = []
    for values, plan in zip(front.points, front.plans, strict=True):
        shown = tuple(
            x * 1e6 if name in ("cost", "carbon") else x for name, x in zip(front.objectives, values, strict=True)
        )
        points.append(Shown(shown, runs_on(plan), plan_sections(plan)))
    units = [f"{front.latency_measure} ms" if n == "latency" else UNITS.get(n, "") for n in front.objectives]
    proof = f"{verdict(front)[0]}; {front.method}" + (f". Proof of: {front.scope}" if front.scope else "")
    return front_sections(front.objectives, units, points, proof)


def _solution(document: Document) -> Markup:
    """A decision of another family: its figures, and all else as tables."""
    good = document["status"] in ("optimal", "valued")
    badge = tag("p", tag("strong", str(document["status"]), class_="good" if good else "bad"))
    figures = [
        (own["name"] if own["unit"] in ("", own["name"]) else f"{own['name']}, {own['unit']}", f"{own['value']:.6g}")
        for own in document["metrics"] or ()
        if own["value"] is not None
    ]
    notes = [tag("p", str(note)) for note in document.get("notes", ())]
    limits = {key: own for key, own in document.get("limits", {}).items() if own is not None}
    return join(
        [
            badge,
            tiles(figures),
            section("Decision", anything(document["plan"]) if document["plan"] else None),
            section("Limits", anything(limits), anything(document.get("infeasible_because") or {})),
            section("Proof", facts(_proof(document)), *notes),
        ]
    )


def _proof(document: Document) -> list[tuple[str, str]]:
    own = document["objective"]
    said = document.get("certificate", {})
    return [
        ("reached", f"{own['name']} {own['value']:.7g} {own['unit']}" if own["value"] is not None else ""),
        ("nothing is below", "" if document.get("bound") is None else f"{document['bound']:.7g}"),
        ("how", str(said.get("method", ""))),
        ("proof of", str(said.get("scope", ""))),
    ]


def _family_front(document: Document) -> Markup:
    names = [str(name) for name in document["objectives"]]
    points, units = [], dict.fromkeys(names, "")
    for plan in document["plans"]:
        by_name = {own["name"]: own for own in plan["metrics"]}
        units |= {name: str(by_name[name]["unit"]) for name in names}
        values = tuple(float(by_name[name]["value"]) for name in names)
        points.append(Shown(values, _brief(plan["plan"]), _solution(plan)))
    scope = f". Proof of: {document['scope']}" if document.get("scope") else ""
    return front_sections(names, [units[name] for name in names], points, f"{document['method']}{scope}")


def _brief(decision: Document) -> str:
    """The first words and figures of a decision."""
    plain = [f"{key.replace('_', ' ')} {own}" for key, own in decision.items() if isinstance(own, str | int)]
    return ", ".join(plain[:4])


def _bound(document: Document) -> Markup:
    from serflow_opt.traffic.bound_result import CostBound

    return bound_sections(CostBound.from_dict(document))


def _schedule(document: Document) -> Markup:
    blocks = [{key: own for key, own in block.items() if key != "rentals"} for block in document["blocks"]]
    rest = section("Schedule", anything({**document, "blocks": blocks}))
    return join([schedule_series(document), rest])


def _having(*keys: str, without: tuple[str, ...] = ()) -> Callable[[Document], bool]:
    return lambda document: all(key in document for key in keys) and not any(key in document for key in without)


def _scheduled(document: Document) -> bool:
    blocks = document.get("blocks")
    return (
        isinstance(blocks, list) and bool(blocks) and all("rentals" in own for own in blocks if isinstance(own, dict))
    )


PAGES: tuple[tuple[Callable[[Document], bool], Callable[[Document], Markup]], ...] = (
    (_having("plan", "metrics", "certificate", "objective", without=("kind",)), _plan),
    (_having("objectives", "plans", "latency_measure", without=("kind",)), _front),
    (_having("kind", "plan", "metrics", "objective"), _solution),
    (_having("kind", "objectives", "plans"), _family_front),
    (_having("policies", "clairvoyant"), comparison_sections),
    (lambda document: document.get("bound") == "autoscaler", _bound),
    (_having("demand", "blocks", "thresholds", "metrics"), deployment_sections),
    (_scheduled, _schedule),
    (lambda document: True, lambda document: section("Answer", anything(document, ("instance",)))),
)
"""What a document looks like, and how it is laid out; the first that fits."""
