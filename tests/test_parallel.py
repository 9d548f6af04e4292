"""Sentences and translations: columns, gaps, parts, and the shipped verses."""

import re

import pytest

from sestina import load_pairs, read_pairs
from sestina.data.parallel import Pairs, known_share, three_pair_parts
from sestina.errors import DataError


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("a.tsv", "en\tes\nred\trojo\nblue\tazul\n", {}),
        ("a.csv", 'n,source,target\n1,red,rojo\n2,"blue",azul\n', {}),
        ("a.csv", "id,es,en\n1,rojo,red\n2,azul,blue\n", {"source": "en", "target": "es"}),
        ("a.csv", "tgt,en\nrojo,red\nazul,blue\n", {}),
        ("a.tsv", "red\trojo\nblue\tazul\n", {"header": False}),
        ("a.jsonl", '{"src": "red", "trg": "rojo"}\n{"src": " blue ", "trg": "azul"}\n', {}),
    ],
)
def test_columns(put, name, content, named):
    found = read_pairs(put(name, content), **named)
    assert (found.sources, found.targets) == (["red", "blue"], ["rojo", "azul"])
    assert found.parts is None and found.groups is None


def test_guesses_and_gaps_are_noted(put):
    found = read_pairs(put("a.tsv", "en\tes\nred\trojo\nblue\t\n\t \ngreen\tverde\n"))
    assert len(found) == 2
    assert found.notes == (
        "took column 'en' as the source",
        "took column 'es' as the target",
        "left out 2 pairs with an empty side",
    )


def test_parts_and_groups(put):
    lines = "split\tbook\ten\tes\nTraining\tA\tred\trojo\nvalid\tB\tblue\tazul\ntest\tC\tno\tno\n"
    found = read_pairs(put("a.tsv", lines), "en", "es", group="book")
    assert found.parts == ["train", "dev", "test"] and found.groups == ["A", "B", "C"]
    assert found.part("dev").sources == ["blue"]


@pytest.mark.parametrize(
    ("content", "named", "said"),
    [
        ("a,b,c\n1,2,3\n", {}, "has the columns a, b, c; name those of the pairs with --source"),
        ("en,es\nred,rojo\n", {"source": "fr"}, "has no column 'fr'"),
        ("en,es\nred,rojo\n", {"source": "en", "target": "en"}, "are both column 'en'; name two"),
        ("en,es\nred,\n", {}, "no row has both a sentence and its translation"),
        ("en,es,split\nred,rojo,later\n", {}, "the split column has the values 'later'"),
    ],
)
def test_what_is_refused(put, content, named, said):
    with pytest.raises(DataError, match=re.escape(said)):
        read_pairs(put("a.csv", content), **named)


def test_other_files_are_refused(put):
    with pytest.raises(DataError, match=r"a.txt is no table; sentences and their translations"):
        read_pairs(put("a.txt", "red rojo\n"))


def test_drawn_parts_keep_groups_and_equal_sentences_whole():
    sources = [f"s{n // 2}" for n in range(200)]
    targets = [f"t{n}" for n in range(200)]
    books = [f"b{n // 10}" for n in range(200)]
    for groups, keys in ((None, sources), (books, books)):
        *parts, said = three_pair_parts(Pairs(sources, targets, groups=groups), seed=1)
        assert sorted(t for part in parts for t in part.targets) == sorted(targets)
        owners = [{keys[targets.index(t)] for t in part.targets} for part in parts]
        assert all(map(len, owners)) and sum(map(len, owners)) == len(set(keys))
        assert ("by group" in said) == (groups is not None)
    again, *_ = three_pair_parts(Pairs(sources, targets), seed=1)
    assert again == three_pair_parts(Pairs(sources, targets), seed=1)[0]


def test_given_parts_stay():
    data = Pairs(["a", "b", "c"], ["x", "y", "z"], ["train", "test", "dev"])
    train, dev, test, said = three_pair_parts(data, seed=0)
    assert (train.sources, dev.sources, test.sources) == (["a"], ["c"], ["b"])
    assert said == "dev and test as given"
    with pytest.raises(DataError, match="no pair is in the part 'train'"):
        three_pair_parts(Pairs(["a"], ["x"], ["test"]), seed=0)


def test_test_sentences_seen_in_training_are_told():
    train, test = Pairs(["a", "b"], ["x", "y"]), Pairs(["b", "c"], ["y", "z"])
    assert "holds 1 of 2 test sentences" in known_share(train, test)
    assert not known_share(train, Pairs(["c"], ["z"]))


def test_the_verses_are_parted_by_book():
    verses = load_pairs("verses-en-es")
    assert len(verses) == 11_822 and verses.source == "verses-en-es"
    parts = {name: verses.part(name) for name in ("train", "dev", "test")}
    books = [set(part.groups) for part in parts.values()]
    assert sum(map(len, books)) == len(set.union(*books)) == 66
    assert [len(part) for part in parts.values()] == [10_234, 635, 953]
    assert verses.sources[0].startswith("In the beginning")
    assert verses.targets[0].startswith("En el principio")
    with pytest.raises(DataError, match="does not hold sentences and their translations"):
        load_pairs("weather")
