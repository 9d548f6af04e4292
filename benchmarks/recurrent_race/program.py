"""A program in a process of its own, as the parent sees it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SIDES = {
    "ours": "ours",
    "torch": "pytorch",
    "keras-jax": "keras_jax",
    "keras-tf": "keras_tf",
    "onnx": "onnx_step",
}
"""Program → its module among the sides."""


class Program:
    """One program; its process starts at the first request and again should it die."""

    def __init__(self, name: str, variables: dict[str, str]) -> None:
        self.name = name
        self.versions: dict[str, str] = {}
        self._environment = variables
        self._process: subprocess.Popen[str] | None = None
        self._log = tempfile.TemporaryFile("w+")
        self._absent: str | None = None

    def ask(self, do: str, **details: Any) -> dict[str, Any]:
        """Send a request and wait for its reply; {"absent": reason} where there is none."""
        if self._absent is None and self._process is None:
            self._start()
        if self._process is None:
            return {"absent": self._absent}
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return self._died()
        return self._reply()

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()
        self._process = None

    def _start(self) -> None:
        module = f"{__package__}.server"
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, SIDES[self.name]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=Path(__file__).parent.parent,
            env=self._environment,
        )
        first = self._reply()
        self.versions = first.get("versions", {})
        if "absent" in first:
            self.close()
            self._absent = first["absent"]

    def _reply(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        return dict(json.loads(line)) if line else self._died()

    def _died(self) -> dict[str, Any]:
        assert self._process is not None
        status = self._process.wait()
        self._process = None
        self._log.seek(0)
        said = [line.strip() for line in self._log.read().splitlines() if line.strip()]
        return {"absent": f"its process ended with {status}: {said[-1][:160] if said else ''}"}
