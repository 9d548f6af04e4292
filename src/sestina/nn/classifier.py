"""The network of a sequence classifier: embedding → encoder → head."""

from __future__ import annotations

import os
import re

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sestina.config import EncoderOptions
from sestina.errors import OptionError, counted
from sestina.nn import encoders, parts
from sestina.nn.averages import HashedEmbedding
from sestina.nn.contextual import ContextualEmbedding
from sestina.nn.embedding import TokenEmbedding
from sestina.nn.heads import Head, Target
from sestina.nn.sequences import Lookup

RECURRENT_WEIGHT = re.compile(r"encoder\.cell\.\w+_l(\d+)(?:_reverse)?")


def _with_steps(x: Tensor, steps: int, side: str) -> Tensor:
    """Cut x (B, T, …) to `steps` steps, or pad it with zeros, on the side of its padding."""
    missing = max(steps - x.shape[1], 0)
    if side == "pre":
        return F.pad(x[:, -steps:], (0, 0) * (x.dim() - 2) + (missing, 0))
    return F.pad(x[:, :steps], (0, 0) * (x.dim() - 2) + (0, missing))


def machine_memory() -> float:
    """Return the bytes of memory this machine has; infinity where it does not tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def _too_large(features: int, copies: int, what: str) -> OptionError:
    return OptionError(
        f"encoder='flatten' makes {features:,} numbers of a sequence, so that {what} with the "
        f"gradient takes {8e-9 * features * copies:,.1f} GB, more memory than there is; lower "
        "max_tokens (or shorten the series), or take an encoder such as 'mean' or 'lstm'"
    )


class ClassifierNetwork(nn.Module):
    """Sequences of ids or vectors → logits.

    Args:
        options: Encoder, its sizes and dropout.
        target: Classes to predict.
        inputs: D of the encoder's input: vector size, features of a series, or V for a bag.
        steps: T that a flatten encoder is built for; other encoders take any length.
        embedding: Table for token ids; None where the input is vectors, or a bag of ids.
        token_dropout: Share of token ids that become UNK at random while training.
        contextual: What makes more vectors of token ids, beside the table's.

    Raises:
        OptionError: A flatten encoder's next layer would not fit into memory.
    """

    def __init__(
        self,
        options: EncoderOptions,
        target: Target,
        inputs: int,
        steps: int,
        embedding: TokenEmbedding | None,
        token_dropout: float = 0.0,
        contextual: ContextualEmbedding | None = None,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.contextual = contextual
        self.encoder = encoders.build(options, inputs, steps)
        self.steps = steps if options.encoder == "flatten" else None
        self.side = self.encoder.side if isinstance(self.encoder, encoders.Flatten) else "post"
        features, units = self.encoder.features, (*options.dense, target.logits)[0]
        self._check_memory(units, "the next layer")
        try:
            self.head = Head(features, options.dense, target.logits, options.dropout)
        except RuntimeError as error:  # torch's, where the system gives no memory
            if not self.steps:
                raise
            raise _too_large(features, units, "the next layer") from error
        self.token_dropout = token_dropout
        self.input_dropout = options.input_dropout

    def _check_memory(self, copies: int, what: str) -> None:
        """Raise where `copies` float32 rows of flattened features and gradients cannot fit."""
        if self.steps and 8 * self.encoder.features * copies > machine_memory():
            raise _too_large(self.encoder.features, copies, what)

    def check_batch(self, rows: int) -> None:
        """Check that a batch of `rows` sequences fits into this machine's memory.

        Raises:
            OptionError: It does not, because a flatten encoder's fixed length is too large.
        """
        self._check_memory(rows, f"a batch of {counted(rows, 'sequence')}")

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map x, ids (B, T) or vectors (B, T, D), with true lengths (B,) → logits (B, outputs).

        Padding beyond the longest row is cut off first, so that it cannot change a bit.
        """
        steps = self.steps or max(int(lengths.max()), 1)
        if x.shape[1] != steps:
            x = _with_steps(x, steps, self.side)
        if self.training and self.token_dropout and not x.is_floating_point():
            lost = torch.rand(x.shape, device=x.device) < self.token_dropout
            x = x.masked_fill(lost & (x != 0), 1)  # 1 is UNK (Iyyer et al. 2015)
        dropped = self.training and bool(self.input_dropout)
        if isinstance(self.embedding, HashedEmbedding):
            return self._of_mean(self.embedding.mean(x, lengths))
        if self.contextual is not None:
            x = self._in_context(self.contextual, x, lengths)
        elif self.embedding is not None:
            if isinstance(self.encoder, encoders.Recurrent) and not dropped:
                return self._logits(self.embedding.lookup(x), lengths)
            x = self.embedding(x)
        if dropped and x.dim() == 3:
            x = parts.drop_features(x, self.input_dropout)
        return self._logits(x, lengths)

    def _in_context(self, contextual: ContextualEmbedding, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the words' vectors, where there are any, beside those in context, (B, T, D)."""
        found = [] if self.embedding is None else [self.embedding(ids)]
        return torch.cat([*found, contextual(ids, lengths)], dim=2)

    def _of_mean(self, mean: Tensor) -> Tensor:
        """Map means (B, D) → logits; a mask on the vectors is the same mask on their mean."""
        logits: Tensor = self.head(F.dropout(mean, self.input_dropout, self.training))
        return logits

    def _logits(self, x: Tensor | Lookup, lengths: Tensor) -> Tensor:
        logits: Tensor = self.head(self.encoder(x, lengths))
        return logits

    def by_layer(self) -> list[list[nn.Parameter]]:
        """Return the trained weights layer by layer, the topmost first, the embedding last.

        What belongs to no recurrent layer and is not the embedding is at the top.
        """
        cell = self.encoder.cell if isinstance(self.encoder, encoders.Recurrent) else None
        layers = 0 if cell is None else cell.num_layers
        rows: list[list[nn.Parameter]] = [[] for _ in range(layers + 2)]
        for name, weight in self.named_parameters():
            depth = RECURRENT_WEIGHT.fullmatch(name)
            place = layers - int(depth[1]) if depth else 0
            if weight.requires_grad:
                rows[-1 if name.startswith("embedding.") else place].append(weight)
        return [row for row in rows if row]

    def kernels(self) -> list[Tensor]:
        """Return the weights that an L2 penalty falls on: input and dense kernels (Keras' rule)."""
        return parts.kernels(self, (TokenEmbedding,))

    def parameter_counts(self) -> dict[str, int]:
        """Return the number of parameters of each part: embedding, encoder, head."""
        return parts.parameter_counts(self)
