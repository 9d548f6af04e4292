"""One side of benchmarks/series.py: aeon's ROCKET family on windows, in a Python that has aeon.

    python rocket.py WINDOWS.npz NAME SEED ANSWERS.npz

WINDOWS.npz has `train` and `test`, (N, T, C), and `classes`, (N,). ANSWERS.npz gets `table`,
(test N, K) indicators, `seconds` and `version`.
"""

import sys
import time

import aeon
import numpy as np
from aeon.classification import convolution_based


def main() -> None:
    """Fit and answer."""
    windows, name, seed, answers = sys.argv[1:]
    data = np.load(windows)
    train, test = (data[part].transpose(0, 2, 1).astype(np.float64) for part in ("train", "test"))
    model = getattr(convolution_based, name)(random_state=int(seed), n_jobs=2)
    model.fit(train[:50], data["classes"][:50])  # so that compiling is not timed
    model = getattr(convolution_based, name)(random_state=int(seed), n_jobs=2)
    started = time.perf_counter()
    model.fit(train, data["classes"])
    seconds = time.perf_counter() - started
    table = model.predict_proba(test)
    np.savez(answers, table=table, seconds=seconds, version=aeon.__version__)


if __name__ == "__main__":
    main()
