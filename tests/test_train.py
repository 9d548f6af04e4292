"""The training loop: repeatable, stopped in time, clipped, interrupted, loud when it cannot go on."""

import itertools
import re
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from torch import nn

from sestina import TextClassifier, optimise, train
from sestina.config import ENCODERS, TrainingOptions
from sestina.errors import DataError, TrainingError
from sestina.interrupt import held
from sestina.progress import Reporter
from sestina.train import Problem

FAST = {"embedding": 6, "hidden": 5, "batch_size": 8, "epochs": 3, "learning_rate": 0.02}


def weights_of(net):
    return {name: weight.clone() for name, weight in net.network_.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def interrupt_at(monkeypatch, epoch, step=1):
    """Let Ctrl-C come in the midst of an epoch."""

    def stopped(self, now, number, *figures):
        if (now, number) == (epoch, step):
            raise KeyboardInterrupt

    monkeypatch.setattr(Reporter, "step", stopped)


def line_problem(validate=None, start=0.0, rows=64):
    """Return the problem of finding the line y = 2 x, and its network."""
    torch.manual_seed(0)
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, start)
    x = torch.randn(rows, 1)

    def batches(epoch):
        for part in x.split(16):
            yield (part, 2 * part), len(part)

    def loss(batch):
        return (network(batch[0]) - batch[1]).square().mean()

    problem = Problem(network, batches, rows // 16, loss, [network.weight], validate)
    return problem, network


@pytest.mark.parametrize("encoder", ENCODERS)
def test_same_seed_same_bits(reviews, encoder):
    options = {**FAST, "encoder": encoder, "dropout": 0.3, "max_tokens": 12}
    nets = [TextClassifier(**options, seed=seed).fit(*reviews) for seed in (1, 1, 2)]
    first, again, other = map(weights_of, nets)
    assert same(first, again)
    assert not any(torch.equal(first[k], other[k]) for k in first if "weight" in k)
    figures = [[row["loss"] for row in net.history_] for net in nets]
    assert figures[0] == figures[1] != figures[2]
    assert np.array_equal(nets[0].predict_proba(reviews[0]), nets[1].predict_proba(reviews[0]))


def test_the_callers_random_numbers_are_left_alone(reviews):
    torch.manual_seed(5)
    np.random.seed(5)
    before, old = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = weights_of(TextClassifier(**FAST, dropout=0.3).fit(*reviews))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], old)
    torch.manual_seed(6)
    assert same(first, weights_of(TextClassifier(**FAST, dropout=0.3).fit(*reviews)))


def test_early_stopping_goes_back_to_the_best(reviews):
    texts, labels = reviews
    parts = (texts[8:], labels[8:]), (texts[:8], ["good", "bad"] * 4)  # cannot be learned
    net = TextClassifier(**{**FAST, "epochs": 40}, patience=4).fit(*parts[0], validation=parts[1])
    losses = [row["validation_loss"] for row in net.history_]
    assert len(losses) < 40
    assert net.best_epoch_ == 1 + int(np.argmin(losses)) == len(losses) - 4
    chances = net.predict_proba(parts[1][0])
    right = [net.classes_.tolist().index(label) for label in parts[1][1]]
    found = -np.log(chances[np.arange(8), right]).mean()
    assert found == pytest.approx(min(losses), rel=1e-5)
    assert net.history_[net.best_epoch_ - 1]["validation_accuracy"] == net.score(*parts[1])


def rising(values):
    """Return a `validate` that gives these losses one after the other."""
    losses = itertools.chain(values, itertools.repeat(99.0))
    return lambda: {"loss": next(losses)}


@pytest.mark.parametrize(
    ("patience", "losses", "epochs", "best"),
    [
        (1, [3, 2, 4], 3, 2),
        (2, [3, 4, 2, 5, 6], 5, 3),
        (2, [3, 3, 3], 3, 1),
        (None, [3, 1, 4], 7, 2),
    ],
)
def test_patience(patience, losses, epochs, best):
    problem, _ = line_problem(rising(losses))
    run = train.train(problem, TrainingOptions(epochs=7, patience=patience))
    assert (len(run.history), run.best_epoch, run.interrupted) == (epochs, best, False)
    assert [row["validation_loss"] for row in run.history][: len(losses)] == losses


