"""Which epoch of a tagger is kept: that of the lowest loss, or of the highest F1 of spans."""

import pytest

from sestina import SequenceTagger
from sestina.data import toy
from sestina.errors import OptionError
from sestina.estimators.tagging import RANKS

SMALL = {"hidden": 8, "embedding": 8, "epochs": 6, "learning_rate": 0.02, "batch_size": 16,
         "patience": None, "seed": 3}  # fmt: skip
NER = (
    [["Ann", "saw", "New", "York"], ["Rome", "fell"], [], ["Bob", "left", "Rome"]] * 10,
    [["B-PER", "O", "B-LOC", "I-LOC"], ["B-LOC", "O"], [], ["B-PER", "O", "B-LOC"]] * 10,
)
HELD = (
    [["Ann", "left", "York"], ["New", "Rome", "fell"], ["Bob", "saw", "Ann", "fall"]] * 4,
    [["B-PER", "O", "B-LOC"], ["B-LOC", "I-LOC", "O"], ["B-PER", "O", "B-PER", "O"]] * 4,
)


def test_the_rank_prefers_spans_then_the_loss():
    rank = RANKS["span_f1"]
    rows = [
        {"validation_span_f1": 0.0, "validation_loss": 9.0},
        {"validation_span_f1": 0.0, "validation_loss": 2.0},
        {"validation_span_f1": 0.501, "validation_loss": 3.0},
        {"validation_span_f1": 0.5011, "validation_loss": 99.0},
    ]
    ranks = [rank(row) for row in rows]
    assert ranks == sorted(ranks, reverse=True) and len(set(ranks)) == 4
    assert RANKS["loss"](rows[1]) == 2.0


@pytest.mark.parametrize("seed", range(3))
def test_the_best_epoch_is_kept(seed):
    options = {**SMALL, "seed": seed}
    net = SequenceTagger(**options, best_by="span_f1").fit(*NER, validation=HELD)
    values = [row["validation_span_f1"] for row in net.history_]
    assert values[net.best_epoch_ - 1] == max(values)
    assert net.evaluate(*HELD)["span_f1"] == pytest.approx(max(values))
    other = SequenceTagger(**options).fit(*NER, validation=HELD)
    losses = [row["validation_loss"] for row in other.history_]
    assert losses[other.best_epoch_ - 1] == min(losses)
    assert [row["loss"] for row in other.history_] == [row["loss"] for row in net.history_]


def test_epochs_without_a_right_span_do_not_end_a_training():
    options = {**SMALL, "learning_rate": 1e-5, "patience": 1}
    net = SequenceTagger(**options, best_by="span_f1").fit(*NER, validation=HELD)
    assert len({row["validation_span_f1"] for row in net.history_}) == 1 and net.n_iter_ == 6


def test_a_resumed_run_keeps_the_same_epoch(tmp_path):
    options = {**SMALL, "best_by": "span_f1"}
    whole = SequenceTagger(**options).fit(*NER, validation=HELD)
    SequenceTagger(**{**options, "epochs": 3}).fit(*NER, validation=HELD, checkpoint=tmp_path)
    rest = SequenceTagger(**options).fit(*NER, validation=HELD, checkpoint=tmp_path, resume=True)
    assert rest.best_epoch_ == whole.best_epoch_
    assert rest.predict(HELD[0]) == whole.predict(HELD[0])


def test_where_spans_cannot_tell():
    with pytest.raises(OptionError, match="the tags mark no spans"):
        SequenceTagger(**SMALL, best_by="span_f1").fit(*toy.grammar(30))
    with pytest.raises(OptionError, match="no part is held out; raise validation_fraction"):
        SequenceTagger(**SMALL, best_by="span_f1", validation_fraction=0.0).fit(*NER)
    with pytest.raises(OptionError, match="best_by='spans' is unknown"):
        SequenceTagger(best_by="spans").fit(*NER)


def test_the_progress_line_tells_it(capfd):
    SequenceTagger(**{**SMALL, "epochs": 1}, verbose=True).fit(*NER, validation=HELD)
    assert "dev F1 0." in capfd.readouterr().err
