"""Word2Vec, FastText, Doc2Vec, GloVe and PMI: what they learn, and what they refuse."""

import os
import signal
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sestina import PMI, Doc2Vec, FastText, GloVe, Word2Vec, WordVectors
from sestina.errors import DataError, ModelError, OptionError, TrainingError
from sestina.kernels.word2vec import Net, Settings, room_for
from sestina.store import read_arrays, write_arrays
from sestina.vectors import documents, fasttext, training
from sestina.vectors.corpus import Corpus
from sestina.vectors.softmax import Softmax

GROUPS, MEMBERS = 4, 6
SMALL = {"dimensions": 12, "min_count": 1, "seed": 1}
ALL = {
    "skipgram": lambda **o: Word2Vec(subsample=None, epochs=8, **SMALL, **o),
    "cbow": lambda **o: Word2Vec(
        method="cbow", subsample=None, epochs=15, learning_rate=0.05, **SMALL, **o
    ),
    "one-word": lambda **o: Word2Vec(
        method="one-word", subsample=None, epochs=20, learning_rate=0.05, **SMALL, **o
    ),
    "hierarchical": lambda **o: Word2Vec(
        output="hierarchical", subsample=None, epochs=8, **SMALL, **o
    ),
    "cbow-hierarchical": lambda **o: Word2Vec(
        method="cbow", output="hierarchical", subsample=None, epochs=20, learning_rate=0.1,
        **SMALL, **o,
    ),
    "softmax": lambda **o: Word2Vec(
        output="softmax", subsample=None, epochs=2, learning_rate=0.1, **SMALL, **o
    ),
    "fasttext": lambda **o: FastText(subsample=None, epochs=8, max_n=4, **SMALL, **o),
    "glove": lambda **o: GloVe(epochs=25, **SMALL, **o),
    "pmi": lambda **o: PMI(**{**SMALL, "dimensions": 4}, **o),
    "doc2vec": lambda **o: Doc2Vec(subsample=None, epochs=15, **SMALL, **o),
    "doc2vec-dm": lambda **o: Doc2Vec(
        method="dm", subsample=None, epochs=20, learning_rate=0.1, **SMALL, **o
    ),
}  # fmt: skip


def name_of(group, member):
    return f"{'abcdefghij'[(7 * group + 3 * member) % 10]}{group}{member}"  # shares no n-grams


def topics(rng, sentences=700, shuffled=False):
    """Sentences of one group's words, one in five of any group; shuffled, words stand anywhere."""
    groups = rng.integers(0, GROUPS, sentences)
    stray = rng.random((sentences, 8)) < 0.2
    of = np.where(stray, rng.integers(0, GROUPS, (sentences, 8)), groups[:, None])
    words = [
        [name_of(g, m) for g, m in zip(row, rng.integers(0, MEMBERS, 8), strict=True)] for row in of
    ]
    if shuffled:
        flat = rng.permutation([word for sentence in words for word in sentence])
        words = [list(part) for part in np.split(flat, sentences)]
    return words, groups


def agreement(vectors):
    """Return the share of nearest neighbours that are of the word's own group."""
    right = 0
    for word in vectors.words:
        near = [other for other, _ in vectors.neighbours(word, MEMBERS - 1)]
        right += sum(other[1] == word[1] for other in near)
    return right / len(vectors) / (MEMBERS - 1)


CHANCE = (MEMBERS - 1) / (GROUPS * MEMBERS - 1)


@pytest.mark.parametrize("name", ALL)
def test_words_of_a_topic_become_neighbours(name):
    sentences, _ = topics(np.random.default_rng(0))
    assert agreement(ALL[name]().fit(sentences).vectors_) > 0.95


@pytest.mark.parametrize("name", ALL)
def test_shuffled_words_stay_at_chance(name):
    shares = []
    for seed in range(3):
        sentences, _ = topics(np.random.default_rng(seed), shuffled=True)
        shares.append(agreement(ALL[name]().fit(sentences).vectors_))
    assert np.mean(shares) < CHANCE + 0.16


