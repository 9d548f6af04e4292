"""One to many: a vector becomes its sequence, exactly where that can be learnt, and not elsewhere."""

import json
import math

import numpy as np
import polars as pl
import pytest
import torch
from scipy.sparse import csr_array, csr_matrix
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sestina import SequenceFromVector, load
from sestina.config import StackOptions
from sestina.errors import DataError, OptionError
from sestina.estimators import vector_training
from sestina.nn.from_vector import VectorNetwork
from sestina.progress import Reporter
from sestina.store import CHECKPOINT, read_arrays
from sestina.text.vocabulary import EOS, UNK

PLAIN = {"dropout": 0.0, "input_dropout": 0.0}
TINY = {"embedding": 12, "hidden": 24, "learning_rate": 0.02, "batch_size": 16, "seed": 1, **PLAIN}
DIGITS = "zero one two three four five six seven eight nine".split()


def spoken(count, seed=0):
    """Rows of three digits, all different, and the digits in words."""
    numbers = np.random.default_rng(seed).permutation(1000)[:count].tolist()
    rows = [list(f"{number:03}") for number in numbers]
    return rows, [" ".join(DIGITS[int(digit)] for digit in row) for row in rows]


@pytest.fixture(scope="module")
def digits():
    rows, words = spoken(500)
    net = SequenceFromVector(**{**TINY, "hidden": 48}, epochs=12)
    return net.fit(rows[:400], words[:400]), rows[400:], words[400:]


def test_new_vectors_of_known_parts_give_their_sequence(digits):
    net, rows, words = digits
    assert net.predict(rows) == words
    assert net.predict(rows, beam=1) == words
    assert net.generate(rows, temperature=0) == words
    assert net.perplexity(rows, words) < 1.05


def test_shuffled_pairs_stay_at_chance():
    rows, words = spoken(400)
    mixed = np.random.default_rng(5).permutation(words).tolist()
    net = SequenceFromVector(**TINY, epochs=6).fit(rows, mixed)
    fresh, truth = spoken(1000)
    fresh, truth = fresh[400:], truth[400:]
    right = np.mean([a == b for a, b in zip(net.predict(fresh, beam=1), truth, strict=True)])
    assert right < 0.01
    # three tokens of four are one of ten
    assert 0.98 * math.log(10) * 3 / 4 < -net.score(fresh, truth) < 1.25 * math.log(10) * 3 / 4


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_numbers_of_any_size_are_learnt(cell):
    """A thousand times n gives n letters."""
    X = np.repeat(np.arange(1, 7), 12)[:, None] * 1000.0
    y = ["a" * (n // 1000) for n in X[:, 0].astype(int)]
    options = {**TINY, "cell": cell, "level": "character", "validation_fraction": 0.0, "layers": 2}
    net = SequenceFromVector(**options, epochs=60).fit(X, y)
    assert net.predict([[n * 1000] for n in range(1, 7)]) == ["a" * n for n in range(1, 7)]
    assert net.network_.vector.mean.tolist() == [3500.0]


def test_lists_of_tokens_come_and_go():
    y = [["60", "62", "64"], ["64", "62", "60", "60"]] * 15
    net = SequenceFromVector(**TINY, epochs=20, validation_fraction=0).fit([[0], [1]] * 15, y)
    assert net.predict([[1], [0]]) == y[1::-1]
    assert net.generate([[1]], temperature=0, prompt=["64"]) == [y[1]]
    assert net.lists_ and net.longest_ == 4 and net.tokens_ == 15 * 9
    assert set(net.figures([[0]], [["60"]])) == {"perplexity", "tokens", "unknown"}


def test_sparse_rows_are_what_dense_ones_are():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6)) * (rng.random((40, 6)) < 0.4)
    y = ["high" if row.sum() > 0 else "low low" for row in X]
    nets = [SequenceFromVector(**TINY, epochs=3).fit(kind(X), y) for kind in (np.array, csr_matrix)]
    scores = [net.score_sequences(form, y) for net in nets for form in (X, csr_array(X))]
    assert all(np.allclose(one, scores[0], rtol=1e-4) for one in scores)
    assert np.array_equal(scores[0], scores[1]) and np.array_equal(scores[2], scores[3])
    mean, scale = vector_training.measures(X.astype(np.float32))
    again = vector_training.measures(nets[1]._vectors(csr_matrix(X)))
    assert np.allclose(mean, again[0], atol=1e-6) and np.allclose(scale, again[1], atol=1e-6)
    assert np.allclose(mean, X.mean(axis=0), atol=1e-6) and np.allclose(scale, X.std(axis=0))


