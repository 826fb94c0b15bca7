"""What all shipped networks have in common: names without PyTorch, weights by seed, finite answers."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("torch")

import torch
from support.counted_networks import FP32, built, counted

from serflow_opt.profiling.measure.counting import count
from serflow_opt.profiling.measure.training import all_logits
from serflow_opt.profiling.stages.network import MultiExit
from serflow_opt.profiling.zoo import ARCHITECTURES
from serflow_opt.profiling.zoo.bert import EncoderLayer


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


def test_vgg16_as_published() -> None:
    """Figures collected with the raw data: activations in KiB, convolutions in MFLOP."""
    stages, _ = counted("vgg16-cifar10")
    kib = [256, 64, 128, 32, 64, 64, 16, 32, 32, 8, 8, 8, 2]
    assert [s.activation_bytes for s in stages] == [1024 * k for k in kib] + [10 * FP32]
    mflop = [3.5, 75.5, 37.7, 75.5, 37.7, 75.5, 75.5, 37.7, 75.5, 75.5, 18.9, 18.9, 18.9]
    assert [round(s.flops / 1e6, 1) for s in stages[:-1]] == mflop
    assert stages[-1].flops == 2 * 512 * 10


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