@pytest.mark.parametrize("name", ["skipgram", "cbow", "hierarchical", "fasttext", "doc2vec"])
def test_deterministic_gives_the_same_bits_with_any_number_of_threads(name):
    sentences, _ = topics(np.random.default_rng(0))
    found = [
        ALL[name](deterministic=True, threads=threads).fit(sentences).vectors_.matrix
        for threads in (1, 2, 3)
    ]
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
    assert agreement(ALL[name](deterministic=True).fit(sentences).vectors_) > 0.9


@pytest.mark.parametrize("name", ["skipgram", "cbow", "softmax", "glove", "pmi", "doc2vec"])
def test_one_thread_is_reproducible_and_the_seed_matters(name):
    sentences, _ = topics(np.random.default_rng(0), 200)
    one, same = (ALL[name](threads=1).fit(sentences).vectors_.matrix for _ in range(2))
    assert np.array_equal(one, same)
    other = ALL[name](threads=1).set_params(seed=2).fit(sentences).vectors_.matrix
    assert name == "pmi" or not np.array_equal(one, other)


def test_a_file_and_its_tokens_are_the_same_corpus(tmp_path):
    sentences, _ = topics(np.random.default_rng(0), 100)
    (tmp_path / "a.txt").write_text("\n".join(" ".join(s) for s in sentences))
    lists = Word2Vec(threads=1, **SMALL).fit(sentences)
    files = Word2Vec(threads=1, **SMALL).fit(tmp_path / "a.txt")
    assert lists.vectors_.words == files.vectors_.words
    assert np.array_equal(lists.vectors_.matrix, files.vectors_.matrix)
    assert files.tokens_ == 800
    assert files.sentences_ == 100


def test_a_missing_word_is_predicted_from_its_context():
    rng = np.random.default_rng(0)
    sentences, _ = topics(rng)
    model = ALL["cbow"]().fit(sentences)
    for group in range(GROUPS):
        context = [name_of(group, member) for member in range(4)]
        likely = [word for word, _ in model.vectors_.predict_word(context, n=MEMBERS)]
        assert all(word[1] == str(group) for word in likely)


def test_unseen_words_have_vectors_from_their_parts():
    rng = np.random.default_rng(0)
    stems, endings = ["walk", "talk", "jump"], ["s", "ed", "ing"]
    sentences = []
    for _ in range(900):
        stem = stems[rng.integers(3)]
        others = [f"{stem}place{rng.integers(3)}" for _ in range(3)]
        others[rng.integers(3)] = f"{stems[rng.integers(3)]}place{rng.integers(3)}"
        sentences.append([stem + endings[rng.integers(3)], *others])
    held_out = "jumping"
    sentences = [s for s in sentences if held_out not in s]
    model = FastText(min_n=3, max_n=5, epochs=20, subsample=None, **SMALL).fit(sentences)
    assert held_out not in model.vectors_
    same = model.vectors_.similarity(held_out, "jumps")
    assert same > model.vectors_.similarity(held_out, "walks") + 0.1
    assert same > model.vectors_.similarity(held_out, "talked") + 0.1


def test_documents_of_a_topic_lie_together_and_new_ones_join_them():
    sentences, groups = topics(np.random.default_rng(0), 300)
    fresh, kinds = topics(np.random.default_rng(9), 40)
    for name, options in (("doc2vec", {}), ("doc2vec-dm", {"window": 1, "epochs": 40})):
        model = ALL[name]().set_params(**options).fit(sentences)
        assert len(model.documents_) == 300
        found = model.infer([" ".join(s) for s in fresh])
        near = [model.documents_.neighbours(vector, 5) for vector in found]
        right = np.mean(
            [
                groups[int(number)] == kind
                for row, kind in zip(near, kinds, strict=True)
                for number, _ in row
            ]
        )
        assert right > 0.9


def test_a_text_has_the_same_vector_alone_and_in_company(tmp_path):
    sentences, _ = topics(np.random.default_rng(0), 100)
    model = ALL["doc2vec"]().fit(sentences)
    texts = [" ".join(s) for s in sentences[:70]]
    together = model.infer(texts)
    assert np.array_equal(together[69], model.infer([texts[69]])[0])
    assert np.array_equal(together, model.infer([s.split() for s in texts]))
    assert not model.infer(["unknown words", ""]).any()
    for wrong in ("one text", None, [["a"], 5], [["a", 5]]):
        with pytest.raises(DataError, match="expected"):
            model.infer(wrong)
    with pytest.raises(OptionError, match=r"epochs=2\.5; expected 1 or more"):
        model.infer(texts[:1], epochs=2.5)
    model.save(tmp_path / "model.safetensors")
    again = Doc2Vec.load(tmp_path / "model.safetensors")
    assert np.array_equal(again.infer(texts), together)
    assert np.array_equal(again.documents_.matrix, model.documents_.matrix)