def test_columns_of_0_and_1_and_constant_ones_are_not_divided():
    X = np.array([[0, 5, 1, 2], [1, 5, 0, 4], [1, 5, 0, 6]], np.float32)
    for table in (X, csr_array(X)):
        mean, scale = vector_training.measures(table)
        assert mean.tolist() == [0, 5, 0, 4] and scale[:3].tolist() == [1, 1, 1]
    y = ["a", "b", "c"]
    plain = SequenceFromVector(**TINY, epochs=1, validation_fraction=0, standard=False).fit(X, y)
    assert not plain.network_.vector.mean.any()


# The network.


def network(cell="lstm", **options):
    torch.manual_seed(0)
    sizes = {"embedding": 3, "hidden": 4, "layers": 2, "cell": cell, **PLAIN, **options}
    return VectorNetwork(StackOptions(**sizes), 7, 5).eval()


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_gradients_of_the_vector_by_finite_differences(cell):
    net = network(cell).double()
    ids, lengths = torch.tensor([[2, 3, 4], [2, 5, 0]]), torch.tensor([3, 2])
    vectors = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: net.read(v, ids, lengths), vectors)
    # the kernels, in float32, give the same
    fast = network(cell)
    assert torch.allclose(
        fast.read(vectors.detach().float(), ids, lengths).double(),
        net.read(vectors, ids, lengths),
        atol=1e-6,
    )
    fast.read(vectors.detach().float(), ids, lengths).square().sum().backward()
    net.read(vectors, ids, lengths).square().sum().backward()
    for (name, one), two in zip(fast.named_parameters(), net.parameters(), strict=True):
        if two.grad is not None:
            assert torch.allclose(one.grad.double(), two.grad, atol=1e-5), name
    assert fast.vector.states.weight.grad.any() and fast.vector.beside.weight.grad.any()


def test_the_vector_stands_at_every_step():
    """Also where the first states tell nothing of it."""
    net = network()
    torch.nn.init.zeros_(net.vector.states.weight)
    ids, lengths = torch.full((2, 6), 3), torch.tensor([6, 6])
    made = net.read(torch.eye(5)[:2], ids, lengths)
    assert ((made[0] - made[1]).abs().amax(dim=1) > 1e-4).all()
    torch.nn.init.zeros_(net.vector.beside.weight)
    made = net.read(torch.eye(5)[:2], ids, lengths)
    assert torch.equal(made[0], made[1])


@pytest.mark.parametrize(
    ("cell", "gates", "states"), [("rnn", 1, 1), ("gru", 3, 1), ("lstm", 4, 2)]
)
def test_parameters(cell, gates, states):
    y = ["a b", "c"] * 10
    options = {**TINY, "cell": cell, "layers": 2, "epochs": 1, "validation_fraction": 0}
    net = SequenceFromVector(**options).fit([["x", 1.5], ["y", 2.5]] * 10, y)
    assert net.parameter_counts_ == {
        "embedding": 6 * 12,  # <pad>, <unk>, <eos>, a, b, c
        "encoder": gates * 24 * ((12 + 12 + 24 + 1) + (24 + 24 + 1)),
        "head": 24 * 12 + 5,
        "vector": (3 + 1) * 2 * states * 24 + (3 + 1) * 12,
    }


# What it writes, and how it judges.


