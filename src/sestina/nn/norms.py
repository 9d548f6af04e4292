"""What layers that normalise do to W x, to U h and to c, in torch operations: any type and device.

Over the units of each step by itself (Ba, Kiros and Hinton 2016), or over the rows of a batch at
each step (Cooijmans et al. 2017). Letters: B batch, T time, H hidden, G gates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-5
STEPS = 100
"""Steps that statistics over rows are kept of; later ones go by the last of these."""


class Norm(Protocol):
    """What a loop of torch operations asks of one direction of a layer that normalises."""

    def inputs(self, sums: Tensor, bias: Tensor | None) -> Tensor:
        """Map W x (B, T, G·H), and b, to what the gates get of them."""

    def states(self, sums: Tensor, step: int | slice) -> Tensor:
        """Map U h (B, G·H) at a step, or (B, T, G·H) at all, to what the gates get of it."""

    def shown(self, c: Tensor) -> Tensor:
        """Map an LSTM's c (B, H) to what its output gate lets out."""

    def of_row(self, row: int, steps: Sequence[int]) -> Norm:
        """Return the same for W x (n, G·H) of some steps of one row."""

    @property
    def rates(self) -> Tensor | None:
        """What multiplies U h at each step, and is all that happens to it; None: that is more."""

    @property
    def together(self) -> bool:
        """Whether rows hang together, so that all have to be read forwards."""


class LayerNorm(NamedTuple):
    """Scales and shifts of what is normalised over units, one for each number."""

    input: Tensor  # γ of W x, (G·H,)
    hidden: Tensor  # γ of U h, (G·H,)
    cell: Tensor | None = None  # γ of an LSTM's c, (H,)
    cell_bias: Tensor | None = None  # β of it

    @property
    def rates(self) -> None:
        """None: more happens to U h than a product."""
        return None

    @property
    def together(self) -> bool:
        """Rows do not matter to each other."""
        return False

    def here(self, lengths: Tensor | None, reverse: bool, x: Tensor) -> LayerNorm:
        """Return itself: it is the same for every call."""
        return self

    def inputs(self, sums: Tensor, bias: Tensor | None) -> Tensor:
        """Normalise W x."""
        return self._normalised(sums, self.input, bias)

    def states(self, sums: Tensor, step: int | slice) -> Tensor:
        """Normalise U h."""
        return self._normalised(sums, self.hidden, None)

    def shown(self, c: Tensor) -> Tensor:
        """Return tanh(N(c))."""
        return torch.tanh(F.layer_norm(c, c.shape[-1:], self.cell, self.cell_bias))

    def of_row(self, row: int, steps: Sequence[int]) -> LayerNorm:
        """Return itself: rows do not matter."""
        return self

    def _normalised(self, values: Tensor, gain: Tensor, bias: Tensor | None) -> Tensor:
        """Normalise all of an LSTM's gates (…, 4 H) together, a GRU's r and z, and n by itself."""
        if self.cell is not None:
            return F.layer_norm(values, values.shape[-1:], gain, bias)
        hidden = values.shape[-1] // 3
        sizes = (2 * hidden, hidden)
        shifts = (None, None) if bias is None else bias.split(sizes)
        parts = zip(values.split(sizes, dim=-1), gain.split(sizes), shifts, strict=True)
        return torch.cat([F.layer_norm(v, v.shape[-1:], *scales) for v, *scales in parts], dim=-1)


