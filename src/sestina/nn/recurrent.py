"""SimpleRNN, GRU and LSTM: drop-ins for torch's layers, on kernels that are fast on a CPU.

A layer is a torch layer, with its constructor, parameter names and ``state_dict``, and some options
more. Letters: B batch, T time, D features in, H hidden, G gates; L layers · ways (1, or 2 both).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from sestina.kernels.cells import STATES
from sestina.nn import fused, plain
from sestina.nn.plain import Way
from sestina.nn.sequences import Batch, Lookup, folded, opened


class _Recurrent(nn.RNNBase):
    """What the three layers share; it comes before the torch layer among a layer's bases.

    Which path a call takes:

    * float32 on the CPU: the kernels, as one node of the graph for each layer (`nn.fused`).
      Gradients of gradients (``create_graph=True``) come from the plain loop.
    * Other types on the CPU, empty batches, `torch.func` transforms and forward-mode AD: the plain
      loop of torch operations (`nn.plain`).
    * Other devices, traces and exports, and an LSTM with ``proj_size``: torch's own layer (cuDNN on
      a GPU), to which ragged rows go packed; with options that it lacks, the plain loop.

    `torch.compile` leaves a layer as it is.

    Under autocast a layer on the CPU computes, and answers, in the type of its weights.
    """

    single_bias = False
    recurrent_dropout = 0.0
    input_dropout = 0.0

    @property
    def cell(self) -> str:
        """The cell's name in `kernels.cells.GATES`."""
        raise NotImplementedError

    @property
    def _ways(self) -> int:
        return 2 if self.bidirectional else 1

    def _take(self, single_bias: bool, recurrent_dropout: float, input_dropout: float) -> None:
        """Take the options that torch's constructor does not know."""
        for name, share in (
            ("recurrent_dropout", recurrent_dropout),
            ("input_dropout", input_dropout),
        ):
            if isinstance(share, bool) or not 0 <= share <= 1:
                raise ValueError(f"{name} should be a number from 0 to 1, got {share!r}")
            if share and self.proj_size:
                raise ValueError(f"{name} does not go with proj_size, which only torch's layer has")
            setattr(self, name, float(share))
        self.single_bias = single_bias
        if single_bias:
            self._keep_one_bias()

    def _keep_one_bias(self) -> None:
        """Replace the second bias of each gate by zeros that are neither trained nor saved."""
        for name in [n for n in dict(self.named_parameters()) if n.startswith("bias_hh")]:
            zeros = torch.zeros_like(getattr(self, name))
            delattr(self, name)
            self.register_buffer(name, zeros, persistent=False)
        self._init_flat_weights()

    def extra_repr(self) -> str:
        """Name the options that differ from torch's, after torch's own."""
        more = ("single_bias", "recurrent_dropout", "input_dropout")
        said = [f"{name}={getattr(self, name)}" for name in more if getattr(self, name)]
        return ", ".join([super().extra_repr(), *said])

    @fused.outside_compiled
    def forward(
        self, input: Any, hx: Any = None, *, lengths: Any = None, outputs: bool = True
    ) -> tuple[Any, Any]:
        """Run over whole sequences.

        Args:
            input: (T, B, D), (B, T, D) with ``batch_first``, (T, D) for one sequence, a
                PackedSequence, a list of tensors (T_i, D), which is padded to its longest, or a
                `Lookup` of token ids.
            hx: Initial states, as in torch: (L, B, H), for an LSTM two of them; zeros by default.
            lengths: (B,) true lengths of post-padded rows, 0 allowed: a tensor, array or list.
                Padding is never looked at; outputs are zero there, and a row's final state is
                the one after its last true step, its initial state if it has none.
            outputs: False if only final states are needed, which takes less time and memory.

        Returns:
            Outputs, in the form of the input (padded for a list) with H (2 H bidirectional)
            features, or None; and the final states, in the form of `hx`.

        Raises:
            ValueError: The input, its type or the lengths are not as above.
            RuntimeError: Sizes or devices do not fit the layer, or a sequence is empty though no
                lengths say so.
        """
        self._update_flat_weights()
        folds = isinstance(input, Lookup) and self._folds(input, hx)
        batch = folded(input, lengths, self.batch_first) if folds else None
        if isinstance(input, Lookup) and batch is None:
            input = input.vectors()
        if self._is_torchs():
            made, final = self._by_torch(input, hx, lengths)
            return made if outputs else None, final
        if batch is None:
            batch = opened(input, lengths, self.batch_first, type(self).__name__)
        states = batch.states(hx, STATES[self.cell])
        x, states = self._checked(batch, states)
        return batch.closed(*self._run(x, states, batch, outputs))

    def _is_torchs(self) -> bool:
        """Tell whether torch's own layer should do it."""
        if self.proj_size:
            return True
        dropped = self.training and bool(self.recurrent_dropout or self.input_dropout)
        own = dropped or self.cell in ("gru_before", "gru_simple")
        taken_down = torch._C._is_tracing() or torch.compiler.is_compiling()
        return not own and (taken_down or self._weight.device.type != "cpu")

    def _folds(self, lookup: Lookup, hx: Any) -> bool:
        """Tell whether a lookup's table can go through the kernels as it is."""
        masked = self.training and self.input_dropout
        first = [getattr(self, name) for names in self._all_weights[: self._ways] for name in names]
        states = [
            part for part in (hx if isinstance(hx, tuple | list) else (hx,)) if part is not None
        ]
        tensors = [lookup.weight, *first, *states]
        autocast = plain.autocast_is_on(lookup.weight.device.type)
        return not (masked or autocast or self._is_torchs()) and fused.fits(tensors)

    @property
    def _weight(self) -> Tensor:
        weight: Tensor = self._flat_weights[0]  # type: ignore[assignment]
        return weight

    def _checked(
        self, batch: Batch, states: tuple[Tensor, ...] | None
    ) -> tuple[Tensor, tuple[Tensor, ...] | None]:
        """Return x (B, T, D) and initial states, known to fit the layer."""
        x, weight = batch.x, self._weight
        if x.device != weight.device:
            raise RuntimeError(
                f"the input is on {x.device}, the layer on {weight.device}; move one to the other"
            )
        if plain.autocast_is_on(x.device.type):
            x = x.to(weight.dtype)
            states = None if states is None else tuple(part.to(weight.dtype) for part in states)
        self.check_input(x, None)
        if batch.lengths is None and not batch.steps:
            raise RuntimeError(
                "Expected sequence length to be larger than 0; empty sequences need lengths="
            )
        expected = (self.num_layers * self._ways, batch.size, self.hidden_size)
        for part in states or ():
            if tuple(part.shape) != expected:
                raise RuntimeError(f"Expected hidden size {expected}, got {list(part.shape)}")
            if part.dtype != x.dtype or part.device != x.device:
                raise RuntimeError(
                    f"hx is {part.dtype} on {part.device}, "
                    f"the input is {x.dtype} on {x.device}; they should be alike"
                )
        return x, states

    def _run(
        self, x: Tensor, states: tuple[Tensor, ...] | None, batch: Batch, outputs: bool
    ) -> tuple[Tensor | None, list[Tensor]]:
        """Run all layers over x (B, T, D) → outputs (B, T, H · ways) or None, final states."""
        rows = None if states is None else [part.unbind(0) for part in states]
        made: Tensor | None = x
        finals: list[Tensor] = []
        for depth in range(self.num_layers):
            if depth and self.dropout and self.training:
                # in torch's order of memory, so that one seed drops the same in both layers
                timely = x.transpose(0, 1).contiguous()
                x = F.dropout(timely, self.dropout).transpose(0, 1)
            ways = [
                self._way(depth * self._ways + n, x, batch.size, rows) for n in range(self._ways)
            ]
            needed = outputs or depth + 1 < self.num_layers
            made, final = self._layer(x, ways, batch, needed, None if depth else batch.rows)
            finals += final
            x = x if made is None else made
        count = STATES[self.cell]
        return made, [torch.stack(finals[n::count]) for n in range(count)]

    def _way(
        self, row: int, x: Tensor, size: int, states: Sequence[Sequence[Tensor]] | None
    ) -> Way:
        """Return what one direction of a layer computes with; `row` counts layers · ways."""
        weights = [getattr(self, name) for name in self._all_weights[row]]
        kernel, recurrent, bias, hidden_bias = (*weights, None, None)[:4]
        return Way(
            (kernel, recurrent, bias, hidden_bias),
            None if states is None else tuple(part[row] for part in states),
            self._mask(self.input_dropout, x, (size, x.shape[2])),
            self._mask(self.recurrent_dropout, x, (size, self.hidden_size)),
        )

    def _mask(self, share: float, x: Tensor, shape: tuple[int, int]) -> Tensor | None:
        """Return dropout's mask (B, features), one for a whole sequence (Gal, Ghahramani 2016)."""
        if not (self.training and share):
            return None
        return F.dropout(x.new_ones(shape), share)

    def _layer(
        self, x: Tensor, ways: list[Way], batch: Batch, outputs: bool, rows: Tensor | None
    ) -> tuple[Tensor | None, list[Tensor]]:
        used = [
            x,
            *(t for way in ways for t in (*way.weights, *(way.state or ())) if t is not None),
        ]
        if not fused.fits(used):
            return plain.layer(self.cell, x, ways, batch.lengths)
        return fused.layer(
            self.cell,
            x,
            ways,
            batch.lengths,
            rows=rows,
            outputs=outputs,
            time_first=batch.time_first,
        )

    def _by_torch(self, input: Any, hx: Any, lengths: Any) -> tuple[Any, Any]:
        """Let torch's layer do it, ragged rows packed."""
        if lengths is None and isinstance(input, Tensor | PackedSequence):
            outputs, final = super().forward(input, hx)
            return outputs, final
        batch = opened(input, lengths, self.batch_first, type(self).__name__)
        assert batch.lengths is not None
        real = (batch.lengths > 0).to(batch.x.device)
        x = torch.where(real[:, None, None], batch.x, 0.0)
        packed = pack_padded_sequence(x, batch.lengths.clamp(min=1), True, enforce_sorted=False)
        packed_outputs, final = super().forward(packed, hx)
        outputs, _ = pad_packed_sequence(packed_outputs, True, total_length=x.shape[1])
        if not bool(real.all()):
            outputs = torch.where(real[:, None, None], outputs, 0.0)
            final = _kept(final, hx, real)
        return outputs if self.batch_first else outputs.transpose(0, 1), final


