"""Row C16 in the laboratory: the lecture's counts, and nobody who is in two parts."""

import pytest

from sestina.data import datasets
from sestina.errors import DataError, OptionError
from sestina.lab import experiment
from sestina.lab.parts import digest
from sestina.lab.run import Data, Laboratory
from sestina.lab.series_judge import SeriesJudge
from sestina.lab.sizes import at_lecture_sizes, compared

NAMES = [name for name in experiment.names() if name.startswith("c16-")]
WATCH = datasets.recordings("watch-har")


def test_all_of_the_row_are_there():
    wanted = ["gru", "lstm", "strong", "two-layers", "unclipped"]
    assert NAMES == [f"c16-har-{name}" for name in wanted]


def test_parameters_are_the_lecture_s():
    for name in ("c16-har-lstm", "c16-har-unclipped"):
        assert compared(experiment.get(name))["match"] is True
        assert at_lecture_sizes(experiment.get(name))["total"] == 5_376 + 198 == 5_574
    gru = 3 * 32 * (9 + 32 + 1) + 198
    assert at_lecture_sizes(experiment.get("c16-har-gru"))["total"] == gru
    two = 5_574 + 4 * 32 * (32 + 32 + 1)
    assert at_lecture_sizes(experiment.get("c16-har-two-layers"))["total"] == two


def test_the_watch_s_own_counts_and_the_lecture_s_options():
    net = next(iter(experiment.get("c16-har-lstm").with_options(epochs=1).build().values()))
    assert (net.l2, net.batch_size, net.clip_norm) == (0.005, 1500, 0.5)
    assert experiment.get("c16-har-lstm").options["epochs"] == 200
    assert experiment.get("c16-har-unclipped").options["clip_norm"] is None
    few = WATCH.take(range(14))
    net.fit(few.rows, few.labels, validation=(few.rows, few.labels))
    classes = len(set(few.labels))
    assert net.n_parameters_ == 4 * 32 * (6 + 32 + 1) + 33 * classes


def test_each_seed_tests_on_other_people():
    judge = SeriesJudge(quick=False)
    used, said = judge.parted(experiment.get("c16-har-lstm"), WATCH, 0.1)
    assert [len(part) for part in used] == [98, 14, 28] and "by subject" in said
    tested = set()
    for seed in range(3):
        judge._draw(seed)
        train, dev, test = (set(part.groups) for part in judge.parts)
        assert not train & dev and not train & test and not dev & test
        tested.add(frozenset(test))
    assert len(tested) == 3


@pytest.mark.parametrize("name", ["c16-har-gru", "c16-har-strong"])
def test_quick_runs_are_judged_by_window_and_by_vote(name):
    lines = []
    lab = Laboratory(seeds=[0, 1], quick=True, say=lines.append)
    record = lab.run(experiment.get(name), Data.of("watch-har", WATCH))
    assert record["data"]["classes"] == 7 and len(record["runs"]) == len(lines) == 2
    assert record["summary"]["figure"] == ("voted" if "strong" in name else "accuracy")
    for run in record["runs"]:
        assert 0 <= run["voted"] <= 1 and 0 <= run["accuracy"] <= 1 and run["loss"] > 0
    assert "accuracy of recordings, by vote" in lines[0]


def test_baselines_vote_as_the_net_does():
    few = WATCH.take([n for n in range(140) if int(WATCH.groups[n]) < 7])
    judge, given = SeriesJudge(quick=False), experiment.get("c16-har-gru").with_options(epochs=1)
    used, _ = judge.parted(given, few, 0.2)
    (net,) = given.build(seed=0).values()
    judge.fit(net, used)
    found = judge.figures(given, net, used)
    assert set(found["baselines"]) == {
        "majority class", "window statistics + logistic regression",
        "window statistics + gradient boosting",
    }  # fmt: skip
    assert found["baselines"]["majority class"]["voted"] == pytest.approx(1 / 7, abs=0.1)
    best = max(row["voted"] for row in found["baselines"].values())
    assert best > 0.6  # plain statistics know these exercises


def test_sums_and_refusals():
    assert digest(WATCH) != digest(WATCH.take(range(139)))
    changed = [row + (n == 3) for n, row in enumerate(WATCH.rows)]
    assert digest(WATCH) != digest(WATCH.take(range(140)).__class__(changed, WATCH.labels))
    with pytest.raises(OptionError, match="wants estimator = 'SeriesClassifier'"):
        experiment.read('task = "series"', "x")
    with pytest.raises(DataError, match=r"does not hold recordings \(it serves: tag\)"):
        datasets.recordings("brown-news")