def test_texts_are_inferred_alike_from_several_threads():
    sentences, _ = topics(np.random.default_rng(0), 60)
    model = ALL["doc2vec"]().fit(sentences)
    lists = [sentences[:1], sentences[1:2] * 3, [sentences[2] * 200, sentences[3]]]
    alone = [model.infer(texts) for texts in lists]
    with ThreadPoolExecutor(3) as pool:
        for _ in range(5):
            for found, expected in zip(pool.map(model.infer, lists), alone, strict=True):
                assert np.array_equal(found, expected)


def test_long_and_short_texts_find_room_by_turns(monkeypatch):
    sentences, _ = topics(np.random.default_rng(0), 60)
    model = ALL["doc2vec"]().fit(sentences)
    texts = [sentences[0] * 30, *sentences[1:9], sentences[9] * 20]
    whole = model.infer(texts)
    monkeypatch.setattr(documents, "ROOM", 100)
    assert np.array_equal(model.infer(texts), whole)


def test_models_of_documents_that_were_tampered_with(tmp_path):
    sentences, _ = topics(np.random.default_rng(0), 30)
    path = tmp_path / "model.safetensors"
    ALL["doc2vec"]().fit(sentences).save(path)
    arrays, note = read_arrays(path)
    options = note["options"]
    for changed in (
        {"options": {**options, "window": -40}},
        {"options": {**options, "dimensions": 50}},
        {"options": {**options, "colour": 1}},
        {"documents": -70},
        {"documents": "many"},
        {"format": "another"},
    ):
        write_arrays(path, arrays, {**note, **changed})
        with pytest.raises(ModelError, match="is not a model of Doc2Vec, or damaged"):
            Doc2Vec.load(path)
    for changed in (
        {"counts": arrays["counts"][1:]},
        {"counts": -arrays["counts"]},
        {"counts": arrays["counts"].astype(np.float32)},
        {"words": arrays["words"][:-4]},
        {"words": np.full_like(arrays["words"], 255)},
        {"table": arrays["table"][1:]},
    ):
        write_arrays(path, {**arrays, **changed}, note)
        with pytest.raises(ModelError, match="is not a model of Doc2Vec, or damaged"):
            Doc2Vec.load(path)
    with pytest.raises(ModelError, match="there is no file"):
        Doc2Vec.load(tmp_path / "none.safetensors")


def test_chunks_that_keep_their_changes_do_not_go_too_far_near_the_root_of_a_tree():
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, 2001)
    words = np.array([f"w{n}" for n in range(2000)])
    texts = words[rng.choice(2000, (5000, 30), p=shares / shares.sum())].tolist()
    how = {"output": "hierarchical", "learning_rate": 0.05, "epochs": 1, "dimensions": 32}
    own, other = (
        Word2Vec(deterministic=keep, threads=1, **how).fit(texts).history_[-1]["loss"]
        for keep in (True, False)
    )
    assert own == pytest.approx(other, rel=0.03)


