"""Sentences: the traps of ten languages, figures on Brown, spans that lose nothing."""

import importlib.util
import json
import random
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import sestina
from sestina.cli.app import main
from sestina.config import SentenceOptions
from sestina.errors import DataError, OptionError
from sestina.text.abbreviations import LANGUAGES, learn_abbreviations
from sestina.text.sentences import sentences, spans

ROOT = Path(sestina.__file__).parent.parent.parent

# sentences are parted by |
CASES = {
    "en": [
        "Mr. Smith met Dr. J. R. Doe. | He left.",
        "It cost $3.50 in 1960. | Then it rose by 687.87. | Why?",
        "The U.S. Senate met in Washington, D.C. | It was late.",
        "He works for Acme Inc. in Ohio. | She works for Acme Inc. | They met at 5 p.m. on May 3.",
        'He said "No." | "Why?" she asked. | "Stop!" he cried.',
        "(He came.) | She left (at last). | They met (Dr. No included).",
        "It was . . . nice. | Well... maybe. | Who knows… | Nobody.",
        "What?! | Yes!!! | No.",
        "See No. 5 and p. 12 of vol. II. | He said no. | Then he went.",
        "Cats, dogs, etc. | They all came, e.g. Rex and i.e. Kitty.",
        "1. Mix the eggs. | 2. Add sugar.",
        "Visit example.com. | Or mail a@b.org today. | It has 3.5 stars.",
        "He won (!) again. | Rain fell on Dallas, Tex. | Winds rose.",
        "MR. SMITH WENT HOME. | HE SLEPT.",
        "Plan B. | The bldg. Mgr. Adams called.",
        "It was noted.[3] | Later it was not.",
    ],
    "de": [
        "Am 3. Oktober 1990 kam Dr. Weiß. | Der 2. Weltkrieg endete 1945. | Danach war Frieden.",
        "Ludwig XIV. war König. | Z. B. Herr Prof. Ott, d. h. der Chef, kam.",
        "Es kostet ca. 5 Mio. Euro usw. | Das ist viel. | Siehe Nr. 7 und Abb. 3.",
        "»Ja«, sagte er. | »Komm!« | Sie ging. | „Wirklich?“ | Er nickte.",
        "Sie wurde 90. | Ihr Mann war 88. | Er kam am 1. Mai.",
    ],
    "fr": [
        "M. Le Pen et Mme Roy sont venus. | J.-C. Dupont aussi.",
        "Il dit : « Viens ! » | Puis il partit. | Pourquoi ? | On l'ignore.",
        "Voir p. 5, cf. art. 3, etc. | C'est tout… | Oui. | Il a payé 3,50 euros.",
        "En 52 av. J.-C. César vint. | Il vit au 5, av. Foch. | Elle non.",
    ],
    "es": [
        "El Sr. López y la Sra. Ruiz vinieron. | ¿Por qué? | ¡No! | Viven en EE.UU. | Su hijo no.",
        "Véase pág. 5, p. ej. el núm. 3. | Murió en 44 a.C. | Fue César.",
        "Vive en EE. UU. desde 1990. | En EE. UU. | Ella no. | La Av. Corrientes es larga.",
    ],
    "it": [
        "Il sig. Rossi vide il dott. Bianchi. | L'avv. Neri no. | Mele, pere ecc. | Poi basta.",
        "Costa 3,5 euro a pag. 7. | Perché? | «Vieni!» | Andò.",
    ],
    "sv": [
        "Det är t.ex. bra. | Kl. 5 kom dr. Ek. | Han såg bl. a. hundar osv. | Sedan sov han.",
        "”Kom!” | Hon gick. | Den 3 maj var det 3,5 grader.",
    ],
    "nl": [
        "Dhr. Jansen kwam o.a. met mevr. De Vries. | Het kost ca. 5 euro enz. | Dat is veel.",
        "Hij sliep. | 's Avonds ging hij uit. | 't Is goed. | „'s Nachts niet!“ | De 's' ook.",
    ],
    "pt": [
        "O Sr. Silva e a Dra. Costa vieram. | Custa 3,5 euros etc. | Não é muito.",
        "A Av. Paulista é longa. | Fim.",
    ],
    "da": ["Den 3. Maj kom hr. Hansen bl.a. med dr. Ek. | Han sov. | Det var kl. 5."],
    "nb": ["Den 3. Mai kom dr. Ek. | Han så bl.a. hunder osv. | Så sov han."],
}


