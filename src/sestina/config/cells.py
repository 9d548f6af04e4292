"""Options of recurrent layers: their variant, how their weights start, what is dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sestina.errors import OptionError
from sestina.options import option

STATEFUL = ("rnn", "gru", "lstm")
"""Layers whose gates see the state."""
RECURRENT = (*STATEFUL, "mingru", "minlstm")
VARIANT = (
    "activation",
    "reset",
    "residual",
    "normalise",
)  # of the options below, what a cell computes
STARTS = ("orthogonal", "glorot", "he", "identity", "positive-definite")


@dataclass(eq=False, repr=False, kw_only=True)
class CellOptions:
    """What every recurrent layer has, wherever it stands (section D of the lectures)."""

    activation: str = option(
        "tanh", "Of a simple recurrent layer.", choices=("tanh", "relu"), encoders=("rnn",)
    )
    reset: str | None = option(
        "after",
        "Where a GRU's reset gate stands, before or after the product; none: it has no such gate.",
        choices=("before", "after"),
        encoders=("gru",),
    )
    kernel_initializer: str = option(
        "glorot",
        "How the weights of a recurrent layer's inputs start.",
        choices=("glorot", "he", "orthogonal"),
        encoders=RECURRENT,
    )
    recurrent_initializer: str = option(
        "orthogonal",
        "How the weights of its states start; activation=relu with identity is the IRNN, with "
        "positive-definite the np-RNN.",
        choices=STARTS,
        encoders=STATEFUL,
    )
    recurrent_dropout: float = option(
        0.0,
        "Share of the state dropped where it recurs, one mask a sequence.",
        least=0.0,
        most=0.95,
        encoders=STATEFUL,
    )
    weight_drop: float = option(
        0.0,
        "Share of recurrent weights dropped, one mask a step of training.",
        least=0.0,
        most=0.95,
        encoders=STATEFUL,
    )
    zoneout: float = option(
        0.0,
        "Share of units whose state stays as it was, drawn anew at each step.",
        least=0.0,
        most=0.95,
        encoders=RECURRENT,
    )
    cell_zoneout: float = option(
        0.0, "The same of an LSTM's memory cells.", least=0.0, most=0.95, encoders=("lstm",)
    )
    residual: bool = option(
        False,
        "Each recurrent layer but the first adds what it reads to what it gives.",
        encoders=RECURRENT,
    )
    normalise: str | None = option(
        None,
        "Normalise what the gates of an LSTM or GRU get, over the units (layer; an LSTM's memory, "
        "too), or of an LSTM over a batch's rows at each step (batch).",
        choices=("layer", "batch"),
        encoders=("gru", "lstm"),
    )
    kernel_l2: float = option(
        0.0,
        "L2 penalty on the weights of recurrent layers' inputs, beside l2.",
        least=0.0,
        encoders=RECURRENT,
    )
    recurrent_l2: float = option(
        0.0, "L2 penalty on the weights of their states.", least=0.0, encoders=STATEFUL
    )


def check_residual(residual: bool, layers: int) -> None:
    """Check that there is a layer that can add what it reads.

    Raises:
        OptionError: There is not.
    """
    if residual and layers < 2:
        raise OptionError(
            "residual=True adds what a layer reads to what it gives, from the second layer on; "
            f"layers={layers} came: set layers=2 or more, or residual=False"
        )


def cell_options(options: CellOptions) -> dict[str, Any]:
    """Return the options of recurrent layers by name, to pass on."""
    return {name: getattr(options, name) for name in CellOptions.__dataclass_fields__}