@pytest.mark.parametrize("deterministic", [False, True])
def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path, monkeypatch, deterministic):
    sentences, _ = topics(np.random.default_rng(0), 400)
    options = {**SMALL, "epochs": 4, "threads": 1, "deterministic": deterministic}
    whole = Word2Vec(**options).fit(sentences).vectors_.matrix
    calls = []

    def stop(self):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    path = tmp_path / "state"
    with monkeypatch.context() as patch:
        patch.setattr(training.Run, "_refuse_useless", stop)
        model = Word2Vec(**options)
        with pytest.raises(KeyboardInterrupt):
            model.fit(sentences, checkpoint=path)
        assert len(model.vectors_) == GROUPS * MEMBERS
    resumed = Word2Vec(**options).fit(sentences, checkpoint=path, resume=True)
    assert np.array_equal(resumed.vectors_.matrix, whole)
    with pytest.raises(OptionError, match="begun with window=5"):
        Word2Vec(**{**options, "window": 3}).fit(sentences, checkpoint=path, resume=True)
    with pytest.raises(OptionError, match="it was begun by Word2Vec, not FastText"):
        FastText(**options, learning_rate=0.025).fit(sentences, checkpoint=path, resume=True)
    for other in (sentences[1:], sentences[::-1]):
        with pytest.raises(OptionError, match="begun on another corpus"):
            Word2Vec(**options).fit(other, checkpoint=path, resume=True)
    arrays, note = read_arrays(path)
    for foreign in ([], {}, {**note, "identity": 3}):
        write_arrays(path, arrays, foreign)
        with pytest.raises(ModelError, match="is no state of a training, or damaged"):
            Word2Vec(**options).fit(sentences, checkpoint=path, resume=True)


def test_ctrl_c_keeps_the_vectors_so_far():
    sentences, _ = topics(np.random.default_rng(0), 2000)
    Word2Vec(**SMALL).fit(sentences)  # so that no kernel need be compiled any more
    model = Word2Vec(**{**SMALL, "epochs": 100_000})
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(sentences)
    timer.join()
    assert agreement(model.vectors_) > 0.9


def test_dna_k_mers_add_up_to_their_concatenation(tmp_path):
    """dna2vec's test: the sum of two k-mers' vectors lies near that of the two in a row."""
    rng = np.random.default_rng(0)
    motifs = ["".join(rng.choice(list("ACGT"), 6)) for _ in range(12)]
    runs = ["".join(rng.choice(motifs, 60)) for _ in range(60)]
    (tmp_path / "dna.fasta").write_text("".join(f">{n}\n{run}\n" for n, run in enumerate(runs)))
    options = {"dimensions": 16, "min_count": 3, "window": 10, "epochs": 20, "subsample": None}
    model = Word2Vec(kmers="3:6", seed=0, **options)
    vectors = model.fit(tmp_path / "dna.fasta").vectors_
    near, far = [], []
    for word in [w for w in vectors.words if len(w) == 6][:150]:
        if word[:3] in vectors and word[3:] in vectors:
            both = vectors[word[:3]] + vectors[word[3:]]
            norm = np.linalg.norm(both)
            near.append(both @ vectors[word] / norm / np.linalg.norm(vectors[word]))
            other = vectors[str(rng.choice([w for w in vectors.words if len(w) == 6]))]
            far.append(both @ other / norm / np.linalg.norm(other))
    assert len(near) > 50
    assert np.mean(near) > np.mean(far) + 0.2


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        (Word2Vec, {"method": "skipgrams"}, "did you mean 'skipgram'"),
        (Word2Vec, {"dimensions": 0}, "too small"),
        (Word2Vec, {"output": "softmax", "deterministic": True}, "always deterministic"),
        (Word2Vec, {"kmers": "3-8"}, "range of lengths"),
        (FastText, {"min_n": 5, "max_n": 3}, "min_n=5"),
        (FastText, {"output": "softmax"}, "unknown"),
        (Doc2Vec, {"method": "pv"}, "unknown"),
        (Doc2Vec, {"kmers": "3:6"}, "not k-mers"),
        (GloVe, {"window": 0}, "too small"),
        (PMI, {"shift": 0.0}, "too small"),
    ],
)
def test_wrong_options(tmp_path, kind, options, says):
    (tmp_path / "a.txt").write_text("a b c\n" * 10)
    with pytest.raises(OptionError, match=says):
        kind(**{"min_count": 1, **options}).fit(tmp_path / "a.txt")


