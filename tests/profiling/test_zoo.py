"""The shipped networks against their papers' tables, worked out here by hand, layer by layer."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("torch")

import torch

from serflow_opt.instances import architectures
from serflow_opt.problem.network import Stage
from serflow_opt.profiling.measure.counting import count
from serflow_opt.profiling.measure.training import all_logits
from serflow_opt.profiling.stages.network import MultiExit
from serflow_opt.profiling.zoo import ARCHITECTURES
from serflow_opt.profiling.zoo.bert import EncoderLayer

FP32 = 4


def built(name: str) -> MultiExit:
    torch.manual_seed(0)
    return ARCHITECTURES[name].build()


def counted(name: str) -> tuple[list[Stage], MultiExit]:
    """Count from shapes alone: nothing is computed, no weight drawn."""
    with torch.device("meta"):
        network = ARCHITECTURES[name].build()
    found = count(network, ARCHITECTURES[name].example(1).to("meta"))
    assert not found.uncounted
    return found.stages, network


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_answers_each_request_with_finite_logits(name: str) -> None:
    """Each architecture answers each request with finite logits that hang on the input."""
    architecture = ARCHITECTURES[name]
    example = architecture.example(2)
    assert example.shape == (2, *architecture.shape)
    assert torch.equal(example, architecture.example(2))
    for logits in all_logits(built(name), example):
        assert logits.shape == (2, architecture.classes)
        assert torch.isfinite(logits).all()
        # the answer depends on the input, also with random weights
        assert not torch.equal(logits[0], logits[1])


@pytest.mark.parametrize("name", ["digits", "vgg16-cifar10"])
def test_weights_follow_the_seed(name: str) -> None:
    """Random weights are the caller's seed."""
    one, same = built(name), built(name)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    torch.manual_seed(1)
    other = ARCHITECTURES[name].build()
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def test_names_are_known_without_torch() -> None:
    """Names can be listed where PyTorch is not installed."""
    code = "import sys, serflow_opt.profiling.zoo as zoo; print(*zoo.ARCHITECTURES); assert 'torch' not in sys.modules"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert names == ["digits", "vgg16-cifar10", "resnet50", "mobilenet-v3-large", "bert-base"]


def test_digits() -> None:
    """The digits network has the operations and bytes counted by hand, and its cut is worth making."""
    stages, network = counted("digits")
    trunk = [25 * 16 * 28**2, 25 * 16 * 12 * 14**2, 9 * 12 * 64 * 49, 9 * 64 * 96 * 49, 9 * 96 * 128 * 49, 1152 * 10]
    branches = {1: 16 * 9 * 10, 2: 12 * 9 * 10, 4: 96 * 10}
    assert [s.flops for s in stages] == [2 * (macs + branches.get(s, 0)) for s, macs in enumerate(trunk, start=1)]
    values = [16 * 14**2, 12 * 7**2, 64 * 49, 96 * 49, 128 * 3**2, 10]
    assert [s.activation_bytes for s in stages] == [FP32 * v for v in values]
    assert network.classifier_stages == (1, 2, 4, 6)
    # the cut that the network was made for: fewer bytes than the picture, and most operations come after it
    assert stages[1].activation_bytes < FP32 * 28 * 28
    assert sum(trunk[2:]) / sum(trunk) == pytest.approx(0.87, abs=0.005)


def test_vgg16_as_published() -> None:
    """Figures collected with the raw data: activations in KiB, convolutions in MFLOP."""
    stages, _ = counted("vgg16-cifar10")
    kib = [256, 64, 128, 32, 64, 64, 16, 32, 32, 8, 8, 8, 2]
    assert [s.activation_bytes for s in stages] == [1024 * k for k in kib] + [10 * FP32]
    mflop = [3.5, 75.5, 37.7, 75.5, 37.7, 75.5, 75.5, 37.7, 75.5, 75.5, 18.9, 18.9, 18.9]
    assert [round(s.flops / 1e6, 1) for s in stages[:-1]] == mflop
    assert stages[-1].flops == 2 * 512 * 10


