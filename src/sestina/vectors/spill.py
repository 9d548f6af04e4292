"""Arrays that outgrow their share of memory: appended to files of a folder that is then removed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError


class Spill:
    """A folder of growing arrays, made when the first is written, gone when the block is left.

    Args:
        folder: Where to make it; None: where the system keeps what is temporary.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._parent = folder
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def append(self, name: str, array: NDArray[Any]) -> None:
        """Write an array behind what stands under a name.

        Raises:
            DataError: The folder cannot be written, or the disk is full.
        """
        try:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(
                    prefix="sestina-", dir=self._parent, ignore_cleanup_errors=True
                )
            with (Path(self._folder.name) / name).open("ab") as file:
                np.ascontiguousarray(array).tofile(file)
        except OSError as error:
            place = self._folder.name if self._folder else self._parent or tempfile.gettempdir()
            raise DataError(
                f"counts of word pairs outgrow memory and cannot be kept in {place} "
                f"({error.strerror or error}); name another folder, or allow more memory"
            ) from error

    def mapped(self, name: str, kind: np.dtype[Any]) -> NDArray[Any]:
        """Return what stands under a name, memory-mapped for reading."""
        path = Path(self._folder.name) / name if self._folder is not None else None
        if path is None or not path.exists() or path.stat().st_size == 0:
            return np.zeros(0, kind)
        return np.memmap(path, kind, "r")
