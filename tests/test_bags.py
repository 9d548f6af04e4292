"""N-grams and bags of words: the lectures' examples, scikit-learn's figures, sizes, bad input."""

import tracemalloc
from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

from sestina import Counts, Hashing, MultiHot, TfIdf, load_dataset
from sestina.errors import DataError, OptionError
from sestina.text import scan
from sestina.text.hashing import Collisions
from sestina.text.ngrams import bag, ngrams
from sestina.text.tokenise import bare_words

KINDS = (Counts, MultiHot, TfIdf, Hashing)
CHRYSLER = [
    "Chrysler plans new investments in Latin America.",
    "Chrysler plans major investments in Mexico.",
]
WORD = st.text("abc", min_size=1, max_size=2)
TEXTS = st.lists(st.lists(WORD, max_size=8).map(" ".join), min_size=1, max_size=6)


def by_hand(text, shortest, longest):
    return Counter(ngrams(text.split(), shortest, longest))


# --- n-grams ---------------------------------------------------------------------------------


def test_the_bag_of_3_grams_of_the_lecture():
    """BST 261 [000], the slide "N-grams": its set, word for word."""
    assert bag(bare_words("Data science rocks my socks off!"), 3) == {
        "Data", "Data science", "science", "science rocks", "Data science rocks", "rocks",
        "rocks my", "science rocks my", "my", "my socks", "socks", "rocks my socks", "off",
        "socks off", "my socks off",
    }  # fmt: skip


def test_the_bag_of_3_grams_as_columns():
    bags = MultiHot(min_n=1, max_n=3, lowercase=False).fit(["Data science rocks my socks off!"])
    terms = bags.get_feature_names_out()
    assert set(terms) == bag("Data science rocks my socks off".split()) and len(terms) == 15


def test_characters_are_joined_without_blanks():
    assert ngrams("abc", 2, 3, between="") == ["ab", "bc", "abc"]
    bags = Counts(tokens="characters", min_n=2, max_n=2).fit(["abab"])
    assert bags.vocabulary_ == {"ab": 0, "ba": 1}
    assert bags.transform(["abab"]).toarray().tolist() == [[2, 1]]


@pytest.mark.parametrize("lengths", [(0, 1), (2, 1), (-1, -1)])
def test_lengths_that_make_no_sense(lengths):
    with pytest.raises(OptionError, match=r"n-grams of -?\d to -?\d tokens make no sense; give"):
        ngrams(["a"], *lengths)


def test_lengths_of_a_bag_that_make_no_sense():
    with pytest.raises(OptionError, match="n-grams of 3 to 2 tokens make no sense"):
        Counts(min_n=3, max_n=2).fit(["a"])


@settings(max_examples=80, deadline=None)
@given(texts=TEXTS, others=TEXTS, shortest=st.integers(1, 3), more=st.integers(0, 2))
def test_counts_are_those_of_the_ngrams(texts, others, shortest, more):
    longest = shortest + more
    bags = Counts(tokens="whitespace", min_n=shortest, max_n=longest)
    terms = sorted(set().union(*(by_hand(t, shortest, longest) for t in texts)))
    if not terms:
        with pytest.raises(DataError, match="no term is left of 0 terms"):
            bags.fit(texts)
        return
    first = bags.fit_transform(texts)
    assert bags.get_feature_names_out().tolist() == terms
    assert (bags.transform(texts) != first).nnz == 0
    for table, batch in ((first, texts), (bags.transform(others), others)):
        expected = [[by_hand(t, shortest, longest)[term] for term in terms] for t in batch]
        assert table.toarray().tolist() == expected
        assert table.dtype == np.float32 and table.has_canonical_format


# --- counts ----------------------------------------------------------------------------------


def test_the_chrysler_example():
    """EDAN95 [002]: "Text Categorization Using Bags of Words", D1 and D2 over nine words."""
    bags = Counts()
    table = bags.fit_transform(CHRYSLER)
    words = "america chrysler in investments latin major mexico new plans".split()
    assert bags.get_feature_names_out().tolist() == words
    assert table.toarray().tolist() == [[1, 1, 1, 1, 1, 0, 0, 1, 1], [0, 1, 1, 1, 0, 1, 1, 0, 1]]


