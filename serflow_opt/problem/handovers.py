"""From measured tables to ways to hand a request over: compressions (survey's γ) times protections (survey 2.2.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from serflow_opt.errors import Problem, nearest
from serflow_opt.problem.compression_table import CompressionRow, read_compression
from serflow_opt.problem.network import PLAIN, HandoverMode
from serflow_opt.problem.privacy_table import PrivacyRow, read_privacy
from serflow_opt.problem.ranges import NoiseCurve
from serflow_opt.problem.schema import InstanceDocument

Row = TypeVar("Row", CompressionRow, PrivacyRow)

NONE = "none"
NO_COMPRESSION = CompressionRow(0, NONE, None, 1.0, 0.0, 0.0, 0.0, 0, 0, 0.0, 0.0, 0.0, 0.0, 1)


def read_ways(
    document: InstanceDocument, folder: Path, stages: int, file: str, problems: list[Problem]
) -> tuple[tuple[HandoverMode, ...], ...]:
    """Return the ways to hand over before each stage 1..M, the plain one first.

    Parameters
    ----------
    problems
        Receives every fault; the result is empty then.
    """
    before = len(problems)
    compressions: dict[int, list[CompressionRow]] = {}
    protections: dict[int, list[PrivacyRow]] = {}
    baseline = None
    if document.adaptation is not None:
        path = folder / document.adaptation.handovers
        compression_rows = read_compression(path, stages, problems)
        if len(problems) > before:
            return ()
        names = {row.method for row in compression_rows}
        kept = _chosen(document.adaptation.methods, names, file, "adaptation.methods", problems)
        compressions = _by_cut([row for row in compression_rows if row.method in kept])
        _check_plain({c: [r.method for r in rows] for c, rows in compressions.items()}, path, "method", problems)
    if document.privacy is not None and document.privacy.table is not None:
        path, baseline = folder / document.privacy.table, document.privacy.baseline_mse
        privacy_rows = read_privacy(path, stages, problems)
        if not privacy_rows:
            return ()
        names = {row.protection for row in privacy_rows}
        kept = _chosen(document.privacy.protections, names, file, "privacy.protections", problems)
        protections = _by_cut([row for row in privacy_rows if row.protection in kept])
        _check_plain({c: [r.protection for r in rows] for c, rows in protections.items()}, path, "protection", problems)
        if baseline is None:
            cure = "give the error of guessing the mean training input, as `profile` writes it into [profile]"
            problems.append(Problem(file, "privacy.baseline_mse", "missing", cure))
    if len(problems) > before:
        return ()
    return tuple(tuple(_pairs(compressions.get(cut, []), protections.get(cut, []), baseline)) for cut in range(stages))


def _chosen(asked: list[str] | None, known: set[str], file: str, place: str, problems: list[Problem]) -> set[str]:
    """Return the names asked for, and none; all where nothing is asked."""
    if asked is None:
        return known
    for name in asked:
        if name not in known:
            problems.append(Problem(file, place, f"'{name}' is not in the table", nearest(name, sorted(known))))
    return {*asked, NONE}


def _by_cut(rows: Iterable[Row]) -> dict[int, list[Row]]:
    ordered = sorted(rows, key=lambda row: row.cut)
    return {cut: list(group) for cut, group in groupby(ordered, key=lambda row: row.cut)}


def _check_plain(by_cut: dict[int, list[str]], path: Path, column: str, problems: list[Problem]) -> None:
    """Each cut needs the row that the others are compared with."""
    for cut, names in by_cut.items():
        if names.count(NONE) != 1:
            found = f"cut {cut} has {names.count(NONE) or 'no'} row(s) with {column} 'none'"
            problems.append(Problem(str(path), f"column {column}", found, "give one: the others are compared with it"))


def _pairs(
    compressions: Sequence[CompressionRow], protections: Sequence[PrivacyRow], baseline: float | None
) -> list[HandoverMode]:
    """Return the ways at one cut, the plain one first."""
    uncompressed = next((row for row in compressions if row.method == NONE), NO_COMPRESSION)
    unprotected = next((row for row in protections if row.protection == NONE), None)
    ways = []
    for c in [uncompressed, *(row for row in compressions if row.method != NONE)]:
        for p in [unprotected, *(row for row in protections if row.protection != NONE)]:
            if c.kept_sd > 0 and p is not unprotected:  # the protection would change what the compression saves
                continue
            base = unprotected.cross_entropy if unprotected else uncompressed.cross_entropy if compressions else None
            added = c.cross_entropy - uncompressed.cross_entropy
            lost = uncompressed.accuracy - c.accuracy
            if p is not None and unprotected is not None:
                added += p.cross_entropy - unprotected.cross_entropy
                lost += unprotected.accuracy - p.accuracy
            ways.append(
                HandoverMode(
                    compression=_name_of(c, compressions),
                    protection=p.protection if p else NONE,
                    scale=p.scale if p else 0.0,
                    kept=c.kept_fraction,
                    encode_flops=c.encode_flops + (p.added_flops if p else 0.0),
                    decode_flops=c.decode_flops,
                    accuracy_loss=lost,
                    cross_entropy=None if base is None else base + added,
                    cross_entropy_added=added,
                    mse=p.mse if p else None,
                    leak=PLAIN.leak if p is None or baseline is None else max(0.0, 1 - p.mse / baseline),
                )
            )
    return ways


def _name_of(row: CompressionRow, rows: Sequence[CompressionRow]) -> str:
    """Name a compression: its method, and its width where there are several."""
    several = sum(other.method == row.method for other in rows) > 1
    return f"{row.method} {row.width:g}" if several and row.width is not None else row.method


def noise_curves(document: InstanceDocument, ways: Sequence[Sequence[HandoverMode]]) -> list[NoiseCurve]:
    """Return the curves through the measured strengths of each protection, with each compression, at each cut."""
    table = document.privacy
    if table is None or table.noise == "rows" or table.baseline_mse is None:
        return []
    curves = []
    for stage, known in enumerate(ways):
        kinds = dict.fromkeys((way.compression, way.protection) for way in known if way.scale > 0)
        for compression, protection in kinds:
            rows = [way for way in known if (way.compression, way.protection) == (compression, protection)]
            if len(rows) > 1:
                rows.sort(key=lambda way: way.scale)
                curves.append(NoiseCurve(stage, tuple(rows), table.baseline_mse))
    return curves