@pytest.mark.parametrize(
    ("language", "case"), [(code, case) for code, rows in CASES.items() for case in rows]
)
def test_traps(language, case):
    wanted = case.split(" | ")
    assert sentences(" ".join(wanted), language) == wanted
    assert sentences("\n".join(wanted), language) == wanted


def test_empty_lines_end_sentences_and_line_breaks_do_not():
    text = "  A headline\n\nIt goes\non here. And\r\n \r\nthere \n\n\n"
    assert sentences(text) == ["A headline", "It goes\non here.", "And", "there"]
    assert sentences("") == sentences(" \n\n ") == []


def test_semicolons_on_wish():
    text = "One; two. Three; (four); five"
    assert sentences(text) == ["One; two.", "Three; (four); five"]
    assert sentences(text, semicolons=True) == ["One;", "two.", "Three;", "(four);", "five"]


def test_regions_and_unknown_languages():
    assert sentences("Hr. Ott kam. Er ging.", "de-AT") == ["Hr. Ott kam.", "Er ging."]
    with pytest.raises(OptionError, match=r"language='xx' is unknown; known are da, de, en"):
        sentences("x", "xx")
    help_line = SentenceOptions.__dataclass_fields__["language"].metadata["help"]
    assert [code for code in LANGUAGES if code not in help_line] == []
    assert set(CASES) == set(LANGUAGES)


def test_what_is_no_text_is_refused():
    for wrong in (None, 5, b"A. B.", ["A. B."]):
        with pytest.raises(DataError, match="expected a text as a string"):
            sentences(wrong)
    with pytest.raises(OptionError, match=r"abbreviations='abk' is one string"):
        sentences("A. B.", abbreviations="abk")
    for same in (["abk"], ["Abk."], {"ABK"}):
        assert sentences("Siehe Abk. Eins. Zwei.", "de", abbreviations=same)[1:] == ["Zwei."]


KNOWN = "Dr U.S etc z. B No 12 3.5 XIV word The Name ; , - . . … ? ! \" ' ( ) « »".split()
PIECES = st.lists(
    st.sampled_from([*KNOWN, " ", ". ", " . . . ", "\n\n"]) | st.text(max_size=3),
    max_size=30,
).map("".join)


@given(PIECES, st.sampled_from(sorted(LANGUAGES)), st.booleans())
@example("...", "en", False)
@example(". . . .", "en", False)
@example("5.", "de", False)
def test_spans_are_in_order_and_lose_nothing(text, language, semicolons):
    found = spans(text, language, semicolons=semicolons)
    flat = [place for span in found for place in span]
    assert flat == sorted(flat) and all(start < end for start, end in found)
    pieces = [text[start:end] for start, end in found]
    assert [piece.strip() for piece in pieces] == pieces
    assert "".join("".join(pieces).split()) == "".join(text.split())


@pytest.mark.parametrize("text", [". " * 30_000, "." * 50_000 + "x", "3. " * 30_000, '"' * 50_000])
def test_long_rows_of_marks_take_no_long_time(text):
    for language in ("en", "de"):
        assert sentences(text, language)


