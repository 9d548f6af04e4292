"""What SimpleRNN, GRU and LSTM share: options, forms of input, the choice of a path.

A layer is a torch layer, with its constructor, parameter names and ``state_dict``, and some options
more. Letters: B batch, T time, D features in, H hidden, G gates; L layers · ways (1, or 2 both).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from sestina.kernels.cells import STATES, Weights, Zone
from sestina.nn import batch_normed, fused, normed, plain
from sestina.nn.plain import Way
from sestina.nn.sequences import Batch, Lookup, folded, opened
from sestina.nn.states import kept

if TYPE_CHECKING:
    from sestina.kernels.streaming import Stream

TORCHS = ("rnn_tanh", "rnn_relu", "gru_after", "lstm")
"""The cells that torch's own layers compute."""
NORMS: dict[str, Any] = {"layer": normed, "batch": batch_normed}
"""What `normalise` may be, and what does it."""
SHARES = ("recurrent_dropout", "input_dropout", "weight_drop", "zoneout", "cell_zoneout")


class Recurrent(nn.RNNBase):
    """What all layers share; it comes before the torch layer among a layer's bases.

    Args:
        *args: As for the torch layer.
        single_bias: One bias for each gate, as in Keras and the lectures, instead of two.
        recurrent_dropout: Share of h_{t−1} that is dropped where it meets U: one mask for each
            sequence, layer and direction, in training only (Gal and Ghahramani 2016; row D10).
        input_dropout: Share of x_t that is dropped, likewise, before each layer.
        weight_drop: Share of U that is dropped: one mask for each call, layer and direction, in
            training only (Merity, Keskar and Socher 2018).
        zoneout: Share of h that stays as it was at a step: in training units drawn anew for each
            row and step, else that share of each (Krueger et al. 2016; row D11).
        cell_zoneout: The same of an LSTM's c.
        residual: Each layer but the first adds what it reads to what it gives, in its outputs but
            not in its states (the plain form of Kim, El-Khamy and Lee 2017, Residual LSTM).
        normalise: "layer": an LSTM, or a GRU that resets after the product, normalises W x, U h
            and an LSTM's c over their units (Ba, Kiros and Hinton 2016), with scales
            `gain_ih_l0`, `gain_hh_l0`, `gain_c_l0`, a shift `bias_c_l0`, and a single bias.
            "batch": an LSTM normalises W x and U h, not c, over a batch's rows at each step
            (Cooijmans et al. 2017; row D11; see `nn.batch_normed`), with `gain_ih_l0`, `gain_hh_l0`
            and a single bias. Its state has a third part: the steps that rows have read.
        **kwargs: As for the torch layer.

    Raises:
        ValueError: An option has no sensible value.

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

    cell: str
    """The cell's name in `kernels.cells.GATES`."""
    single_bias = False
    recurrent_dropout = 0.0
    input_dropout = 0.0
    weight_drop = 0.0
    zoneout = 0.0
    cell_zoneout = 0.0
    residual = False
    normalise: str | None = None
    lone = 0  # how often a batch of one row came while there were no statistics of batches
    watch: Callable[[plain.Seen], None] | None = None
    """Where set, layers run as the plain loop, and it is told of each way."""

    def __init__(
        self,
        *args: Any,
        single_bias: bool = False,
        recurrent_dropout: float = 0.0,
        input_dropout: float = 0.0,
        weight_drop: float = 0.0,
        zoneout: float = 0.0,
        cell_zoneout: float = 0.0,
        residual: bool = False,
        normalise: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._settle()
        shares = (recurrent_dropout, input_dropout, weight_drop, zoneout, cell_zoneout)
        for name, share in zip(SHARES, shares, strict=True):
            self._take(name, share)
        if cell_zoneout and STATES[self.cell] < 2:
            raise ValueError("cell_zoneout is of an LSTM's c, which this layer has not")
        if (recurrent_dropout or weight_drop) and not len(self._weights_of(0)[1]):
            raise ValueError(
                "recurrent_dropout and weight_drop are of the product with the state, which this "
                "layer has not; zoneout and input_dropout it has"
            )
        if residual and (self.num_layers < 2 or self.proj_size):
            raise ValueError(
                "residual adds a layer's input from the second layer on, at full "
                f"size; got num_layers={self.num_layers}, proj_size={self.proj_size}"
            )
        self.single_bias, self.residual = single_bias or normalise is not None, residual
        if self.single_bias:
            self._keep_one_bias()
        self.normalise = normalise
        if normalise is not None:
            self._form().add_scales(self)

    def _settle(self) -> None:
        """Do what a cell wants once torch's constructor has run, before options are looked at."""

    def _form(self) -> Any:
        """The module that normalises."""
        if self.normalise not in NORMS:
            raise ValueError(
                f"normalise should be None, 'layer' or 'batch', got {self.normalise!r}"
            )
        return NORMS[self.normalise]

    @property
    def _ways(self) -> int:
        return 2 if self.bidirectional else 1

    def _take(self, name: str, share: float) -> None:
        """Take an option that is a share."""
        if isinstance(share, bool) or not 0 <= share <= 1:
            raise ValueError(f"{name} should be a number from 0 to 1, got {share!r}")
        if share and self.proj_size:
            raise ValueError(f"{name} does not go with proj_size, which only torch's layer has")
        setattr(self, name, float(share))

    def _keep_one_bias(self) -> None:
        """Replace the second bias of each gate by zeros that are neither trained nor saved."""
        for name in [n for n in dict(self.named_parameters()) if n.startswith("bias_hh")]:
            zeros = torch.zeros_like(getattr(self, name))
            delattr(self, name)
            self.register_buffer(name, zeros, persistent=False)
        self._init_flat_weights()

    def extra_repr(self) -> str:
        """Name the options that differ from torch's, after torch's own."""
        more = ("single_bias", *SHARES, "residual", "normalise")
        said = [f"{name}={getattr(self, name)!r}" for name in more if getattr(self, name)]
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
        batch = None
        if isinstance(input, Lookup):
            input.check()
            if self._folds(input, hx):
                batch = folded(input, lengths, self.batch_first)
            if batch is None:
                input = input.vectors(lengths, self.batch_first)
        if self._is_torchs():
            made, final = self._by_torch(input, hx, lengths)
            return made if outputs else None, final
        if batch is None:
            batch = opened(input, lengths, self.batch_first, type(self).__name__)
        ages = self.normalise == "batch" and isinstance(hx, tuple | list) and len(hx) == 3
        states = batch.states(hx, STATES[self.cell] + ages)
        x, states = self._checked(batch, states)
        return batch.closed(*self._run(x, states, batch, outputs))

    def _is_torchs(self) -> bool:
        """Tell whether torch's own layer should do it."""
        if self.proj_size:
            return True
        shares = (self.recurrent_dropout, self.input_dropout, self.weight_drop)
        dropped = self.training and any(shares)
        held = bool(self.zoneout or self.cell_zoneout or self.residual or self.normalise)
        own = dropped or held or self.cell not in TORCHS
        taken_down = torch._C._is_tracing() or torch.compiler.is_compiling()
        return not own and (taken_down or self._weight.device.type != "cpu")

    def _folds(self, lookup: Lookup, hx: Any) -> bool:
        """Tell whether a lookup's table can go through the kernels as it is."""
        masked = (self.training and self.input_dropout) or self.normalise
        first = [getattr(self, name) for names in self._all_weights[: self._ways] for name in names]
        first = [weight for weight in first if len(weight)]  # U may have no rows
        states = [
            part for part in (hx if isinstance(hx, tuple | list) else (hx,)) if part is not None
        ]
        tensors = [lookup.weight, *first, *states]
        autocast = plain.autocast_is_on(lookup.weight.device.type)
        refused = masked or autocast or self.watch is not None or self._is_torchs()
        return not refused and fused.fits(tensors)

    @property
    def _weight(self) -> Tensor:
        weight = self.weight_ih_l0
        assert isinstance(weight, Tensor)  # which functional calls, too, put in its place
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
        if x.dtype != weight.dtype or x.shape[2:] != weight.shape[1:]:
            self._update_flat_weights()
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
        parts, ages = batch_normed.split(states) if self.normalise == "batch" else (states, None)
        rows = None if parts is None else [part.unbind(0) for part in parts]
        made: Tensor | None = x
        finals: list[list[Tensor]] = []
        for depth in range(self.num_layers):
            if depth and self.dropout and self.training:
                # in torch's order of memory, so that one seed drops the same in both layers
                timely = x.transpose(0, 1).contiguous()
                x = F.dropout(timely, self.dropout).transpose(0, 1)
            first = depth * self._ways
            ways = [self._way(first + n, x, batch.size, rows, ages) for n in range(self._ways)]
            needed = outputs or depth + 1 < self.num_layers
            made, final = self._layer(x, ways, batch, needed, None if depth else batch.rows)
            finals.append(final)
            if self.normalise == "batch" and self.training:
                batch_normed.remember(self, first, ways, batch)
            if depth and self.residual and made is not None:
                made = made + x
            x = x if made is None else made
        one = len(finals) == 1
        after = finals[0] if one else [torch.cat(each) for each in zip(*finals, strict=True)]
        if self.normalise == "batch":
            after = [*after, batch_normed.grown(after, ages, batch)]
        return made, after

    def _weights_of(self, row: int) -> plain.Tensors:
        """Return W, U and the biases, or None, of one direction of a layer."""
        weights = [getattr(self, name) for name in self._all_weights[row]]
        kernel, recurrent, bias, hidden_bias = (*weights, None, None)[:4]
        if self.training and self.weight_drop:
            recurrent = F.dropout(recurrent, self.weight_drop)
        return kernel, recurrent, bias, hidden_bias

    def _way(
        self,
        row: int,
        x: Tensor,
        size: int,
        states: Sequence[Sequence[Tensor]] | None,
        ages: Tensor | None,
    ) -> Way:
        """Return what one direction of a layer computes with; `row` counts layers · ways."""
        return Way(
            self._weights_of(row),
            None if states is None else tuple(part[row] for part in states),
            self._mask(self.input_dropout, x, (size, x.shape[2])),
            self._mask(self.recurrent_dropout, x, (size, self.hidden_size)),
            self._zone(),
            None if self.normalise is None else self._form().norm_of(self, row, ages),
        )

    def _zone(self) -> Zone | None:
        """Return which units stay as they were: by coins in training, else in expectation."""
        if not (self.zoneout or self.cell_zoneout):
            return None
        key = int(torch.randint(2**62, ())) if self.training else None
        return Zone(self.zoneout, self.cell_zoneout, key)

    def _mask(self, share: float, x: Tensor, shape: tuple[int, int]) -> Tensor | None:
        """Return dropout's mask (B, features), one for a whole sequence (Gal, Ghahramani 2016)."""
        if not (self.training and share):
            return None
        return F.dropout(x.new_ones(shape), share)

    def stepper(self) -> Stream:
        """Return this layer for one sequence that arrives step by step; its weights are copied.

        ``stepper().step(x)`` takes x (D,) and gives h (H,) of the last layer, both NumPy arrays,
        without torch in between; ``state`` is (h,), or (h, c), each (L, H). Nothing is dropped, and
        units stay in expectation.

        Raises:
            ValueError: The layer is bidirectional, has ``proj_size``, or is not float32 on the CPU.
        """
        from sestina.kernels.normed_stream import BatchNormedStream, NormedStream
        from sestina.kernels.streaming import Stream

        names = self._all_weights
        tensors = [getattr(self, name) for row in names for name in row]
        tensors = [weight for weight in tensors if len(weight)]
        if self.bidirectional or self.proj_size or not fused.fits(tensors):
            raise ValueError(
                "a stepper goes forwards in time, on float32 weights on the CPU; this layer is "
                f"{self!r}, {self._weight.dtype} on {self._weight.device}"
            )
        rows = [[getattr(self, name) for name in row] for row in names]
        layers = [fused.solid((*row, None, None)[:4]) for row in rows]
        held = bool(self.zoneout or self.cell_zoneout)
        zone = Zone(self.zoneout, self.cell_zoneout, None) if held else None
        if self.normalise is not None:
            gains = [self._form().arrays(self, n) for n in range(self.num_layers)]
            plain_layers = [Weights(*(part.numpy() for part in layer)) for layer in layers]
            kind = NormedStream if self.normalise == "layer" else BatchNormedStream
            return kind(self.cell, plain_layers, gains, zone, self.residual)
        return Stream(self.cell, layers, zone, self.residual)

    def _layer(
        self, x: Tensor, ways: list[Way], batch: Batch, outputs: bool, rows: Tensor | None
    ) -> tuple[Tensor | None, list[Tensor]]:
        used = [x, *(t for way in ways for t in way.weights if t is not None and len(t))]
        used += [part for way in ways for part in way.state or ()]
        form = None if self.normalise is None else self._form()
        if self.watch is not None or not fused.fits(used) or not (form is None or form.fits(ways)):
            return plain.layer(self.cell, x, ways, batch.lengths, self.watch)
        made: tuple[Tensor | None, list[Tensor]]
        if form is None:
            more: Any = {"rows": rows, "outputs": outputs, "time_first": batch.time_first}
            made = fused.layer(self.cell, x, ways, batch.lengths, **more)
        else:
            made = form.layer(self.cell, x, ways, batch.lengths)
        return made

    def _by_torch(self, input: Any, hx: Any, lengths: Any) -> tuple[Any, Any]:
        """Let torch's layer do it, ragged rows packed."""
        self._update_flat_weights()
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
            final = kept(final, hx, real)
        return outputs if self.batch_first else outputs.transpose(0, 1), final