def test_what_cannot_be_learnt_is_said(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="lower min_count"):
        Word2Vec().fit([["once", "each", "word"]])
    with pytest.raises(DataError, match="two different words"):
        Word2Vec(output="hierarchical", min_count=1).fit([["one"] * 9])
    many = [[f"w{n}" for n in range(20_001)]]
    with pytest.raises(DataError, match="choose output='negative'"):
        Word2Vec(output="softmax", min_count=1).fit(many)
    with pytest.raises(DataError, match="GB"):
        Word2Vec(dimensions=10**8, min_count=1).fit(many)
    with pytest.raises(TrainingError, match="lower it"):
        Word2Vec(learning_rate=1e38, **SMALL).fit(topics(np.random.default_rng(0), 50)[0])
    with pytest.raises(NotFittedError):
        Word2Vec().save(tmp_path / "a.safetensors")
    with pytest.raises(OptionError, match="no checkpoint"):
        PMI(min_count=1).fit([["a", "b"]], checkpoint=tmp_path / "a")
    for model in (Word2Vec(), GloVe()):  # told before anything is read
        with pytest.raises(OptionError, match="is a folder; name a file in it"):
            model.fit(tmp_path / "no.txt", checkpoint=tmp_path)


def test_a_word_a_line_teaches_nothing(tmp_path):
    """Text in columns, a token a line, came out as random vectors without a remark."""
    (tmp_path / "a.txt").write_text("one\ntwo\n\n" * 20)
    for name in ("skipgram", "cbow", "one-word", "hierarchical", "softmax", "fasttext"):
        with pytest.raises(DataError, match="a whole sentence on each line"):
            ALL[name]().fit(tmp_path / "a.txt")
    assert len(ALL["doc2vec"]().fit(tmp_path / "a.txt").documents_) == 60


@pytest.mark.parametrize("deterministic", [False, True])
def test_contexts_that_find_no_room_are_refused(deterministic, capsys):
    sentences = [["one", "two", "three"]] * 9
    for options in ({"window": 1_000_000, "dimensions": 40_000}, {"negative": 10**12}):
        model = Word2Vec(**{**SMALL, **options}, deterministic=deterministic)
        with pytest.raises(DataError, match=r"take [\d.]+ GB while they are trained"):
            model.fit(sentences)
    Word2Vec(window=5_000, epochs=1, verbose=True, **SMALL).fit(sentences)
    assert "\ncontexts take 1" in capsys.readouterr().err
    with pytest.raises(OptionError, match="window=1000001 is too large"):
        GloVe(window=1_000_001, **SMALL).fit(sentences)
    assert len(GloVe(window=1_000_000, epochs=1, **SMALL).fit(sentences).vectors_) == 3


@pytest.mark.parametrize("options", [{}, {"method": "cbow"}, {"output": "hierarchical"}])
def test_wide_windows_do_not_run_away_where_chunks_keep_their_changes(options):
    """Eight chunks, each as far as it saw fit, overshot: vectors of 1e6, a loss of 27."""
    words = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    long = list(words[np.random.default_rng(0).integers(0, 26, 60_000)])
    model = Word2Vec(window=40, epochs=1, deterministic=True, min_count=1, **options).fit([long])
    assert np.abs(model.vectors_.matrix).max() < 1
    assert model.history_[0]["loss"] < 6 * np.log(2)  # that of guessing, or more than it


@pytest.mark.parametrize("name", ["skipgram", "cbow", "hierarchical"])
def test_vectors_that_run_away_are_refused(name):
    """A step size of 0.5 gave vectors of no meaning without a word."""
    sentences, _ = topics(np.random.default_rng(0), 200)
    model = ALL[name]().set_params(learning_rate=0.5, threads=1)
    with pytest.raises(TrainingError, match=r"run away .*that of guessing"):
        model.fit(sentences)
    assert not hasattr(model, "vectors_")


def test_a_table_is_begun_in_little_more_room_than_it_takes(monkeypatch):
    """A few long vectors took as much again; the bits are those of numbers drawn all at once."""
    words = tuple(f"word{n}" for n in range(30))
    corpus = Corpus(words, np.full(30, 9), np.empty(0, np.int32), 0, 0)
    options = Word2Vec(dimensions=200_001, seed=3)
    tracemalloc.start()
    table = training.begin(corpus, options, inputs=30, spread=0.5).table
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.4 * table.nbytes
    monkeypatch.setattr(training, "DRAWN", 1 << 30)
    assert np.array_equal(training.begin(corpus, options, inputs=30, spread=0.5).table, table)


