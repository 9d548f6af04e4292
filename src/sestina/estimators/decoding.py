"""Rows of a decoder → whole sequences: the most probable ones, or drawn ones.

Translations are searched for by `nn.beam`, whose score is another, and which says why that asks for
another search.

Letters: R rows, K hypotheses of each, V tokens, t tokens so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sestina.estimators.sampling import Sampler

Ids = NDArray[np.int64]
Scores = NDArray[np.float64]


class Rows(Protocol):
    """Rows in the middle of their texts, such as `nn.from_vector.Decoder`."""

    log_probabilities: Scores

    def advance(self, rows: Ids, tokens: Ids) -> None:
        """Go on with some rows, perhaps several times with one, by a token each."""
        ...


def most_probable(
    decoder: Rows, width: int, longest: int, end: int, banned: Sequence[int] = ()
) -> list[list[int]]:
    """Return the most probable sequence of each row that a beam finds, without its end.

    All hypotheses of all rows go on side by side. Scores are log P of the whole sequence, which
    only falls as it grows, so that a row is done once its best ended hypothesis beats all others;
    there is no premium on length. With a beam that drops no hypothesis it is exact.

    Args:
        decoder: R rows that have read what sequences begin with.
        width: K, the hypotheses that are followed up, beside the best one that has ended.
        longest: Tokens at most; where the best hypothesis has not ended by then, it is cut there.
        end: The token that ends a sequence.
        banned: Tokens that are never taken.
    """
    count = len(decoder.log_probabilities)
    answers: list[list[int]] = [[] for _ in range(count)]
    ended = np.full(count, -np.inf)
    rows = np.arange(count)  # those that go on
    scores, paths = np.zeros((count, 1)), np.zeros((count, 1, 0), np.int64)
    for _ in range(longest):
        logs = decoder.log_probabilities.copy()
        logs[:, list(banned)] = -np.inf
        logs = scores[:, :, None] + logs.reshape(*scores.shape, logs.shape[1])  # (R, K, V)
        _keep_ended(logs[:, :, end], paths, rows, ended, answers)
        logs[:, :, end] = -np.inf
        scores, parents, tokens = _best(logs, width)
        live = scores[:, 0] > ended[rows]
        hypotheses = np.arange(len(rows))[:, None] * paths.shape[1] + parents
        paths = np.take_along_axis(paths, parents[:, :, None], axis=1)
        paths = np.concatenate([paths, tokens[:, :, None]], axis=2)[live]
        rows, scores = rows[live], scores[live]
        if not len(rows):
            break
        decoder.advance(hypotheses[live].ravel(), tokens[live].ravel())
    for row, path in zip(rows.tolist(), paths[:, 0].tolist(), strict=True):
        answers[row] = path
    return answers


def _keep_ended(
    scores: Scores, paths: Ids, rows: Ids, ended: Scores, answers: list[list[int]]
) -> None:
    """Keep the hypotheses (R, K, t) whose end, of these scores (R, K), beats their row's best."""
    for place in np.flatnonzero(scores.max(axis=1) > ended[rows]):
        best = int(scores[place].argmax())
        ended[rows[place]] = scores[place, best]
        answers[rows[place]] = paths[place, best].tolist()


def _best(logs: Scores, width: int) -> tuple[Scores, Ids, Ids]:
    """Return the best K continuations of hypotheses (R, K, V), best first: (R, K) each.

    Returns:
        Their scores, the hypothesis each goes on with, and its token.
    """
    rows, hypotheses, tokens = logs.shape
    flat = logs.reshape(rows, hypotheses * tokens)
    width = min(width, hypotheses * tokens)
    chosen = np.sort(np.argpartition(-flat, width - 1, axis=1)[:, :width], axis=1)
    found = np.take_along_axis(flat, chosen, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    chosen = np.take_along_axis(chosen, order, axis=1)
    return np.take_along_axis(found, order, axis=1), chosen // tokens, chosen % tokens


def drawn(
    decoder: Rows,
    sampler: Sampler,
    generators: Sequence[np.random.Generator],
    longest: int,
    end: int,
    banned: Sequence[int] = (),
) -> list[list[int]]:
    """Return a sequence drawn for each row, without its end (row E3).

    Args:
        decoder: R rows that have read what sequences begin with.
        sampler: How tokens are drawn.
        generators: A source of chance for each row, so that rows do not depend on one another.
        longest: Tokens at most.
        end: The token that ends a sequence.
        banned: Tokens that are never drawn.
    """
    answers: list[list[int]] = [[] for _ in generators]
    rows = np.arange(len(generators))
    for step in range(longest):
        tokens = np.array(
            [
                sampler.draw(logs, generators[row], banned)
                for row, logs in zip(rows.tolist(), decoder.log_probabilities, strict=True)
            ],
            np.int64,
        )
        live = np.flatnonzero(tokens != end)
        rows, tokens = rows[live], tokens[live]
        for row, token in zip(rows.tolist(), tokens.tolist(), strict=True):
            answers[row].append(token)
        if not len(rows) or step == longest - 1:
            break
        decoder.advance(live, tokens)
    return answers