def test_vgg16_as_counted_from_its_layers() -> None:
    """VGG-16 has the operations of its layers, counted by hand."""
    stages, network = counted("vgg16-cifar10")
    known = architectures.vgg16_cifar10()
    assert [(s.flops, s.activation_bytes) for s in stages] == [(s.trunk_flops, FP32 * s.values) for s in known]
    # batch normalisation holds four values a channel, two of which are learnt
    channels = 2 * 64 + 2 * 128 + 3 * 256 + 6 * 512
    assert parameters(network) == sum(s.trunk.parameters for s in known) - 2 * channels


def test_resnet50() -> None:
    """ResNet-50 has the published multiplications and parameters."""
    stages, network = counted("resnet50")
    known = architectures.resnet50()
    assert sum(s.flops for s in stages) == 2 * known.macs == 2 * 4_089_184_256
    normalised = 64 + 3 * (64 + 64 + 256) + 256 + 4 * (128 + 128 + 512) + 512
    normalised += 6 * (256 + 256 + 1024) + 1024 + 3 * (512 + 512 + 2048) + 2048
    assert parameters(network) == known.parameters - 2 * normalised == 25_557_032
    sizes = [64 * 56**2] + [256 * 56**2] * 3 + [512 * 28**2] * 4 + [1024 * 14**2] * 6 + [2048 * 7**2] * 3 + [1000]
    assert [s.activation_bytes for s in stages] == [FP32 * size for size in sizes]
    # block 2 of the first group: 256 -> 64 -> 64 -> 256 on 56x56
    assert stages[2].flops == 2 * 56**2 * (256 * 64 + 9 * 64 * 64 + 64 * 256)


MOBILENET = """
3 16 16 - RE 1
3 64 24 - RE 2
3 72 24 - RE 1
5 72 40 SE RE 2
5 120 40 SE RE 1
5 120 40 SE RE 1
3 240 80 - HS 2
3 200 80 - HS 1
3 184 80 - HS 1
3 184 80 - HS 1
3 480 112 SE HS 1
3 672 112 SE HS 1
5 672 160 SE HS 2
5 960 160 SE HS 1
5 960 160 SE HS 1
"""
"""Table 1 of the paper: kernel, expanded size, output channels, squeeze-and-excite, non-linearity, stride."""
SQUEEZED = {72: 24, 120: 32, 480: 120, 672: 168, 960: 240}
"""A quarter of the expanded channels, rounded to a multiple of 8 (18 would lose more than a tenth as 16)."""


def mobilenet_by_hand() -> tuple[list[int], list[int], int]:
    """Return multiply-accumulates and outputs of each stage, and the learnt parameters."""

    def normalised(weights: int, channels: int) -> int:
        return weights + 2 * channels

    macs, sizes = [27 * 16 * 112**2], [16 * 112**2]
    learnt = normalised(27 * 16, 16)
    channels, size = 16, 112
    for row in MOBILENET.split("\n")[1:-1]:
        kernel, expanded, outputs, excite, _, stride = row.split()
        k, e, o = int(kernel), int(expanded), int(outputs)
        work = 0
        if e != channels:
            work += channels * e * size**2
            learnt += normalised(channels * e, e)
        size //= int(stride)
        work += k**2 * e * size**2 + e * o * size**2
        learnt += normalised(k**2 * e, e) + normalised(e * o, o)
        if excite == "SE":
            work += 2 * e * SQUEEZED[e]
            learnt += 2 * e * SQUEEZED[e] + e + SQUEEZED[e]
        macs.append(work)
        sizes.append(o * size**2)
        channels = o
    macs += [160 * 960 * 7**2, 960 * 1280 + 1280 * 1000]
    learnt += normalised(160 * 960, 960) + 960 * 1280 + 1280 + 1280 * 1000 + 1000
    return macs, [*sizes, 960, 1000], learnt


