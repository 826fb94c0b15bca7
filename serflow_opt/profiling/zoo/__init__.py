"""Networks that come with the package, written from their papers, cut into stages, with random weights.

Seed PyTorch before `build`; weights are drawn by PyTorch's own rule for each layer. Operations, sizes and times do not
depend on them. PyTorch is only imported when a network is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from serflow_opt.profiling.stages.network import MultiExit


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network that can be built by name.

    Attributes
    ----------
    builder
        MODULE:FUNCTION in this folder.
    shape
        Of one input, without the batch.
    classes
        Number of classes K.
    source
        The paper, and what stands in it.
    tokens
        Number of words in the vocabulary when the input is text; None: the input is a picture.
    """

    name: str
    builder: str
    shape: tuple[int, ...]
    classes: int
    source: str
    tokens: int | None = None

    def build(self) -> MultiExit:
        """Return the network with weights drawn from PyTorch's global generator, in evaluation mode."""
        module, _, function = self.builder.partition(":")
        network: MultiExit = getattr(import_module(f"{__name__}.{module}"), function)()
        return network.eval()

    def example(self, batch: int) -> Tensor:
        """Return inputs of the right kind, the same at each call: pixels uniform in 0..1, or token numbers, int64."""
        import torch

        generator = torch.Generator().manual_seed(0)
        shape = (batch, *self.shape)
        if self.tokens is None:
            return torch.rand(shape, generator=generator)
        return torch.randint(self.tokens, shape, generator=generator)


_SHIPPED = (
    Architecture(
        "digits", "digits:digits", (1, 28, 28), 10, "ours, after BranchyNet (Teerapittayanon et al., ICPR 2016)"
    ),
    Architecture(
        "vgg16-cifar10",
        "vgg:vgg16_cifar10",
        (3, 32, 32),
        10,
        "Simonyan and Zisserman, ICLR 2015, table 1, column D; batch normalisation and one linear layer for 32x32",
    ),
    Architecture(
        "resnet50",
        "resnet:resnet50",
        (3, 224, 224),
        1000,
        "He et al., CVPR 2016, table 1; stride in the 3x3 convolution",
    ),
    Architecture(
        "mobilenet-v3-large",
        "mobilenet:mobilenet_v3_large",
        (3, 224, 224),
        1000,
        "Howard et al., ICCV 2019, table 1",
    ),
    Architecture(
        "bert-base",
        "bert:bert_base",
        (128,),
        2,
        "Devlin et al., NAACL 2019, section 3; uncased vocabulary, 128 tokens, two classes",
        tokens=30_522,
    ),
)

ARCHITECTURES = {architecture.name: architecture for architecture in _SHIPPED}
"""Shipped networks by name."""