def test_a_score_is_the_sum_of_the_stream_s(digits):
    net, rows, words = digits
    text = f"{words[0]} unheard"
    stream, total = net.stream(rows[0]), 0.0
    for token in [*text.split(), EOS]:
        total += stream.log_probabilities[net.vocabulary_[token]]
        stream.feed(token)
    (found,) = net.score_sequences(rows[:1], [text])
    assert found == pytest.approx(total, rel=1e-4, abs=1e-4)
    # after EOS the vector's next text begins
    assert np.allclose(stream.probabilities, net.stream(rows[0]).probabilities, atol=1e-6)
    kept = stream.state
    after = stream.feed(words[0].split()[0])
    other = net.stream(rows[0])
    other.state = kept
    assert np.array_equal(other.feed(words[0].split()[0]), after)


def test_figures_fit_together(digits):
    net, rows, words = digits
    found = net.figures(rows, words)
    total = -net.score_sequences(rows, words).sum()
    assert found["tokens"] == 4 * len(words) and found["unknown"] == 0
    assert found["characters"] == sum(len(text) + 1 for text in words)
    assert found["perplexity"] == pytest.approx(math.exp(total / found["tokens"]))
    assert found["bits_per_character"] == pytest.approx(total / math.log(2) / found["characters"])
    assert net.perplexity(rows, words) == found["perplexity"]
    assert net.score(rows, words) == pytest.approx(-math.log(found["perplexity"]))


def test_validation_figures_are_the_perplexity():
    rows, words = spoken(60)
    net = SequenceFromVector(**TINY, epochs=3)
    net.fit(rows[:40], words[:40], validation=(rows[:30], words[30:]))
    row = net.history_[net.best_epoch_ - 1]
    assert row["validation_perplexity"] == pytest.approx(net.perplexity(rows[:30], words[30:]))


def test_rows_do_not_depend_on_their_company(digits):
    net, rows, _ = digits
    together = net.generate(rows[:20], temperature=5, seed=7)
    assert together == [net.generate([row], temperature=5, seed=7 + n)[0] for n, row in
                        enumerate(rows[:20])]  # fmt: skip
    assert together == net.generate(rows[:20], temperature=5, seed=7)
    assert len(set(net.generate(rows[:1] * 30, temperature=5, seed=7))) > 20
    assert net.generate(rows[:3]) == net.generate(rows[:3], seed=net.seed)
    assert net.generate([]) == net.predict([]) == []


def test_a_prompt_begins_every_text(digits):
    net, rows, words = digits
    first = words[0].split()[0]
    assert net.generate(rows[:1], temperature=0, prompt=first) == [words[0]]
    assert net.generate(rows[:1], temperature=0, prompt=f"{first} ") == [words[0]]
    assert net.generate(rows[:1], n=0, prompt=first) == [first]
    assert len(net.generate(rows[:1], n=1, top_k=1)[0].split()) == 1


def test_what_follows_depends_on_the_vector(digits):
    net, rows, words = digits
    for row, text in zip(rows[:5], words[:5], strict=True):
        first, second, third = text.split()
        found = net.complete(row, first, n=3)
        assert found[0].text == second and found[0].probability > 0.9
        shares = net.stream(row)
        shares.feed(first)
        assert found[0].probability == pytest.approx(shares.probabilities.max())
        assert net.complete(row, f"{first} {second} ", beginning=third[:1])[0].text == third
        assert net.complete(row)[0].text == first


def test_letters_are_put_together_to_words():
    X, y = [["a"], ["b"]] * 20, ["red rose", "ripe plum"] * 20
    options = {**TINY, "level": "character", "validation_fraction": 0}
    net = SequenceFromVector(**options, epochs=25).fit(X, y)
    assert net.complete(["a"], "r")[0].text == "red"
    assert net.complete(["b"], "r")[0].text == "ripe"
    assert net.complete(["b"], "ripe ", n=1)[0].text == "plum"
    with pytest.raises(OptionError, match="a character model takes a word's beginning at the"):
        net.complete(["a"], "re", beginning="d")