def test_mobilenet_v3_large() -> None:
    """MobileNet-V3 has the operations of its table, within rounding of what the paper prints."""
    macs, sizes, learnt = mobilenet_by_hand()
    stages, network = counted("mobilenet-v3-large")
    assert [s.flops for s in stages] == [2 * m for m in macs]
    assert [s.activation_bytes for s in stages] == [FP32 * size for size in sizes]
    assert parameters(network) == learnt == 5_483_032
    # table 3 of the paper prints 219 M and 5.4 M
    assert sum(macs) == pytest.approx(219e6, rel=0.02)
    assert learnt == pytest.approx(5.4e6, rel=0.02)


def test_mobilenet_non_linearities_follow_the_table() -> None:
    """Each row of the paper's table has its own non-linearity."""
    network = built("mobilenet-v3-large")
    for row, stage in zip(MOBILENET.split("\n")[1:-1], network.stages[1:16], strict=True):
        kinds = {type(module).__name__ for module in stage.modules()}
        assert ("Hardswish" in kinds) == ("HS" in row)
        assert ("Hardsigmoid" in kinds) == ("SE" in row)


def test_bert_base() -> None:
    """BERT has its published parameters, and operations by hand."""
    t, h = 128, 768
    stages, network = counted("bert-base")
    # four projections of each token, two linear layers of 4H, scores and their mixing
    encoder = 2 * (4 * t * h**2 + 2 * t * h * 4 * h + 2 * t**2 * h)
    assert [s.flops for s in stages] == [0] + [encoder] * 12 + [2 * (h * h + h * 2)]
    assert [s.activation_bytes for s in stages] == [FP32 * t * h] * 13 + [2 * FP32]
    embeddings = (30_522 + 512 + 2) * h + 2 * h
    layer = 4 * (h * h + h) + (h * 4 * h + 4 * h) + (4 * h * h + h) + 2 * 2 * h
    pooler = h * h + h
    assert embeddings + 12 * layer + pooler == 109_482_240
    assert parameters(network) == 109_482_240 + (h * 2 + 2)


def test_bert_layer_counts_attention_on_a_cpu() -> None:
    """Where PyTorch's counter misses the fused kernel."""
    t, h = 10, 768
    found = count(MultiExit([EncoderLayer()]), torch.zeros(2, t, h)).stages[0]
    assert found.flops == 2 * (4 * t * h**2 + 2 * t * h * 4 * h + 2 * t**2 * h)


def test_bert_layer_is_the_transformer_encoder_of_pytorch() -> None:
    """An independent implementation: the same weights give the same output."""
    torch.manual_seed(0)
    ours = EncoderLayer().eval()
    theirs = torch.nn.TransformerEncoderLayer(768, 12, 3072, activation="gelu", layer_norm_eps=1e-12, batch_first=True)
    attention = ours.attention[0]
    parts = (attention.query, attention.key, attention.value)
    pairs = [
        (theirs.self_attn.out_proj, attention.output),
        (theirs.linear1, ours.feed_forward[0]),
        (theirs.linear2, ours.feed_forward[2]),
        (theirs.norm1, ours.attention_norm),
        (theirs.norm2, ours.feed_forward_norm),
    ]
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.self_attn.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        for target, source in pairs:
            target.load_state_dict(source.state_dict())
    x = torch.randn(2, 16, 768)
    with torch.inference_mode():
        torch.testing.assert_close(ours(x), theirs.eval()(x), rtol=1e-4, atol=1e-5)


def test_resnet_and_mobilenet_blocks_add_their_input() -> None:
    """A block whose last normalisation scales by zero hands on its input (after ReLU, in ResNet)."""
    for name, number in (("resnet50", 3), ("mobilenet-v3-large", 6)):
        network = built(name)
        last = [m for m in network.stages[number - 1].modules() if isinstance(m, torch.nn.BatchNorm2d)][-1]
        torch.nn.init.zeros_(last.weight)
        with torch.inference_mode():
            x = network.until(number - 1, ARCHITECTURES[name].example(1))
            assert torch.equal(network.stages[number - 1](x), x)