def test_without_validation_the_last_epoch_stays():
    problem, network = line_problem()
    run = train.train(problem, TrainingOptions(epochs=5, patience=1, learning_rate=0.1))
    assert len(run.history) == run.best_epoch == 5
    assert not network.training
    assert 0 < network.weight.item() < 2.5


def test_every_epoch_has_its_own_random_numbers_and_order(reviews):
    problem, network = line_problem()
    drawn = []

    def loss(batch):
        drawn.append(torch.rand(1).item())
        return (network(batch[0]) - batch[1]).square().mean()

    object.__setattr__(problem, "loss", loss)
    train.train(problem, TrainingOptions(epochs=3))
    train.train(problem, TrainingOptions(epochs=3, seed=1))
    assert len(set(drawn)) == len(drawn) == 2 * 3 * 4
    net = TextClassifier(**FAST, validation_fraction=0.0).fit(*reviews)
    batches = net._problem(net._target(), net._encode(reviews[0]), np.arange(40), None).batches
    orders = [[n for batch, _ in batches(epoch) for n in batch[2].tolist()] for epoch in (1, 2, 1)]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(40))


def test_history_rows():
    problem, _ = line_problem(rising([1.0]))
    options = TrainingOptions(epochs=1, optimiser="sgd", learning_rate=1e-12, clip_norm=1.0)
    row = train.train(problem, options).history[0]
    batches = [batch for batch, _ in problem.batches(1)]
    losses = [float((2 * x).square().mean()) for x, _ in batches]
    norms = [abs(float((-4 * x * x).mean())) for x, _ in batches]  # d/dw of (w x − 2 x)² at w = 0
    assert row["epoch"] == 1 and row["validation_loss"] == 1.0
    assert row["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    assert row["gradient_norm"] == pytest.approx(np.mean(norms), rel=1e-5)
    assert row["gradient_median"] == pytest.approx(np.median(norms), rel=1e-5)
    assert row["gradient_peak"] == pytest.approx(max(norms), rel=1e-5)
    assert row["clipped"] == np.mean([norm > 1.0 for norm in norms])
    assert row["sequences_per_second"] > 0 and row["seconds"] > 0


def gradients(network, values):
    for weight, value in zip(network.parameters(), values, strict=True):
        weight.grad = torch.tensor(value)


def test_clipping():
    network = nn.Linear(2, 1)

    def clipped(**options):
        gradients(network, ([[3.0, -0.2]], [4.0]))
        norm, cut = optimise.clip(network, TrainingOptions(**options))
        return norm, cut, [w.grad.flatten().tolist() for w in network.parameters()]

    whole = (9 + 0.04 + 16) ** 0.5
    norm, cut, (kernel, bias) = clipped(clip_norm=1.0)
    assert norm == pytest.approx(whole) and cut
    assert kernel + bias == pytest.approx([3 / whole, -0.2 / whole, 4 / whole], rel=1e-5)
    norm, cut, (kernel, bias) = clipped(clip_norm=10.0)
    assert not cut and kernel + bias == pytest.approx([3.0, -0.2, 4.0])
    norm, cut, (kernel, bias) = clipped(clip_norm=None, clip_value=0.5)
    assert not cut and kernel + bias == pytest.approx([0.5, -0.2, 0.5])
    assert norm == pytest.approx((0.25 + 0.04 + 0.25) ** 0.5)
    norm, cut, (kernel, bias) = clipped(clip_norm=None)
    assert norm == pytest.approx(whole) and not cut
    assert kernel + bias == pytest.approx([3.0, -0.2, 4.0])


def test_clipping_bounds_the_steps():
    problem, network = line_problem(start=-50.0)
    options = {"optimiser": "sgd", "learning_rate": 0.5, "epochs": 1}
    train.train(problem, TrainingOptions(**options, clip_norm=0.01))
    assert network.weight.item() == pytest.approx(-50 + 4 * 0.5 * 0.01, abs=1e-4)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_means_that_rest_do_not_become_denormal(monkeypatch, optimiser):
    kept = {}
    monkeypatch.setattr(train.optimise, "optimiser", lambda *given: kept["made"])
    network = nn.Embedding(2, 4)
    options = TrainingOptions(optimiser=optimiser, momentum=0.9, epochs=1, learning_rate=1e-3)
    weight = network.weight
    kept["made"] = (
        torch.optim.Adam([weight], 1e-3)
        if optimiser == "adam"
        else torch.optim.SGD([weight], 1e-3, momentum=0.9)
    )

    def batches(epoch):
        for step in range(1200):  # the second row is seen at first only
            yield torch.tensor([0, 1] if step < 3 else [0]), 1

    def loss(rows):
        return (network(rows) - 1).square().mean()

    train.train(Problem(network, batches, 1200, loss, [weight]), options)
    (state,) = kept["made"].state.values()
    name = "exp_avg" if optimiser == "adam" else "momentum_buffer"
    assert state[name][0].any() and not state[name][1].any()


def test_l2_is_the_sum_of_squares():
    kernels = [torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0]])]
    assert optimise.penalty([(k, 0.1) for k in kernels]).item() == pytest.approx(0.1 * 14)


