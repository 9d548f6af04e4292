"""The laboratory's pairs: drawn within a part, half of them alike, plain ways beside them."""

import numpy as np

from sestina.data.records import Records
from sestina.lab import experiment as experiments
from sestina.lab.run import Data, Laboratory
from sestina.lab.similarity_judge import drawn_pairs

LABELS = ["sea", "hill"] * 60
TEXTS = [f"{'wave' if label == 'sea' else 'rock'} n{n}" for n, label in enumerate(LABELS)]
MADE = Records(TEXTS, LABELS, source="made")


def test_half_of_the_pairs_are_alike():
    found = drawn_pairs(MADE, 4, seed=0)
    assert len(found) == 480 and found.same.mean() == 0.5
    assert all(
        (one == two) == bool(same)
        for (one, two), same in zip(found.labels, found.same, strict=True)
    )
    assert found.rows == drawn_pairs(MADE, 4, seed=0).rows != drawn_pairs(MADE, 4, seed=1).rows


def test_a_record_has_plain_ways_beside_it():
    one = experiments.get("c17-siamese").with_options(
        vectors=None, encoder="mean", bidirectional=False, epochs=8, learning_rate=0.02, hidden=4, dropout=0.0,
    )  # fmt: skip
    found = Laboratory((0,), False, lambda line: None).run(one, Data.of("made", MADE))
    assert found["summary"]["accuracy"] >= 0.95
    rows = {name: pair[0] for name, pair in found["summary"]["baselines"].items()}
    assert rows["labels of TF-IDF + logistic regression agree"] == 1.0
    assert rows["cosine of TF-IDF"] > 0.9 and np.isfinite(list(rows.values())).all()
