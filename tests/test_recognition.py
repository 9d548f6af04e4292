"""Recognition: errors against jiwer, CTC and alignments against all paths, language models."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from sestina.data.chunks import framed
from sestina.data.ragged import Ragged
from sestina.errors import DataError, OptionError
from sestina.inspect.kneser_ney import KneserNey
from sestina.kernels import line, reference_line
from sestina.recognition.alignment import align_ctc, align_states, spans
from sestina.recognition.ctc import collapse, greedy
from sestina.recognition.errors import (
    character_errors,
    gain_interval,
    rate_interval,
    symbol_errors,
    word_errors,
)
from sestina.recognition.prefix_search import Words, prefix_search
from sestina.recognition.symbols import symbols_in, text_of
from sestina.recognition.word_model import UNSEEN, of_grams, of_stream
from sestina.text.vocabulary import EOS, Vocabulary

LETTERS = ["", " ", "a", "b"]
texts = st.lists(st.sampled_from("the cat sat on mat".split()), max_size=8).map(" ".join)


def frames(rng, count, symbols, spread=2.0):
    values = rng.normal(scale=spread, size=(count, symbols))
    return values - logsumexp(values, axis=1, keepdims=True)


@settings(max_examples=60, deadline=None)
@given(true=st.lists(texts.filter(bool), min_size=1, max_size=4), data=st.data())
def test_errors_are_jiwer_s(true, data):
    jiwer = pytest.importorskip("jiwer", reason="jiwer is not installed")
    put = [data.draw(texts) for _ in true]
    words, letters = word_errors(true, put), character_errors(true, put)
    assert words.rate == pytest.approx(jiwer.wer(true, put))
    assert letters.rate == pytest.approx(jiwer.cer(true, put))
    theirs = jiwer.process_words(true, put)
    assert words.all.sum() == theirs.substitutions + theirs.deletions + theirs.insertions
    lengths = [len(one.split()) for one in put], [len(one.split()) for one in true]
    assert np.array_equal(words.inserted - words.deleted, np.subtract(*lengths))


@pytest.mark.parametrize(
    "true, put, told",
    [
        ("a b c", "a b c", (0, 0, 0)),
        ("a b c", "a x c", (1, 0, 0)),
        ("a b c", "a c", (0, 1, 0)),
        ("a c", "a b c d", (0, 0, 2)),
        ("a b", "", (0, 2, 0)),
        ("", "a", (0, 0, 1)),
    ],
)
def test_kinds_of_errors(true, put, told):
    found = word_errors([true, "z"], [put, "z"])
    assert (found.substituted[0], found.deleted[0], found.inserted[0]) == told
    assert found.tokens.tolist() == [len(true.split()), 1] and found.all[1] == 0


def test_blanks_are_as_one():
    assert character_errors([" a  b\n"], ["a b"]).rate == 0
    assert character_errors(["a b"], ["ab"]).rate == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("text", "level", "symbols"),
    [
        (" AH1  B\tIY ", "word", ["AH1", "B", "IY"]),
        ("ab  c", "character", ["a", "b", " ", "c"]),
        ("", "word", []),
        ("", "character", []),
    ],
)
def test_symbols_write_the_text_again(text, level, symbols):
    assert symbols_in(text, level) == symbols
    assert text_of(symbols, level) == " ".join(text.split())


def test_a_phone_is_wrong_or_right_as_a_whole():
    true, put = ["AH1 B IY", "AY1"], ["AH2 B", "AY1"]
    found = symbol_errors(true, put, "word")
    assert found.tokens.tolist() == [3, 1] and found.rate == word_errors(true, put).rate == 0.5
    assert symbol_errors(true, put, "character").rate == character_errors(true, put).rate == 4 / 11


def test_texts_without_a_rate_are_refused():
    with pytest.raises(DataError, match="1 true text and 2 recognised"):
        word_errors(["a"], ["a", "b"])
    with pytest.raises(DataError, match="no word"):
        word_errors([" "], ["a"])


def test_intervals_cover_as_they_say():
    rng = np.random.default_rng(0)
    covered = []
    for seed in range(60):
        wrong = rng.random((80, 6)) < 0.2
        true = ["a b c d e f"] * 80
        put = [
            " ".join("x" if w else t for w, t in zip(row, "abcdef", strict=True)) for row in wrong
        ]
        low, high = rate_interval(word_errors(true, put), seed=seed)
        covered.append(low <= 0.2 <= high)
    assert 0.85 <= np.mean(covered) <= 1


def test_a_gain_is_told_from_chance():
    true = [f"a b c d {n}" for n in range(100)]
    worse = word_errors(true, ["x b c d e" for _ in true])
    better = word_errors(true, [f"a b c d {n if n % 2 else 'e'}" for n in range(100)])
    low, high = gain_interval(worse, better)
    assert low > 0.5 and low < 1 - better.rate / worse.rate < high
    low, high = gain_interval(better, better)
    assert (low, high) == (0, 0)
    with pytest.raises(DataError, match="same utterances"):
        gain_interval(better, word_errors(true[:3], true[:3]))


def test_paths_stand_for_symbols():
    assert collapse([0, 1, 1, 0, 1, 2, 2, 0]) == [1, 1, 2]
    assert collapse([]) == [] and collapse([0, 0]) == []
    assert collapse([2, 2, 1], blank=1) == [2]
    assert greedy(np.log(np.eye(3)[[1, 0, 1, 2]] * 0.9 + 0.03)) == [1, 1, 2]


def enumerated(logs, words=None):
    """Return log P of every sequence, and what words add, by trying every path."""
    found = {}
    for path in product(range(logs.shape[1]), repeat=len(logs)):
        score = logs[np.arange(len(logs)), path].sum()
        found.setdefault(tuple(collapse(path)), []).append(score)
    totals = {symbols: logsumexp(scores) for symbols, scores in found.items()}
    if words is None:
        return totals
    for symbols in totals:
        said = "".join(words.letters[k] for k in symbols).split(" ")
        said = [word for word in said if word]
        logs_of = [words.score(word, tuple(said[:n])) for n, word in enumerate(said)]
        totals[symbols] += words.weight * sum(logs_of) + words.bonus * len(said)
    return totals


def word_score(word, before):
    """A made language model: it likes "ab", and no word twice in a row."""
    return {"ab": -0.5, "a": -2.0}.get(word, -4.0) - 1.5 * (before[-1:] == (word,))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 5),
    heard=st.booleans(),
    blank=st.integers(0, 1),
)
def test_a_wide_beam_finds_all_sequences(seed, count, heard, blank):
    logs = frames(np.random.default_rng(seed), count, 4)
    letters = LETTERS if blank == 0 else [" ", "", "a", "b"]
    words = Words(word_score, letters, weight=0.7, bonus=0.9) if heard else None
    found = prefix_search(logs, width=2000, blank=blank, words=words)
    if blank:  # enumerate with the blank first
        order = [1, 0, 2, 3]
        named = Words(word_score, LETTERS, 0.7, 0.9) if heard else None
        expected = {
            tuple(order[k] for k in symbols): score
            for symbols, score in enumerated(logs[:, order], named).items()
        }
    else:
        expected = enumerated(logs, words)
    assert {one.symbols: one.score for one in found} == pytest.approx(expected)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_sums_of_paths_beat_the_best_path():
    logs = np.log(np.array([[0.6, 0.4], [0.6, 0.4]]))  # the best path is empty, "a" is likelier
    assert greedy(logs) == []
    (first, second) = prefix_search(logs, width=4)
    assert first.symbols == (1,) and np.exp(first.score) == pytest.approx(0.64)
    assert second.symbols == () and np.exp(second.score) == pytest.approx(0.36)


def test_a_narrow_beam_is_near_the_best():
    rng = np.random.default_rng(0)
    for _ in range(20):
        logs = frames(rng, 6, 4)
        best = max(enumerated(logs).values())
        assert prefix_search(logs, width=12)[0].score == pytest.approx(best, abs=0.05)
        assert prefix_search(logs, width=1)[0].score <= best + 1e-9


def test_a_language_model_mends_what_is_heard_badly():
    heard = np.full((5, 4), 0.02)
    for t, k in enumerate((2, 0, 3, 0, 0)):  # "ab", which sounds more like "aa"
        heard[t, k] = 0.9
    heard[2] = [0.02, 0.02, 0.6, 0.36]
    logs = np.log(heard / heard.sum(axis=1, keepdims=True))
    assert prefix_search(logs)[0].symbols == (2, 2)
    words = Words(word_score, LETTERS)
    assert prefix_search(logs, words=words)[0].symbols == (2, 3)


def test_frames_in_which_nothing_can_be_said_are_refused():
    for words in (None, Words(word_score, LETTERS[:3])):
        for begun in (0, 2):
            logs = np.full((3, 3), -np.inf)
            logs[:begun] = np.log(1 / 3)
            with pytest.raises(DataError, match="no path is possible: in some frame"):
                prefix_search(logs, words=words)


def test_what_is_no_table_of_logarithms_is_refused():
    for bad in (np.zeros(3), np.ones((2, 3)), np.full((2, 3), np.nan)):
        with pytest.raises(DataError, match="log_softmax"):
            greedy(bad)
    logs = np.log(np.full((2, 3), 1 / 3))
    with pytest.raises(DataError, match="blank=3"):
        prefix_search(logs, blank=3)
    with pytest.raises(OptionError, match="width=0"):
        prefix_search(logs, width=0)
    with pytest.raises(OptionError, match="4 letters came for 3"):
        prefix_search(logs, words=Words(word_score, LETTERS))
    assert prefix_search(logs[:0]) == [((), 0.0)]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 12),
    states=st.integers(1, 6),
    starts=st.integers(1, 2),
    ends=st.integers(1, 2),
)
def test_the_kernel_is_the_reference(seed, count, states, starts, ends):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(count, states))
    moves = [rng.normal(size=states) for _ in range(3)]
    moves[2][rng.random(states) < 0.5] = -np.inf
    way, score = line.best_line(scores, *moves, starts=starts, ends=ends)
    assert score == pytest.approx(reference_line.best_line(scores, *moves, starts, ends))
    if score > -np.inf:
        assert reference_line.score(way, scores, *moves, starts, ends) == pytest.approx(score)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 6), said=st.integers(0, 3))
def test_an_alignment_is_the_best_of_all_paths(seed, count, said):
    rng = np.random.default_rng(seed)
    logs, symbols = frames(rng, count, 4), rng.integers(1, 4, said).tolist()
    paths = [p for p in product(range(4), repeat=count) if collapse(p) == symbols]
    if not paths:
        with pytest.raises(DataError, match="frame"):
            align_ctc(logs, symbols)
        return
    best = max(logs[np.arange(count), path].sum() for path in paths)
    found = align_ctc(logs, symbols)
    assert found.score == pytest.approx(best)
    assert collapse(found.symbols) == symbols
    assert logs[np.arange(count), found.symbols].sum() == pytest.approx(best)
    for place, (start, stop) in enumerate(spans(found.places, said)):
        assert (found.symbols[start:stop] == symbols[place]).all()
    assert np.array_equal(found.places == -1, found.symbols == 0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 7), said=st.integers(1, 4))
def test_states_follow_one_another(seed, count, said):
    rng = np.random.default_rng(seed)
    logs, states = frames(rng, count, 3), rng.integers(3, size=said)
    if count < said:
        with pytest.raises(DataError, match="needs"):
            align_states(logs, states)
        return
    ways = [
        w for w in product(range(said), repeat=count)
        if w[0] == 0 and w[-1] == said - 1 and set(np.diff(w).tolist()) <= {0, 1}
    ]  # fmt: skip
    worth = [
        logs[np.arange(count), states[list(w)]].sum()
        + (count - said) * np.log(0.3) + (said - 1) * np.log(0.7)
        for w in ways
    ]  # fmt: skip
    found = align_states(logs, states, stay=0.3)
    assert found.score == pytest.approx(max(worth))
    assert np.array_equal(found.symbols, states[found.places])
    assert spans(found.places, said)[-1][1] == count


def test_a_plain_case_is_aligned_where_it_is():
    truth = [0, 0, 1, 1, 0, 2, 2, 2, 0, 2]
    logs = np.log(np.eye(3)[truth] * 0.9 + 0.03)
    found = align_ctc(logs, [1, 2, 2])
    assert found.symbols.tolist() == truth
    assert spans(found.places, 3) == [(2, 4), (5, 8), (9, 10)]


def test_alignments_that_cannot_be():
    logs = np.log(np.full((3, 3), 1 / 3))
    with pytest.raises(DataError, match="3 frames came, and what is said needs 4"):
        align_ctc(logs, [1, 1, 2])
    with pytest.raises(DataError, match="7 is said"):
        align_ctc(logs, [7])
    with pytest.raises(DataError, match="holds the blank"):
        align_ctc(logs, [1, 0])
    never = logs.copy()
    never[:, 2] = -np.inf
    with pytest.raises(DataError, match="no path"):
        align_ctc(never, [2])
    with pytest.raises(OptionError, match="stay=1"):
        align_states(logs, [1], stay=1)
    with pytest.raises(DataError, match="no state"):
        align_states(logs, [])


@pytest.fixture(scope="module")
def grams():
    """Trigrams of a few sentences."""
    said = ["press one for help", "press two for sales", "press one now", "thank you for calling"]
    vocabulary = Vocabulary.from_counts({word: 9 for one in said for word in one.split()}, end=True)
    rows = Ragged.of([vocabulary.encode(one.split()) for one in said * 3], np.empty(0, np.int32))
    fitted = KneserNey(3).fit(framed(rows, vocabulary[EOS]), len(vocabulary))
    return fitted, vocabulary


def test_n_grams_serve(grams):
    fitted, vocabulary = grams
    score = of_grams(fitted, vocabulary, order=3)
    for before, word in (((), "press"), (("press",), "one"), (("x", "press", "one"), "for")):
        start = [EOS] if len(before) < 3 else []
        context = vocabulary.encode([*start, *before[-2:]]).astype(np.int64)
        expected = fitted.probabilities(context)[vocabulary[word]]
        assert score(word, before) == pytest.approx(np.log(expected))
    assert score("one", ("press",)) > score("you", ("press",)) + 1
    assert score("zebra", ("press",)) < np.log(UNSEEN)


def test_n_grams_choose_among_words_that_sound_alike(grams):
    letters = ["", " ", *"abcdefghijklmnopqrstuvwxyz"]
    heard = []
    for letter in "press ond now":  # one? two? ond, it sounds
        heard += [letters.index(letter), 0]
    table = np.full((len(heard), len(letters)), 1e-3)
    table[np.arange(len(heard)), heard] = 0.9
    table[2 * 8, letters.index("e")] = 0.5
    logs = np.log(table / table.sum(axis=1, keepdims=True))

    def text(found):
        return "".join(letters[k] for k in found.symbols)

    assert text(prefix_search(logs)[0]) == "press ond now"
    words = Words(of_grams(*grams, order=3), letters)
    assert text(prefix_search(logs, words=words)[0]) == "press one now"


def test_a_stream_of_a_language_model_serves():
    vocabulary = Vocabulary.from_counts({"a": 2, "b": 2}, end=True)

    class Stream:
        state = 0  # tokens read

        @property
        def log_probabilities(self):
            return np.full(len(vocabulary) + 1, -float(self.state))

        def advance(self, token):
            self.state += 1

    score = of_stream(Stream, vocabulary)
    assert score("b", ("a", "a")) == -2 and score("c", ()) == pytest.approx(np.log(UNSEEN))
    apart = of_stream(Stream, vocabulary, tokens=lambda text: text.replace("-", " ").split())
    assert apart("b-a", ("a",)) == -1 - 2


def test_our_language_model_serves():
    from sestina import LanguageModel

    said = ["press one for help", "press two for sales", "press one now"] * 4
    model = LanguageModel(hidden=8, embedding=8, epochs=1, validation_fraction=0.0).fit(said)
    score = of_stream(model.stream, model.vocabulary_, model.tokens)
    told = dict(model.score_tokens("press one for help"))
    assert score("for", ("press", "one")) == pytest.approx(told["for"], abs=1e-5)
