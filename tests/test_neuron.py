"""The perceptron and the sigmoid neuron (row C1): known answers, bounds, scikit-learn's manners."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import check_estimator

from sestina import Perceptron, SigmoidNeuron, load_dataset
from sestina.errors import DataError, OptionError
from sestina.text.tokenise import words

ROWS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
GATES = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "nand": [1, 1, 1, 0], "nor": [1, 0, 0, 0]}
XOR = [0, 1, 1, 0]
KINDS = [Perceptron(), SigmoidNeuron(learning_rate=1.0, epochs=300)]


@pytest.fixture(params=KINDS, ids=lambda kind: type(kind).__name__)
def neuron(request):
    return clone(request.param)


@pytest.mark.parametrize("gate", GATES)
def test_gates_are_learned(neuron, gate):
    neuron.fit(ROWS, GATES[gate])
    assert neuron.predict(ROWS).tolist() == GATES[gate]
    assert neuron.history_[-1]["errors"] == 0


def test_exclusive_or_is_not(neuron):
    neuron.fit(ROWS, XOR)
    assert neuron.score(ROWS, XOR) <= 0.75  # no line parts more than three of the four
    assert neuron.history_[-1]["errors"] > 0
    assert neuron.n_iter_ == len(neuron.history_) == neuron.epochs


@pytest.mark.parametrize("seed", range(4))
def test_corrections_by_hand(seed):
    """Two rows: (0, 1) is missed, then (1, 0) is taken for it, in whatever order they come."""
    found = Perceptron(seed=seed).fit([[1, 0], [0, 1]], ["no", "yes"])
    assert [row["errors"] for row in found.history_] == [1, 1, 0]
    assert found.weights_.tolist() == [-1, 1] and found.bias_ == 0
    assert found.converged_ and found.n_iter_ == 3
    halves = Perceptron(seed=seed, learning_rate=0.5).fit([[1, 0], [0, 1]], ["no", "yes"])
    assert halves.weights_.tolist() == [-0.5, 0.5]


def test_the_bias_answers_rows_of_zeros():
    found = Perceptron().fit([[0.0], [1.0]], [1, 0])
    assert found.predict([[0.0], [1.0]]).tolist() == [1, 0] and found.bias_ > 0


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.floats(0.05, 0.5))
@settings(max_examples=40, deadline=None)
def test_errors_keep_novikoff_s_bound(seed, count, margin):
    rng = np.random.default_rng(seed)
    plane = rng.normal(size=4)
    plane /= np.linalg.norm(plane)
    rows = rng.uniform(-1, 1, size=(count, 3))
    sums = np.c_[rows, np.ones(count)] @ plane
    rows, labels = rows[np.abs(sums) >= margin], sums[np.abs(sums) >= margin] > 0
    if len(set(labels)) < 2:
        return
    found = Perceptron(epochs=10_000, seed=seed).fit(rows, labels)
    radius = np.linalg.norm(np.c_[rows, np.ones(len(rows))], axis=1).max()
    assert found.converged_ and found.score(rows, labels) == 1.0
    assert sum(row["errors"] for row in found.history_) <= (radius / margin) ** 2


def overlapping(count=300):
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 2, count)
    return rng.normal(size=(count, 3)) + labels[:, None] * np.array([1.0, -0.5, 0.0]), labels


def test_the_sigmoid_neuron_is_logistic_regression():
    rows, labels = overlapping()
    found = SigmoidNeuron(epochs=5000, learning_rate=0.5).fit(rows, labels)
    other = LogisticRegression(C=1e9, tol=1e-8).fit(rows, labels)
    np.testing.assert_allclose(found.weights_, other.coef_[0], atol=1e-4)
    np.testing.assert_allclose(found.predict_proba(rows), other.predict_proba(rows), atol=1e-4)


def test_a_bias_alone_is_the_share_of_a_class():
    found = SigmoidNeuron(learning_rate=1.0).fit(np.zeros((4, 1)), [0, 1, 1, 1])
    assert found.predict_proba([[0.0]])[0] == pytest.approx([0.25, 0.75], abs=1e-6)


def test_the_boundary_lies_in_the_middle_of_mirrored_rows():
    found = SigmoidNeuron().fit([[-3.0], [-1.0], [1.0], [3.0]], [0, 0, 1, 1])
    assert found.bias_ == pytest.approx(0.0, abs=1e-12)
    assert found.decision_function([[0.0]])[0] == pytest.approx(0.0, abs=1e-12)
    assert found.predict_proba([[0.0]])[0] == pytest.approx([0.5, 0.5])


def test_the_loss_begins_at_log_2_and_falls():
    rows, labels = overlapping()
    losses = [row["loss"] for row in SigmoidNeuron(epochs=200).fit(rows, labels).history_]
    assert losses[0] == pytest.approx(np.log(2))
    assert (np.diff(losses) < 0).all()


def test_the_gradient_by_finite_differences():
    rows, labels = overlapping(40)
    step = SigmoidNeuron(epochs=1, learning_rate=1.0).fit(rows, labels)
    moved = np.append(step.weights_, step.bias_)

    def loss(weights):
        sums = np.c_[rows, np.ones(len(rows))] @ weights
        return np.mean(np.logaddexp(0, sums) - labels * sums)

    slopes = [(loss(1e-6 * unit) - loss(-1e-6 * unit)) / 2e-6 for unit in np.eye(4)]
    np.testing.assert_allclose(moved, -np.array(slopes), atol=1e-8)


def test_sparse_rows_give_the_same(neuron):
    rows, labels = overlapping(60)
    rows[np.abs(rows) < 0.7] = 0.0
    dense = clone(neuron).set_params(epochs=20).fit(rows, labels)
    sparse = clone(neuron).set_params(epochs=20).fit(csr_matrix(rows), labels)
    np.testing.assert_allclose(sparse.weights_, dense.weights_, atol=1e-12)
    np.testing.assert_allclose(
        sparse.decision_function(csr_matrix(rows)), dense.decision_function(rows)
    )
    assert [row["errors"] for row in sparse.history_] == [row["errors"] for row in dense.history_]


def test_labels_are_names(neuron):
    found = neuron.fit(ROWS, ["no", "yes", "yes", "yes"])
    assert found.classes_.tolist() == ["no", "yes"] and found.predict(ROWS)[0] == "no"


def test_same_seed_same_weights():
    rows, labels = overlapping(60)
    one, same, other = (Perceptron(epochs=5, seed=s).fit(rows, labels).weights_ for s in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


# --- rows held out -----------------------------------------------------------------------------


def halves():
    """Rows whose classes overlap, in two halves: the best epoch is not the last."""
    rng = np.random.default_rng(11)
    labels = rng.integers(0, 2, 80)
    rows = rng.normal(size=(80, 30)) + labels[:, None] * np.eye(30)[0]
    return (rows[:40], labels[:40]), (rows[40:], labels[40:])


@pytest.mark.parametrize("sparse", [False, True])
def test_the_best_epoch_s_weights_are_kept(sparse):
    """By brute force: as many neurons as epochs, each stopped after one more."""
    (rows, labels), (held, known) = halves()
    rows, held = (csr_matrix(rows), csr_matrix(held)) if sparse else (rows, held)
    stopped = [Perceptron(epochs=e, seed=2).fit(rows, labels) for e in range(1, 31)]
    errors = [int((one.predict(held) != known).sum()) for one in stopped]
    found = Perceptron(epochs=30, seed=2).fit(rows, labels, validation=(held, known))
    assert found.n_iter_ == stopped[-1].n_iter_ > 1
    assert [row["validation_errors"] for row in found.history_] == errors[: found.n_iter_]
    assert found.best_epoch_ == int(np.argmin(errors)) + 1 < found.n_iter_
    best = stopped[found.best_epoch_ - 1]
    assert np.array_equal(found.weights_, best.weights_) and found.bias_ == best.bias_
    assert stopped[3].best_epoch_ == stopped[3].n_iter_  # nothing held out: the last


def test_the_lowest_loss_decides_for_the_sigmoid():
    (rows, labels), held = halves()
    found = SigmoidNeuron(epochs=200, learning_rate=0.5).fit(rows, labels, held)
    losses = [row["validation_loss"] for row in found.history_]
    assert found.best_epoch_ == int(np.argmin(losses)) + 1
    assert 1 < found.best_epoch_ < 200  # it overfits: 30 features, 40 rows
    before = SigmoidNeuron(epochs=found.best_epoch_ - 1, learning_rate=0.5).fit(rows, labels)
    assert np.array_equal(found.weights_, before.weights_)  # a row tells of the time before a step
    answers = found.predict_proba(held[0])[np.arange(40), held[1]]
    assert min(losses) == pytest.approx(-np.log(answers).mean())
    wrong = int((found.predict(held[0]) != held[1]).sum())
    assert found.history_[found.best_epoch_ - 1]["validation_errors"] == wrong


def test_rows_held_out_change_no_step():
    (rows, labels), held = halves()
    for kind in (Perceptron(epochs=6), SigmoidNeuron(epochs=6)):
        plain, watched = clone(kind).fit(rows, labels), clone(kind).fit(rows, labels, held)
        for one, other in zip(plain.history_, watched.history_, strict=True):
            assert one == {name: other[name] for name in one}


def test_rows_held_out_that_do_not_fit(neuron):
    with pytest.raises(DataError, match="validation label 'c' did not occur in training, where"):
        neuron.fit(ROWS, ["a", "b", "b", "b"], (ROWS[:2], ["a", "c"]))
    with pytest.raises(ValueError, match="3 features"):
        neuron.fit(ROWS, XOR, (np.ones((2, 3)), [0, 1]))


@pytest.mark.parametrize("kind", [Perceptron(epochs=10), SigmoidNeuron(learning_rate=0.5)])
def test_reviews_are_told_apart(kind):
    """Multi-hot words of movie reviews: far above chance, below what nets reach."""
    data = load_dataset("movie-snippets")
    train, test = data.part("train"), data.part("test")
    table = CountVectorizer(tokenizer=words, token_pattern=None, binary=True)
    kind = clone(kind).fit(table.fit_transform(train.texts), train.labels)
    assert 0.68 < kind.score(table.transform(test.texts), test.labels) < 0.85


def test_nothing_is_learned_from_noise(neuron):
    rng = np.random.default_rng(3)
    rows, labels = rng.normal(size=(400, 5)), rng.integers(0, 2, 400)
    neuron.set_params(epochs=20).fit(rows[:200], labels[:200])
    assert 0.38 < neuron.score(rows[200:], labels[200:]) < 0.62


def test_refusals(neuron):
    with pytest.raises(DataError, match="one class only: every label is 'a'; give rows of two"):
        neuron.fit(ROWS, ["a"] * 4)
    with pytest.raises(DataError, match=r"The type of the target is multiclass. Give two classes"):
        neuron.fit(ROWS, [0, 1, 2, 1])
    with pytest.raises(ValueError, match="NaN"):
        neuron.fit([[np.nan], [1.0]], [0, 1])
    with pytest.raises(OptionError, match="epochs=0 is too small"):
        clone(neuron).set_params(epochs=0).fit(ROWS, XOR)
    with pytest.raises(OptionError, match="learning_rate=-1 is too small"):
        clone(neuron).set_params(learning_rate=-1).fit(ROWS, XOR)
    with pytest.raises(NotFittedError):
        clone(neuron).predict(ROWS)


def test_scikit_learn_s_own_checks(neuron):
    results = check_estimator(neuron, on_skip=None, on_fail=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}
    assert sum(r["status"] == "passed" for r in results) >= 40


def test_a_column_that_stands_twice_in_a_sparse_row_is_added():
    y = [0, 1, 1, 0]
    plain = np.array([[0.0, 3.0], [3.0, 0.0], [2.0, 1.0], [0.0, 1.0]])
    values, columns = [1.0, 2.0, 1.0, 2.0, 2.0, 1.0, 1.0], [1, 1, 0, 0, 0, 1, 1]
    twice = csr_matrix((values, columns, [0, 2, 4, 6, 7]), shape=(4, 2))
    before = twice.data.copy()
    for neuron in (Perceptron(), SigmoidNeuron()):
        found, wanted = clone(neuron).fit(twice, y), clone(neuron).fit(plain, y)
        np.testing.assert_array_equal(found.weights_, wanted.weights_)
    np.testing.assert_array_equal(twice.data, before)  # what came is left as it was
