"""Recurrent layers as options ask for them: their variant, their first weights, their kernels."""

from __future__ import annotations

from typing import Any

from sestina.config import CellOptions
from sestina.nn import fused, initialise
from sestina.nn.recurrent import GRU, LSTM, SimpleRNN

CELLS: dict[str, type[SimpleRNN | GRU | LSTM]] = {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}


def recurrent(
    kind: str, inputs: int, hidden: int, options: CellOptions, **more: Any
) -> SimpleRNN | GRU | LSTM:
    """Return layers over batches first, with a single bias for each gate.

    Args:
        kind: A key of `CELLS`.
        inputs: D, the features of a step.
        hidden: H.
        options: The variant, the starts, what is dropped where the state recurs.
        **more: As for the layer's class.
    """
    own: dict[str, dict[str, Any]] = {
        "rnn": {"activation": options.activation},
        "gru": {"reset": options.reset},
    }
    layer = CELLS[kind](
        inputs,
        hidden,
        batch_first=True,
        single_bias=True,
        recurrent_dropout=options.recurrent_dropout,
        **own.get(kind, {}),
        **more,
    )
    initialise.recurrent(layer, options.kernel_initializer, options.recurrent_initializer)
    fused.prepare(layer.cell)
    return layer