class BatchNorm(NamedTuple):
    """Scales of what is normalised over rows, and the statistics that are kept of it."""

    input: Tensor  # γ of W x, (4 H,)
    hidden: Tensor  # γ of U h, (4 H,)
    means: Tensor  # of W x and of U h, (STEPS, 2, 4 H)
    variances: Tensor  # the same
    known: int  # steps that there are statistics of
    training: bool
    ages: Tensor | None  # steps that each row has read before, (B,) whole numbers
    found: list[Any]  # what was measured, with `means` and `variances` (T, 2, 4 H), when it was

    def here(self, lengths: Tensor | None, reverse: bool, x: Tensor) -> Measured | Stored:
        """Return how the steps of x (B, T, D) are normalised; when measured, forwards in time."""
        batch, steps = x.shape[:2]
        if not self.training:
            return self.stored(self.places(lengths, reverse, batch, steps))
        ends = torch.full((batch,), steps) if lengths is None else lengths
        kept = self.kept(steps)
        measured = Measured(self.input, self.hidden, self.means[kept], self.variances[kept], ends)
        self.found.append(measured)
        return measured

    def kept(self, steps: int) -> Tensor:
        """Return which of the kept statistics each step of a batch goes by, (T,)."""
        begun = 0 if self.ages is None or not len(self.ages) else int(self.ages.max())
        return (torch.arange(steps) + begun).clamp(max=max(self.known, 1) - 1)

    def places(self, lengths: Tensor | None, reverse: bool, batch: int, steps: int) -> Tensor:
        """Return which each step of each row goes by, (B, T)."""
        read = torch.arange(steps).expand(batch, steps)
        if reverse:
            ends = torch.full((batch,), steps) if lengths is None else lengths.cpu()
            read = (ends[:, None] - 1 - read).clamp(min=0)
        begun = 0 if self.ages is None else self.ages.cpu()[:, None]
        return (read + begun).clamp(max=max(self.known, 1) - 1)

    def stored(self, places: Tensor) -> Stored:
        """Return how steps are normalised that go by kept statistics, (B, T)."""
        rates = (self.variances + EPSILON).rsqrt()  # (STEPS, 2, 4 H)
        at = places.to(rates.device)
        of_x, of_u = (rates * torch.stack([self.input, self.hidden])).unbind(1)
        shift = -(self.means[:, 0] * of_x + self.means[:, 1] * of_u)
        return Stored(of_x[at], shift[at], of_u[at])


class Stored(NamedTuple):
    """Normalising by statistics that were kept: W x · `scale` + `shift` + U h · `rates`."""

    scale: Tensor  # (B, T, 4 H), or (T, 4 H) of one row
    shift: Tensor
    rates: Tensor

    @property
    def together(self) -> bool:
        """Rows do not matter to each other."""
        return False

    def inputs(self, sums: Tensor, bias: Tensor | None) -> Tensor:
        """Return W x normalised, with b and all that the statistics shift."""
        made = sums * self.scale + self.shift
        return made if bias is None else made + bias

    def states(self, sums: Tensor, step: int | slice) -> Tensor:
        """Return U h scaled."""
        return sums * self.rates[..., step, :]

    def shown(self, c: Tensor) -> Tensor:
        """Return tanh(c)."""
        return torch.tanh(c)

    def of_row(self, row: int, steps: Sequence[int]) -> Stored:
        """Return the same for some steps of one row."""
        return Stored(*(part[row, list(steps)] for part in self))


class Measured:
    """Normalising by the rows of a batch that run at a step, of which there are two at least.

    Where a single row runs, it goes by what was kept. Attributes: `means` and `variances` that each
    step went by, (T, 2, 4 H), and `given`, (T,): whether they were kept ones.
    """

    rates = None
    together = True

    def __init__(
        self, input: Tensor, hidden: Tensor, means: Tensor, variances: Tensor, ends: Tensor
    ) -> None:
        self._gains = input, hidden
        steps = torch.arange(len(means))
        self._real = (steps[:, None] < ends.cpu()).to(means.device)  # (T, B)
        self.given = self._real.sum(dim=1) < 2
        self.means, self.variances = means.clone(), variances.clone()

    def inputs(self, sums: Tensor, bias: Tensor | None) -> Tensor:
        """Normalise W x step by step."""
        made = [self._normalised(sums[:, t], t, 0) for t in range(sums.shape[1])]
        found = torch.stack(made, dim=1) if made else sums
        return found if bias is None else found + bias

    def states(self, sums: Tensor, step: int | slice) -> Tensor:
        """Normalise U h of a step."""
        assert isinstance(step, int)  # all steps at once are asked for of watched layers alone
        return self._normalised(sums, step, 1)

    def shown(self, c: Tensor) -> Tensor:
        """Return tanh(c)."""
        return torch.tanh(c)

    def of_row(self, row: int, steps: Sequence[int]) -> Any:
        """Refuse: a row's values hang on those of all others.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError("a batch-normalised layer was watched in training; call .eval() first")

    def _normalised(self, values: Tensor, step: int, which: int) -> Tensor:
        """Normalise W x (0) or U h (1) of a step, (B, 4 H); rows that do not run do not count."""
        mean, variance = self.means[step, which], self.variances[step, which]
        if not self.given[step]:
            own = values[self._real[step]]
            mean, variance = own.mean(dim=0), own.var(dim=0, correction=0)
            self.means[step, which] = mean.detach()
            self.variances[step, which] = variance.detach()
        return (values - mean) * (variance + EPSILON).rsqrt() * self._gains[which]