def _kept(final: Any, hx: Any, real: Tensor) -> Any:
    """Return final states in which rows without steps have their initial state, or zeros."""
    if isinstance(final, tuple):
        initial = (None,) * len(final) if hx is None else hx
        return tuple(_kept(*pair, real) for pair in zip(final, initial, strict=True))
    return torch.where(real[:, None], final, torch.zeros_like(final) if hx is None else hx)


class SimpleRNN(_Recurrent, nn.RNN):
    """h_t = f(W x_t + U h_{t−1} + b), f tanh or ReLU; a drop-in for `torch.nn.RNN`.

    Sources: Elman (1990), Finding structure in time; rows D1 and D2.

    Args:
        *args: As for `torch.nn.RNN`.
        activation: "tanh" or "relu", another name of torch's `nonlinearity`.
        single_bias: One bias for each gate, as in Keras and the lectures, instead of two.
        recurrent_dropout: Share of h_{t−1} that is dropped where it meets U: one mask for each
            sequence, layer and direction, in training only (Gal and Ghahramani 2016; row D10).
        input_dropout: Share of x_t that is dropped, likewise, before each layer.
        **kwargs: As for `torch.nn.RNN`.

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
        single_bias: bool = False,
        recurrent_dropout: float = 0.0,
        input_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        if activation is not None:
            if "nonlinearity" in kwargs or len(args) > 3:
                raise ValueError("activation= is nonlinearity= by another name; give one of them")
            kwargs["nonlinearity"] = activation
        super().__init__(*args, **kwargs)
        self._take(single_bias, recurrent_dropout, input_dropout)

    @property
    def cell(self) -> str:
        """The cell's name in `kernels.cells.GATES`."""
        return f"rnn_{self.nonlinearity}"


