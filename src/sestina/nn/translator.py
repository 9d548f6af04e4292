"""The network of a translator: source tokens → encoder → decoder → target tokens (row E5).

Letters: B pairs, S and T steps of source and target, E the size of an embedding, H hidden, V target
tokens, M tokens foreseen. Token 0, PAD, is never foreseen, so that class k is token k + 1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sestina.config import EncoderOptions, TranslatorOptions, cell_options
from sestina.kernels.cells import STATES
from sestina.nn import encoders, initialise, parts
from sestina.nn.attention import Attention, LastState, Memory
from sestina.nn.embedding import TokenEmbedding
from sestina.nn.lexicon import Hints, Lexicon, Table
from sestina.nn.states import States


class PairBatch(NamedTuple):
    """B sentences and their translations; the decoder reads a token, and foresees the next."""

    sources: Tensor  # (B, S) int64, EOS at the ends
    sizes: Tensor  # (B,) int64: true lengths of the sources
    inputs: Tensor  # (B, T) int64: EOS, then the translation
    targets: Tensor  # (B, T) int64: the translation, then EOS
    lengths: Tensor  # (B,) int64
    sampled: float = 0.0  # share of the inputs that the decoder's own predictions replace

    def cut(self) -> PairBatch:
        """Return the batch without columns that hold nothing but padding."""
        longest, most = int(self.sizes.max()), int(self.lengths.max())
        return self._replace(
            sources=self.sources[:, :longest],
            inputs=self.inputs[:, :most],
            targets=self.targets[:, :most],
        )


class Decoded(NamedTuple):
    """What a decoder made of target tokens (B, T), or (B · n, 1)."""

    vectors: Tensor  # (…, E): their products with the target embeddings are logits
    hints: Hints | None  # (…): what a lexicon adds to the logits
    after: States  # the layers' states after the last step
    weights: Tensor | None  # (B, T or n, S): attention to the source's tokens


class Bridge(nn.Module):
    """The encoder's last state → the first states of the decoder's layers."""

    def __init__(self, features: int, hidden: int, layers: int, states: int) -> None:
        super().__init__()
        self.states = states  # 2 where there is a c beside h
        self.parts = nn.ModuleList(nn.Linear(features, hidden) for _ in range(layers * states))
        for part in self.parts:
            assert isinstance(part, nn.Linear)
            initialise.dense(part)

    def forward(self, summary: Tensor) -> States:
        """Map (B, F) → a state for each layer."""
        made = [torch.tanh(part(summary))[None] for part in self.parts]
        if self.states == 1:
            return made
        return [tuple(made[n : n + 2]) for n in range(0, len(made), 2)]


class TranslatorNetwork(nn.Module):
    """An encoder that reads in both directions, and a decoder that looks back at its states.

    The decoder's first recurrent layer runs over all steps; then every step attends to the source
    (Luong et al. 2015). What it finds is fed to the further layers (Wu et al., Google's neural
    machine translation system, 2016), and beside the last layer's state it makes, by tanh(W …), a
    vector whose products with the embeddings of the target tokens are their logits (tied, Press
    and Wolf 2017). Without attention the encoder's last state stands in for what is found, and the
    first layer reads it, too. No step waits for another layer's next one, so that training runs
    whole layers on the kernels.

    Args:
        options: Cell, sizes, attention, dropout.
        sources: Number of source tokens.
        targets: Number of target tokens, V.
        shared: Whether both have one table of embeddings.
        smoothing: Share of the probability that the loss spreads over all tokens.
        table: What the lexicon knows, with attention; None: there is none.
    """

    def __init__(
        self,
        options: TranslatorOptions,
        sources: int,
        targets: int,
        shared: bool = False,
        smoothing: float = 0.0,
        table: Table | None = None,
    ) -> None:
        super().__init__()
        size, hidden, layers = options.embedding, options.hidden, options.layers
        reading = EncoderOptions(
            encoder=options.cell, hidden=hidden, layers=layers, bidirectional=True,
            dropout=options.dropout, **cell_options(options),
        )  # fmt: skip
        features, attentive = 2 * hidden, options.attention is not None
        self.target_embedding = TokenEmbedding(targets, size, None, trainable=True)
        self.embedding = (
            self.target_embedding if shared else TokenEmbedding(sources, size, None, trainable=True)
        )
        self.encoder = encoders.stacked(size, reading)
        self.bridge = Bridge(features, hidden, layers, STATES[self.encoder.cell])
        alone = cell_options(options) | {"residual": False}  # layers of which `decode` adds inputs
        one = EncoderOptions(encoder=options.cell, hidden=hidden, **alone)
        inputs = [size if attentive else size + features] + [hidden + features] * (layers - 1)
        self.decoder = nn.ModuleList(encoders.stacked(count, one) for count in inputs)
        self.residual = options.residual
        self.attention = (
            Attention(str(options.attention), features, hidden) if attentive else LastState()
        )
        self.lexicon = None if table is None else Lexicon(table, sources, targets)
        self.head = nn.Linear(hidden + features, size)
        initialise.dense(self.head)
        self.bias = nn.Parameter(torch.zeros(targets - 1))
        self.dropout, self.input_dropout = options.dropout, options.input_dropout
        self.smoothing = smoothing

    def encode(self, sources: Tensor, sizes: Tensor) -> Memory:
        """Read sentences (B, S) of true lengths (B,), 1 at least."""
        if self.training and self.input_dropout:
            states, final = self.encoder(self._vectors(self.embedding, sources), lengths=sizes)
        else:
            states, final = self.encoder(self.embedding.lookup(sources), lengths=sizes)
        last = final[0] if isinstance(final, tuple) else final  # (2 · layers, B, H)
        summary = torch.cat([last[-2], last[-1]], dim=1)
        real = encoders.real_steps(sizes, states.shape[1])
        keys = self.attention.keys_of(states)
        entries = None if self.lexicon is None else self.lexicon.entries(sources)
        return Memory(states, real, summary, keys, entries, self.bridge(summary))

    def decode(
        self, inputs: Tensor, before: States, memory: Memory, lengths: Tensor | None = None
    ) -> Decoded:
        """Run the decoder.

        Args:
            inputs: Target tokens (B, T), or (B · n, 1): n of each sentence, one after another.
            before: The layers' states before the first of them.
            memory: Of B sentences.
            lengths: (B,) true lengths; all T if None.
        """
        x = self._vectors(self.target_embedding, inputs)
        if isinstance(self.attention, LastState):
            x = torch.cat([x, self.attention(x, memory)[0]], dim=2)
        x, final = self.decoder[0](x, before[0], lengths=lengths)
        after = [final]
        context, weights = self.attention(x, memory)
        for layer, state in zip(list(self.decoder)[1:], before[1:], strict=True):
            beneath = self._dropped(x, self.dropout)
            x, final = layer(torch.cat([beneath, context], dim=2), state, lengths=lengths)
            x = x + beneath if self.residual else x
            after.append(final)
        found = self._dropped(torch.cat([x, context], dim=2), self.dropout)
        hints = None
        if self.lexicon is not None and weights is not None and memory.entries is not None:
            said = self.lexicon(weights, memory.entries)
            hints = Hints(*(part.reshape(*inputs.shape, -1) for part in said))
        return Decoded(torch.tanh(self.head(found)), hints, after, weights)

    def logits(self, found: Decoded, where: Tensor) -> Tensor:
        """Return logits of all tokens but PAD at some of the places (…), (M, V − 1)."""
        logits = F.linear(found.vectors[where], self.target_embedding.weight[1:], self.bias)
        if found.hints is None:
            return logits
        return logits.scatter_add_(1, *(part[where] for part in found.hints))

    def loss(self, batch: PairBatch) -> Tensor:
        """Return the mean loss of a target token, its share of smoothing included."""
        batch = batch.cut()
        memory = self.encode(batch.sources, batch.sizes)
        inputs = batch.inputs
        if batch.sampled:
            inputs = self._with_own(batch, memory)
        found = self.decode(inputs, memory.first, memory, batch.lengths)
        real = encoders.real_steps(batch.lengths, inputs.shape[1])
        goal = batch.targets[real] - 1
        return F.cross_entropy(self.logits(found, real), goal, label_smoothing=self.smoothing)

    def token_losses(self, batch: PairBatch) -> Tensor:
        """Return −log P of every target token given those before it, (B, T), 0 at padding."""
        padding = batch.inputs.shape[1] - int(batch.lengths.max())
        batch = batch.cut()
        memory = self.encode(batch.sources, batch.sizes)
        found = self.decode(batch.inputs, memory.first, memory, batch.lengths)
        real = encoders.real_steps(batch.lengths, batch.inputs.shape[1])
        logits = self.logits(found, real)
        losses = logits.new_zeros(real.shape)
        losses[real] = F.cross_entropy(logits, batch.targets[real] - 1, reduction="none")
        return F.pad(losses, (0, padding))

    def weights(self, batch: PairBatch) -> Tensor | None:
        """Return what share of attention each target token pays each source token, (B, T, S)."""
        batch = batch.cut()
        memory = self.encode(batch.sources, batch.sizes)
        return self.decode(batch.inputs, memory.first, memory, batch.lengths).weights

    def step(self, tokens: Tensor, before: States, memory: Memory) -> tuple[Tensor, States]:
        """Go on from n target tokens of each sentence.

        Args:
            tokens: (B, n).
            before: States (1, B · n, H).
            memory: Of B sentences.

        Returns:
            log P of each token coming next, (B, n, V) float64, −∞ for PAD; and the states.
        """
        found = self.decode(tokens.reshape(-1, 1), before, memory)
        every = torch.ones(found.vectors.shape[:2], dtype=torch.bool)
        logs = self.logits(found, every).double().log_softmax(dim=1)
        return F.pad(logs, (1, 0), value=-torch.inf).reshape(*tokens.shape, -1), found.after

    def _with_own(self, batch: PairBatch, memory: Memory) -> Tensor:
        """Return inputs (B, T), a share of which is drawn from the decoder's own predictions.

        Scheduled sampling (Bengio, Vinyals, Jaitly and Shazeer 2015) in two passes (Mihaylova and
        Martins, Scheduled sampling for transformers, 2019): predictions come from the true tokens
        before them, so that no step waits for another.
        """
        with torch.no_grad():
            found = self.decode(batch.inputs, memory.first, memory, batch.lengths)
            real = encoders.real_steps(batch.lengths, batch.inputs.shape[1])
            own = batch.targets.clone()
            shares = self.logits(found, real).softmax(dim=1)
            own[real] = torch.multinomial(shares, 1)[:, 0] + 1
        put = torch.rand(own.shape) < batch.sampled
        put[:, 0] = False  # every translation begins behind EOS
        return torch.where(put, torch.roll(own, 1, dims=1), batch.inputs)

    def _vectors(self, table: TokenEmbedding, ids: Tensor) -> Tensor:
        """Return embeddings (B, T, E), features dropped in training."""
        return self._dropped(table(ids), self.input_dropout)

    def _dropped(self, x: Tensor, share: float) -> Tensor:
        return parts.drop_features(x, share) if self.training and share else x

    def kernels(self) -> list[Tensor]:
        """Return the weights that an L2 penalty falls on: input and dense kernels (Keras' rule)."""
        return parts.kernels(self, (TokenEmbedding,))

    def parameter_counts(self) -> dict[str, int]:
        """Return the number of parameters of each part that has any."""
        counts = parts.parameter_counts(self)
        counts["head"] += self.bias.numel()
        return {name: count for name, count in counts.items() if count}
