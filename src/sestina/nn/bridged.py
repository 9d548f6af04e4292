"""A recursive network that says what it hears, of steps or of whole sequences, and is taught."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sestina.config import RecursiveOptions
from sestina.nn import initialise, parts
from sestina.nn.bridge import (
    BRIDGES,
    Convolutions,
    FeedForward,
    Pass,
    RecursiveNetwork,
    bridge_errors,
)
from sestina.nn.encoders import real_steps


def network_of(options: RecursiveOptions, inputs: int, classes: int, maps: int = 1) -> nn.Module:
    """Return the network that options ask for, (B, T, inputs) → (B, T, classes)."""
    if options.blocks == "feed-forward":
        return FeedForward(inputs, classes, options.hidden, options.reduced, options.dropout)
    front = Convolutions(
        inputs, tuple(options.filters), options.filter_width, options.band_pool, maps
    )
    return RecursiveNetwork(
        inputs, classes, options.hidden, options.recursions, reduced=options.reduced,
        layers=options.layers, feedback_layers=options.feedback_layers, dropout=options.dropout,
        front=front,
    )  # fmt: skip


@dataclass(frozen=True)
class Heard:
    """What a network made of B sequences at its last recursion.

    Attributes:
        last: The sub-blocks' outputs.
        clean: What the network takes for the clean values, (B, T, C); None without denoising.
        lengths: (B,).
    """

    last: Pass
    clean: Tensor | None
    lengths: Tensor

    @property
    def told(self) -> Tensor:
        """All that bridges compare, side by side, (B, T, M + H + K): `SteppedNetwork.retold`."""
        return torch.cat([self.last.merged, self.last.states[0], self.last.logits], dim=2)

    def errors(self, teacher: Heard) -> dict[str, Tensor]:
        """Return the error of every bridge; that of "kd" is of every step's answers."""
        return bridge_errors(teacher.last, self.last, self.lengths)

    def counts(self) -> dict[str, int]:
        """Return of how many values each bridge's error is the mean: of true steps."""
        return dict.fromkeys(BRIDGES, int(self.lengths.sum()))

    def clean_error(self, wanted: Tensor) -> Tensor:
        """Return the mean squared error of the clean values, over true steps."""
        assert self.clean is not None
        real = real_steps(self.lengths, wanted.shape[1])
        return (self.clean - wanted[:, : self.clean.shape[1]])[real].square().mean()


@dataclass(frozen=True)
class HeardWhole(Heard):
    """The same, and what is said of whole sequences.

    Attributes:
        logits: Of whole sequences, as `Target` takes them.
        shares: The logits of all classes, (B, K).
    """

    logits: Tensor
    shares: Tensor

    def errors(self, teacher: Heard) -> dict[str, Tensor]:
        """Return the error of every bridge; that of "kd" is of whole sequences' answers."""
        assert isinstance(teacher, HeardWhole)
        wanted = teacher.shares.detach().softmax(dim=1)
        return super().errors(teacher) | {"kd": F.cross_entropy(self.shares, wanted)}

    def counts(self) -> dict[str, int]:
        """Return of how many values each bridge's error is the mean: "kd" of sequences."""
        return super().counts() | {"kd": len(self.lengths)}


class SteppedNetwork(nn.Module):
    """Sequences (B, T, C) → logits of every step, (B, T, K).

    Args:
        options: Sub-blocks; whether clean values are told too.
        inputs: C.
        classes: K.
        maps: Planes that the C features lie in.
    """

    steps = None  # any length
    side = "post"

    def __init__(self, options: RecursiveOptions, inputs: int, classes: int, maps: int = 1) -> None:
        super().__init__()
        self.network = network_of(options, inputs, classes, maps)
        self.denoiser: nn.Linear | None = None
        self.inputs, self.joined = inputs, (options.reduced, options.hidden)  # C; M and H
        if getattr(options, "denoise", 0.0):
            self.denoiser = nn.Linear(options.reduced, inputs)
            initialise.dense(self.denoiser)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map x (B, T, C or more), of which the first C are read → logits (B, T, K)."""
        return self.heard(x[:, :, : self.inputs], lengths).last.logits

    def heard(self, x: Tensor, lengths: Tensor) -> Heard:
        """Return all that the network makes of x (B, T, C) with true lengths (B,)."""
        passes = self.network.passes
        assert callable(passes)
        last: Pass = passes(x[:, : max(int(lengths.max()), 1)], lengths)[-1]
        clean = None if self.denoiser is None else self.denoiser(last.merged)
        return self._heard(last, clean, lengths)

    def retold(self, told: Tensor, lengths: Tensor) -> Heard:
        """Return what a network has heard that told as much, (B, T, M + H + K)."""
        merged, state, logits = told.split([*self.joined, told.shape[2] - sum(self.joined)], dim=2)
        none = merged[:, :, :0]
        return self._heard(Pass(none, none, merged, [state], logits), None, lengths)

    def _heard(self, last: Pass, clean: Tensor | None, lengths: Tensor) -> Heard:
        return Heard(last, clean, lengths)

    def denoised(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return what the network takes for clean values, (B, T, C)."""
        clean = self.heard(x, lengths).clean
        assert clean is not None
        return clean

    def check_batch(self, rows: int) -> None:
        """Do nothing: no sequence has a fixed length here."""

    def kernels(self) -> list[Tensor]:
        """Return the weights that an L2 penalty falls on."""
        return parts.kernels(self, ())

    def parameter_counts(self) -> dict[str, int]:
        """Return the number of parameters of each sub-block."""
        counts = {
            name: count for name, count in parts.parameter_counts(self.network).items() if count
        }
        if self.denoiser is not None:
            counts["denoiser"] = sum(weight.numel() for weight in self.denoiser.parameters())
        return counts


class BridgedNetwork(SteppedNetwork):
    """Sequences (B, T, C) → logits of whole sequences, the mean over their steps."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map x (B, T, C or more), of which the first C are read, → logits as `Target` has them."""
        return self.heard(x[:, :, : self.inputs], lengths).logits

    def heard(self, x: Tensor, lengths: Tensor) -> HeardWhole:
        """Return all that the network makes of x (B, T, C) with true lengths (B,)."""
        found = super().heard(x, lengths)
        assert isinstance(found, HeardWhole)
        return found

    def _heard(self, last: Pass, clean: Tensor | None, lengths: Tensor) -> HeardWhole:
        shares = last.logits.sum(dim=1) / lengths.clamp(min=1)[:, None]
        # two classes have a single logit elsewhere: the difference says the same
        logits = shares[:, 1:] - shares[:, :1] if shares.shape[1] == 2 else shares
        return HeardWhole(last, clean, lengths, logits, shares)
