"""Rows F1 to F6 on the watch: who is tested, what students and teachers hear, how it is set."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sestina.data import datasets
from sestina.errors import OptionError
from sestina.lab import experiment
from sestina.lab.bridge_judge import BridgeJudge, some_of_each
from sestina.lab.settings import changed

WATCH = datasets.recordings("watch-har")
GRID = [name for name in experiment.names() if name.startswith("bridgenet-watch-")]
BASE = experiment.get("bridgenet-watch-r0-baseline")


class Net:
    """What a judge trains, remembered."""

    seed = 3
    wants_teacher = False

    def fit(self, clean, noisy, labels, teacher, validation):
        self.clean, self.noisy, self.labels, self.held = clean, noisy, labels, validation


def judged(found):
    judge, net = BridgeJudge(quick=False), Net()
    used, said = judge.parted(found, WATCH, 0.25)
    judge.fit(net, used)
    return judge, net, said


def test_rows_of_the_grid_train_and_test_alike():
    assert len(GRID) == 15
    grid = [experiment.get(name) for name in GRID]
    assert {(one.tests, one.twins, one.seeds) for one in grid} == {("later", 0.1, 5)}
    for option in ("window", "learning_rate", "epochs", "patience", "batch_size"):
        assert len({one.options[option] for one in grid}) == 1, option


def test_the_end_of_every_recording_is_tested_and_a_tenth_is_heard():
    judge, net, said = judged(BASE)
    train, dev, test = judge.parts
    assert [len(part) for part in judge.parts] == [140] * 3 and "the last quarter tested" in said
    for whole, *parts in zip(WATCH.rows, train.rows, dev.rows, test.rows, strict=True):
        assert (np.concatenate(parts) == whole).all()
        assert abs(len(parts[2]) - len(whole) / 4) <= 1
    assert Counter(net.labels) == dict.fromkeys(set(WATCH.labels), 2)
    sums = {row.tobytes() for row in train.rows}
    assert all(row.tobytes() in sums for row in net.clean) and len(judge.twins[2]) == 140
    assert [len(side) for side in net.held] == [14] * 3 and "students hear 10% of them" in said


def test_others_are_tested_where_that_is_set():
    found, said = changed(BASE, ["tests=others", "twins=1"])
    assert said == {"tests": "others", "twins": 1.0}
    judge, net, about = judged(found)
    people = [set(part.groups) for part in judge.parts]
    assert not people[0] & people[2] and not people[1] & people[2] and len(people[2]) == 2
    assert len(net.clean) == len(judge.parts[0]) and "students hear" not in about
    assert changed(found, ["tests=others"]) == (found, {})
    with pytest.raises(OptionError, match="tests='people' is unknown; known are later, others"):
        changed(BASE, ["tests=people"])
    with pytest.raises(OptionError, match="twins"):
        changed(BASE, ["twins=2"])


def test_a_part_of_a_file_s_own_is_kept():
    names = ["test" if group == "1" else "train" for group in WATCH.groups]
    judge = BridgeJudge(quick=False)
    used, _ = judge.parted(BASE, replace(WATCH, parts=names), 0.25)
    assert set(used[2].groups) == {"1"}


def test_some_of_each_label_are_drawn():
    labels = list("aaaaaaaaaabbbbc")
    drawn = [some_of_each(labels, 0.3, seed) for seed in range(9)]
    for rows in drawn:
        assert Counter(labels[row] for row in rows) == {"a": 3, "b": 1, "c": 1}
    assert len(set(map(tuple, drawn))) > 4 and some_of_each(labels, 1.0, 0) == list(range(15))
