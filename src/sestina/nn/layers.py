"""Recurrent layers as options ask for them: their variant, their first weights, their kernels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn

from sestina.config import STATEFUL, CellOptions, check_residual
from sestina.errors import OptionError
from sestina.nn import fused, initialise
from sestina.nn.drop_in import NORMS, Recurrent
from sestina.nn.minimal import MinGRU, MinLSTM
from sestina.nn.recurrent import GRU, LSTM, SimpleRNN
from sestina.nn.sequences import Lookup
from sestina.nn.states import States

CELLS: dict[str, type[Recurrent]] = {
    "rnn": SimpleRNN,
    "gru": GRU,
    "lstm": LSTM,
    "mingru": MinGRU,
    "minlstm": MinLSTM,
}


SHARED = ("zoneout",)
OF_STATES = ("recurrent_dropout", "weight_drop")
"""Options that layers take as they are: all, and those whose gates see the state."""


class Stack(nn.ModuleList):
    """Single recurrent layers one on the other, each with dropout of its own.

    Args:
        layers: From the bottom to the top.
        residual: Whether each but the first adds what it reads to what it gives.
    """

    def __init__(self, layers: Iterable[nn.Module], residual: bool = False) -> None:
        super().__init__(layers)
        check_residual(residual, len(self))
        self.residual = residual

    def forward(
        self, x: Tensor | Lookup, lengths: Tensor, states: States | None = None
    ) -> tuple[list[Tensor], States]:
        """Map x (B, T, D) of true lengths (B,) → outputs of every layer, (B, T, H), and states.

        Args:
            x: Vectors, or the lookup of them.
            lengths: True lengths, int64.
            states: What an earlier call returned, to go on from there.
        """
        found: list[Tensor] = []
        after: States = []
        for depth, layer in enumerate(self):
            before = None if states is None else states[depth]
            made, final = layer(found[-1] if found else x, before, lengths=lengths)
            found.append(made + found[-1] if found and self.residual else made)
            after.append(final)
        return found, after


def recurrent(kind: str, inputs: int, hidden: int, options: CellOptions, **more: Any) -> Recurrent:
    """Return layers over batches first, with a single bias for each gate.

    Args:
        kind: A key of `CELLS`.
        inputs: D, the features of a step.
        hidden: H.
        options: The variant, the starts, what is dropped and what stays where the state recurs.
        **more: As for the layer's class.

    Raises:
        OptionError: The variant has no normalised form.
    """
    if options.normalise == "batch" and kind == "gru":
        raise OptionError(
            "normalise='batch' came with gru; it is of an LSTM: take lstm, or normalise='layer'"
        )
    if options.normalise and kind == "gru" and options.reset != "after":
        raise OptionError(
            f"normalise={options.normalise!r} came with reset={options.reset!r}; a GRU that "
            "normalises resets after the product: set reset='after', or no normalise"
        )
    own: dict[str, dict[str, Any]] = {
        "rnn": {"activation": options.activation},
        "gru": {"reset": options.reset, "normalise": options.normalise},
        "lstm": {"cell_zoneout": options.cell_zoneout, "normalise": options.normalise},
    }
    chosen = {name: getattr(options, name) for name in SHARED}
    if kind in STATEFUL:
        chosen |= {name: getattr(options, name) for name in OF_STATES}
    layer = CELLS[kind](
        inputs,
        hidden,
        batch_first=True,
        single_bias=True,
        **chosen,
        **own.get(kind, {}),
        **more,
    )
    initialise.recurrent(layer, options.kernel_initializer, options.recurrent_initializer)
    (fused if layer.normalise is None else NORMS[layer.normalise]).prepare(layer.cell)
    return layer
