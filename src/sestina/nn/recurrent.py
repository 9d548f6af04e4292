"""Recurrent layers with ragged lengths: PyTorch's own, under the names and manners that will stay.

Each is a drop-in for its torch namesake (constructor, outputs, ``state_dict``), with
``lengths=`` in `forward` and ``single_bias=`` for one bias per gate, as in Keras and the lectures.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


class _Ragged(nn.RNNBase):
    """What the three layers share; it comes before the torch layer among a layer's bases."""

    def _keep_one_bias(self) -> None:
        """Replace the second bias of each gate by zeros that are neither trained nor saved."""
        for name in [n for n in dict(self.named_parameters()) if n.startswith("bias_hh")]:
            zeros = torch.zeros_like(getattr(self, name))
            delattr(self, name)
            self.register_buffer(name, zeros, persistent=False)
        self._init_flat_weights()

    def forward(
        self, input: Tensor | PackedSequence, hx: Any = None, *, lengths: Tensor | None = None
    ) -> tuple[Any, Any]:
        """Run over whole sequences.

        Args:
            input: (T, B, D), (B, T, D) with ``batch_first``, (T, D), or a PackedSequence.
            hx: Initial states, as in torch; zeros by default.
            lengths: (B,) true lengths of post-padded rows, 0 allowed. Steps beyond a row's
                length yield zeros, and its final state is the one at its last true step.

        Returns:
            Outputs, shaped like the input with H (2 H bidirectional) features, and final states.
        """
        if lengths is None:
            outputs, final = super().forward(input, hx)
            return outputs, final
        if not isinstance(input, Tensor) or input.dim() != 3:
            raise ValueError("lengths= goes with one padded tensor of three dimensions")
        steps = input.shape[1 if self.batch_first else 0]
        packed = pack_padded_sequence(
            input, lengths.clamp(min=1).cpu(), self.batch_first, enforce_sorted=False
        )
        packed_outputs, final = super().forward(packed, hx)
        outputs, _ = pad_packed_sequence(packed_outputs, self.batch_first, total_length=steps)
        if bool((lengths == 0).any()):
            outputs, final = self._without_empty_rows(outputs, final, hx, lengths > 0)
        return outputs, final

    def _without_empty_rows(
        self, outputs: Tensor, final: Any, hx: Any, real: Tensor
    ) -> tuple[Tensor, Any]:
        """Give rows without steps zero outputs and their initial state as final state."""
        shape = (-1, 1, 1) if self.batch_first else (1, -1, 1)
        outputs = outputs * real.view(shape)

        def state(last: Tensor, first: Tensor | None) -> Tensor:
            first = torch.zeros_like(last) if first is None else first
            return torch.where(real.view(1, -1, 1), last, first)

        if isinstance(final, tuple):
            initial = (None, None) if hx is None else hx
            return outputs, tuple(state(*pair) for pair in zip(final, initial, strict=True))
        return outputs, state(final, hx)


class SimpleRNN(_Ragged, nn.RNN):
    """h_t = f(W x_t + U h_{t−1} + b), f tanh or ReLU; a drop-in for `torch.nn.RNN` (Elman 1990)."""

    def __init__(self, *args: Any, single_bias: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if single_bias:
            self._keep_one_bias()


class GRU(_Ragged, nn.GRU):
    """Gated recurrent unit, reset after the product; for `torch.nn.GRU` (Cho et al. 2014)."""

    def __init__(self, *args: Any, single_bias: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if single_bias:
            self._keep_one_bias()


class LSTM(_Ragged, nn.LSTM):
    """Long short-term memory; a drop-in for `torch.nn.LSTM` (Hochreiter and Schmidhuber 1997)."""

    def __init__(self, *args: Any, single_bias: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if single_bias:
            self._keep_one_bias()
