"""compression.csv: what each way to compress costs and keeps at each cut. Needs no PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from serflow_opt.errors import Problem
from serflow_opt.files import write_atomically
from serflow_opt.problem.tables import Column, Row, read_table


@dataclass(frozen=True, slots=True)
class CompressionRow:
    """One way to send what crosses one cut, as measured; every figure is per request.

    Attributes
    ----------
    cut
        0..M-1: stages before it; 0 sends the input.
    method
        none, quantise-8, sparse, deflate, quantise-8+deflate, autoencoder, ...
    width
        Bits of a quantisation, kept share of the channels of an auto-encoder, None otherwise.
    kept_fraction, kept_sd
        Bytes sent / bytes of the activation in fp32, mean and standard deviation over requests.
    accuracy, cross_entropy
        Of the last classifier behind the decoded activation: share right, and nats of its calibrated softmax.
    encode_flops, decode_flops
        Operations added before and after the cut, FLOP.
    encode_ms, encode_sd_ms, decode_ms, decode_sd_ms
        Time added, ms, mean and standard deviation over repeats.
    samples
        Requests behind kept fraction, accuracy and cross-entropy.
    """

    cut: int
    method: str
    width: float | None
    kept_fraction: float
    kept_sd: float
    accuracy: float
    cross_entropy: float
    encode_flops: int
    decode_flops: int
    encode_ms: float
    encode_sd_ms: float
    decode_ms: float
    decode_sd_ms: float
    samples: int


def write_compression(rows: Sequence[CompressionRow], path: Path) -> None:
    """Write the rows, a column a field."""
    lines = [",".join(field.name for field in fields(CompressionRow))]
    lines += [",".join(map(_cell, astuple(row))) for row in rows]
    write_atomically(path, lambda draft: draft.write_text("\n".join(lines) + "\n", encoding="utf-8"))


def read_compression(path: Path, stages: int, problems: list[Problem]) -> list[CompressionRow]:
    """Read compression.csv.

    Parameters
    ----------
    path
        The file.
    stages
        M; cuts are 0..M-1.
    problems
        Receives every fault found; look here before trusting the rows.
    """
    found = read_table(path, _columns(stages), problems)
    first: dict[tuple[object, ...], int] = {}
    for row in found:
        key = tuple(row.cells.get(name) for name in ("cut", "method", "width"))
        if first.setdefault(key, row.line) != row.line:
            what = f"cut {key[0]}, {key[1]}" + ("" if key[2] is None else f" {key[2]:g}")
            problems.append(
                Problem(str(path), f"line {row.line}", f"{what} stands in line {first[key]} too", "keep one")
            )
    return [_row(row) for row in found]


def _columns(stages: int) -> list[Column]:
    """Return the columns in the order of the fields."""
    return [
        Column("cut", "whole", 0, stages - 1),
        Column("method", "text"),
        Column("width", low=0, required=False),
        *(Column(name, low=0) for name in ("kept_fraction", "kept_sd")),
        Column("accuracy", low=0, high=1),
        Column("cross_entropy", low=0),
        *(Column(name, "whole", 0) for name in ("encode_flops", "decode_flops")),
        *(Column(name, low=0) for name in ("encode_ms", "encode_sd_ms", "decode_ms", "decode_sd_ms")),
        Column("samples", "whole", 1),
    ]


def _row(row: Row) -> CompressionRow:
    return CompressionRow(**{field.name: row.cells.get(field.name) for field in fields(CompressionRow)})  # type: ignore[arg-type]


def _cell(value: float | int | str | None) -> str:
    if isinstance(value, float):
        return f"{value:.9g}"
    return "" if value is None else str(value)
