"""BERT-base with a classifier of two classes.

J. Devlin, M.-W. Chang, K. Lee, K. Toutanova, *BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding*, NAACL 2019, section 3 and appendix A; the encoder is that of A. Vaswani et al., *Attention Is All You
Need*, NeurIPS 2017, section 3, normalised after each addition. Every token is attended to and belongs to the first
segment, so the input is token numbers alone.

Attention runs fused. PyTorch's FLOP counter does not know the fused kernel of a CPU: count under
`torch.nn.attention.sdpa_kernel(SDPBackend.MATH)`, which is made of matrix products.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from serflow_opt.profiling.stages.network import MultiExit

LAYERS, HIDDEN, HEADS = 12, 768, 12
VOCABULARY, POSITIONS, SEGMENTS = 30_522, 512, 2
DROPOUT, EPSILON = 0.1, 1e-12


class Embeddings(nn.Module):
    """Word, position and segment vectors, added and normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, HIDDEN)
        self.positions = nn.Embedding(POSITIONS, HIDDEN)
        self.segments = nn.Embedding(SEGMENTS, HIDDEN)
        self.finish = nn.Sequential(nn.LayerNorm(HIDDEN, eps=EPSILON), nn.Dropout(DROPOUT))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return N x T x hidden from token numbers, N x T, T at most 512."""
        where = self.positions.weight[: tokens.shape[1]]
        out: Tensor = self.finish(self.words(tokens) + where + self.segments.weight[0])
        return out


class Attention(nn.Module):
    """Multi-head self-attention over all tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(HIDDEN, HIDDEN)
        self.key = nn.Linear(HIDDEN, HIDDEN)
        self.value = nn.Linear(HIDDEN, HIDDEN)
        self.output = nn.Linear(HIDDEN, HIDDEN)

    def forward(self, x: Tensor) -> Tensor:
        """Return N x T x hidden from the same."""
        query, key, value = (
            part(x).unflatten(2, (HEADS, HIDDEN // HEADS)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        dropout = DROPOUT if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
        out: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return out


class EncoderLayer(nn.Module):
    """Attention, then two linear layers on each token; each part is added to its input and normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Sequential(Attention(), nn.Dropout(DROPOUT))
        self.attention_norm = nn.LayerNorm(HIDDEN, eps=EPSILON)
        self.feed_forward = nn.Sequential(
            nn.Linear(HIDDEN, 4 * HIDDEN), nn.GELU(), nn.Linear(4 * HIDDEN, HIDDEN), nn.Dropout(DROPOUT)
        )
        self.feed_forward_norm = nn.LayerNorm(HIDDEN, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Return N x T x hidden from the same."""
        x = self.attention_norm(x + self.attention(x))
        out: Tensor = self.feed_forward_norm(x + self.feed_forward(x))
        return out


class FirstToken(nn.Module):
    """Take the vector of the first token, N x hidden."""

    def forward(self, x: Tensor) -> Tensor:
        """Return N x hidden from N x T x hidden."""
        return x[:, 0]


def bert_base() -> MultiExit:
    """Return 14 stages: embeddings, 12 encoder layers, and pooler with classifier; the input is N x T int64."""
    pooler = [FirstToken(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh()]
    head = nn.Sequential(*pooler, nn.Dropout(DROPOUT), nn.Linear(HIDDEN, 2))
    return MultiExit([Embeddings(), *(EncoderLayer() for _ in range(LAYERS)), head])