def test_l2_pulls_by_its_gradient():
    problem, network = line_problem(start=2.0)  # the loss is at its least: only L2 pulls
    options = {"optimiser": "sgd", "learning_rate": 1e-12, "epochs": 1, "clip_norm": None}
    run = train.train(problem, TrainingOptions(**options, l2=0.1))
    assert run.history[0]["gradient_norm"] == pytest.approx(2 * 0.1 * network.weight.item())
    assert run.history[0]["loss"] == pytest.approx(0.0, abs=1e-9)  # the penalty is not shown


@pytest.mark.parametrize(
    ("encoder", "names"),
    [
        ("bag", {"encoder.weight"}),
        ("mean", set()),
        ("cnn", {f"encoder.layers.{n}.weight" for n in range(3)}),
        ("lstm", {"encoder.cell.weight_ih_l0"}),
    ],
)
def test_l2_falls_on_input_and_dense_kernels(reviews, encoder, names):
    net = TextClassifier(**{**FAST, "epochs": 1}, encoder=encoder, dense=(4,)).fit(*reviews)
    kernels = {id(weight) for weight in net.network_.kernels()}
    found = {name for name, weight in net.network_.named_parameters() if id(weight) in kernels}
    assert found == names | {"head.layers.1.weight", "head.layers.4.weight"}


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop", "sgd"])
@pytest.mark.parametrize("encoder", ["flatten", "mean", "lstm"])
def test_pad_stays_zero(reviews, optimiser, encoder):
    options = {**FAST, "optimiser": optimiser, "momentum": 0.9, "encoder": encoder, "l2": 0.01}
    options["max_tokens"] = 20
    table = TextClassifier(**options).fit(*reviews).network_.embedding.weight
    assert not table[0].any()
    assert table[1:].any(dim=1).all()


def first_loss(reviews, **options):
    fast = {**FAST, "batch_size": 40, "epochs": 1, "validation_fraction": 0.0}
    return TextClassifier(**fast, **options).fit(*reviews).history_[0]["loss"]


def test_class_weights_weigh_the_loss(reviews):
    texts, labels = reviews[0], ["bad"] * 10 + ["good"] * 30
    plain = first_loss((texts, labels))
    assert first_loss((texts, labels), class_weight={"bad": 1.0, "good": 1.0}) == plain
    assert first_loss((texts, labels), class_weight={}) == plain
    double = first_loss((texts, labels), class_weight={"bad": 2.0, "good": 2.0})
    assert double == pytest.approx(2 * plain, rel=1e-6)
    balanced = first_loss((texts, labels), class_weight="balanced")
    by_hand = first_loss((texts, labels), class_weight={"bad": 40 / 20, "good": 40 / 60})
    assert balanced == pytest.approx(by_hand, rel=1e-6) and balanced != plain
    bad = first_loss((texts, labels), class_weight={"good": 0.0})
    good = first_loss((texts, labels), class_weight={"bad": 0.0})
    assert bad + good == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize(
    "weight", [{"ugly": 1.0}, 3, ["good"], {"good": -1.0}, {"good": 0, "bad": 0}, {"good": "2"}]
)
def test_class_weights_that_make_no_sense(reviews, weight):
    with pytest.raises(DataError, match="class_weight"):
        TextClassifier(**FAST, class_weight=weight).fit(*reviews)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_loss_that_is_not_finite(value):
    problem, network = line_problem()
    real, seen = problem.loss, []

    def loss(batch):
        seen.append(batch)
        return real(batch) * (value if len(seen) == 6 else 1.0)

    object.__setattr__(problem, "loss", loss)
    run = train.train(problem, TrainingOptions(learning_rate=0.25))
    assert re.match(
        r"the loss became (nan|inf) .* in epoch 2, step 2; lower learning_rate \(now 0.25\); "
        "epoch 1, the best before, is kept",
        str(run.diverged),
    )
    assert len(run.history) == run.best_epoch == 1 and not run.interrupted
    assert torch.isfinite(network.weight).all()
    assert network.weight.item() == pytest.approx(4 * 0.25, rel=0.2)  # as after the first epoch


