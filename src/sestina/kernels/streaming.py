"""One sequence, one step at a time: the state stays in place and nothing is allocated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sestina.kernels import gru, lstm, minimal, simple_rnn
from sestina.kernels.arguments import Arguments, set_weights, set_zone
from sestina.kernels.cells import STATES, Weights, Zone
from sestina.kernels.compiled import Kernel, compiled
from sestina.kernels.parallel import SIGNATURE, launch_alone
from sestina.kernels.sequence import FIELDS
from sestina.kernels.workspace import address

Array = NDArray[np.float32]

_RNN = Kernel(simple_rnn.simple_rnn_stream)
KERNELS = {
    "rnn_tanh": _RNN,
    "rnn_relu": _RNN,
    "gru_after": Kernel(gru.gru_after_stream),
    "gru_before": Kernel(gru.gru_before_stream),
    "gru_simple": Kernel(gru.gru_simple_stream),
    "lstm": Kernel(lstm.lstm_stream),
    "mingru": Kernel(minimal.mingru_stream),
    "minlstm": Kernel(minimal.minlstm_stream),
}


class Stream:
    """Stacked layers of one cell over a sequence that arrives step by step.

    Args:
        cell: A key of `GATES`.
        layers: Weights of each layer, in PyTorch's layout; copied.
        zone: Share of the state that stays as it was, in expectation.
        residual: Whether each layer but the first adds what it reads to what it gives.
    """

    def __init__(
        self,
        cell: str,
        layers: Sequence[Weights],
        zone: Zone | None = None,
        residual: bool = False,
    ) -> None:
        self._records = np.zeros((len(layers), len(FIELDS)), np.int64)
        self._address = address(self._records)
        self._kernel, self._launch = KERNELS[cell].address, compiled(launch_alone, SIGNATURE)
        self._arguments = []  # keeps the arrays alive
        self._states: list[list[Array]] = []
        before = np.zeros(layers[0].input.shape[1] + 16, np.float32)
        self._features, self._input = layers[0].input.shape[1], before[:-16]
        for n, weights in enumerate(layers):
            a = Arguments(cell, weights)
            set_weights(a)
            high, hidden = a["hidden_padded"], a["hidden"]
            h, c = (np.zeros(high, np.float32) for _ in range(2))
            a.set(x=before, history=h, cells=c, order=np.zeros(1, np.int64))
            a.set(scratch=np.zeros(2 * high, np.float32), saved=np.zeros(4 * high, np.float32))
            if zone is not None:
                set_zone(a, zone)
            before = h
            if residual and n:
                before = np.zeros(high, np.float32)
                a.set(out=before)
            self._records[n] = a.record
            self._arguments.append(a)
            self._states.append([h[:hidden], c[:hidden]][: STATES[cell]])
        self._residual = residual
        self._output = before[: self._states[-1][0].size]

    def step(self, x: Array) -> Array:
        """Take one step: x (D,) → h of the last layer, (H,), a new array.

        Raises:
            ValueError: x has another shape.
        """
        if np.shape(x) != (self._features,):
            raise ValueError(f"a step got x of shape {np.shape(x)}; expected ({self._features},)")
        self._input[:] = x
        self._advance()
        return self._output.copy()

    def _advance(self) -> None:
        """Take a step with all layers."""
        self._launch(self._kernel, len(self._records), 1, self._address)

    @property
    def output(self) -> Array:
        """What the last layer gave, or would have given where the state was set, (H,); a copy."""
        return self._output.copy()

    @property
    def state(self) -> tuple[Array, ...]:
        """The state: (h,), or (h, c), each (layers, H); a copy."""
        return tuple(np.stack(arrays) for arrays in zip(*self._states, strict=True))

    @state.setter
    def state(self, arrays: Sequence[Array] | None) -> None:
        """Set the state to copies of arrays, (layers, H) each; None is zeros.

        Raises:
            ValueError: They are not as many arrays of that shape; the state stays as it was.
        """
        arrays = self._whole(arrays)
        shape = (len(self._states), len(self._output))
        if arrays is None:
            arrays = [np.zeros(shape, np.float32)] * len(self._states[0])
        shapes = [np.shape(array) for array in arrays]
        if shapes != [shape] * len(self._states[0]):
            raise ValueError(
                f"a state should be {len(self._states[0])} arrays of shape {shape}, got shapes "
                f"{shapes}"
            )
        for layer, states in enumerate(self._states):
            for state, array in zip(states, arrays, strict=True):
                state[:] = array[layer]
        given = [states[0] for states in self._states]  # residual outputs are sums of h
        self._output[:] = sum(given) if self._residual else given[-1]

    def _whole(self, arrays: Sequence[Array] | None) -> Sequence[Array] | None:
        """Return a given state with what may be left out of it: mostly nothing."""
        return arrays