def test_counts_count_and_multi_hot_marks():
    texts = ["so, so good", "bad"]
    assert Counts().fit_transform(texts).toarray().tolist() == [[0, 1, 2], [1, 0, 0]]
    assert MultiHot().fit_transform(texts).toarray().tolist() == [[0, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("options", "terms"),
    [
        ({}, "a b c d"),
        ({"min_count": 2}, "a b c"),
        ({"vocabulary": 1}, "b"),
        ({"vocabulary": 2}, "a b"),  # a and c are as frequent: the alphabet decides
        ({"vocabulary": 9}, "a b c d"),
        ({"vocabulary": 2, "min_count": 3}, "b"),
    ],
)
def test_which_terms_stay(options, terms):
    bags = Counts(**options).fit(["b b c", "a b c a d"])
    assert " ".join(bags.vocabulary_) == terms


@pytest.mark.parametrize("options", [{}, {"min_n": 1, "max_n": 2}, {"vocabulary": 50}])
def test_scanner_and_tokeniser_give_the_same_table(options, monkeypatch):
    texts = load_dataset("movie-snippets").texts[:300]
    few = TfIdf(**options)
    table = few.fit_transform(texts)
    monkeypatch.setattr(scan, "FEW", 0)
    many = TfIdf(**options)
    assert (many.fit_transform(texts) != table).nnz == 0
    assert many.vocabulary_ == few.vocabulary_


def test_scikit_learn_counts_the_same():
    texts = load_dataset("movie-snippets").texts[:300]
    for lengths in ((1, 1), (1, 2), (2, 3)):
        theirs = CountVectorizer(tokenizer=bare_words, token_pattern=None, ngram_range=lengths)
        expected = theirs.fit_transform(texts)
        ours = Counts(min_n=lengths[0], max_n=lengths[1], html=False)
        found = ours.fit_transform(texts)
        assert np.array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
        assert abs(found - expected).max() == 0


def test_coverage_is_counted_and_said():
    bags = Counts().fit(["a b", "b c"])
    seen = bags.coverage(["a a x", "y"])
    assert seen == (4, 2)
    assert str(seen) == "2 of 4 terms have a column (50.0%)"
    assert str(bags.coverage([])) == "0 of 0 terms have a column (0.0%)"


# --- TF-IDF ----------------------------------------------------------------------------------


def test_tfidf_as_taught_on_the_chrysler_example():
    """EDAN95 [002]: tf = count / sum of the text's counts, idf = log(N / n); by hand."""
    bags = TfIdf()
    table = bags.fit_transform(CHRYSLER).toarray()
    both = ["chrysler", "in", "investments", "plans"]
    assert (table[:, [bags.vocabulary_[word] for word in both]] == 0).all()
    assert table[0, bags.vocabulary_["latin"]] == pytest.approx(np.log(2) / 7, abs=1e-7)
    assert table[1, bags.vocabulary_["mexico"]] == pytest.approx(np.log(2) / 6, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(TEXTS.filter(lambda texts: any(t.split() for t in texts)), TEXTS)
def test_tfidf_is_the_formula(texts, others):
    bags = TfIdf(tokens="whitespace").fit(texts)
    n = {term: sum(term in t.split() for t in texts) for term in bags.vocabulary_}
    for text, row in zip(others, bags.transform(others).toarray(), strict=True):
        tokens = text.split()
        for term, column in bags.vocabulary_.items():
            tf = tokens.count(term) / max(len(tokens), 1)
            assert row[column] == pytest.approx(tf * np.log(len(texts) / n[term]), abs=1e-6)


def test_tfidf_as_scikit_learn_has_it():
    texts = load_dataset("movie-snippets").texts
    theirs = TfidfVectorizer(tokenizer=bare_words, token_pattern=None, ngram_range=(1, 2))
    expected = theirs.fit_transform(texts[:300])
    ours = TfIdf(formula="scikit-learn", min_n=1, max_n=2, html=False)
    assert abs(ours.fit_transform(texts[:300]) - expected).max() < 1e-6
    np.testing.assert_allclose(ours.idf_, theirs.idf_, atol=1e-12)
    later = texts[300:500]
    assert abs(ours.transform(later) - theirs.transform(later)).max() < 1e-6


def test_a_text_without_known_terms_is_a_row_of_zeros():
    for formula in ("lecture", "scikit-learn"):
        bags = TfIdf(formula=formula).fit(["a b", "b"])
        assert bags.transform(["", "zzz", "a"]).toarray()[:2].tolist() == [[0, 0], [0, 0]]


# --- hashing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("buckets", [1, 7, 1024])
def test_scikit_learn_hashes_into_the_same_columns(signed, buckets):
    texts = [*load_dataset("movie-snippets").texts[:200], "\U0001f600 中 é"]
    theirs = HashingVectorizer(
        tokenizer=bare_words, token_pattern=None, n_features=buckets, alternate_sign=signed,
        norm=None, ngram_range=(1, 2),
    )  # fmt: skip
    ours = Hashing(buckets=buckets, signed=signed, min_n=1, max_n=2, html=False)
    assert abs(ours.transform(texts) - theirs.transform(texts)).max() == 0


def test_collisions_are_counted():
    texts = load_dataset("movie-snippets").texts[:500]
    terms = Counts().fit(texts).vocabulary_
    hashing = Hashing(buckets=4096).fit(texts)
    columns = Counter(hashing.transform([term]).indices[0] for term in terms)
    sharing = sum(n for n in columns.values() if n > 1)
    seen = hashing.collisions_
    assert seen == (len(terms), 4096, len(columns), sharing)
    assert 0.1 < seen.rate == sharing / len(terms) < 0.9
    assert seen.rate == pytest.approx(seen.expected, abs=0.05)
    assert str(seen) == (
        f"{sharing:,} of {len(terms):,} different terms ({seen.rate:.1%}) share their bucket with "
        f"another; chance gives {seen.expected:.1%} in 4,096 buckets"
    )


def test_collisions_at_the_borders():
    one = Hashing(buckets=1).fit(["a b c", "a"]).collisions_
    assert one == (3, 1, 1, 3) and one.rate == one.expected == 1.0
    assert Hashing(buckets=1).fit(["a"]).collisions_.expected == 0.0
    assert Hashing().fit([""]).collisions_ == (0, 1 << 18, 0, 0)
    assert Collisions(2, 4, 2, 0).expected == pytest.approx(0.25)


def test_no_dictionary_is_kept_and_none_is_needed():
    hashing = Hashing(buckets=16)
    before = hashing.transform(["a b"])
    hashing.fit(["quite other words"])
    assert (hashing.transform(["a b"]) != before).nnz == 0
    assert set(vars(hashing)) - {f.name for f in fields(Hashing)} == {"collisions_"}


def test_signs_let_collisions_cancel():
    hashing = Hashing(buckets=1, signed=True)
    words = [f"w{n}" for n in range(200)]
    signs = [hashing.transform([word]).sum() for word in words]
    assert set(signs) == {-1.0, 1.0}
    assert hashing.transform([" ".join(words)]).sum() == sum(signs)


# --- size ------------------------------------------------------------------------------------


def peak_megabytes(work):
    tracemalloc.start()
    try:
        result = work()
        return result, tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def test_a_hundred_thousand_texts_by_a_million_columns_stay_sparse(monkeypatch):
    """Dense they would be 400 GB."""
    monkeypatch.setattr(scan, "FEW", 0)
    texts = [f"term{n} term{7 * n} the" for n in range(100_000)]
    table, peak = peak_megabytes(lambda: Hashing(buckets=1_000_000).fit_transform(texts))
    assert table.shape == (100_000, 1_000_000)
    assert 250_000 < table.nnz <= 300_000
    assert table.indices.dtype == np.int32
    assert peak < 150


def test_tfidf_of_a_hundred_thousand_texts_and_as_many_terms_stays_sparse(monkeypatch):
    monkeypatch.setattr(scan, "FEW", 0)
    texts = [f"term{n} the a" for n in range(100_000)]
    table, peak = peak_megabytes(lambda: TfIdf().fit_transform(texts))
    assert table.shape == (100_000, 100_002)
    assert table.nnz == 100_000  # "the" and "a" are worth nothing
    assert peak < 150


# --- scikit-learn's manners --------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_constructor_only_stores(kind):
    nonsense = {spec.name: object() for spec in fields(kind)}
    made = kind(**nonsense)
    assert vars(made) == nonsense
    with pytest.raises(OptionError):
        made.fit(["a"])
    assert clone(kind(max_n=2)).get_params() == kind(max_n=2).get_params()


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_pipeline(kind):
    texts = [f"{'good' if n % 2 else 'bad'} film {n % 7}" for n in range(60)]
    labels = [n % 2 for n in range(60)]
    pipe = Pipeline([("bag", kind(html=False)), ("model", LogisticRegression(C=100.0))])
    assert pipe.fit(texts, labels).score(texts, labels) == 1.0
    search = GridSearchCV(make_pipeline(kind(), LogisticRegression()), {
        f"{kind.__name__.lower()}__max_n": [1, 2]
    }, cv=2)  # fmt: skip
    assert search.fit(np.array(texts), labels).best_score_ > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_as_many_as_columns(kind):
    made = kind().fit(["a b", "c"])
    assert len(made.get_feature_names_out()) == made.transform(["a"]).shape[1]
    assert made.get_feature_names_out().dtype == object


@pytest.mark.parametrize("kind", [Counts, MultiHot, TfIdf])
def test_not_fitted(kind):
    for ask in ("transform", "coverage"):
        with pytest.raises(NotFittedError):
            getattr(kind(), ask)(["a"])
    with pytest.raises(NotFittedError):
        kind().get_feature_names_out()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ("abc", "one string came"),
        ([], "no texts came; expected a list of at least one"),
        ([None], r"text 0 is None \(NoneType\); expected strings, or lists of tokens"),
    ],
)
def test_bad_texts(kind, texts, sentence):
    with pytest.raises(DataError, match=sentence):
        kind().fit(texts)
    with pytest.raises(DataError, match=sentence):
        kind().fit_transform(texts)


