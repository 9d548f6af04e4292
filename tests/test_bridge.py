"""The recursive network, its bridges, and the classifier that a teacher teaches."""

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from sestina import BridgeClassifier, BridgeRecognizer, load
from sestina.errors import DataError, OptionError
from sestina.estimators import taught
from sestina.nn.bridge import Convolutions, FeedForward, RecursiveNetwork, bridge_errors

SMALL = {"hidden": 8, "reduced": 8, "filters": (4,), "filter_width": 3, "learning_rate": 0.02}


def network(recursions, seed=0):
    torch.manual_seed(seed)
    return RecursiveNetwork(3, 4, hidden=6, recursions=recursions, reduced=5)


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return torch.randn(5, 9, 3), torch.tensor([9, 9, 4, 1, 7])


@pytest.fixture(scope="module")
def twins():
    """Waves of two kinds, clean and in noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    turns = np.where(labels, 0.9, 0.4)[:, None] * np.arange(24) + rng.uniform(0, 6, (60, 1))
    clean = np.stack([np.sin(turns), np.cos(turns)], axis=2)
    return clean, clean + 0.8 * rng.normal(size=clean.shape), labels.tolist()


@pytest.mark.parametrize("recursions", [0, 1, 3])
def test_recursions_are_the_sub_blocks_over_and_over(batch, recursions):
    net, (x, lengths) = network(recursions).eval(), batch
    real = (torch.arange(9) < lengths[:, None])[:, :, None]
    said = torch.zeros(5, 9, 4)
    for _ in range(recursions + 1):
        merged = net.merge(net.convolutions(x, lengths), net.feedback(x, said, lengths)) * real
        logits = net.output(net.last(merged, lengths)[-1]) * real
        said = logits.softmax(dim=2) * real
    assert torch.equal(net(x, lengths), logits)


def test_where_nothing_was_said_all_sequences_have_the_same_states(batch):
    """The first recursion takes them of one sequence: with the gradients of all of them."""
    (x, lengths), found = batch, []
    for requires in (False, True):  # the second takes each sequence's own
        block = network(0).feedback
        states = block(x, torch.zeros(5, 9, 4, requires_grad=requires), lengths)
        (states * torch.arange(6)).square().sum().backward()
        found.append([states, *(p.grad for p in block.parameters())])
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert found[0][0][0, :4].equal(found[0][0][2, :4]) and not found[0][0][2, 4:].any()


def test_no_sequence_gives_nothing_and_no_step_is_refused():
    assert network(1)(torch.zeros(0, 9, 3)).shape == (0, 9, 4)
    with pytest.raises(ValueError, match="T 1 or more"):
        network(1)(torch.zeros(5, 0, 3))


def test_recursions_share_their_weights():
    counts = {sum(p.numel() for p in network(r).parameters()) for r in (0, 1, 4)}
    assert len(counts) == 1


def test_an_unrolled_copy_gives_the_sum_of_its_gradients(batch):
    net, (x, lengths) = network(1).eval(), batch
    net(x, lengths).square().sum().backward()
    both = [p.grad.clone() for p in net.parameters()]
    first, second = network(1).eval(), network(1).eval()
    real = (torch.arange(9) < lengths[:, None])[:, :, None]
    said = first.passes(x, lengths)[0].logits.softmax(dim=2) * real
    merged = second.merge(second.convolutions(x, lengths), second.feedback(x, said, lengths))
    logits = second.output(second.last(merged * real, lengths)[-1]) * real
    logits.square().sum().backward()
    for whole, one, two in zip(both, first.parameters(), second.parameters(), strict=True):
        parts = two.grad if one.grad is None else one.grad + two.grad
        assert torch.allclose(whole, parts, atol=1e-5)


def test_the_network_has_the_gradients_of_finite_differences():
    torch.manual_seed(0)
    net = RecursiveNetwork(2, 3, hidden=3, recursions=1, reduced=3, layers=1, feedback_layers=1)
    net = net.double().eval()
    x = torch.randn(2, 4, 2, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: net(x, torch.tensor([4, 3])), (x,))


def test_what_is_said_changes_what_is_said_next(batch):
    net, (x, lengths) = network(2).eval(), batch
    first, second, _ = net.passes(x, lengths)
    assert not torch.allclose(first.logits, second.logits)


def test_padding_is_not_seen(batch):
    net, (x, lengths) = network(1).eval(), batch
    before = net(x, lengths)
    x = x.clone()
    x[torch.arange(9) >= lengths[:, None]] = 1e5
    assert torch.equal(before, net(x, lengths))


@pytest.mark.parametrize("junk", [torch.nan, torch.inf, -torch.inf])
def test_padding_that_is_no_number_is_not_seen(batch, junk):
    (x, lengths), behind = batch, torch.arange(9) >= batch[1][:, None]
    nets = [network(2), network(0), FeedForward(3, 4, 6, 5), RecursiveNetwork(3, 4, hidden=6)]
    nets[3].convolutions = Convolutions(3, (), maps=3)
    nets[3].merge.of_convolved = torch.nn.Linear(3, 6)
    for net in nets:
        found = []
        for value in (0.0, junk):
            padded = x.clone()
            padded[behind] = value
            net.zero_grad()
            net(padded, lengths).square().sum().backward()
            grads = [p.grad for p in net.parameters() if p.grad is not None]
            found.append([net(padded, lengths), *grads])
        assert all(map(torch.equal, *found))


@pytest.mark.parametrize(
    "how, said",
    [
        ({"reduced": 0}, "reduced=0 came; expected a whole number from 1"),
        ({"recursions": 1.5}, "recursions=1.5 came; expected a whole number from 0"),
        ({"hidden": 0}, "hidden=0"),
        ({"layers": True}, "layers=True"),
        ({"feedback_layers": 0}, "feedback_layers=0"),
    ],
)
def test_numbers_that_make_no_network(how, said):
    with pytest.raises(OptionError, match=said):
        RecursiveNetwork(3, 4, **how)
    assert RecursiveNetwork(3, 4, hidden=6, reduced=None).merge.features == 6
    with pytest.raises(OptionError, match="reduced=0"):
        FeedForward(3, 4, 6, 0)


@pytest.mark.parametrize("shape", [(5, 9, 4), (5, 9), (5, 0, 3)])
def test_arrays_of_another_shape_are_refused(shape):
    for net in (network(1), FeedForward(3, 4, 6, 5)):
        with pytest.raises(ValueError, match=r"expected \(B, T, D\) with T 1 or more and D 3"):
            net(torch.zeros(shape))


@pytest.mark.parametrize("kind", [BridgeClassifier, BridgeRecognizer])
def test_no_noisy_sequences_are_refused_in_a_sentence(twins, kind):
    clean, _, labels = twins
    with pytest.raises(DataError, match="None came in place of sequences; expected an array"):
        kind().fit(clean, None, [f"label {one}" for one in labels])


def test_a_sub_block_may_be_another():
    class Halves(torch.nn.Module):
        features = 3

        def forward(self, x, lengths):
            return x / 2

    net = RecursiveNetwork(3, 4, hidden=6, front=Halves())
    assert net(torch.randn(2, 5, 3)).shape == (2, 5, 4)
    with pytest.raises(ValueError, match="recursions=-1"):
        RecursiveNetwork(3, 4, recursions=-1)


def test_bridges_measure_how_far_apart_layers_are(batch):
    net, (x, lengths) = network(0).eval().requires_grad_(False), batch
    teacher, student = (
        net.passes(x, lengths)[0],
        network(0, seed=1).eval().requires_grad_(False).passes(x, lengths)[0],
    )
    same, other = (bridge_errors(teacher, one, lengths) for one in (teacher, student))
    assert float(same["dr"]) == float(same["lstm3"]) == 0 < float(other["lstm3"])
    real = torch.arange(9) < lengths[:, None]
    by_hand = (teacher.merged - student.merged)[real].square().mean()
    assert float(other["dr"]) == pytest.approx(float(by_hand))
    shares = teacher.logits[real].softmax(1)
    entropy = -(shares * student.logits[real].log_softmax(1)).sum(1).mean()
    assert (
        float(other["kd"]) == pytest.approx(float(entropy), rel=1e-5) and other["kd"] > same["kd"]
    )


def test_a_feed_forward_network_sees_a_few_steps():
    net = FeedForward(2, 3, 8, 4, context=2).eval()
    x = torch.randn(1, 12, 2, requires_grad=True)
    net(x)[0, 6].sum().backward()
    assert x.grad[0].abs().sum(1).nonzero().ravel().tolist() == [4, 5, 6, 7, 8]


def test_a_student_learns_and_its_bridges_shrink(twins):
    clean, noisy, labels = twins
    net = BridgeClassifier(**SMALL, epochs=12, recursions=1, patience=None)
    net.fit(clean, noisy, labels)
    assert net.score(noisy, labels) > 0.9
    rows = net.history_
    for name in ("kd", "dr", "lstm3"):
        assert rows[-1][f"validation_{name}_error"] < rows[0][f"validation_{name}_error"]
    assert set(net.bridge_errors(clean, noisy)) == {"kd", "dr", "lstm3"}
    assert net.teacher_.score(clean, labels) > 0.9


def test_shuffled_labels_teach_nothing(twins):
    clean, noisy, labels = twins
    shuffled = np.random.default_rng(0).permutation(labels).tolist()
    train, test = slice(0, 40), slice(40, 60)
    net = BridgeClassifier(**SMALL, epochs=6, validation_fraction=0.0)
    net.fit(clean[train], noisy[train], shuffled[train])
    assert net.score(noisy[test], labels[test]) < 0.85


def test_without_bridges_there_is_no_teacher_and_no_clean_twin(twins):
    _, noisy, labels = twins
    net = BridgeClassifier(**SMALL, epochs=2, kd=0.0, dr=0.0, lstm3=0.0).fit(None, noisy, labels)
    assert net.teacher_ is None
    with pytest.raises(OptionError, match="no teacher"):
        net.bridge_errors(noisy, noisy)


def test_each_bridge_can_be_left_out(twins):
    clean, noisy, labels = twins
    whole = BridgeClassifier(**SMALL, epochs=2).fit(clean, noisy, labels)
    for name in ("kd", "dr", "lstm3"):
        net = BridgeClassifier(**SMALL, epochs=2, **{name: 0.0})
        net.fit(clean, noisy, labels, teacher=whole.teacher_)
        assert not np.array_equal(net.predict_proba(noisy), whole.predict_proba(noisy)), name


@pytest.mark.parametrize("kind", [BridgeClassifier, BridgeRecognizer])
def test_a_teacher_that_says_it_once_says_the_same(twins, kind, monkeypatch):
    clean, noisy, labels = twins
    if kind is BridgeRecognizer:
        labels = ["ab" if label else "a" for label in labels]
    options = {"kd": 0.5, "dr": 1.0, "lstm3": 1.0, "denoise": 0.5, "epochs": 3, "verbose": False}
    once = kind(**SMALL, **options).fit(clean, noisy, labels)
    monkeypatch.setattr(taught, "TOLD", 0)
    anew = kind(**SMALL, **options).fit(clean, noisy, labels)
    for one, other in zip(once.history_, anew.history_, strict=True):
        names = [name for name in one if "loss" in name or "error" in name]
        assert len(names) == 5  # two losses, three bridges
        assert [one[n] for n in names] == pytest.approx([other[n] for n in names], rel=1e-4)
    assert once.bridge_errors(clean, noisy) == pytest.approx(anew.bridge_errors(clean, noisy))


def test_denoising_as_a_second_task(twins, tmp_path):
    clean, noisy, labels = twins
    net = BridgeClassifier(
        **SMALL, epochs=25, kd=0.0, dr=0.0, lstm3=0.0, denoise=3.0, patience=None
    ).fit(clean, noisy, labels)
    found = np.stack(net.denoised(noisy))
    assert np.square(found - clean).mean() < 0.6 * np.square(noisy - clean).mean()
    net.save(tmp_path / "model")
    assert np.array_equal(np.stack(load(tmp_path / "model").denoised(noisy)), found)
    with pytest.raises(OptionError, match="denoise=0"):
        BridgeClassifier(**SMALL, epochs=1).fit(clean, noisy, labels).denoised(noisy)


def test_gaps_are_filled_wherever_twins_are_asked_for(twins):
    clean, noisy, labels = twins
    lost = np.where(np.random.default_rng(1).random(noisy.shape) < 0.1, np.nan, noisy)
    net = BridgeClassifier(**SMALL, epochs=1, denoise=1.0, fill="linear").fit(clean, lost, labels)
    assert net.denoised(lost)[0].shape == clean[0].shape
    assert all(np.isfinite(error) for error in net.bridge_errors(clean, lost).values())
    with pytest.raises(DataError, match="1 feature, those of the training had 2"):
        net.bridge_errors(clean[:, :, :1], noisy[:, :, :1])


def test_without_convolutions_no_band_is_left_out(batch):
    x, lengths = batch
    found = RecursiveNetwork(3, 4, 6, front=Convolutions(3, filters=(), pool=2))(x, lengths)
    assert found.shape == (5, 9, 4)
    for width, layers in ((4, 1), (3, 0)):
        with pytest.raises(ValueError, match="came; expected"):
            RecursiveNetwork(3, 4, 6, layers=layers, front=Convolutions(3, width=width))


def test_a_feed_forward_network_may_be_taught(twins):
    clean, noisy, labels = twins
    net = BridgeClassifier(**SMALL, epochs=10, blocks="feed-forward").fit(clean, noisy, labels)
    assert net.score(noisy, labels) > 0.8


def test_a_killed_run_goes_on_to_the_same_bits(twins, tmp_path):
    clean, noisy, labels = twins
    whole = BridgeClassifier(**SMALL, epochs=4).fit(clean, noisy, labels)
    how = {"teacher": whole.teacher_, "checkpoint": tmp_path}
    part = BridgeClassifier(**SMALL, epochs=2).fit(clean, noisy, labels, **how)
    assert part.n_iter_ == 2
    again = BridgeClassifier(**SMALL, epochs=4).fit(clean, noisy, labels, **how, resume=True)
    assert np.array_equal(again.predict_proba(noisy), whole.predict_proba(noisy))


def test_a_run_goes_on_with_the_teacher_it_had(twins, tmp_path):
    clean, noisy, labels = twins
    whole = BridgeClassifier(**SMALL, epochs=2).fit(clean, noisy, labels, checkpoint=tmp_path)
    assert list((tmp_path / "teacher").iterdir())
    again = BridgeClassifier(**SMALL, epochs=2)
    again.fit(clean, noisy, labels, checkpoint=tmp_path, resume=True)
    assert again.n_iter_ == 2 and again.teacher_.history_ == whole.teacher_.history_
    assert np.array_equal(again.predict_proba(noisy), whole.predict_proba(noisy))
    longer = BridgeClassifier(**SMALL, epochs=4)
    longer.fit(clean, noisy, labels, checkpoint=tmp_path, resume=True)
    taught = BridgeClassifier(**SMALL, epochs=4).fit(clean, noisy, labels, teacher=whole.teacher_)
    assert longer.n_iter_ == 4 and longer.teacher_.history_ == whole.teacher_.history_
    assert np.array_equal(longer.predict_proba(noisy), taught.predict_proba(noisy))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c, n, y: (None, n, y), "clean twin of every sequence"),
        (lambda c, n, y: (c[:9], n, y), "9 clean sequences came with 60 noisy ones"),
        (lambda c, n, y: (c[:, :5], n, y), r"sequence 0 is \(5, 2\) clean and \(24, 2\) noisy"),
        (lambda c, n, y: (c, np.full_like(n, np.nan), y), "a NaN or infinite value"),
        (lambda c, n, y: ([c[0][:0], *c[1:]], [n[0][:0], *n[1:]], y), "sequence 0 is empty"),
        (lambda c, n, y: (c, n, ["one"] * 60), "one class only"),
        (lambda c, n, y: (c, n, [[v, 7] for v in y]), "several labels a sequence"),
    ],
)
def test_what_cannot_be_learnt_is_refused(twins, change, said):
    with pytest.raises(DataError, match=said):
        BridgeClassifier(**SMALL, epochs=1).fit(*change(*twins))


def test_a_teacher_that_does_not_fit_is_refused(twins):
    clean, noisy, labels = twins
    teacher = BridgeClassifier(**SMALL, epochs=1, kd=0, dr=0, lstm3=0).fit(None, clean, labels)
    with pytest.raises(OptionError, match="reduced=9 of the student and 8 of the teacher"):
        BridgeClassifier(**{**SMALL, "reduced": 9}).fit(clean, noisy, labels, teacher=teacher)
    with pytest.raises(DataError, match="does not know the label '5'"):
        BridgeClassifier(**SMALL).fit(clean, noisy, [*labels[:-1], 5], teacher=teacher)
    with pytest.raises(DataError, match="1 feature, those of the teacher had 2"):
        BridgeClassifier(**SMALL).fit(clean[:, :, :1], noisy[:, :, :1], labels, teacher=teacher)
    nine, ten = [9 + n for n in labels], [str(9 + n) for n in labels]  # in another order as texts
    numbered = teacher.untaught().fit(None, clean, nine)
    with pytest.raises(DataError, match=r"in the order 10, 9, .* were 9, 10; give both as numbers"):
        BridgeClassifier(**SMALL).fit(clean, noisy, ten, teacher=numbered)
    three = teacher.untaught().fit(None, clean, [n % 3 for n in range(60)])
    with pytest.raises(DataError, match="knows the label '2', which none of the sequences has"):
        BridgeClassifier(**SMALL).fit(clean, noisy, labels, teacher=three)
    for other in ("folder", BridgeRecognizer()):
        with pytest.raises(OptionError, match="is no BridgeClassifier"):
            BridgeClassifier(**SMALL).fit(clean, noisy, labels, teacher=other)
    with pytest.raises(NotFittedError):
        BridgeClassifier(**SMALL).fit(clean, noisy, labels, teacher=BridgeClassifier())
    with pytest.raises(OptionError, match="feeds nothing back"):
        BridgeClassifier(recursions=1, blocks="feed-forward").fit(clean, noisy, labels)
    with pytest.raises(OptionError, match="filter_width=4 is even"):
        BridgeClassifier(filter_width=4).fit(clean, noisy, labels)


def test_new_data_have_the_channels_of_the_noisy_side(twins):
    clean, noisy, labels = twins
    net = BridgeClassifier(**SMALL, epochs=1).fit(clean, noisy, labels)
    with pytest.raises(DataError, match="4 features"):
        net.predict(np.concatenate([noisy, clean], axis=2))
