"""TextClassifier: inputs of any kind, labels of any kind, folders, vectors, and clear refusals."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
import torch
from scipy.sparse import csr_array

from sestina import TextClassifier, WordVectors, load, store
from sestina.config import ENCODERS
from sestina.errors import DataError, ModelError, OptionError, SestinaError

FAST = {"encoder": "mean", "embedding": 8, "epochs": 8, "learning_rate": 0.05, "batch_size": 8}
TOPICS = [["sea"], ["sea", "sun"], [], ["sun"], ["rain", "sea", "sun"], ["rain"]] * 8
SHORE = [" ".join([*row, "and", "more", str(n)]) for n, row in enumerate(TOPICS)]


class Column:
    """A stand-in for a pandas Series: rows by `iloc`, a length, `tolist`."""

    def __init__(self, rows):
        self.rows = list(rows)
        self.iloc = self

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)

    def __getitem__(self, place):
        one = isinstance(place, int)
        return self.rows[place] if one else Column(self.rows[int(n)] for n in place)

    def tolist(self):
        return self.rows


@pytest.fixture(scope="module")
def net(reviews):
    return TextClassifier(**FAST).fit(*reviews)


@pytest.fixture
def folder(net, tmp_path):
    net.save(tmp_path / "model")
    return tmp_path / "model"


def same_answers(one, other, texts):
    assert np.array_equal(one.predict_proba(texts), other.predict_proba(texts))
    assert list(one.predict(texts)) == list(other.predict(texts))


@pytest.mark.parametrize(
    "kind",
    [tuple, np.array, lambda x: np.array(x, dtype=object), pl.Series, Column, iter],
    ids=["tuple", "strings", "objects", "polars", "pandas", "iterator"],
)
def test_inputs_of_any_kind(net, reviews, kind):
    texts, labels = reviews
    other = TextClassifier(**FAST).fit(kind(texts), kind(labels))
    same_answers(net, other, texts)
    assert np.array_equal(net.predict_proba(texts), net.predict_proba(kind(texts)))
    assert net.score(kind(texts), kind(labels)) == net.score(texts, labels)


def test_it_learns_and_says_how_sure_it_is(net, reviews):
    texts, labels = reviews
    assert net.score(texts, labels) > 0.9
    chances = net.predict_proba(["warm film", "", "a"])
    assert chances.shape == (3, 2) and np.abs(chances.sum(axis=1) - 1).max() < 1e-12
    assert chances[0, net.classes_.tolist().index("good")] > 0.5
    weights = np.array([label == "good" for label in labels], float)
    assert net.score(texts, ["good"] * 40, weights) > 0.9
    assert net.predict([]).shape == (0,) and net.predict_proba([]).shape == (0, 2)
    assert repr(TextClassifier(hidden=7)) == "TextClassifier(hidden=7)"


@pytest.mark.parametrize(
    "labels",
    [
        [n % 3 for n in range(40)],
        [n % 2 == 1 for n in range(40)],
        [float(n % 2) for n in range(40)],
    ],
    ids=["int", "bool", "float"],
)
def test_labels_keep_their_type(reviews, labels, tmp_path):
    net = TextClassifier(**FAST, class_weight={labels[0]: 2.0}).fit(reviews[0], labels)
    assert net.classes_.tolist() == sorted(set(labels))
    assert net.predict(reviews[0]).dtype == np.array(labels).dtype
    assert np.allclose(net.predict_proba(reviews[0]).sum(axis=1), 1.0)
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    same_answers(net, again, reviews[0])
    assert again.predict(reviews[0]).dtype == np.array(labels).dtype
    assert again.get_params() == net.get_params()
    again.fit(reviews[0], labels)


def several(**options):
    return TextClassifier(**{**FAST, "epochs": 40, "batch_size": 16, **options})


@pytest.mark.parametrize("rows", [TOPICS, [set(row) for row in TOPICS], [tuple(r) for r in TOPICS]])
def test_lists_of_labels(rows, tmp_path):
    early = several(epochs=2, seed=1).fit(SHORE, rows)
    chances = early.predict_proba(SHORE)
    assert ((chances > 0.05) != (chances > 0.5)).any()
    assert early.predict(SHORE) == [early.classes_[row > 0.5].tolist() for row in chances]
    net = several().fit(SHORE, rows)
    assert net.classes_.tolist() == ["rain", "sea", "sun"]
    assert net.predict(["sea and sun", "and more"]) == [["sea", "sun"], []]
    assert net.score(SHORE, rows) > 0.9
    net.save(tmp_path / "model")
    same_answers(net, load(tmp_path / "model"), SHORE)


@pytest.mark.parametrize("kind", [np.array, csr_array], ids=["array", "sparse"])
def test_label_indicators(kind, tmp_path):
    table = [[int(name in row) for name in ("rain", "sea", "sun")] for row in TOPICS]
    net, lists = several().fit(SHORE, kind(table)), several().fit(SHORE, TOPICS)
    assert np.array_equal(net.predict_proba(SHORE), lists.predict_proba(SHORE))
    found = net.predict(["sea and sun", "and more"])
    assert found.tolist() == [[0, 1, 1], [0, 0, 0]] and found.dtype == int
    assert net.score(SHORE, kind(table)) == lists.score(SHORE, TOPICS)
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(again.predict(SHORE), net.predict(SHORE))
    assert again.score(SHORE, kind(table)) == net.score(SHORE, kind(table))


@pytest.mark.parametrize("encoder", ENCODERS)
def test_folder_round_trip_to_the_bit(reviews, encoder, tmp_path):
    shape = {"max_tokens": 6, "pad": "pre", "hidden": 5, "layers": 2, "bidirectional": True}
    shape |= {"dense": (4,), "dropout": 0.2}
    net = TextClassifier(**{**FAST, **shape, "encoder": encoder}).fit(*reviews)
    net.save(tmp_path / "model", {"metrics": {"accuracy": 0.5, "f1": 0.5}})
    again = load(tmp_path / "model")
    same_answers(net, again, [*reviews[0], "", "never seen", "word " * 30])
    assert type(again) is TextClassifier and again.get_params() == net.get_params()
    assert again.history_ == net.history_ and again.notes_ == net.notes_
    assert again.parameter_counts_ == net.parameter_counts_
    assert again.vocabulary_ == net.vocabulary_ and not again.network_.training
    again.save(tmp_path / "copy")
    same_answers(again, load(tmp_path / "copy"), reviews[0])


def test_a_folder_holds_what_it_promises(folder, net):
    assert {path.name for path in folder.iterdir()} == {
        "config.json", "model.safetensors", "vocabulary.json", "metrics.json", "history.jsonl",
        "README.md",
    }  # fmt: skip
    assert len((folder / "history.jsonl").read_text().splitlines()) == len(net.history_)
    assert json.loads((folder / "vocabulary.json").read_text()) == list(net.vocabulary_)
    card = (folder / "README.md").read_text()
    assert f"{net.n_parameters_:,} parameters" in card and "bad, good" in card


@pytest.mark.parametrize("name", ["model.safetensors", "vocabulary.json", "history.jsonl"])
def test_truncated_or_changed_files_are_refused(folder, name):
    path = folder / name
    whole = path.read_bytes()
    for data in (whole[:-2], whole + b" "):
        path.write_bytes(data)
        with pytest.raises(ModelError, match=f"{name} is truncated or changed"):
            load(folder)


def tampered(folder, **changes):
    """Change options or what was learned in the configuration, which has no sum of its own."""
    path = folder / "config.json"
    head = json.loads(path.read_text())
    for part, values in changes.items():
        head[part] = head[part] | values if isinstance(values, dict) else values
    path.write_text(json.dumps(head))


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {"encoder": "lstm"}},
        {"options": {"encoder": "import os"}},
        {"options": {"embedding": "8"}},
        {"options": {"made_up": 1}},
        {"options": [1]},
        {"options": None},
        {"learned": {"classes": ["a", "b", "c"]}},
        {"learned": {"vector_size": 3}},
        {"learned": None},
    ],
    ids=str,
)
def test_a_tampered_configuration_is_refused(folder, changes):
    tampered(folder, **changes)
    with pytest.raises(ModelError, match="does not fit this version"):
        load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 99}, "pip install --upgrade"),
        ({"format": "other"}, "another program's"),
        ({"estimator": "TextClasifier"}, "did you mean 'TextClassifier'"),
        ({"estimator": "os.system"}, "known are"),
    ],
)
def test_foreign_and_newer_folders_are_refused(folder, changes, message):
    tampered(folder, **changes)
    with pytest.raises(ModelError, match=message):
        load(folder)


def test_saving_over(folder, net, reviews, tmp_path):
    TextClassifier(**{**FAST, "encoder": "bag"}).fit(*reviews).save(folder)
    assert load(folder).encoder == "bag"
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(SestinaError, match="holds other files"):
        net.save(folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]
    (tmp_path / "file").write_text("")
    with pytest.raises(SestinaError, match="is a file"):
        net.save(tmp_path / "file")


def test_a_full_disk_leaves_the_old_model(folder, net, reviews, monkeypatch):
    def full(path, data):
        path.write_bytes(data[:1])
        raise OSError(28, "No space left on device")

    other = TextClassifier(**{**FAST, "encoder": "bag"}).fit(*reviews)
    monkeypatch.setattr(store, "_write", full)
    with pytest.raises(SestinaError, match="No space left on device; free some"):
        other.save(folder)
    same_answers(net, load(folder), reviews[0])


VECTORS = WordVectors(
    ["warm", "cold", "film", "<unk>", "<pad>"], np.arange(15, dtype=np.float32).reshape(5, 3) + 1
)


def with_vectors(reviews, **options):
    net = TextClassifier(**{**FAST, "embedding": 99, "vectors": VECTORS, **options}).fit(*reviews)
    return net, net.network_.embedding.weight.detach().numpy()


def test_frozen_vectors_stay(reviews, tmp_path):
    net, table = with_vectors(reviews)
    ids = net.vocabulary_.encode(["warm", "cold", "film"])
    assert np.array_equal(table[ids], VECTORS.matrix[:3])
    others = np.delete(np.arange(len(table)), ids)
    assert not table[others].any()  # PAD, UNK, and what has no vector
    assert net.found_ == 3
    assert net.n_parameters_ - net.n_trainable_parameters_ == table.size
    assert any("found 3 of" in note for note in net.notes_)
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    same_answers(net, again, reviews[0])
    assert again.n_trainable_parameters_ == net.n_trainable_parameters_
    assert again.found_ == 3


def test_fine_tuned_vectors_move(reviews):
    net, table = with_vectors(reviews, fine_tune=True)
    ids = net.vocabulary_.encode(["warm", "cold"])
    assert (table[ids] != VECTORS.matrix[:2]).all()
    assert not table[0].any()
    assert net.n_trainable_parameters_ == net.n_parameters_


def test_vectors_from_files_mappings_and_matrices(reviews, tmp_path):
    path = tmp_path / "vectors.txt"
    rows = zip(VECTORS.words[:3], VECTORS.matrix, strict=False)
    lines = [f"{word} {' '.join(map(str, row))}" for word, row in rows]
    path.write_text("\n".join(lines) + "\n")
    mapping = {word: VECTORS[word] for word in VECTORS.words[:3]}
    wanted, table = with_vectors(reviews)
    for source in (path, str(path), mapping, table.copy()):
        net, _ = with_vectors(reviews, vectors=source)
        same_answers(net, wanted, reviews[0])


def test_words_that_only_the_vectors_know(reviews, tmp_path):
    """An unseen word is UNK, unless the vectors' words are asked for: then it has its vector."""
    more = WordVectors([*VECTORS.words, "lukewarm", "tepid"], np.ones((7, 3), np.float32))
    plain, _ = with_vectors(reviews, vectors=more)
    net, table = with_vectors(reviews, vectors=more, vector_words=6)
    own = len(plain.vocabulary_)
    assert net.vocabulary_.tokens == (*plain.vocabulary_, "lukewarm")
    assert (table[own:] == 1).all() and net.found_ == plain.found_ == 3
    assert net.notes_[0] == "knows 1 word more, by their vectors"
    unseen, tepid, unknown = net.predict_proba(["lukewarm film", "tepid film", "zyx film"])
    assert np.array_equal(tepid, unknown) and not np.allclose(unseen, unknown)
    net.save(tmp_path / "model")
    same_answers(net, load(tmp_path / "model"), ["lukewarm film", *reviews[0]])
    alone = TextClassifier(**{**FAST, "vector_words": 6}).fit(*reviews)
    assert "vector_words does nothing without vectors of words" in alone.notes_
    with pytest.raises(DataError, match=r"none of the .* tokens has a vector"):
        with_vectors(reviews, vectors={"zyx": [1.0]}, vector_words=9)


