"""The network of a forecaster: an encoder of the past → all steps ahead at once.

Letters: B windows, T steps of the past, H steps ahead, C variables, K known ahead, Q numbers that
are foretold of each: quantiles, or one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sestina.config import ForecastOptions
from sestina.nn import encoders, parts
from sestina.nn.heads import Head


class ForecastNetwork(nn.Module):
    """Scaled windows → scaled forecasts, directly for every step ahead.

    The encoder's vector and what is known ahead go through a dense head; each variable's own past
    through a linear layer that all variables share, beside it (Lai et al. 2018).

    Args:
        options: Encoder, its sizes, horizon, quantiles.
        variables: C.
        known: K.
        steps: T.
    """

    def __init__(self, options: ForecastOptions, variables: int, known: int, steps: int) -> None:
        super().__init__()
        self.shape = (options.horizon, variables, max(len(options.quantiles), 1))  # H, C, Q
        self.variables, self.input_dropout = variables, options.input_dropout
        self.encoder = encoders.build(options, variables + known, steps)
        horizon, _, each = self.shape
        self.head = Head(
            self.encoder.features + horizon * known,
            options.dense,
            horizon * variables * each,
            options.dropout,
        )
        self.linear = nn.Linear(steps, horizon * each, bias=False) if options.linear else None
        if self.linear is not None:
            nn.init.zeros_(self.linear.weight)

    def forward(self, x: Tensor, future: Tensor) -> Tensor:
        """Map windows x (B, T, C + K) and what is known ahead (B, H, K) → (B, H, C, Q)."""
        return self._ahead(self._encoded(x), x, future)

    def one_by_one(self, x: Tensor, future: Tensor) -> Tensor:
        """Return what `forward` does, the same bits in any company.

        Recurrent kernels give each row its own bits; a matrix product need not, so that what
        follows the encoder is done for each row alone.
        """
        vectors = self._encoded(x)
        rows = [
            self._ahead(vectors[n : n + 1], x[n : n + 1], future[n : n + 1]) for n in range(len(x))
        ]
        return torch.cat(rows) if rows else x.new_empty((0, *self.shape))

    def _encoded(self, x: Tensor) -> Tensor:
        if self.training and self.input_dropout:
            x = parts.drop_features(x, self.input_dropout)
        vectors: Tensor = self.encoder(x, torch.full((len(x),), x.shape[1]))
        return vectors

    def _ahead(self, vectors: Tensor, x: Tensor, future: Tensor) -> Tensor:
        horizon, variables, each = self.shape
        out: Tensor = self.head(torch.cat([vectors, future.flatten(1)], dim=1))
        out = out.view(-1, horizon, variables, each)
        if self.linear is not None:
            own = self.linear(x[:, :, : self.variables].transpose(1, 2))  # (B, C, H · Q)
            out = out + own.view(-1, variables, horizon, each).transpose(1, 2)
        return out

    def kernels(self) -> list[Tensor]:
        """Return the weights that an L2 penalty falls on: input and dense kernels."""
        return parts.kernels(self, ())

    def parameter_counts(self) -> dict[str, int]:
        """Return the number of parameters of each part: encoder, head, linear."""
        return parts.parameter_counts(self)


def forecast_loss(found: Tensor, true: Tensor, quantiles: tuple[float, ...], loss: str) -> Tensor:
    """Return the mean loss of forecasts (B, H, C, Q) of values (B, H, C), a number.

    With `quantiles` it is the pinball loss (Koenker and Bassett 1978), otherwise "absolute" or
    "squared".
    """
    gaps = true[..., None] - found
    if quantiles:
        q = gaps.new_tensor(quantiles)
        return torch.maximum(q * gaps, (q - 1) * gaps).mean()
    return gaps.square().mean() if loss == "squared" else gaps.abs().mean()
