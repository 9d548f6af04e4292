"""The state of a training run in one file after each epoch, so that it can go on after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sestina.errors import ModelError, OptionError
from sestina.store import CHECKPOINT, read_arrays, write_arrays


@dataclass
class Progress:
    """Where a run stands: its history so far and the best weights.

    Attributes:
        history: One row per finished epoch.
        best: The best epoch's weights by name; empty before the first.
        best_epoch: Its number, from 1.
        best_value: Its rank, the validation loss unless the problem says otherwise.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = 0
    best_value: float = float("inf")


@dataclass(frozen=True)
class Checkpoint:
    """A place for the state of one run.

    Attributes:
        folder: Where the file lies.
        identity: What makes the run what it is (options, data); resuming asks for the same.
        resume: Whether to go on from the file where it exists.
    """

    folder: Path
    identity: Mapping[str, Any]
    resume: bool = False

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / CHECKPOINT

    def save(self, network: nn.Module, optimiser: torch.optim.Optimizer, state: Progress) -> None:
        """Write the state after an epoch, all or nothing."""
        arrays = {f"weights/{k}": v for k, v in network.state_dict().items()}
        arrays |= {f"best/{k}": v for k, v in state.best.items()}
        for number, slots in optimiser.state_dict()["state"].items():
            arrays |= {f"optimiser/{number}/{k}": torch.as_tensor(v) for k, v in slots.items()}
        note = {
            "identity": dict(self.identity),
            "history": state.history,
            "best_epoch": state.best_epoch,
            "best_value": state.best_value,
        }
        write_arrays(self.path, {k: v.detach().cpu().numpy() for k, v in arrays.items()}, note)

    def load(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> Progress:
        """Put the saved state into network and optimiser; a new `Progress` where there is none.

        Raises:
            OptionError: The file is of a run with other options or data; the message says which.
            ModelError: The file is damaged.
        """
        if not self.resume or not self.path.exists():
            return Progress()
        arrays, note = read_arrays(self.path)
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        try:
            self._same_run(note["identity"])
            return _restored(network, optimiser, tensors, note)
        except (AttributeError, KeyError, TypeError, RuntimeError) as error:
            raise ModelError(
                f"{self.path} does not fit this version of Sestina; delete it and train again"
            ) from error

    def _same_run(self, saved: Mapping[str, Any]) -> None:
        for name, value in self.identity.items():
            if saved.get(name) != value:
                raise OptionError(
                    f"cannot resume {str(self.folder)!r}: it was begun with {name}="
                    f"{saved.get(name)!r}, now it is {value!r}; use the same, or start anew "
                    "with --overwrite"
                )


def epochs_done(folder: Path) -> int:
    """Return how many epochs the run whose checkpoint is in a folder has done; 0: it has none.

    Raises:
        ModelError: The file is damaged.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return 0
    _, note = read_arrays(path)
    return len(note.get("history", ()))


def _restored(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    tensors: Mapping[str, Tensor],
    note: Mapping[str, Any],
) -> Progress:
    """Put weights and the optimiser's state back; return where the run stands."""
    network.load_state_dict(_below("weights/", tensors))
    state = optimiser.state_dict()
    for name, value in _below("optimiser/", tensors).items():
        number, slot = name.split("/")
        state["state"].setdefault(int(number), {})[slot] = value
    optimiser.load_state_dict(state)
    return Progress(
        note["history"], _below("best/", tensors), note["best_epoch"], note["best_value"]
    )


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