def test_shipped_vectors(reviews):
    net, table = with_vectors(reviews, vectors="glove-50d")
    assert table.shape[1] == 50 and net.found_ > 10


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((3, 4)), "give one row per token"),
        (np.ones(4), "give one row per token"),
        ({"zyx": [1.0]}, "none of the .* tokens has a vector"),
        ("glove-50", "glove-50d"),
        ("missing.txt", "there is no file"),
        (3, "vectors=int cannot be read"),
    ],
    ids=["few", "flat", "foreign", "name", "file", "number"],
)
def test_vectors_that_do_not_fit(reviews, vectors, message):
    with pytest.raises(DataError, match=message):
        with_vectors(reviews, vectors=vectors)


def test_notes_say_what_was_lost(reviews):
    texts = ["", *reviews[0][1:]]
    net = TextClassifier(**FAST, max_tokens=4, vocabulary=12, validation_fraction=0).fit(
        texts, reviews[1]
    )
    cut, empty, unknown = net.notes_
    assert cut == "cut 39 of 40 texts to 4 tokens"
    assert empty == "no token in 1 of 40 texts"
    assert "of the running tokens are outside the vocabulary of 12" in unknown
    assert TextClassifier(**FAST, validation_fraction=0).fit(*reviews).notes_ == []


def test_one_is_no_plural_in_notes():
    net = TextClassifier(**FAST, max_tokens=1, validation_fraction=0)
    assert net.fit(["a b", "b"], ["x", "y"]).notes_ == ["cut 1 of 2 texts to 1 token"]