class GRU(_Recurrent, nn.GRU):
    """Gated recurrent unit; a drop-in for `torch.nn.GRU`.

    h_t = (1 − z) ∘ n + z ∘ h_{t−1}, with n = tanh(W x_t + b + r ∘ (U h_{t−1} + c)) (reset "after",
    torch's), n = tanh(W x_t + b + U (r ∘ h_{t−1}) + c) ("before", the paper's), or without r.

    Sources: Cho et al. (2014), Learning phrase representations using RNN encoder–decoder; rows
    D3 and D4.

    Args:
        *args: As for `torch.nn.GRU`.
        reset: Whether the reset gate comes "after" or "before" the product with U; None for a
            unit with the update gate alone, whose weights hold 2 H rows: z, n.
        single_bias: One bias for each gate, as in Keras and the lectures, instead of two.
        recurrent_dropout: Share of h_{t−1} that is dropped where it meets U: one mask for each
            sequence, layer and direction, in training only (Gal and Ghahramani 2016; row D10).
        input_dropout: Share of x_t that is dropped, likewise, before each layer.
        **kwargs: As for `torch.nn.GRU`.

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
        single_bias: bool = False,
        recurrent_dropout: float = 0.0,
        input_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        if reset not in _GRUS:
            raise ValueError(f"reset should be 'after', 'before' or None, got {reset!r}")
        super().__init__(*args, **kwargs)
        self.reset = reset
        if reset is None:
            self._drop_reset_gate()
        self._take(single_bias, recurrent_dropout, input_dropout)

    @property
    def cell(self) -> str:
        """The cell's name in `kernels.cells.GATES`."""
        return _GRUS[self.reset]

    def _drop_reset_gate(self) -> None:
        """Keep the rows z and n of torch's r, z, n."""
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