def test_validation_loss_that_is_not_finite():
    problem, _ = line_problem(rising([1.0, float("nan")]))
    run = train.train(problem, TrainingOptions(epochs=5))
    assert "validation loss became nan in epoch 2" in str(run.diverged)


def test_failed_fit_leaves_nothing_fitted(reviews):
    net = TextClassifier(**FAST).fit(*reviews)
    net.set_params(optimiser="sgd", learning_rate=1e38, clip_norm=None)
    with pytest.raises(TrainingError):
        net.fit(*reviews)
    with pytest.raises(NotFittedError):
        net.predict(["fine"])


def test_ctrl_c_keeps_the_best_so_far(reviews, monkeypatch):
    wanted = weights_of(TextClassifier(**{**FAST, "epochs": 2}, dropout=0.2).fit(*reviews))
    interrupt_at(monkeypatch, epoch=3, step=2)
    net = TextClassifier(**{**FAST, "epochs": 9}, dropout=0.2)
    with pytest.raises(KeyboardInterrupt):
        net.fit(*reviews)
    assert len(net.history_) == net.n_iter_ == 2
    assert net.best_epoch_ == 2 and same(weights_of(net), wanted)
    assert not net.network_.training
    assert net.score(*reviews) > 0.4


def test_ctrl_c_in_the_first_epoch_leaves_nothing_fitted(reviews, monkeypatch):
    interrupt_at(monkeypatch, epoch=1)
    net = TextClassifier(**FAST)
    with pytest.raises(KeyboardInterrupt):
        net.fit(*reviews)
    with pytest.raises(NotFittedError):
        net.predict(["fine"])


class _Dropped:
    """Ctrl-C comes where Python forgets it: while an object is dropped."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_is_not_lost_where_python_would_forget_it(reviews, monkeypatch):
    def drop(self, epoch, step, *figures):
        if (epoch, step) == (2, 1):
            _Dropped()

    monkeypatch.setattr(Reporter, "step", drop)
    net = TextClassifier(**FAST)
    with pytest.raises(KeyboardInterrupt):
        net.fit(*reviews)
    assert len(net.history_) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait():
    with pytest.raises(KeyboardInterrupt), held():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second one waited")


def test_a_ctrl_c_at_the_end_counts():
    passed = []
    with pytest.raises(KeyboardInterrupt), held():
        signal.raise_signal(signal.SIGINT)
        passed.append(True)
    assert passed


def test_a_handler_that_is_not_pythons_stays():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held() as look:
            signal.raise_signal(signal.SIGINT)
            look()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_other_threads_nothing_is_changed():
    def work():
        with held() as look:
            look()
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(work).result() is signal.default_int_handler


def test_plain_lines_where_there_is_no_terminal(reviews, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")  # lines are not broken
    TextClassifier(**FAST, verbose=True).fit(*reviews)
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert shown.out == "" and len(lines) == 3 and "\x1b" not in shown.err
    for number, line in enumerate(lines, 1):
        assert line.startswith(f"epoch   {number}/3  loss 0.")
        assert "dev loss 0." in line and "dev acc " in line and " texts/s" in line
        assert re.search(r"  grad \d\S*( clip \d+%)?  ", line)
    assert lines[0].endswith(" *")


def test_silence_by_default(reviews, capsys):
    TextClassifier(**FAST).fit(*reviews)
    assert capsys.readouterr() == ("", "")


def test_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Reporter(True, 2, 10, "texts") as reporter:
        reporter.step(1, 3, 0.5, 30, 0.0, (1.5, 1 / 3))
    shown = capsys.readouterr().err
    assert "epoch 1/2" in shown and "loss 0.5000  grad 1.5 clip 33%" in shown
