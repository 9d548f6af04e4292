"""Options of recurrent layers: their variant, how their weights start, what is dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sestina.options import option

RECURRENT = ("rnn", "gru", "lstm")
VARIANT = ("activation", "reset")  # of the options below, what a cell computes
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
        encoders=RECURRENT,
    )
    recurrent_dropout: float = option(
        0.0,
        "Share of the state dropped where it recurs, one mask a sequence.",
        least=0.0,
        most=0.95,
        encoders=RECURRENT,
    )


def cell_options(options: CellOptions) -> dict[str, Any]:
    """Return the options of recurrent layers by name, to pass on."""
    return {name: getattr(options, name) for name in CellOptions.__dataclass_fields__}