def test_tokens_of_lists_are_completed_whole():
    y = [["60", "62.5", "64"], ["64", "62.5", "60"]] * 15
    options = {**TINY, "level": "character", "validation_fraction": 0}
    net = SequenceFromVector(**options, epochs=20).fit([[0], [1]] * 15, y)
    assert net.complete([0], ["60"], n=1)[0].text == "62.5"
    assert net.complete([1], ["64", "62.5"], n=1, beginning="6")[0].text == "60"
    assert [token for token, _ in net.score_tokens([0], y[0])] == [*y[0], EOS]
    for prompt, sentence in (
        (["<eos>"], "holds the token '<eos>', which marks where sequences end"),
        (["<pad>"], "holds the token '<pad>', which marks"),
        ([60], r"\[60\] \(list\); expected strings, or lists of tokens"),
        (None, "None"),
    ):
        with pytest.raises(DataError, match=sentence):
            net.generate([[0]], prompt=prompt)


def test_scores_of_tokens_add_up(digits):
    net, rows, words = digits
    for row, text in zip(rows[:5], words[:5], strict=True):
        tokens = net.score_tokens(row, text + " ")
        assert [token for token, _ in tokens] == [*text.split(), EOS]
        total = net.score_sequences([row], [text])[0]
        assert sum(log for _, log in tokens) == pytest.approx(total, abs=1e-4)


def test_unk_is_never_written():
    X = [["a"], ["b"]] * 30
    y = [f"rare{n} {row[0]}" for n, row in enumerate(X)]
    net = SequenceFromVector(**TINY, epochs=4, min_count=2).fit(X, y)
    assert net.stream(["a"]).probabilities[net.vocabulary_[UNK]] > 0.3
    assert not any(UNK in text for text in net.generate(X) + net.predict(X))
    assert net.notes_ == ["50.0% of the running tokens are outside the vocabulary of 5"]


def test_equal_pairs_are_on_one_side():
    X, y = [[n % 4] for n in range(40)], [f"text {n % 4}" for n in range(40)]
    net = SequenceFromVector(**TINY, epochs=1).fit(X, y)
    assert len(net.vocabulary_) == 3 + 1 + 3  # one number of four is held out, with all its pairs


# Parts of words.


@pytest.mark.parametrize("method", ["bpe", "unigram"])
def test_parts_of_words_are_learnt_and_put_together(method, tmp_path):
    pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")
    rows, words = spoken(400)
    options = {**TINY, "hidden": 48, "level": "subword", "subword_method": method, "patience": None}
    net = SequenceFromVector(**options, vocabulary=60, epochs=25).fit(rows[:350], words[:350])
    assert max(map(len, net.vocabulary_.tokens[3:])) > 1  # a part of more than a letter
    for found in (net.predict(rows[350:]), net.generate(rows[350:], temperature=0)):
        assert np.mean(np.array(found) == words[350:]) > 0.9
    row, text = rows[0], words[0]
    first, second, _ = text.split()
    assert net.generate([row], temperature=0, prompt=first) == [text]
    assert net.complete(row, f"{first} ", n=1)[0].text == second
    assert net.complete(row, f"{first} {second[:2]}", n=1)[0].text == second
    total = net.score_sequences([row], [text])[0]
    assert sum(log for _, log in net.score_tokens(row, text)) == pytest.approx(total, abs=1e-4)
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.predict(rows[350:]) == net.predict(rows[350:])
    assert again.score_sequences([row], [text])[0] == total


def test_parts_of_words_are_not_learnt_from_lists():
    with pytest.raises(OptionError, match="learns parts of words from strings, but lists came"):
        SequenceFromVector(**TINY, level="subword").fit([[0], [1]], [["a"], ["b"]])


def test_an_option_that_does_nothing_is_told():
    net = SequenceFromVector(**TINY, epochs=1, validation_fraction=0, subword_method="unigram")
    assert net.fit([[0]], ["a"]).notes_ == [
        "subword_method does nothing with level='word', only with subword"
    ]


