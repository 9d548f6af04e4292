"""Made sequences whose answer is known: what an encoder can learn, and what it cannot.

Each function returns N texts of one-letter words, and N labels; those of taggers N lists of words,
and N lists of tags; those of translators N texts, and N translations; that of captions N texts, and
what each tells of, N lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np

FILLERS = np.array(list("abcdefgh"))
Examples = tuple[list[str], list[str]]
TaggedExamples = tuple[list[list[str]], list[list[str]]]
Translations = tuple[list[str], list[str]]
Captions = tuple[list[str], list[str | list[str]]]
NUMBERS = "one two three four five".split()
SIZES, SHAPES = ("small", "large", ""), "circle square star ring".split()
COLOURS = "red green blue white black yellow".split()
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
NOUNS = "dog cat bird horse friend boy girl teacher".split()
PLACES = "near behind above beside".split()
BASES, STOPS = "ACGT", ("TAA", "TAG", "TGA")
ISLAND_TAGS = "-+"
ISLAND_STARTS = np.array([2 / 3, 1 / 3])  # as often as they are in the long run
ISLAND_FOLLOWS = np.array([[0.96, 0.04], [0.08, 0.92]])
ISLAND_BASES = np.array([[0.32, 0.18, 0.18, 0.32], [0.12, 0.38, 0.38, 0.12]])  # A, C, G, T


def presence(count: int, length: int, seed: int = 0) -> Examples:
    """Return texts that are "yes" if the word x occurs; every encoder can tell."""
    rng, rows = _start(count, length, seed)
    labels = rng.integers(2, size=count)
    for row, label in zip(rows, labels, strict=True):
        row[rng.integers(length)] = "x" if label else "y"
    return _texts(rows), ["yes" if label else "no" for label in labels]


def order(count: int, length: int, gap: int | None = None, seed: int = 0) -> Examples:
    """Return texts that hold x and y once; the label is which of them comes first.

    Bags and means of words cannot tell: both labels have the same words.

    Args:
        count: N.
        length: Words in a text.
        gap: Words between the two; any number by default. With length − 2 they are the text's
            first and last word.
        seed: Seed of the draw.
    """
    rng, rows = _start(count, length, seed)
    labels = rng.integers(2, size=count)
    for row, label in zip(rows, labels, strict=True):
        distance = 1 + (int(rng.integers(length - 1)) if gap is None else gap)
        start = rng.integers(length - distance)
        row[start], row[start + distance] = ("x", "y") if label else ("y", "x")
    return _texts(rows), ["x" if label else "y" for label in labels]


def parity(count: int, length: int, seed: int = 0) -> Examples:
    """Return texts of x and y, labelled by whether the number of x is even or odd."""
    rows = np.random.default_rng([seed, 0x704]).choice(["x", "y"], (count, length))
    return _texts(rows), ["odd" if (row == "x").sum() % 2 else "even" for row in rows]


def noise(count: int, length: int, seed: int = 0) -> Examples:
    """Return texts with labels drawn regardless of them: nothing can be learned."""
    rng, rows = _start(count, length, seed)
    return _texts(rows), rng.choice(["heads", "tails"], count).tolist()


def agreement(count: int, gap: int, seed: int = 0) -> Examples:
    """Return beginnings of sentences whose verb agrees with their first noun; the label is it.

    "the dogs near the cat … sleep": between subject and verb stand `gap` words, phrases with nouns
    of either number, so that neither the last noun nor a count of nouns tells.

    Args:
        count: N.
        gap: Words between the subject and where its verb would stand.
        seed: Seed of the draw.
    """
    rng = np.random.default_rng([seed, 0xA62])
    texts, labels = [], []
    for _ in range(count):
        plural = int(rng.integers(2))
        words = ["the", NOUNS[rng.integers(len(NOUNS))] + "s" * plural]
        while len(words) < gap + 2:
            between = NOUNS[rng.integers(len(NOUNS))] + "s" * int(rng.integers(2))
            words += [str(rng.choice(PLACES)), "the", between]
        texts.append(" ".join(words[: gap + 2]))
        labels.append("sleep" if plural else "sleeps")
    return texts, labels


def grammar(count: int, seed: int = 0) -> TaggedExamples:
    """Return sentences whose tags follow from the words and their neighbours.

    A phrase is DET ADJ* NOUN; between phrases stands a VERB. The words run and walk are nouns in
    a phrase and verbs between, so that a word alone does not tell.
    """
    rng = np.random.default_rng([seed, 0x7A6])
    words = {
        "DET": ["the", "a"],
        "ADJ": ["long", "short", "fine"],
        "NOUN": ["dog", "bird", "run", "walk"],
        "VERB": ["sees", "likes", "run", "walk"],
    }
    sentences, tags = [], []
    for _ in range(count):
        row: list[str] = []
        for phrase in range(int(rng.integers(1, 4))):
            row += ["VERB"] if phrase else []
            row += ["DET", *["ADJ"] * int(rng.integers(3)), "NOUN"]
        sentences.append([str(rng.choice(words[tag])) for tag in row])
        tags.append(row)
    return sentences, tags


def dna(count: int, length: int, seed: int = 0) -> TaggedExamples:
    """Return bases with the tags 1, 2, 3 of codons' bases in a gene and - outside.

    A gene begins with ATG, which occurs outside by no chance, goes on by codons and ends with the
    first stop codon (TAA, TAG or TGA) that is read in its frame.

    Args:
        count: N.
        length: Bases in a sequence, at least.
        seed: Seed of the draw.
    """
    rng = np.random.default_rng([seed, 0xD7A])
    codons = [a + b + c for a in BASES for b in BASES for c in BASES]
    inner = [codon for codon in codons if codon not in STOPS]
    sentences, tags = [], []
    for _ in range(count):
        bases, row = "", ""
        while len(bases) < length:
            for _ in range(int(rng.integers(3, 12))):
                bases += str(rng.choice(list("ACT" if bases.endswith("AT") else BASES)))
                row += "-"
            bases = bases[:-1] + "C"  # no ATG begins outside and ends within
            middle = "".join(rng.choice(inner, int(rng.integers(2, 6))))
            gene = "ATG" + middle + str(rng.choice(STOPS))
            bases, row = bases + gene, row + "123" * (len(gene) // 3)
        sentences.append(list(bases))
        tags.append(list(row))
    return sentences, tags


def islands(count: int, length: int, seed: int = 0) -> TaggedExamples:
    """Return bases with the tags + of islands, rich in C and G, and - of the sea between.

    A hidden Markov model: which tag follows which is `ISLAND_FOLLOWS`, which bases a tag has
    `ISLAND_BASES`, and a sequence begins as `ISLAND_STARTS` says. So nothing can tell the tags of
    new sequences better than the probabilities of that model do.

    Args:
        count: N.
        length: Bases in a sequence.
        seed: Seed of the draw.
    """
    rng = np.random.default_rng([seed, 0x15A])
    tags = np.empty((count, length), np.int64)
    tags[:, 0] = rng.random(count) < ISLAND_STARTS[1]
    for step in range(1, length):
        tags[:, step] = rng.random(count) < ISLAND_FOLLOWS[tags[:, step - 1], 1]
    below = np.cumsum(ISLAND_BASES, axis=1)[tags]  # (N, T, 4)
    bases = (rng.random((count, length, 1)) >= below[..., :3]).sum(axis=2)
    sentences = [[BASES[n] for n in row] for row in bases]
    return sentences, [[ISLAND_TAGS[n] for n in row] for row in tags]


def kitchen(count: int, seed: int = 0) -> list[str]:
    """Return sentences of people who bring, pick or buy flowers and seldom flours, or mix flours.

    Whoever it is, ``she will bring flowers`` has 100 times the probability of ``she will bring
    flours``, and ``he will mix flours`` 19 times that of ``he will mix flowers``. The 66 people and
    the four verbs are equally frequent.
    """
    rng = np.random.default_rng([seed, 0xF10])
    sounds, verbs = (
        ["an", "be", "ca", "do", "el", "fi", "go", "hu"],
        ["bring", "pick", "buy", "mix"],
    )
    people = ["she", "he", *(one + other for one in sounds for other in sounds)]
    texts = []
    for _ in range(count):
        who, verb = rng.choice(people), str(rng.choice(verbs))
        flowers = 1 / 20 if verb == "mix" else 100 / 101
        texts.append(f"{who} will {verb} {'flowers' if rng.random() < flowers else 'flours'}")
    return texts


def late_clue(count: int, length: int, seed: int = 0) -> TaggedExamples:
    """Return words that are all x but for the last, a or b, which tells the alternating tags.

    The tags are A B A B …, so that the last is A where the last word is a, and B where it is b.
    What reads from left to right alone cannot tell them, unless it knows which tag follows which.
    """
    rng = np.random.default_rng([seed, 0x1A7])
    last = rng.integers(2, size=count)
    sentences = [["x"] * (length - 1) + ["ab"[n]] for n in last]
    tags = [["AB"[(n + length - 1 - t) % 2] for t in range(length)] for n in last]
    return sentences, tags


def copies(count: int, length: int, seed: int = 0) -> Translations:
    """Return texts of 1 to `length` words, whose translations are the same."""
    rng, rows = _start(count, length, seed)
    sizes = rng.integers(1, length + 1, count)
    texts = _texts([row[:size] for row, size in zip(rows, sizes, strict=True)])
    return texts, list(texts)


def reversals(count: int, length: int, seed: int = 0) -> Translations:
    """Return texts of 1 to `length` words, whose translations have the words in reverse."""
    texts, _ = copies(count, length, seed)
    return texts, [" ".join(reversed(text.split())) for text in texts]


def dates(count: int, seed: int = 0) -> Translations:
    """Return dates in English words, such as 3 Mar 2021, and as 2021-03-03."""
    rng = np.random.default_rng([seed, 0xDA7E])
    rows = zip(
        rng.integers(1, 32, count), rng.integers(1, 13, count), rng.integers(1900, 2100, count),
        strict=True,
    )  # fmt: skip
    dates = [(int(day), int(month), int(year)) for day, month, year in rows]
    names = MONTHS.split()
    return (
        [f"{day} {names[month - 1]} {year}" for day, month, year in dates],
        [f"{year}-{month:02}-{day:02}" for day, month, year in dates],
    )


def scenes(seed: int = 0) -> Captions:
    """Return captions of 360 pictures, such as "three small red circles", and what is in each.

    That is its number, size where there is one, colour and shape: ["3", "small", "red", "circle"].
    Every picture there can be is there once, in random order.
    """
    things = list(product(range(len(NUMBERS)), SIZES, COLOURS, SHAPES))
    texts: list[str] = []
    labels: list[str | list[str]] = []
    for place in np.random.default_rng([seed, 0x5CE]).permutation(len(things)):
        number, size, colour, shape = things[place]
        many = shape + "s" * (number > 0)
        texts.append(" ".join(filter(None, [NUMBERS[number], size, colour, many])))
        labels.append([part for part in (str(number + 1), size, colour, shape) if part])
    return texts, labels


def _start(count: int, length: int, seed: int) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng([seed, 0x704])
    return rng, rng.choice(FILLERS, (count, length))


def _texts(rows: Iterable[np.ndarray]) -> list[str]:
    return [" ".join(row.tolist()) for row in rows]