class TestLearning:
    def test_abbreviations_of_a_text_are_found(self):
        rng = random.Random(0)
        words = "house river stone walk talk green small under cloud paper".split()
        text = []
        for _ in range(300):
            body = " ".join(rng.choice(words) for _ in range(8))
            text.append(f"The {body} of Zgr. {rng.choice(['Anna', 'Bernd'])} {rng.choice(words)}.")
        found = learn_abbreviations(text)
        assert found == {"zgr"}
        assert len(sentences("Of Zgra. Anna came. Of Zgra. Anna left.")) == 4
        assert (
            len(sentences("Of Zgra. Anna came. Of Zgra. Anna left.", abbreviations={"zgra"})) == 2
        )

    def test_noise_teaches_none(self):
        rng = random.Random(0)
        letters = "abcdefghijklmnopqrstuvwxyz"
        words = ["".join(rng.choices(letters, k=rng.randint(2, 7))) for _ in range(200)]
        text = " ".join(rng.choice(words) + rng.choice(["", "", "", "."]) for _ in range(20_000))
        assert learn_abbreviations([text]) == frozenset()
        assert learn_abbreviations([]) == learn_abbreviations(["a. b."]) == frozenset()


@pytest.fixture(scope="module")
def brown():
    """The benchmark's module, which knows how the corpus was printed."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        spec = importlib.util.spec_from_file_location(
            "benchmark_sentences", ROOT / "benchmarks" / "sentences.py"
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
        sys.modules.pop("benchmark_sentences", None)


def test_brown_is_printed_as_it_should_be(brown):
    tokens = "`` He '' , said J. Doe ( Tex. ) ; ;".split()
    assert brown.printed(tokens) == '"He", said J. Doe (Tex.);'
    assert brown.printed(["In", "Waco", ",", "Tex.", "."]) == "In Waco, Tex."
    assert brown.printed(["'", "a", "b", "'", "?", "?"]) == "'a b'?"
    blocks = ["Big jj-hl\nnews nn-hl", "( (\nIt pps\nrains vbz\n. .", ") )\nHe pps\nleft vbd"]
    text = brown.joined("news", blocks)
    assert text.text == "Big news\n\n(It rains.) He left"
    assert text.ends == text.marked == {8, 21}


def test_f1_on_brown_s_sentence_breaks(brown):
    """The figures are in docs/benchmarks.md; the floors lie a little below them."""
    news = [
        text
        for text in brown.texts(
            brown.datasets.path("brown-news"), brown.datasets.path("brown-news-files")
        )
        if text.genre == "news"
    ]
    assert sum(len(text.ends) for text in news) == 4567
    for marked, semicolons, floor in (
        (False, False, 0.970),
        (False, True, 0.985),
        (True, False, 0.995),
    ):
        found = brown.scores(
            news, lambda t, s=semicolons: {end for _, end in spans(t, semicolons=s)}, marked
        )
        assert found[-1] >= floor, found
    assert brown.scores(news, brown.naive, True)[-1] < 0.9  # a capital letter is not enough


def test_command_line(put, capsys):
    def run(*line):
        with pytest.raises(SystemExit) as left:
            main(["data", "sentences", *line])
        shown = capsys.readouterr()
        return left.value.code, shown.out, shown.err

    book = str(put("book.txt", "M. Roy\nvient. Il part; vite.\n\nFin"))
    assert run(book, "--language", "fr")[:2] == (0, "M. Roy vient.\nIl part; vite.\nFin\n")
    code, printed, _ = run(book, "--language", "fr", "--semicolons", "--json")
    result = json.loads(printed)
    assert result["sentences"] == [["M. Roy\nvient.", "Il part;", "vite.", "Fin"]]
    assert (code, result["number"]) == (0, 4)
    page = str(put("a.html", "<title>One</title><p>Two. Three."))
    assert run(page)[1] == "One Two.\nThree.\n"
    many = str(put("many.txt", "Again home saw Zgr. Anna he. He saw home again. " * 60))
    assert "learned 1 abbreviation: zgr" in run(many, "--learn")[2]
    code, _, said = run(book, "--language", "klingon")
    assert code == 2 and "language='klingon' is unknown" in said
    assert run("nowhere.txt")[0] == 1