@pytest.mark.parametrize("kind", [Counts, MultiHot, TfIdf])
def test_no_term_left(kind):
    with pytest.raises(DataError, match="no term is left of 3 terms with min_count=3; give more"):
        kind(min_count=3).fit(["a b b"])
    with pytest.raises(DataError, match="no term is left of 0 terms"):
        kind().fit(["", "!!"])


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_to_transform_is_an_empty_table(kind):
    made = kind().fit(["a b"])
    assert made.transform([]).shape == (0, len(made.get_feature_names_out()))


# scikit-learn's checks feed tables of numbers, which texts are not: as they come, our transformers
# are left alone by its tags; behind a reader that turns each row into a text, all checks apply.
@pytest.mark.filterwarnings("ignore:Can't test estimator")
@pytest.mark.parametrize("kind", KINDS)
def test_check_estimator_as_it_comes(kind):
    assert {r["status"] for r in check_estimator(kind(), on_skip=None)} == {"passed"}


class Reader:
    """Lets a transformer of texts take a table of numbers, each a word."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array = True, False
        tags.input_tags.string = False
        return tags

    def read(self, X, reset):
        rows = np.round(np.clip(validate_data(self, X, reset=reset), -1e6, 1e6), 1)
        return [" ".join(f"c{n}_{v}".replace("-", "m") for n, v in enumerate(row)) for row in rows]

    def fit(self, X, y=None):
        return super().fit(self.read(X, True), y)

    def fit_transform(self, X, y=None):
        return super().fit_transform(self.read(X, True), y)

    def transform(self, X):
        if self.__sklearn_tags__().requires_fit:
            check_is_fitted(self, "vocabulary_")
        return super().transform(self.read(X, not hasattr(self, "n_features_in_")))


class CountsOfTables(Reader, Counts):
    pass


class MultiHotOfTables(Reader, MultiHot):
    pass


class TfIdfOfTables(Reader, TfIdf):
    pass


class HashingOfTables(Reader, Hashing):
    pass


@pytest.mark.parametrize("kind", [CountsOfTables, MultiHotOfTables, TfIdfOfTables, HashingOfTables])
def test_check_estimator_of_tables(kind):
    results = check_estimator(kind(tokens="whitespace"), on_skip=None, on_fail=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}
