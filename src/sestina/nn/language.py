"""The network of a language model: embedding → stacked recurrent layers → the next token.

Letters: B rows, T steps, E the size of an embedding, H hidden, V tokens, M steps that foresee one.
Token 0, PAD, is never foreseen, so that class k is token k + 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sestina.config import StackOptions
from sestina.nn import initialise, layers
from sestina.nn.embedding import TokenEmbedding
from sestina.nn.sequences import Lookup
from sestina.nn.states import States

FREQUENT = (10, 3)  # the adaptive softmax's head has V / 10 tokens, head and first tail V / 3


class Softmax(nn.Module):
    """Logits of all tokens at once; tied, the rows of the embedding are its weights.

    Tied weights: Press and Wolf 2017; Inan, Khosravi and Socher 2017. Where H is not E, a
    projection stands between.
    """

    def __init__(self, options: StackOptions, tokens: int) -> None:
        super().__init__()
        self.projection: nn.Linear | None = None
        self.weight: nn.Parameter | None = None
        if not options.tied:
            self.weight = nn.Parameter(torch.empty(tokens - 1, options.hidden))
            nn.init.xavier_uniform_(self.weight)
        elif options.hidden != options.embedding:
            self.projection = nn.Linear(options.hidden, options.embedding, bias=False)
            initialise.dense(self.projection)
        self.bias = nn.Parameter(torch.zeros(tokens - 1))

    def _logits(self, states: Tensor, table: Tensor) -> Tensor:
        if self.projection is not None:
            states = self.projection(states)
        return F.linear(states, table[1:] if self.weight is None else self.weight, self.bias)

    def losses(self, states: Tensor, targets: Tensor, table: Tensor) -> Tensor:
        """Return −log P of targets (M,) after states (M, H); `table` (V, E) are the embeddings."""
        return F.cross_entropy(self._logits(states, table), targets - 1, reduction="none")

    def log_probabilities(self, states: Tensor, table: Tensor) -> Tensor:
        """Return log P of every token but PAD, (M, V − 1) float64."""
        return self._logits(states, table).double().log_softmax(dim=1)


class AdaptiveSoftmax(nn.Module):
    """Frequent tokens' logits at once, those of rare ones only where one is foreseen.

    Grave, Joulin, Cissé, Grangier and Jégou, Efficient softmax approximation for GPUs, 2017. It
    needs tokens in the order of their frequency, as a `Vocabulary` has them.

    Args:
        options: Sizes.
        tokens: V.
        cutoffs: Classes of the head, and of the head and the first tail.
    """

    def __init__(self, options: StackOptions, tokens: int, cutoffs: Sequence[int]) -> None:
        super().__init__()
        smaller = 4.0 if options.hidden >= 16 else 1.0  # a tail's share of H; two tails
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(
            options.hidden, tokens - 1, list(cutoffs), div_value=smaller
        )

    def losses(self, states: Tensor, targets: Tensor, table: Tensor) -> Tensor:
        """Return −log P of targets (M,) after states (M, H); the embeddings do not matter."""
        found: Tensor = self.softmax(states, targets - 1).output
        return -found

    def log_probabilities(self, states: Tensor, table: Tensor) -> Tensor:
        """Return log P of every token but PAD, (M, V − 1) float64."""
        return self.softmax.log_prob(states).double().log_softmax(dim=1)


def cutoffs_for(options: StackOptions, tokens: int) -> tuple[int, ...]:
    """Return where the adaptive softmax parts V tokens; nothing where all are foreseen at once."""
    if tokens < options.adaptive:
        return ()
    return tuple((tokens - 1) // share for share in FREQUENT)


class LanguageNetwork(nn.Module):
    """Token ids → states from which the next token is foreseen (rows E2–E4).

    Dropout has one mask for each row and call (variational; Gal and Ghahramani 2016); weight drop
    masks the recurrent matrices, one mask a call (Merity, Keskar and Socher 2018).

    Args:
        options: Sizes and dropout.
        tokens: V.
        beside: Numbers C that stand beside each token's vector, the same in a whole row.
        cutoffs: Where the adaptive softmax parts the tokens, () for none; by default V decides.
    """

    def __init__(
        self,
        options: StackOptions,
        tokens: int,
        beside: int = 0,
        cutoffs: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.embedding = TokenEmbedding(tokens, options.embedding, None, trainable=True)
        sizes = [options.embedding + beside] + [options.hidden] * options.layers
        every = [
            layers.recurrent(
                options.cell,
                size,
                options.hidden,
                options,
                input_dropout=options.dropout if depth else options.input_dropout,
            )
            for depth, size in enumerate(sizes[:-1])
        ]
        self.encoder = layers.Stack(every, options.residual)
        self.head: Softmax | AdaptiveSoftmax
        self.cutoffs = cutoffs_for(options, tokens) if cutoffs is None else tuple(cutoffs)
        if self.cutoffs:
            self.head = AdaptiveSoftmax(options, tokens, self.cutoffs)
        else:
            self.head = Softmax(options, tokens)
        self.dropout = options.dropout

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        states: States | None = None,
        beside: Tensor | None = None,
    ) -> tuple[Tensor, States]:
        """Map ids (B, T) with true lengths (B,) → states (B, T, H) of the last layer.

        Args:
            ids: Token ids, int64.
            lengths: True lengths, int64.
            states: What an earlier call returned, to go on from there.
            beside: What stands beside the tokens' vectors, (B, C).

        Returns:
            The states, dropped out in training, and what to go on from.
        """
        x: Tensor | Lookup = self.embedding.lookup(ids)
        if beside is not None:
            every = beside[:, None].expand(-1, ids.shape[1], -1)
            x = torch.cat([self.embedding(ids), every], dim=2)  # (B, T, E + C)
        found, after = self.encoder(x, lengths, states)
        top: Tensor = found[-1]
        if self.training and self.dropout:
            top = top * F.dropout(top.new_ones(top.shape[0], 1, top.shape[2]), self.dropout)
        return top, after

    def losses(self, states: Tensor, targets: Tensor) -> Tensor:
        """Return −log P of tokens (M,) after states (M, H), (M,)."""
        return self.head.losses(states, targets, self.embedding.weight)

    def log_probabilities(self, states: Tensor) -> Tensor:
        """Return log P of every token after states (M, H), (M, V) float64; −∞ for PAD."""
        found = self.head.log_probabilities(states, self.embedding.weight)
        return F.pad(found, (1, 0), value=-torch.inf)

    def begin_as(self, other: LanguageNetwork) -> None:
        """Take the weights of a network of the same sizes, whose tokens are the first of one's own.

        Further tokens begin as the mean of the others, in the softmax too (Howard and Ruder 2018).
        """
        pairs = zip(self.named_parameters(), other.named_parameters(), strict=True)
        with torch.no_grad():
            for (name, own), (same, theirs) in pairs:
                assert name == same
                own[: len(theirs)] = theirs
                if len(own) > len(theirs):  # a row for each token, the first that of PAD or UNK
                    own[len(theirs) :] = theirs[1:].mean(dim=0)

    def by_layer(self) -> list[list[nn.Parameter]]:
        """Return the weights layer by layer, the topmost first.

        The tokens' vectors are at the bottom, or at the top where they are the softmax's weights.
        """
        layers = [list(part.parameters()) for part in (self.head, *reversed(self.encoder))]
        vectors = list(self.embedding.parameters())
        if isinstance(self.head, Softmax) and self.head.weight is None:
            layers[0] += vectors
            return layers
        return [*layers, vectors]

    def kernels(self) -> list[Tensor]:
        """Return the weights that an L2 penalty falls on: input and dense kernels."""
        return [
            weight
            for name, weight in self.named_parameters()
            if weight.dim() > 1 and not name.startswith("embedding") and "weight_hh" not in name
        ]

    def parameter_counts(self) -> dict[str, int]:
        """Return the number of parameters of each part: embedding, encoder, head."""
        return {
            name: sum(weight.numel() for weight in part.parameters())
            for name, part in self.named_children()
        }
