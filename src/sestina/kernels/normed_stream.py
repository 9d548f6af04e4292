"""One sequence, step by step, through layer-normalised layers: the reference, one row at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sestina.kernels import reference_normed
from sestina.kernels.cells import STATES, Weights, Zone
from sestina.kernels.streaming import Stream

Array = NDArray[np.float32]


class NormedStream(Stream):
    """Stacked layers of one cell that normalise, over a sequence that arrives step by step.

    Args:
        cell: "lstm" or "gru_after".
        layers: Weights of each layer, in PyTorch's layout, as arrays; copied.
        gains: Of each layer: γ of W x, γ of U h, and of an LSTM γ and β of c.
        zone: Share of the state that stays as it was, in expectation.
        residual: Whether each layer but the first adds what it reads to what it gives.
    """

    def __init__(
        self,
        cell: str,
        layers: Sequence[Weights],
        gains: Sequence[Sequence[Array]],
        zone: Zone | None = None,
        residual: bool = False,
    ) -> None:
        self._layers = [Weights(*map(np.copy, weights)) for weights in layers]
        self._gains = [[*map(np.copy, parts)] for parts in gains]
        self._zone = (0.0, 0.0) if zone is None else (zone.hidden, zone.cell)
        size = self._layers[0].hidden.shape[1]
        self._states = [[np.zeros(size, np.float32) for _ in range(STATES[cell])] for _ in layers]
        self._features, self._residual = self._layers[0].input.shape[1], residual
        self._input = np.zeros(self._features, np.float32)
        self._output = np.zeros(size, np.float32)

    def _advance(self) -> None:
        x = self._input[None]
        for depth, (weights, gains) in enumerate(zip(self._layers, self._gains, strict=True)):
            parts = self._states[depth]
            d = reference_normed.driven(x, weights, gains[0])
            before = tuple(part[None] for part in parts)
            after = reference_normed.step(d, before, weights.hidden, gains[1:])
            for part, new, share in zip(parts, after, self._zone, strict=False):
                part[:] = share * part + (1 - share) * new[0]
            x = parts[0][None] + x if depth and self._residual else parts[0][None]
        self._output[:] = x[0]
