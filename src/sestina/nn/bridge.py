"""RecursiveNetwork: what it says of every step is fed back to it, some times over (rows F2–F4).

Kim, El-Khamy and Lee (2017), BridgeNets, arXiv 1710.10224; deck [000]. Letters: B sequences of T
steps and D features, K classes. Of recursion n the sub-blocks give

    i = I(x)                       convolutions over time × features, (B, T, Di)
    f = F(x, s of n − 1)           a gated LSTM over what was said, and a residual one, (B, T, H)
    m = tanh(W1 i + W2 f + b)      dimension reduction, (B, T, M)
    l = L(m)                       residual LSTM layers, (B, T, H) each
    s = softmax(W l + b)           what is said of each step, (B, T, K); before the first it is 0.

The same weights serve every recursion, and x is read anew at each, which is a way past all layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sestina.errors import DataError, OptionError
from sestina.nn import feedback, fused, initialise
from sestina.nn.encoders import real_steps, without_padding
from sestina.nn.layers import Stack
from sestina.nn.recurrent import LSTM
from sestina.options import is_whole

BRIDGES = ("kd", "dr", "lstm3")


@dataclass(frozen=True)
class Pass:
    """What the sub-blocks give at one recursion: (B, T, …) each, 0 behind a sequence's end.

    That is before dropout: bridges compare what both networks know, not what one of them drops.
    """

    convolved: Tensor
    fed_back: Tensor
    merged: Tensor
    states: list[Tensor]
    logits: Tensor

    @property
    def hints(self) -> dict[str, Tensor]:
        """Layers that a teacher's and a student's bridges may join, by the paper's names."""
        return {"dr": self.merged, "lstm3": self.states[0]}


