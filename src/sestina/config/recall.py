"""Options of the laboratory's tests of memory."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.config.cells import RECURRENT, CellOptions
from sestina.config.networks import LearningOptions
from sestina.options import option


@dataclass(eq=False, repr=False, kw_only=True)
class RecallOptions(CellOptions, LearningOptions):
    """How a recurrent layer is put to a test of memory."""

    encoder: str = option("lstm", "The cell.", choices=RECURRENT)
    hidden: int = option(64, "Its units.", least=1)
    layers: int = option(1, "Stacked layers.", least=1)
    steps: int = option(100, "Batches of new sequences that are called an epoch.", least=1)


@dataclass(eq=False, repr=False, kw_only=True)
class LinearOptions:
    """What a recurrence without inputs to learn from is."""

    radius: float = option(1.0, "Largest absolute eigenvalue of its matrix.", least=1e-6)
    units: int = option(16, "Size of its state.", least=1)
    steps: int = option(100, "Steps to look back.", least=2)
    epochs: int = option(1, "Nothing is trained; one pass measures.", least=1)
    seed: int = option(0, "Seed of its matrix.", least=0)
