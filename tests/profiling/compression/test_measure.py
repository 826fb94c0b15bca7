"""Ways to compress at every cut against arithmetic and the network itself; the table and its plot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.compression_table import CompressionRow, read_compression, write_compression

pytest.importorskip("torch")

import matplotlib
import torch
from support.compressed import find, tiny_network, tiny_parts
from torch import nn

from serflow_opt.profiling.compression.measure import measure_compression
from serflow_opt.profiling.data.parts import DataParts, Labelled
from serflow_opt.profiling.stages.network import MultiExit

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def rows() -> list[CompressionRow]:
    return measure_compression(tiny_network(), tiny_parts(), epochs=1, repeats=4)


def test_every_way_at_every_cut(rows: list[CompressionRow]) -> None:
    """Each cut is measured in every way that can be used there."""
    plain = ["none", "sparse", "deflate"]
    plain += [f"quantise-{bits}{more}" for bits in (8, 4, 2) for more in ("", "+deflate")]
    assert [row.method for row in rows if row.cut == 0] == plain  # one channel leaves nothing to a bottleneck
    assert [(row.method, row.width) for row in rows if row.cut == 1][9:] == [
        ("autoencoder", 0.5),
        ("autoencoder", 0.25),
    ]
    assert [row.width for row in rows if row.cut == 2][9:] == [0.5, 0.25, 0.125]
    assert {row.samples for row in rows} == {30}


def test_kept_fractions_by_arithmetic(rows: list[CompressionRow]) -> None:
    """Kept shares are bytes of messages over bytes of values, by arithmetic."""
    values = {0: 16, 1: 64, 2: 8}
    for cut, count in values.items():
        assert find(rows, cut, "none").kept_fraction == 1
        for bits in (8, 4, 2):
            row = find(rows, cut, f"quantise-{bits}")
            assert row.kept_fraction == pytest.approx((9 + count * bits / 8) / (4 * count))
            assert row.kept_sd == 0
    for share in (0.5, 0.25):
        assert find(rows, 1, "autoencoder", share).kept_fraction == share
    network, parts = tiny_network(), tiny_parts()
    with torch.inference_mode():
        zeros = (network.until(1, parts.measured.inputs) == 0).flatten(1).double().mean(dim=1)
    sparse = find(rows, 1, "sparse")
    assert sparse.kept_fraction == pytest.approx(1 / 32 + 1 - float(zeros.mean()))
    assert sparse.kept_sd == pytest.approx(float(zeros.std()))


def test_lossless_ways_answer_as_the_network_does(rows: list[CompressionRow]) -> None:
    """Codes without loss change neither accuracy nor cross-entropy."""
    network, data = tiny_network(), tiny_parts().measured
    with torch.inference_mode():
        logits = network(data.inputs)[-1]
    right = float((logits.argmax(1) == data.labels).double().mean())
    loss = float(nn.functional.cross_entropy(logits, data.labels))
    for cut in range(3):
        for method in ("none", "sparse", "deflate"):
            row = find(rows, cut, method)
            assert row.accuracy == pytest.approx(right)
            assert row.cross_entropy == pytest.approx(loss, rel=1e-5)


def test_the_cross_entropy_is_that_of_the_calibrated_softmax() -> None:
    """Cross-entropies are of the confidences that thresholds meet."""
    network, parts = tiny_network(), tiny_parts()
    network.temperatures[-1] = 3.0
    with torch.inference_mode():
        expected = float(nn.functional.cross_entropy(network(parts.measured.inputs)[-1] / 3, parts.measured.labels))
    [row] = [
        r for r in measure_compression(network, parts, cuts=[2], bits=(), widths=(), repeats=1) if r.method == "none"
    ]
    assert row.cross_entropy == pytest.approx(expected, rel=1e-5)


def test_operations_by_hand(rows: list[CompressionRow]) -> None:
    """Operations to encode and decode are those counted by hand."""
    half = find(rows, 1, "autoencoder", 0.5)  # 4 channels to 2 at 16 places
    assert (half.encode_flops, half.decode_flops) == (2 * 4 * 2 * 16, 2 * 2 * 4 * 16)
    deflated = find(rows, 1, "quantise-4+deflate")
    assert (deflated.encode_flops, deflated.decode_flops) == (3 * 64, 2 * 64)
    assert (find(rows, 1, "sparse").encode_flops, find(rows, 1, "deflate").decode_flops) == (0, 0)
    assert all(row.encode_ms > 0 and row.decode_ms > 0 for row in rows)


def test_all_but_the_times_repeats_itself(rows: list[CompressionRow]) -> None:
    """Measuring again changes nothing but times, and progress counts every row."""
    seen: list[tuple[int, int, str]] = []
    again = measure_compression(
        tiny_network(),
        tiny_parts(),
        epochs=1,
        repeats=4,
        on_progress=lambda *step: seen.append((*step[:2], step[2].method)),
    )
    times = {"encode_ms": 0.0, "encode_sd_ms": 0.0, "decode_ms": 0.0, "decode_sd_ms": 0.0}
    assert [replace(row, **times) for row in again] == [replace(row, **times) for row in rows]
    assert seen == [(number, len(rows), row.method) for number, row in enumerate(rows, start=1)]


def problems(network: MultiExit, parts: DataParts, **settings: object) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        measure_compression(network, parts, **settings)  # type: ignore[arg-type]
    return list(caught.value.problems)


def test_everything_wrong_is_said_at_once() -> None:
    """All settings without sense are told in one error, by name."""
    found = problems(tiny_network(), tiny_parts(measured=0), cuts=[3], bits=(3,), widths=(0.0,), epochs=-1, repeats=0)
    assert [problem.place for problem in found] == ["bits", "widths", "epochs", "repeats", "measured", "cuts"]
    assert "0 to 2" in found[-1].cure


def test_activations_that_are_not_numbers_are_refused() -> None:
    """NaN in an activation is told with its cut, not measured."""
    network = tiny_network()
    with torch.no_grad():
        network.stages[0][0].weight.fill_(float("inf"))  # inf x 0 behind the padding is NaN
    [problem] = problems(network, tiny_parts(), cuts=[1])
    assert (problem.place, problem.found) == ("cut 1", "the activation holds NaN or infinity")


def test_token_numbers_are_passed_over_unless_asked_for() -> None:
    """Whole numbers of tokens cannot be quantised: left out, or refused where asked for."""
    torch.manual_seed(0)
    network = MultiExit([nn.Embedding(5, 4), nn.Sequential(nn.Flatten(), nn.Linear(12, 2))])
    part = Labelled(torch.arange(24).reshape(8, 3) % 5, torch.arange(8) % 2)
    parts = DataParts(part, part, part, part)
    rows = measure_compression(network, parts, bits=(8,), widths=(0.5,), epochs=1, repeats=1)
    assert {row.cut for row in rows} == {1}
    [problem] = problems(network, parts, cuts=[0])
    assert "int64" in problem.found


def test_table_round_trip(rows: list[CompressionRow], tmp_path: Path) -> None:
    """A table written and read is the same table."""
    path = tmp_path / "compression.csv"
    write_compression(rows, path)
    faults: list[Problem] = []
    back = read_compression(path, 3, faults)
    assert not faults
    assert [(row.cut, row.method, row.width, row.encode_flops) for row in back] == [
        (row.cut, row.method, row.width, row.encode_flops) for row in rows
    ]
    assert [row.cross_entropy for row in back] == pytest.approx([row.cross_entropy for row in rows], rel=1e-8)


def test_table_faults_are_named(rows: list[CompressionRow], tmp_path: Path) -> None:
    """Faults of a table are told with line and column, doubles with both lines."""
    path = tmp_path / "compression.csv"
    write_compression([rows[0], rows[0], replace(rows[0], method="sparse", accuracy=1.5), rows[-1]], path)
    faults: list[Problem] = []
    read_compression(path, 2, faults)
    assert [fault.place for fault in faults] == ["line 4, column accuracy", "line 5, column cut", "line 3"]
    assert faults[-1].found == "cut 0, none stands in line 2 too"