class Convolutions(nn.Module):
    """Sub-block I: convolutions over time × features with ReLU, the largest of every few features.

    Args:
        inputs: D, `maps` planes of D / maps bands each.
        filters: Planes of each convolution.
        width: Steps and bands that a convolution sees, odd.
        pool: Bands of which the first convolution, if there is one, keeps the largest.
        maps: Planes of the input: 3 where features are followed by their deltas.

    Raises ValueError for an even width.
    """

    def __init__(
        self, inputs: int, filters: tuple[int, ...] = (16, 16), width: int = 3, pool: int = 1,
        maps: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        if width % 2 == 0:
            raise ValueError(f"width={width} came; expected an odd number")
        pool = pool if filters else 1
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, width, padding=width // 2)
            for before, after in pairwise([maps, *filters])
        )
        for layer in self.layers:
            assert isinstance(layer, nn.Conv2d)
            initialise.he(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
        self.pool, self.maps = pool, maps
        self.features = -(-(inputs // maps) // pool) * (filters[-1] if filters else maps)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map x (B, T, D) → (B, T, features)."""
        real = real_steps(lengths, x.shape[1])[:, None, :, None]
        bands = x.shape[2] // self.maps
        planes = x.reshape(*x.shape[:2], self.maps, bands).transpose(1, 2)  # (B, maps, T, bands)
        planes = planes.contiguous(memory_format=torch.channels_last)  # half as fast again on CPUs
        planes = without_padding(planes, real)
        for depth, layer in enumerate(self.layers):
            planes = F.relu(layer(planes * real))
            if depth == 0 and self.pool > 1:
                planes = F.max_pool2d(planes, (1, self.pool), ceil_mode=True)
        return (planes * real).transpose(1, 2).flatten(2)


class Feedback(nn.Module):
    """Sub-block F: a gated LSTM over what was said, and residual LSTM layers on it.

    Args:
        inputs: D.
        fed_back: K.
        hidden: H.
        layers: How many, the gated one among them.
    """

    def __init__(self, inputs: int, fed_back: int, hidden: int, layers: int = 2) -> None:
        super().__init__()
        self.gated = feedback.FeedbackLSTM(inputs, fed_back, hidden)
        feedback.prepare()
        self.above = residual_lstm(hidden, hidden, layers - 1)
        self.features = hidden

    def forward(self, x: Tensor, said: Tensor, lengths: Tensor) -> Tensor:
        """Map x (B, T, D) and what was said (B, T, K) → (B, T, H)."""
        if said.requires_grad or said.any():
            return self._states(x, said, lengths)
        # nothing was said, so nothing is let in: every sequence has the same states, up to its end
        whole = lengths.new_full((1,), x.shape[1])
        one = x.new_zeros(1, *x.shape[1:])
        states = self._states(one, said.new_zeros(1, *said.shape[1:]), whole).expand(len(x), -1, -1)
        return states * real_steps(lengths, x.shape[1])[:, :, None]

    def _states(self, x: Tensor, said: Tensor, lengths: Tensor) -> Tensor:
        states: Tensor = self.gated(x, said, lengths)
        for layer in self.above:
            states = states + layer(states, lengths=lengths)[0]
        return states


class Merge(nn.Module):
    """Sub-block M: m = tanh(W1 i + W2 f + b), which reduces the dimension."""

    def __init__(self, convolved: int, fed_back: int, reduced: int) -> None:
        super().__init__()
        self.of_convolved = nn.Linear(convolved, reduced)
        self.of_fed_back = nn.Linear(fed_back, reduced, bias=False)
        initialise.dense(self.of_convolved)
        initialise.dense(self.of_fed_back)
        self.features = reduced

    def forward(self, convolved: Tensor, fed_back: Tensor) -> Tensor:
        """Map (B, T, Di) and (B, T, H) → (B, T, M)."""
        return torch.tanh(self.of_convolved(convolved) + self.of_fed_back(fed_back))


class RecursiveNetwork(nn.Module):
    """Sequences (B, T, features) → logits of every step (B, T, classes).

    Args:
        features: D.
        classes: K.
        hidden: H, the units of every LSTM layer.
        recursions: R: 0 reads a sequence once, and what is said is fed back R times.
        reduced: M; H by default.
        layers: LSTM layers of L.
        feedback_layers: LSTM layers of F; with two of them the first of L is the paper's LSTM3.
        dropout: Share of m, and of the last states, that is dropped in training.
        front: Another sub-block I: (x, lengths) → (B, T, its `features`).
        feedback: Another F: (x, said, lengths) → (B, T, its `features`).
        merge: Another M: (convolved, fed_back) → (B, T, its `features`).
        last: Another L: (m, lengths) → list of its layers' states, (B, T, H) each, the last of
            `features`.

    The number of parameters does not depend on R.

    Raises:
        OptionError: R is no whole number from 0, or another number none from 1.
    """

    def __init__(
        self, features: int, classes: int, hidden: int = 64, recursions: int = 0, *,
        reduced: int | None = None, layers: int = 2, feedback_layers: int = 2,
        dropout: float = 0.0, front: nn.Module | None = None, feedback: nn.Module | None = None,
        merge: nn.Module | None = None, last: nn.Module | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        reduced = hidden if reduced is None else reduced
        _check_counts(0, recursions=recursions)
        _check_counts(
            1, features=features, classes=classes, hidden=hidden, reduced=reduced, layers=layers,
            feedback_layers=feedback_layers,
        )  # fmt: skip
        self.recursions, self.classes, self.inputs = recursions, classes, features
        self.convolutions: nn.Module = front or Convolutions(features)
        self.feedback: nn.Module = feedback or Feedback(features, classes, hidden, feedback_layers)
        self.merge: nn.Module = merge or Merge(
            _width(self.convolutions), _width(self.feedback), reduced
        )
        self.last: nn.Module = last or Last(_width(self.merge), hidden, layers)
        self.output = nn.Linear(_width(self.last), classes)
        initialise.dense(self.output)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map x (B, T, D) with true lengths (B,), all T by default → logits (B, T, K)."""
        return self.passes(x, lengths)[-1].logits

    def passes(self, x: Tensor, lengths: Tensor | None = None) -> list[Pass]:
        """Return what the sub-blocks give at each recursion, R + 1 of them.

        Raises:
            DataError: x has another shape, or no step.
        """
        lengths = _lengths_of(x, lengths, self.inputs)
        real = real_steps(lengths, x.shape[1])[:, :, None]
        convolved = self.convolutions(x, lengths)  # the same at every recursion
        said = x.new_zeros(*x.shape[:2], self.classes)
        found: list[Pass] = []
        for _ in range(self.recursions + 1):
            fed_back = self.feedback(x, said, lengths)
            merged = self.merge(convolved, fed_back) * real
            states = self.last(self.dropout(merged), lengths)
            logits = self.output(self.dropout(states[-1])) * real
            said = logits.softmax(dim=2) * real
            found.append(Pass(convolved, fed_back, merged, states, logits))
        return found


class Last(nn.Module):
    """Sub-block L: LSTM layers, each but the first with a shortcut past it."""

    def __init__(self, inputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.layers = Stack(residual_lstm(inputs, hidden, layers), residual=layers > 1)
        self.features = hidden

    def forward(self, merged: Tensor, lengths: Tensor) -> list[Tensor]:
        """Map m (B, T, M) → states of every layer, (B, T, H) each."""
        found: list[Tensor] = self.layers(merged, lengths)[0]
        return found


class FeedForward(nn.Module):
    """Dense ReLU layers over a few steps around each: what the paper's tables call DNN.

    Args:
        features: D.
        classes: K.
        hidden: Units of every layer but one.
        reduced: M, those of the layer that a bridge "dr" joins.
        dropout: Share of units dropped in training.
        context: Steps seen before and behind each.

    Raises:
        OptionError: One of the numbers of values or units is no whole number from 1.
    """

    def __init__(
        self, features: int, classes: int, hidden: int, reduced: int, dropout: float = 0.0,
        context: int = 5,
    ) -> None:  # fmt: skip
        super().__init__()
        _check_counts(1, features=features, classes=classes, hidden=hidden, reduced=reduced)
        _check_counts(0, context=context)
        self.context, self.inputs = context, features
        self.first = nn.Linear((2 * context + 1) * features, hidden)
        self.merge = nn.Linear(hidden, reduced)
        self.last = nn.Linear(reduced, hidden)
        self.output = nn.Linear(hidden, classes)
        for layer in (self.first, self.merge, self.last, self.output):
            initialise.dense(layer)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map x (B, T, D) → logits (B, T, K)."""
        return self.passes(x, lengths)[-1].logits

    def passes(self, x: Tensor, lengths: Tensor | None = None) -> list[Pass]:
        """Return what the layers give, by the names of a recursive network's.

        Raises:
            DataError: x has another shape, or no step.
        """
        lengths = _lengths_of(x, lengths, self.inputs)
        real = real_steps(lengths, x.shape[1])[:, :, None]
        around = F.pad(without_padding(x, real), (0, 0, self.context, self.context))
        windows = around.unfold(1, 2 * self.context + 1, 1).flatten(2)  # (B, T, D · width)
        first = self.dropout(F.relu(self.first(windows)))
        merged = torch.tanh(self.merge(first)) * real
        states = F.relu(self.last(merged)) * real
        logits = self.output(self.dropout(states)) * real
        return [Pass(first * real, first[:, :, :0], merged, [states], logits)]


def residual_lstm(inputs: int, hidden: int, layers: int) -> nn.ModuleList:
    """Return LSTM layers one on the other, for whoever adds what each reads to what it gives."""
    found = nn.ModuleList()
    for depth in range(layers):
        layer = LSTM(inputs if depth == 0 else hidden, hidden, batch_first=True, single_bias=True)
        initialise.recurrent(layer)
        fused.prepare(layer.cell)
        found.append(layer)
    return found


def bridge_errors(teacher: Pass, student: Pass, lengths: Tensor) -> dict[str, Tensor]:
    """Return the error of every bridge, a number each (row F1).

    Of "dr" and "lstm3" it is ‖h(x*) − q(x)‖², by the mean over true steps and over units, so that a
    bridge's weight means the same at every width. "kd" is the cross-entropy of the student's
    shares to the teacher's, by the mean over true steps.

    Args:
        teacher: What the teacher made of clean sequences; no gradient goes there.
        student: What the student made of their noisy twins.
        lengths: (B,).
    """
    real = real_steps(lengths, student.logits.shape[1])  # (B, T)
    wanted, given = teacher.hints, student.hints
    found = {
        name: (wanted[name].detach() - given[name])[real].square().mean() for name in wanted
    }  # fmt: skip
    shares = teacher.logits.detach()[real].softmax(dim=1)
    found["kd"] = F.cross_entropy(student.logits[real], shares)
    return found


def _check_counts(least: int, **counts: int) -> None:
    """Check numbers of units, layers and so on, each by its name.

    Raises:
        OptionError: One is no whole number, or less than `least`.
    """
    for name, count in counts.items():
        if not is_whole(count) or count < least:
            raise OptionError(f"{name}={count!r} came; expected a whole number from {least} on")


def _lengths_of(x: Tensor, lengths: Tensor | None, features: int) -> Tensor:
    """Return the true lengths (B,) of x (B, T, D), all T by default.

    Raises:
        DataError: x has another shape, or no step.
    """
    if x.dim() != 3 or not x.shape[1] or x.shape[2] != features:
        raise DataError(
            f"an array {tuple(x.shape)} came; expected (B, T, D) with T 1 or more and D {features}"
        )
    return torch.full((len(x),), x.shape[1]) if lengths is None else lengths


def _width(block: nn.Module) -> int:
    width = block.features
    assert isinstance(width, int)
    return width