# Manners.


def test_a_data_frame_by_names():
    frame = pl.DataFrame({"sound": ["meow", "woof"] * 10, "times": [1, 2] * 10})
    y = ["meow", "woof woof"] * 10
    net = SequenceFromVector(**TINY, epochs=15, validation_fraction=0).fit(frame, y)
    turned = frame.select("times", "sound").head(2)
    assert net.predict(turned) == net.predict([["meow", 1], ["woof", 2]]) == y[:2]
    assert str(net.attributes_) == "sound (meow, woof), times"
    with pytest.raises(DataError, match="row 0: sound is 'mew', which is unknown; did you mean"):
        net.predict([["mew", 1]])
    with pytest.warns(UserWarning, match="1 value unknown, which become zeros"):
        net.set_params(unknown="zeros").predict([["mew", 1]])


def test_scikit_learn_s_tools_take_it():
    X, y = np.array([[0.0], [9.0]] * 12), ["a", "b b"] * 12
    net = SequenceFromVector(**TINY, epochs=15, validation_fraction=0)
    pipe = make_pipeline(StandardScaler(), net)
    assert pipe.fit(X, y).predict(X[:2]) == ["a", "b b"]
    search = GridSearchCV(net, {"epochs": [1, 12]}, cv=2).fit(X, y)
    assert search.best_params_ == {"epochs": 12} and search.best_score_ > -0.5


def test_a_folder_keeps_everything(digits, tmp_path):
    net, rows, words = digits
    net.save(tmp_path / "model", {"metrics": {"perplexity": 1.2, "bits_per_character": 0.1}})
    again = load(tmp_path / "model")
    assert again.predict(rows[:5]) == words[:5]
    assert np.array_equal(again.score_sequences(rows, words), net.score_sequences(rows, words))
    assert (again.tokens_, again.longest_, again.lists_) == (net.tokens_, 3, False)
    assert again.attributes_ == net.attributes_ and again.n_features_in_ == 3
    card = (tmp_path / "model" / "README.md").read_text()
    assert "# SequenceFromVector (lstm)" in card and "model.generate([['0', '0', '0']])" in card
    assert "It reads vectors of column 0 (0, 1, 2, 3, 4 …), column 1" in card
    assert json.loads((tmp_path / "model" / "metrics.json").read_text())["vocabulary"] == 13


def test_a_resumed_run_is_the_same_to_the_bit(tmp_path):
    rows, words = spoken(40)
    base = {**TINY, "dropout": 0.3, "input_dropout": 0.2}
    whole = SequenceFromVector(**base, epochs=4).fit(rows, words)
    SequenceFromVector(**base, epochs=2).fit(rows, words, checkpoint=tmp_path)
    assert len(read_arrays(tmp_path / CHECKPOINT)[1]["history"]) == 2
    net = SequenceFromVector(**base, epochs=4).fit(rows, words, checkpoint=tmp_path, resume=True)
    assert [r["loss"] for r in net.history_] == [r["loss"] for r in whole.history_]
    assert np.array_equal(net.score_sequences(rows, words), whole.score_sequences(rows, words))
    for other in (rows[1:] + rows[:1], [[*row[:2], "9"] for row in rows]):
        with pytest.raises(OptionError, match=r"cannot resume .*begun with data="):
            SequenceFromVector(**base).fit(other, words, checkpoint=tmp_path, resume=True)


def test_ctrl_c_keeps_the_best_so_far(monkeypatch):
    rows, words = spoken(40)

    def step(self, epoch, number, *figures):
        if epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Reporter, "step", step)
    net = SequenceFromVector(**TINY, epochs=9)
    with pytest.raises(KeyboardInterrupt):
        net.fit(rows, words)
    assert len(net.history_) == 2 and net.score(rows, words) < 0