@pytest.mark.parametrize("encoder", ["mean", "flatten"])
def test_notes_say_which_options_do_nothing(reviews, encoder):
    net = TextClassifier(**{**FAST, "encoder": encoder, "epochs": 1}, layers=2, pool="max")
    named = [note.split()[0] for note in net.fit(*reviews).notes_]
    assert named == ["layers", "pool"]


def test_a_failed_fit_leaves_nothing_fitted(net, reviews):
    again = TextClassifier(**{**FAST, "epochs": 1}).fit(*reviews)
    with pytest.raises(DataError):
        again.fit(*reviews, validation=(["a"], ["ugly"]))
    assert not hasattr(again, "network_")


def fixed(reviews, **options):
    return TextClassifier(**{**FAST, "encoder": "flatten", **options}).fit(*reviews)


def test_a_flatten_layer_beyond_all_memory_is_one_sentence(reviews):
    sentence = r"8,000,000,000 numbers .* the next layer .* takes 64,000.0 GB, .* lower max_tokens"
    with pytest.raises(OptionError, match=sentence):
        fixed(reviews, max_tokens=10**9, dense=(1000,))
    with pytest.raises(OptionError, match="lower max_tokens"):
        fixed(reviews, max_tokens=10**30)


def test_a_flatten_batch_beyond_all_memory_is_one_sentence(reviews, monkeypatch):
    monkeypatch.setattr("sestina.nn.classifier.machine_memory", lambda: 1e6)
    with pytest.raises(OptionError, match=r"a batch of 8 sequences .* takes 0.0 GB"):
        fixed(reviews, max_tokens=5_000)
    assert fixed(reviews, max_tokens=500).n_parameters_
    monkeypatch.setattr("sestina.nn.classifier.machine_memory", lambda: 10.0)
    assert TextClassifier(**FAST).fit(*reviews).n_parameters_  # only flatten has a fixed length