def test_one_long_word_does_not_make_all_words_take_its_room():
    words = tuple(f"word{n}" for n in range(3000))
    plain = fasttext.parts_of(words, 3, 6, 10**6)
    long = fasttext.parts_of((*words, "x" * 20_000), 3, 6, 10**6)
    table = np.broadcast_to(np.float32(0), (50_000_000, 16))
    sizes = []
    for starts, bags, _ in (plain, long):
        keep, noise = np.zeros(len(starts) - 1, np.int32), np.zeros((len(starts) - 1, 2), np.int32)
        net = Net(table=table, first_output=0, keep=keep, noise=noise, bag_starts=starts, bags=bags)
        sizes.append(room_for("skipgram", net, Settings(private=True), 512, 8))
    assert sizes[1] - sizes[0] < 1e8, "of 21 GB"


def test_any_number_of_threads():
    sentences, _ = topics(np.random.default_rng(0), 60)
    few, many = (
        Word2Vec(deterministic=True, threads=n, **SMALL).fit(sentences).vectors_.matrix
        for n in (1, 10**12)
    )
    assert np.array_equal(few, many)


@pytest.mark.parametrize("method", ["skipgram", "cbow", "one-word"])
def test_one_line_teaches_the_softmax_as_much_as_many(method):
    """The learning rate of a line was that of its end: next to none in the last epoch."""
    sentences, _ = topics(np.random.default_rng(0), 400)
    line = [word for sentence in sentences for word in sentence]
    options = {**SMALL, "subsample": None, "epochs": 1, "learning_rate": 0.05}
    moved = [
        np.abs(Word2Vec(method=method, output="softmax", **options).fit(c).vectors_.outputs).max()
        for c in (sentences, [line], [line[:9]])
    ]
    assert moved[1] > moved[0] / 3 and moved[2] > moved[0] / 1000


def test_the_softmax_takes_its_examples_from_a_long_line_one_by_one():
    rng = np.random.default_rng(0)
    found = {}
    for count in (2_000, 20_000):
        ids = np.append(rng.integers(0, 5, count), -1).astype(np.int32)
        corpus = Corpus(tuple("abcde"), np.bincount(ids[:-1]), ids, 1, count)
        run = Softmax(corpus, Word2Vec(subsample=None, **SMALL))
        tracemalloc.start()
        batches = run._batches()
        shares = [next(batches)[0] for _ in range(5)]
        found[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert shares == sorted(shares) and shares[0] == 0 and shares[-1] < 0.05
    assert found[20_000] < 150 * 20_000, "a tuple an example took ten times as much"


def test_documents_without_a_word_point_nowhere():
    sentences, _ = topics(np.random.default_rng(0), 40)
    sentences[5], sentences[6], sentences[39] = [], ["seldom"], []
    for name in ("doc2vec", "doc2vec-dm"):
        model = ALL[name]().set_params(min_count=2).fit(sentences)
        lengths = np.linalg.norm(model.documents_.matrix, axis=1)
        assert np.flatnonzero(lengths == 0).tolist() == [5, 6, 39]


def test_large_seeds():
    sentences, _ = topics(np.random.default_rng(0), 60)
    for name in ("pmi", "glove", "skipgram", "doc2vec", "softmax"):
        assert len(ALL[name]().set_params(seed=2**64 + 1, dimensions=4).fit(sentences).vectors_)


def test_one_word_alone_and_empty_sentences():
    found = Word2Vec(**SMALL).fit([["one"], [], ["one", "one"]]).vectors_
    assert found.words == ("one",)
    assert np.isfinite(found.matrix).all()


def test_estimators_are_scikit_learns():
    for kind in (Word2Vec, FastText, Doc2Vec, GloVe, PMI):
        model = kind(dimensions=7)
        assert clone(model).get_params() == model.get_params()
        assert model.get_params()["dimensions"] == 7


def test_saved_vectors_come_back(tmp_path):
    sentences, _ = topics(np.random.default_rng(0), 50)
    model = Word2Vec(**SMALL).fit(sentences)
    model.save(tmp_path / "a.safetensors")
    found = WordVectors.load(tmp_path / "a.safetensors")
    assert tuple(found.words) == model.vectors_.words
    assert np.array_equal(found.matrix, model.vectors_.matrix)