class LSTM(_Recurrent, nn.LSTM):
    """Long short-term memory; a drop-in for `torch.nn.LSTM`.

    c_t = f ∘ c_{t−1} + i ∘ g, h_t = o ∘ tanh(c_t).

    Sources: Hochreiter and Schmidhuber (1997), Long short-term memory; row D5.

    Args:
        *args: As for `torch.nn.LSTM`.
        single_bias: One bias for each gate, as in Keras and the lectures, instead of two.
        recurrent_dropout: Share of h_{t−1} that is dropped where it meets U: one mask for each
            sequence, layer and direction, in training only (Gal and Ghahramani 2016; row D10).
        input_dropout: Share of x_t that is dropped, likewise, before each layer.
        **kwargs: As for `torch.nn.LSTM`.

    Float32 on the CPU runs on Sestina's kernels; other types, `torch.func` and the like in a plain
    loop of torch operations; with `proj_size`, and on other devices unless an option is set that it
    lacks, torch's own layer does it. Under autocast a layer on the CPU keeps to the type of its
    weights.

    Raises:
        ValueError: An option has no sensible value.
    """

    def __init__(
        self,
        *args: Any,
        single_bias: bool = False,
        recurrent_dropout: float = 0.0,
        input_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._take(single_bias, recurrent_dropout, input_dropout)

    @property
    def cell(self) -> str:
        """The cell's name in `kernels.cells.GATES`."""
        return "lstm"
