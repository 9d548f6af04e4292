"""A recurrence that learns nothing, whose gradients vanish or explode as is known (row D6)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sestina import config
from sestina.config import LinearOptions


@dataclass(eq=False, repr=False, kw_only=True)
class LinearRecurrence(LinearOptions):
    """h_t = U·h_{t−1} + x_t with a random symmetric U of a given spectral radius λ.

    ‖∂h_T/∂h_{T−k}‖ is λ^k: U is symmetric. It is measured as `sestina gradients` does in any model:
    a simple recurrent layer of ReLUs, all of whose states are positive, is that recurrence.

    Attributes (after `fit`):
        norms_: The measured norms by k, (steps,).
        history_: One row per ten steps back: epoch, which is k, and loss, the norm's logarithm.
        n_parameters_: Of U; none is trained.
    """

    def fit(self) -> Self:
        """Measure.

        Raises:
            OptionError: An option makes no sense.
        """
        config.check(self)
        started = time.perf_counter()
        self.norms_ = self._measured()
        rows = range(0, self.steps, 10)
        self.history_: list[dict[str, Any]] = [
            {"epoch": k, "loss": float(np.log(max(self.norms_[k], 1e-300)))} for k in rows
        ]
        self.best_epoch_, self.notes_ = 0, list[str]()
        self.n_parameters_, self.n_trainable_parameters_ = self.units**2, 0
        self.seconds_ = time.perf_counter() - started
        return self

    def _measured(self) -> NDArray[np.float64]:
        """Return ‖∂h_T/∂h_{T−k}‖ for k from 0, (steps,)."""
        import torch

        from sestina.inspect.gradients import reaches
        from sestina.nn import SimpleRNN

        matrix = np.random.default_rng(self.seed).random((self.units, self.units))
        matrix = matrix + matrix.T
        matrix *= self.radius / np.abs(np.linalg.eigvalsh(matrix)).max()
        layer = SimpleRNN(1, self.units, activation="relu", batch_first=True)
        with torch.no_grad():
            for name, weight in layer.named_parameters():
                weight.fill_(1.0 if name.startswith("weight_ih") else 0.0)
            dict(layer.named_parameters())["weight_hh_l0"].copy_(torch.from_numpy(matrix))
        x = torch.ones(1, self.steps, 1)

        def loss() -> torch.Tensor:
            states, _ = layer(x)
            last: torch.Tensor = states[:, -1].sum()
            return last

        (found,) = reaches(layer.eval(), loss)
        return found.jacobian