@pytest.mark.parametrize(
    ("X", "y", "sentence"),
    [
        ([[1.0], [math.nan]], ["a", "b"], "row 1: column 0 is NaN; expected a finite number: fill in"),
        ([[1.0, 1e300]], ["a"], "row 0: column 1 is 1e\\+300; expected a finite number"),
        (csr_matrix([[0.0, math.inf]]), ["a"], "row 0: column 1 is inf; expected a finite number"),
        ([["x"], [2]], ["a", "b"], "column 0 holds 'x' and 2; expected numbers only, or strings"),
        ([[1], [2]], ["a"], "2 vectors came with 1 sequence; expected a sequence for each vector"),
        ([1, 2], ["a", "b"], "expected a table, \\(N, A\\): the same features for each sequence"),
        (np.ones(3), ["a"] * 3, r"an array of shape \(3,\) came; .*X.reshape\(-1, 1\)"),
        (np.ones((2, 0)), ["a", "b"], "a table without columns came; expected a feature at least"),
        (np.ones((0, 2)), [], "no sequence came; give one at least"),
        (None, ["a"], "None came; expected a table"),
        ([[1]], "a", "one string came; expected a list of texts"),
        ([[1], [2]], ["a", ["a"]], "sequence 1 is a list, sequence 0 a string; expected all"),
        ([[1]], [["<eos>"]], "sequence 0 holds the token '<eos>', which marks where sequences end"),
        ([[1]], [3], "text 0 is 3"),
        ([[1]] * 9, ["a"] * 9, r"9 rows \(1 without repeats\): too few to hold out 10%; give more rows$"),
        ([[1], [2]] * 9, ["", " "] * 9, "no token in 9 sequences; give some with words"),
    ],
)  # fmt: skip
def test_pairs_that_do_not_do(X, y, sentence):
    with pytest.raises(DataError, match=sentence) as caught:
        SequenceFromVector(**TINY).fit(X, y)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda net: net.predict([["0", "1"]]), "rows of 2 values came; expected 3, as in training"),
        (lambda net: net.predict([["0", "1", 2]]), "row 0: column 2 is 2; expected a string, one of"),
        (lambda net: net.predict([["0", "1", "x"]]), "column 2 is 'x', which is unknown; known are"),
        (lambda net: net.predict(np.ones((1, 3))), r"column 0 is np.float64\(1.0\); expected a string"),
        (lambda net: net.predict([list("012")], beam=0), "beam=0 leaves no hypothesis"),
        (lambda net: net.predict([list("012")], beam=2.5), "beam=2.5 leaves no hypothesis"),
        (lambda net: net.generate([list("012")], seed="a"), "seed='a' makes no sense; give a whole"),
        (lambda net: net.complete(list("012"), n="2"), "n='2' makes no sense; give the number of"),
        (lambda net: net.stream("012"), r"'012' came; expected one row, such as \['0', '0', '0'\]"),
        (lambda net: net.predict([list("012")], n=-1), "n=-1 makes no sense"),
        (lambda net: net.generate([list("012")], temperature=-1), "temperature=-1 makes no sense"),
        (lambda net: net.generate([list("012")], prompt=["one"]), r"\['one'\] came; expected a str"),
        (lambda net: net.score([list("012")], [["one"]]), "lists of tokens came; expected strings"),
        (lambda net: net.score([], []), "no sequence came"),
        (lambda net: net.complete(list("012"), n=0), "n=0 makes no sense"),
        (lambda net: net.complete(list("012"), ["one"]), r"\['one'\] came; expected a string"),
        (lambda net: net.complete(list("01"), "one"), "rows of 2 values came; expected 3"),
        (lambda net: net.score_tokens(list("012"), 3), "3 came; expected a string"),
        (lambda net: SequenceFromVector(hidden=0).fit([[1]], ["a"]), "hidden=0 is too small"),
        (lambda net: SequenceFromVector(unknown="zero").fit([[1]], ["a"]), "did you mean 'zeros'"),
    ],
)  # fmt: skip
def test_what_makes_no_sense(digits, call, sentence):
    with pytest.raises((DataError, OptionError), match=sentence):
        call(digits[0])
