"""SimpleRNN, GRU and LSTM: drop-ins for torch's layers, on kernels that are fast on a CPU.

Each is torch's layer, with its constructor, parameter names and ``state_dict``, and some options
more; `drop_in` says which path a call takes.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from sestina.nn.drop_in import Recurrent


class SimpleRNN(Recurrent, nn.RNN):
    """h_t = f(W x_t + U h_{t−1} + b), f tanh or ReLU; a drop-in for `torch.nn.RNN`.

    Sources: Elman (1990), Finding structure in time; row D1.

    Args:
        *args: As for `torch.nn.RNN`.
        activation: "tanh" or "relu", another name of torch's `nonlinearity`.
        **kwargs: As for `torch.nn.RNN`; and the options of `drop_in.Recurrent`: single_bias,
            recurrent_dropout, input_dropout, weight_drop, zoneout, cell_zoneout, residual.

    Float32 on the CPU runs on Sestina's kernels; other types, `torch.func` and the like in a plain
    loop of torch operations; other devices on torch's own layer unless an option is set that it
    lacks. Under autocast a layer on the CPU keeps to the type of its weights.

    Raises:
        ValueError: An option has no sensible value.
    """

    def __init__(
        self,
        *args: Any,
        activation: str | None = None,
        **kwargs: Any,
    ) -> None:
        if activation is not None:
            if "nonlinearity" in kwargs or len(args) > 3:
                raise ValueError("activation= is nonlinearity= by another name; give one of them")
            kwargs["nonlinearity"] = activation
        super().__init__(*args, **kwargs)

    def _settle(self) -> None:
        self.cell = f"rnn_{self.nonlinearity}"


class GRU(Recurrent, nn.GRU):
    """Gated recurrent unit; a drop-in for `torch.nn.GRU`.

    h_t = (1 − z) ∘ n + z ∘ h_{t−1}, with n = tanh(W x_t + b + r ∘ (U h_{t−1} + c)) (reset "after",
    torch's), n = tanh(W x_t + b + U (r ∘ h_{t−1}) + c) ("before", the paper's), or without r.

    Sources: Cho et al. (2014), Learning phrase representations using RNN encoder–decoder; row
    D3.

    Args:
        *args: As for `torch.nn.GRU`.
        reset: Whether the reset gate comes "after" or "before" the product with U; None for a
            unit with the update gate alone, whose weights hold 2 H rows: z, n.
        **kwargs: As for `torch.nn.GRU`; and the options of `drop_in.Recurrent`: single_bias,
            recurrent_dropout, input_dropout, weight_drop, zoneout, cell_zoneout, residual.

    Float32 on the CPU runs on Sestina's kernels; other types, `torch.func` and the like in a plain
    loop of torch operations; other devices on torch's own layer unless an option is set that it
    lacks. Under autocast a layer on the CPU keeps to the type of its weights.

    Raises:
        ValueError: An option has no sensible value.
    """

    reset: str | None = "after"

    def __init__(
        self,
        *args: Any,
        reset: str | None = "after",
        **kwargs: Any,
    ) -> None:
        if reset not in _GRUS:
            raise ValueError(f"reset should be 'after', 'before' or None, got {reset!r}")
        self.reset, self.cell = reset, _GRUS[reset]
        super().__init__(*args, **kwargs)

    def _settle(self) -> None:
        """Keep, without a reset gate, the rows z and n of torch's r, z, n."""
        if self.reset is not None:
            return
        for name, weight in list(self.named_parameters()):
            setattr(self, name, nn.Parameter(weight.detach()[self.hidden_size :].clone()))
        self._init_flat_weights()

    def flatten_parameters(self) -> None:
        """Lay the weights out for cuDNN, if it can run them."""
        if self.reset is not None:
            super().flatten_parameters()

    def extra_repr(self) -> str:
        """Name the options that differ from torch's, after torch's own."""
        return super().extra_repr() + ("" if self.reset == "after" else f", reset={self.reset!r}")


_GRUS = {"after": "gru_after", "before": "gru_before", None: "gru_simple"}


class LSTM(Recurrent, nn.LSTM):
    """Long short-term memory; a drop-in for `torch.nn.LSTM`.

    c_t = f ∘ c_{t−1} + i ∘ g, h_t = o ∘ tanh(c_t).

    Sources: Hochreiter and Schmidhuber (1997), Long short-term memory; row D2.

    Args:
        *args: As for `torch.nn.LSTM`.
        **kwargs: As for `torch.nn.LSTM`; and the options of `drop_in.Recurrent`: single_bias,
            recurrent_dropout, input_dropout, weight_drop, zoneout, cell_zoneout, residual.

    Float32 on the CPU runs on Sestina's kernels; other types, `torch.func` and the like in a plain
    loop of torch operations; with `proj_size`, and on other devices unless an option is set that it
    lacks, torch's own layer does it. Under autocast a layer on the CPU keeps to the type of its
    weights.

    Raises:
        ValueError: An option has no sensible value.
    """

    cell = "lstm"
