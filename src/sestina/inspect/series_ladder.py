"""How good classifiers of series are beside window statistics with plain models."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.data.recordings import Recordings
from sestina.estimators.base import at
from sestina.estimators.series import SeriesClassifier
from sestina.estimators.targets import Labels
from sestina.inspect import baselines
from sestina.inspect.baselines import Baseline
from sestina.inspect.evaluate import Ladder, judged_baseline, judged_net
from sestina.inspect.window_statistics import features

UNIT = "recording"
STRENGTHS = (0.003, 0.03, 0.3, 3.0)
RATES = (0.05, 0.1)  # of gradient boosting
TREES = 150
Table = NDArray[np.float64]


class Part(NamedTuple):
    """A part of the data as plain models see it.

    Attributes:
        table: Features of its M windows, (M, F).
        codes: Their classes, (M,).
    """

    table: Table
    codes: NDArray[Any]


def climb_series(
    nets: Mapping[str, SeriesClassifier], train: Recordings, dev: Recordings, test: Recordings
) -> Ladder:
    """Return the ladder of the majority class, window statistics with two models, fitted nets.

    All nets must have been fitted on `train`, with `dev` for early stopping. The windows of the
    statistics are the first net's, and vote as the net's do.
    """
    first = next(iter(nets.values()))
    truth = first._labels.encode(test.labels)
    _, windows = first.cut(test.rows)
    rungs = [
        judged_baseline(replace(one, probabilities=windows.averaged(one.probabilities)), truth)
        for one in plain_models(first, train, dev, test)
    ]
    rungs += [judged_net(name, net, test.rows, truth) for name, net in nets.items()]
    return Ladder(rungs, first.classes_.tolist(), truth, test.called, UNIT)


def plain_models(
    net: SeriesClassifier, train: Recordings, dev: Recordings, test: Recordings
) -> list[Baseline]:
    """Return the baselines on the windows of a fitted net: what each says of the test windows."""
    labels: Labels = net._labels
    started = time.perf_counter()
    learnt, held, seen = (_part(net, labels, part) for part in (train, dev, test))
    took = time.perf_counter() - started
    usual = baselines.majority(labels, labels.encode(train.labels), len(seen.codes))
    return [usual, _regression(learnt, held, seen, took), _boosting(learnt, held, seen, took)]


def _part(net: SeriesClassifier, labels: Labels, part: Recordings) -> Part:
    pieces, windows = net.cut(part.rows)
    codes = labels.encode(at(part.labels, windows.owners))
    return Part(features(pieces), codes)


def _regression(train: Part, dev: Part, test: Part, took: float) -> Baseline:
    """Return logistic regression on scaled features; its penalty is the best on the dev part."""
    from sklearn.preprocessing import StandardScaler

    started = time.perf_counter()
    scale = StandardScaler().fit(train.table)
    tables = [scale.transform(part.table) for part in (train, dev, test)]
    best = baselines.best_regression(tables[0], train.codes, tables[1], dev.codes, STRENGTHS)
    shares = baselines.class_shares(best, tables[2], train.codes)
    size = (train.table.shape[1] + 1) * (shares.shape[1] if shares.shape[1] > 2 else 1)
    name = "window statistics + logistic regression"
    return Baseline(name, shares, int(size), took + time.perf_counter() - started)


def _boosting(train: Part, dev: Part, test: Part, took: float) -> Baseline:
    """Return gradient boosting; its step size is the best on the dev part."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    started = time.perf_counter()
    fits = [
        HistGradientBoostingClassifier(
            learning_rate=rate, max_iter=TREES, max_leaf_nodes=15, early_stopping=False,
            random_state=0,
        ).fit(train.table, train.codes)
        for rate in RATES
    ]  # fmt: skip
    best = fits[int(np.argmax([fit.score(dev.table, dev.codes) for fit in fits]))]
    shares = baselines.class_shares(best, test.table, train.codes)
    # scikit-learn has no public count of the leaves
    size = sum(tree.get_n_leaf_nodes() for trees in best._predictors for tree in trees)
    name = "window statistics + gradient boosting"
    return Baseline(name, shares, int(size), took + time.perf_counter() - started)
