"""A Transformer (Vaswani et al. 2017, "Attention is all you need"), laid out as CTranslate2 lays it out.

Pre-norm, ReLU, sinusoidal positions, one table for both embeddings and the output. Attribute names are those
of `ctranslate2.specs`, so that `export` only walks along.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

START, END = 1, 2  # SentencePiece's <s> and </s>


@dataclass(frozen=True)
class Shape:
    pieces: int
    width: int = 128
    inner: int = 512
    heads: int = 4
    encoder_layers: int = 2
    decoder_layers: int = 2
    dropout: float = 0.05


class Attention(nn.Module):
    """`linear`: queries, keys and values in one, output; with a memory, queries apart."""

    def __init__(self, shape: Shape, parts: tuple[int, ...]) -> None:
        super().__init__()
        self.heads = shape.heads
        self.layer_norm = nn.LayerNorm(shape.width)
        self.linear = nn.ModuleList(nn.Linear(shape.width, part * shape.width) for part in (*parts, 1))

    def split(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)

    def mix(self, query: Tensor, key: Tensor, value: Tensor, seen: Tensor | None) -> Tensor:
        """`seen`: which keys count; None: those up to the query."""
        mixed = functional.scaled_dot_product_attention(
            self.split(query), self.split(key), self.split(value), attn_mask=seen, is_causal=seen is None
        )
        out: Tensor = self.linear[-1](mixed.transpose(1, 2).flatten(-2))
        return out


class SelfAttention(Attention):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, (3,))

    def forward(self, x: Tensor, seen: Tensor | None) -> Tensor:
        query, key, value = self.linear[0](self.layer_norm(x)).chunk(3, dim=-1)
        return self.mix(query, key, value, seen)


class CrossAttention(Attention):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, (1, 2))

    def forward(self, x: Tensor, memory: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """The mixture, and the logarithm of where the first head looks."""
        query = self.linear[0](self.layer_norm(x))
        key, value = self.linear[1](memory).chunk(2, dim=-1)
        first = self.split(query)[:, 0] @ self.split(key)[:, 0].transpose(1, 2)
        first = (first / math.sqrt(x.shape[-1] / self.heads)).masked_fill(~seen[:, 0], -1e9)
        return self.mix(query, key, value, seen), first.log_softmax(dim=-1)


class FeedForward(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(shape.width)
        self.linear_0 = nn.Linear(shape.width, shape.inner)
        self.linear_1 = nn.Linear(shape.inner, shape.width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear_1(self.linear_0(self.layer_norm(x)).relu())
        return out


class EncoderLayer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attention = SelfAttention(shape)
        self.ffn = FeedForward(shape)
        self.drop = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        x = x + self.drop(self.self_attention(x, seen))
        out: Tensor = x + self.drop(self.ffn(x))
        return out


class DecoderLayer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attention = SelfAttention(shape)
        self.attention = CrossAttention(shape)
        self.ffn = FeedForward(shape)
        self.drop = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor, memory: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        x = x + self.drop(self.self_attention(x, None))
        mixed, looks = self.attention(x, memory, seen)
        x = x + self.drop(mixed)
        return x + self.drop(self.ffn(x)), looks


class Transformer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embeddings = nn.Embedding(shape.pieces, shape.width)
        self.encoder = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.encoder_layers))
        self.encoder_norm = nn.LayerNorm(shape.width)
        self.decoder = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.decoder_layers))
        self.decoder_norm = nn.LayerNorm(shape.width)
        self.projection_bias = nn.Parameter(torch.zeros(shape.pieces))
        self.drop = nn.Dropout(shape.dropout)
        self.start()

    def start(self) -> None:
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                nn.init.xavier_uniform_(weight)
            if "linear" in name and name.endswith("bias"):
                nn.init.zeros_(weight)
        nn.init.normal_(self.embeddings.weight, std=self.shape.width**-0.5)

    def forward(self, source: Tensor, seen: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of the piece after each target piece, and where the last layer's first head looks for it."""
        return self.decode(target, self.encode(source, seen), seen)

    def encode(self, source: Tensor, seen: Tensor) -> Tensor:
        x = self.embed(source)
        for layer in self.encoder:
            x = layer(x, seen)
        out: Tensor = self.encoder_norm(x)
        return out

    def decode(self, target: Tensor, memory: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        x, looks = self.embed(target), target
        for layer in self.decoder:
            x, looks = layer(x, memory, seen)
        return functional.linear(self.decoder_norm(x), self.embeddings.weight, self.projection_bias), looks

    def embed(self, ids: Tensor) -> Tensor:
        x = self.embeddings(ids) * math.sqrt(self.shape.width)
        out: Tensor = self.drop(x + positions(ids.shape[1], self.shape.width))
        return out

    @torch.no_grad()
    def greedy(self, source: list[int], limit: int = 256) -> list[int]:
        """The likeliest piece at every step: what CTranslate2 must say too."""
        self.eval()
        seen = torch.ones(1, 1, 1, len(source), dtype=torch.bool)
        memory = self.encode(torch.tensor([source]), seen)
        out = [START]
        while out[-1] != END and len(out) <= limit:
            scores, _ = self.decode(torch.tensor([out]), memory, seen)
            out.append(int(scores[0, -1].argmax()))
        return [piece for piece in out[1:] if piece != END]


def positions(length: int, width: int) -> Tensor:
    """CTranslate2's own sinusoids: they begin at 1, all sines come before all cosines."""
    rates = torch.exp(torch.arange(width // 2) * -(math.log(10000) / (width // 2 - 1)))
    angles = torch.arange(1, length + 1)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