def test_memory_that_the_system_refuses_is_one_sentence(reviews, monkeypatch):
    def refuse(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("sestina.nn.classifier.Head", refuse)
    with pytest.raises(OptionError, match="lower max_tokens"):
        fixed(reviews)
    with pytest.raises(RuntimeError, match="DefaultCPUAllocator"):
        TextClassifier(**FAST).fit(*reviews)


REFUSED = {
    "one string": ("a text", ["a"], "one string came"),
    "bytes": (b"a text", ["a"], "one string came"),
    "a number": (["a", 3, "c"], ["x", "y", "x"], r"text 1 is 3 \(int\)"),
    "nothing": (["a", None], ["x", "y"], r"text 1 is None"),
    "rows": (np.ones((4, 2)), [0, 1, 0, 1], r"an array of shape \(4, 2\) came"),
    "no label": (["a", "b"], ["x", None], "row 1 has no label"),
    "nan label": (["a", "b"], ["x", float("nan")], "row 1 has no label"),
    "nan number": (["a", "b", "c"], [1.0, 0.0, np.nan], "row 2 has no label"),
    "no list": (["a", "b"], [["x"], None], "row 1 has no label"),
    "one class": (["a", "b"], ["x", "x"], "one class only: every label is 'x'"),
    "no class": (["a", "b"], [[], []], "no label came"),
    "fewer": (["a", "b"], ["x"], "2 sequences came with 1 label;"),
    "empty": ([], [], "no sequences came"),
    "no y": (["a"], None, "requires y"),
    "measures": (["a", "b", "c"], [0.5, 1.5, 0.7], "continuous numbers such as 0.5"),
    "strings and numbers": (["a", "b"], ["x", 1], "the labels mix strings and numbers"),
    "counts": (["a", "b"], np.array([[1, 2], [0, 1]]), "neither"),
    "mixed": (["a", "b"], ["x", ["y"]], "the labels mix single ones and lists"),
    "too few": (["a", "b"], ["x", "y"], "too few"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case):
    texts, labels, message = REFUSED[case]
    with pytest.raises(DataError, match=message):
        TextClassifier(**FAST).fit(texts, labels)


def test_refusals_after_fit(net, reviews):
    with pytest.raises(DataError, match="the label 'ugly' did not occur in training"):
        net.score(["a", "b"], ["good", "ugly"])
    with pytest.raises(DataError, match="2 sequences came with 1 label;"):
        net.score(["a", "b"], ["good"])
    with pytest.raises(DataError, match="expected one label per row"):
        net.score(["a", "b"], [["good"], ["bad"]])
    with pytest.raises(DataError, match="one string came"):
        net.predict("a text")
    with pytest.raises(DataError, match="did not occur in training"):
        TextClassifier(**FAST).fit(*reviews, validation=(["a"], ["ugly"]))
    with pytest.raises(DataError, match="not a pair"):
        TextClassifier(**FAST).fit(*reviews, validation=reviews[0])


def test_options_are_checked_by_fit(reviews):
    with pytest.raises(OptionError, match="did you mean 'lstm'"):
        TextClassifier(encoder="lsmt").fit(*reviews)


def test_equal_texts_stay_on_one_side_of_the_split():
    texts, labels = ["same", "other", "third"] * 20, ["a", "b", "b"] * 20
    net = TextClassifier(**{**FAST, "epochs": 1}, validation_fraction=0.4).fit(texts, labels)
    assert torch.is_tensor(net.network_.embedding.weight)
    assert len(net.vocabulary_) < 2 + 3  # a whole text was held out with all its copies


def test_sets_of_labels_that_all_differ_can_be_held_out():
    names = "abcdef"
    rows = [[k for n, k in enumerate(names) if number >> n & 1] for number in range(1, 64)]
    texts = [f"{' '.join(row)} {n}" for n, row in enumerate(rows)]
    net = TextClassifier(encoder="mean", epochs=1, validation_fraction=0.2).fit(texts, rows)
    assert net.classes_.tolist() == list(names) and "validation_loss" in net.history_[0]


def test_half_a_character_comes_back_from_a_folder(tmp_path):
    texts = [f"{kind} film {n}" for n in range(10) for kind in ("good \ud83d", "bad")]
    net = TextClassifier(encoder="mean", epochs=1).fit(texts, ["pos", "neg"] * 10)
    net.save(tmp_path / "m", {"data": "\udcff.csv"})
    again = load(tmp_path / "m")
    assert again.vocabulary_ == net.vocabulary_ and "\ud83d" in again.vocabulary_
    np.testing.assert_array_equal(again.predict_proba(texts), net.predict_proba(texts))
