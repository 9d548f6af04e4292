"""`sestina data check`: what is planted is found, in clean data nothing is."""

import json
import random
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

import sestina
from sestina.cli.app import main
from sestina.data.records import Records
from sestina.errors import DataError, OptionError
from sestina.quality.findings import KINDS, SEVERITIES, SHOWN, shown
from sestina.quality.labels import misspelled, one_edit_apart
from test_near_duplicates import made, planted

WORDS = [a + b + c for a in ("bo", "ka", "mi", "tu") for b in "lnrs" for c in ("da", "fe", "go")]
PLACES = ("train", "train", "train", "dev", "test")


def clean(count=200, seed=0):
    """Rows (text, label, part) in which nothing is to be found."""
    rng = random.Random(seed)
    return [
        (" ".join(rng.choices(WORDS, k=14)), ("good", "poor")[n % 2], PLACES[n // 2 % 5])
        for n in range(count)
    ]


def checked(rows, **options):
    texts, labels, parts = zip(*rows, strict=True)
    return sestina.check_data(texts, labels, parts, **options)


def kinds(found):
    return {finding.kind for finding in found.findings}


@pytest.mark.parametrize("seed", range(5))
def test_in_clean_data_nothing_is_found(seed):
    found = checked(clean(seed=seed))
    assert not found.findings and not any(found.counts.values())
    assert str(found) == "the given texts: nothing found"
    assert found.rows == 200
    assert found.facts["parts"] == {"train": 120, "dev": 40, "test": 40}
    assert found.facts["classes"]["good"] == {"train": 60, "dev": 20, "test": 20}
    assert found.facts["tokens"]["median"] == 14 and found.facts["tokens"]["in_all"] == 2_800
    assert found.facts["cut"] == {"max_tokens": 500, "rows": 0}


def only(found, kind):
    """The finding of that kind, which must be the only one."""
    assert kinds(found) == {kind}
    return found.finding(kind)


def test_copies():
    rows = clean()
    rows += [rows[0], rows[2], rows[0]]  # all in train
    found = only(checked(rows), "duplicates")
    assert found.severity == "warning" and found.count == 3
    assert [example.rows for example in found.examples] == [(1, 201, 203), (3, 202)]
    assert found.examples[0].texts == (rows[0][0],)
    assert found.sentence.startswith(
        "3 rows with the text of an earlier row (2 texts in all); drop them"
    )


def test_copies_with_different_labels():
    rows = clean()
    rows += [(rows[0][0], "poor", "train"), (rows[3][0], rows[3][1], "train")]
    found = checked(rows)
    assert kinds(found) == {"conflicting_labels", "duplicates"}
    assert found.findings[0].kind == "conflicting_labels"  # errors first
    assert found.findings[0].severity == "error" and found.findings[0].count == 1
    (example,) = found.findings[0].examples
    assert example.rows == (1, 201) and example.remark == "good / poor"


def test_labels_of_several_conflict_as_sets():
    texts = [text for text, _, _ in clean()]
    labels = [["a", "b"] if n % 2 else ["c"] for n in range(200)]
    labels[1] = ["b", "a"]
    found = sestina.check_data([*texts, texts[1], texts[0]], [*labels, ["a", "b"], ["c", "a"]])
    assert found.counts["conflicting_labels"] == 1
    assert found.finding("conflicting_labels").examples[0].rows == (1, 202)


@pytest.mark.parametrize(
    ("source", "target"), [("train", "test"), ("train", "dev"), ("dev", "test")]
)
def test_leaks(source, target):
    rows = clean()
    row = next(n for n, (_, _, part) in enumerate(rows) if part == source)
    found = checked([*rows, (rows[row][0], rows[row][1], target)])
    assert kinds(found) == {"leaks", "duplicates"}
    leak = found.finding("leaks")
    assert (leak.severity, leak.count) == ("error", 1)
    assert leak.counts == {f"{target} in {source}": 1}
    assert leak.examples[0].rows == (row + 1, 201)
    assert leak.examples[0].remark == f"{source}, {target}"


def test_near_copies_and_near_leaks():
    rows = clean()
    text, label, _ = rows[0]
    rows += [(text.upper() + "!", label, "train"), (text + " so", label, "test")]
    found = checked(rows)
    assert kinds(found) == {"near_duplicates", "near_leaks"}
    near = found.finding("near_duplicates")
    assert near.count == 3 and near.counts == {"groups": 1, "groups with different labels": 0}
    leak = found.finding("near_leaks")
    assert leak.counts == {"test in train": 1}
    assert leak.examples[0].rows[1] == 202 and "Jaccard index 0.9" in leak.examples[0].remark
    assert not checked(rows, near=False).findings
    assert not checked(rows, similar=1.0).findings


def test_a_copy_in_another_part_is_a_leak_and_no_near_leak():
    rows = clean()
    text, label, _ = rows[0]
    found = checked([*rows, (text, label, "test"), (text + " so", label, "train")])
    assert kinds(found) == {"leaks", "duplicates", "near_duplicates"}
    assert found.finding("near_duplicates").count == 3


def test_near_copies_with_different_labels_are_counted():
    rows = clean()
    found = checked([*rows, (rows[0][0] + " so", "poor", "train")])
    assert found.finding("near_duplicates").counts["groups with different labels"] == 1
    assert "1 of them with different labels" in found.finding("near_duplicates").sentence


def test_a_chain_shows_pairs_that_are_alike_and_says_what_it_is():
    rng = random.Random(6)
    chain = [made(rng, 300)]
    for _ in range(6):
        chain.append(planted(rng, chain[-1], 0.85))
    order = [0, 3, 6, 1, 2, 4, 5]  # the first two rows are far from each other
    rows = [(chain[n], "good", "train") for n in order[:-1]]
    found = checked([*clean(), *rows, (chain[5], "good", "test")])
    near, leak = found.finding("near_duplicates"), found.finding("near_leaks")
    assert near.counts["groups"] == 1 and "groups are chains of pairs" in near.sentence
    assert (
        near.examples[0].remark > "Jaccard index 0.80" and "through" not in near.examples[0].remark
    )
    assert near.examples[0].rows[0] == 201
    assert leak.examples[0].rows[1] == 207 and "through" not in leak.examples[0].remark


def test_a_leak_through_others_is_told_as_such():
    rng = random.Random(6)
    one = made(rng, 300)
    other = planted(rng, one, 0.85)
    third = planted(rng, other, 0.85)
    found = checked(
        [*clean(), (one, "good", "train"), (other, "good", "test"), (third, "good", "dev")]
    )
    remarks = {example.remark for example in found.finding("near_leaks").examples}
    assert sum("train, dev: " in remark and "through others" in remark for remark in remarks) == 1
    assert sum("through others" in remark for remark in remarks) == 1


def test_empty_and_single():
    rows = [*clean(), ("", "good", "train"), (" \t", "poor", "train"), ("boldan", "good", "train")]
    found = checked(rows)
    assert kinds(found) == {"empty", "one_token"}  # empty texts are no duplicates
    assert found.finding("empty").count == 2 and found.finding("one_token").count == 1
    assert [e.rows for e in found.finding("empty").examples] == [(201,), (202,)]
    assert found.finding("one_token").examples[0].texts == ("boldan",)


def test_where_all_texts_are_single_words_characters_are_advised():
    found = sestina.check_data(WORDS, ["a", "b"] * 24)
    assert "try --level character" in only(found, "one_token").sentence
    assert not sestina.check_data(WORDS, ["a", "b"] * 24, level="character").findings


def test_rare_and_lopsided_classes():
    rows = [(text, "good" if n > 5 else "poor", part) for n, (text, _, part) in enumerate(clean())]
    found = checked([*rows[:6], *rows[10:]], rare=7)
    assert kinds(found) == {"rare_classes", "imbalance", "missing_classes"}
    assert found.finding("rare_classes").counts == {"poor": 6}
    assert "'poor' 6" in found.finding("rare_classes").sentence
    assert found.finding("imbalance").counts["poor"] == 6
    assert set(found.finding("missing_classes").counts) == {"poor in dev", "poor in test"}
    assert not checked([*clean()], rare=60).findings
    assert only(checked([*clean()], rare=61), "rare_classes").count == 2


def test_a_class_that_training_lacks():
    rows = [(t, "odd" if p == "test" and n % 4 else y, p) for n, (t, y, p) in enumerate(clean())]
    found = checked(rows).finding("unseen_classes")
    assert found.severity == "error" and found.counts == {"odd": 30}


def test_labels_joined_in_one_cell():
    rows = [(f"text {n} of the rows", ("a", "b", "a|b", "b|a")[n % 4]) for n in range(80)]
    texts, labels = zip(*rows, strict=True)
    found = sestina.check_data(texts, labels, near=False).finding("joined_labels")
    assert found.counts == {"a|b": 20, "b|a": 20} and "--label-separator '|'" in found.sentence
    lists = [label.split("|") for label in labels]
    assert sestina.check_data(texts, lists, near=False).finding("joined_labels") is None
    for alone in (["a", "b", "and/or", "c/d"], ["a", "b", "a|b"]):  # no others, or one by chance
        labels = [alone[n % len(alone)] for n in range(80)]
        assert not sestina.check_data(texts, labels, near=False).counts["joined_labels"]


def test_labels_as_other_libraries_keep_them():
    texts = ["one film", "two films", "three films"]
    for labels in (["x", None, "y"], ["x", float("nan"), "y"], np.array(["x", None, "y"], object)):
        found = sestina.check_data(texts, labels)
        assert found.counts["unlabelled"] == 1 and set(found.facts["classes"]) == {"x", "y"}
    columns = np.array([[1, 0], [0, 0], [1, 1]])
    for table in (columns, csr_array(columns)):
        classes = sestina.check_data(texts, table).facts["classes"]
        assert classes == {"0": {"all": 2}, "1": {"all": 1}}


def test_one_class_many_classes_no_labels():
    texts = [text for text, _, _ in clean()]
    assert only(sestina.check_data(texts, ["x"] * 200), "one_class").severity == "error"
    found = sestina.check_data(texts, [str(n) for n in range(200)])
    assert only(found, "many_classes").count == 200
    assert only(sestina.check_data(texts), "no_labels").severity == "note"
    labels = ["x", "y"] * 99 + ["", ""]
    found = only(sestina.check_data(texts, labels), "unlabelled")
    assert found.count == 2 and found.examples[0].rows == (199,)


def test_misspelled_labels():
    rows = clean()
    rows[0] = (rows[0][0], "Good", "train")
    rows[1] = (rows[1][0], "por", "train")
    found = checked(rows)
    typos = found.finding("label_typos")
    assert typos.counts == {"Good": 1, "por": 1} and typos.severity == "warning"
    assert {e.rows for e in typos.examples} == {(1,), (2,)}
    assert "'Good' (1 row) for 'good' (99)" in [e.remark for e in typos.examples]
    assert kinds(found) - {"label_typos"} == {"rare_classes", "imbalance", "missing_classes"}


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("sport", "sports", True),
        ("sport", "psort", True),
        ("sport", "spirt", True),
        ("sport", "port", True),
        ("sport", "spot", True),
        ("sport", "sport", False),
        ("sport", "spoorts", False),
        ("sport", "trops", False),
        ("pos", "neg", False),
        ("eng", "enm", False),
        ("class1", "class2", False),
        ("class1", "class12", False),
    ],
)
def test_one_edit(one, other, apart):
    assert one_edit_apart(one, other) is apart
    assert one_edit_apart(other, one) is apart


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text("abAB ", min_size=1, max_size=6), st.integers(1, 300), max_size=12))
def test_misspelled_labels_against_all_pairs(totals):
    found = misspelled(totals)
    for name, right in found.items():
        assert name != right and totals[right] >= totals[name]

    def plain(name):
        return " ".join(name.casefold().split())

    for name in totals:
        mates = [n for n in totals if n != name and plain(n) == plain(name) and len(plain(n)) > 1]
        leader = not mates or (-totals[name], name) <= min((-totals[n], n) for n in mates)
        edits = [
            n
            for n in totals
            if one_edit_apart(plain(name), plain(n)) and totals[n] >= 10 * totals[name]
        ]
        if not leader:
            assert name in found
        elif name in found:
            assert found[name] in edits


SIGNS = {
    "lost_characters": "caf\ufffd",
    "mojibake": "cafÃ© dÃ©jÃ",
    "control_characters": "ring\x07",
    "invisible_characters": "\ufeffword",
    "html_entities": "this &quot;that&quot;",
    "html_tags": "line<br />line",
    "not_normalised": "cafe\u0301",
}


@pytest.mark.parametrize("kind", SIGNS)
def test_signs(kind):
    rows = clean()
    sign = SIGNS[kind]
    rows[7] = (f"{rows[7][0]} {sign}", *rows[7][1:])
    rows[9] = (f"{sign} {rows[9][0]}", *rows[9][1:])
    found = only(checked(rows), kind)
    assert found.count == 2
    assert [example.rows for example in found.examples] == [(8,), (10,)]
    text = found.examples[0].texts[0]
    assert len(text) <= SHOWN + 4
    assert all(s.isprintable() and s not in "\ufffd\ufeff" for s in text)


@pytest.mark.parametrize(
    "sign",
    ["It wasnâ€™t", "â€œquotedâ€\x9d", "ÐŸÑ€Ð¸Ð²ÐµÑ‚", "ðŸ˜€", "ï»¿begin", "Â£5", "5Â\xa0%", "Ã\xa0 la"],
)  # fmt: skip
def test_mojibake(sign):
    assert sestina.check_data([sign, "two words"]).counts["mojibake"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "été\xa0», dit-elle, «\xa0où\xa0»",
        "NÃO, AÇÃO e MAÇÃS",
        "Ça coûte 5 € — «naïve»",
        "Привет, мир: Ёлка №5",
        "Ærø Å ÅR «ord» Ñandú",
        "I <3 this & that; a < b > c, AT&T &c.",
        "Tiếng Việt, română: Â și â",
        "日本語のテキスト。",
        "line one\nline two\tend\r\n",
    ],
)
def test_signs_that_are_as_they_should_be(text):
    assert kinds(sestina.check_data([text, "two words"], near=False)) == {"no_labels"}


def test_all_of_one_form_or_of_both():
    one, other = "un cafe\u0301 noir", "un café crème"
    assert "(1 are in it)" in sestina.check_data([one, other]).finding("not_normalised").sentence
    assert "are in it" not in sestina.check_data([one, "tea"]).finding("not_normalised").sentence


def test_lengths_and_what_would_be_cut():
    rows = clean()
    rows[0] = (" ".join([rows[0][0]] * 40), *rows[0][1:])
    found = checked(rows)
    assert found.facts["cut"]["rows"] == 1 and not found.findings
    assert found.facts["tokens"]["max"] == 14 * 40
    long = only(checked(rows, max_tokens=13), "long")
    assert long.count == 200 and "--max-tokens 14 leaves 95% whole" in long.sentence


def test_unknown_tokens():
    rows = clean()
    new = [n for n, (_, _, part) in enumerate(rows) if part == "test"]
    for n in new:
        rows[n] = (" ".join(["zyx", "zyx", *rows[n][0].split()[2:]]), *rows[n][1:])
    found = checked(rows)
    assert only(found, "unknown_tokens").severity == "note"
    unknown = found.facts["unknown"]
    assert unknown["test"]["tokens"] == pytest.approx(2 / 14, abs=1e-4)
    assert unknown["test"]["most_frequent"] == {"zyx": 80}
    assert unknown["dev"]["tokens"] == 0 and unknown["dev"]["tokens_outside_kept"] == 0
    few = checked(rows, vocabulary=12).facts
    assert few["vocabulary"]["tokens_kept"] < 0.5 < few["unknown"]["dev"]["tokens_outside_kept"]


def test_share_of_words_with_vectors():
    found = sestina.check_data(["the house of the xqzzy", "the end"])
    assert found.facts["glove-50d"] == {"tokens": round(6 / 7, 4), "types": 0.8}
    assert "glove-50d" not in sestina.check_data(["the house", "a"], level="character").facts


def test_labels_per_row():
    found = sestina.check_data(["a b", "c d", "e f", "g h"], [["x", "y"], ["x"], [], ["x", "z"]])
    assert found.facts["labels_per_row"] == {
        "mean": 1.25,
        "most": 2,
        "rows_with": {"0": 1, "1": 1, "2": 2},
        "different_sets": 4,
    }
    assert found.facts["classes"]["x"] == {"all": 3}
    assert not found.counts["unlabelled"]


TEXTS = st.lists(
    st.tuples(
        st.text("ab é\ufffd<&\x07", max_size=5),
        st.one_of(st.sampled_from(["x", "y", ""]), st.lists(st.sampled_from("xyz"), max_size=2)),
        st.sampled_from(["train", "dev", "test"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_counts_against_plain_counting(rows):
    filled = [(t, y, p) for t, y, p in rows if t.strip()]
    if not filled:
        with pytest.raises(DataError, match="no row has a text"):
            checked(rows)
        return
    found = checked(rows)
    counts = Counter(text for text, _, _ in filled)
    assert found.counts["duplicates"] == len(filled) - len(counts)
    assert found.counts["empty"] == len(rows) - len(filled)
    sets = {}
    for text, label, _ in filled:
        names = frozenset([label] if isinstance(label, str) else label)
        sets.setdefault(text, set()).add(names)
    assert found.counts["conflicting_labels"] == sum(len(s) > 1 for s in sets.values())
    parts = {name: {t for t, _, p in filled if p == name} for name in ("train", "dev", "test")}
    assert found.counts["leaks"] == sum(
        t in parts[source]
        for source, target in (("train", "test"), ("train", "dev"), ("dev", "test"))
        for t, _, p in filled
        if p == target
    )
    assert found.counts["lost_characters"] == sum("\ufffd" in t for t, _, _ in rows)
    plain = json.loads(json.dumps(found.to_dict()))
    assert set(plain["counts"]) == set(KINDS)
    assert [f["severity"] for f in plain["findings"]] == sorted(
        (f["severity"] for f in plain["findings"]), key=SEVERITIES.index
    )
    for finding in found.findings:
        assert finding.count > 0 and "\n" not in finding.sentence
        assert len(finding.examples) <= 3
        assert all(1 <= row <= len(rows) for e in finding.examples for row in e.rows)


def test_shown_is_short_and_visible():
    assert shown("a\n b\x00c") == "a b\\x00c"
    assert len(shown("word " * 500, 1_000)) <= SHOWN + 4
    assert shown("x" * 200, 100).startswith("… x")


def test_records_files_and_names_are_taken(put):
    path = put("two.csv", "text,label\na b,x\na b,y\n")
    for data in (path, str(path), Records(["a b", "a b"], ["x", "y"])):
        assert sestina.check_data(data).counts["conflicting_labels"] == 1
    assert sestina.check_data("languages", near=False).rows == 1_759


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        ((["a", "b"], ["x"]), {}, "2 texts came with 1 labels; give one for each"),
        ((["a"], ["x"], ["eval"]), {}, "the split column has the values 'eval'"),
        ((["a", 3.0],), {}, "text 2 is of type float, expected a string"),
        (([" ", ""],), {}, "no row has a text"),
        (([],), {}, "no row has a text"),
        (("none.csv",), {}, "there is no file"),
        (({"text": ["a"]},), {}, "came (dict); expected a path, a data set's name"),
        ((5,), {}, "5 came (int); expected a path"),
        (("languages", ["x"]), {}, "labels and parts go with a list of texts"),
    ],
)
def test_bad_input(arguments, options, sentence):
    with pytest.raises(DataError) as caught:
        sestina.check_data(*arguments, **options)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"similar": 0.2}, "similar=0.2 is too small: the least is 0.7"),
        ({"simlar": 0.9}, "unknown option 'simlar'; did you mean 'similar'?"),
        ({"examples": -1}, "examples=-1 is too small"),
    ],
)
def test_bad_options(options, sentence):
    with pytest.raises(OptionError) as caught:
        sestina.check_data(["a"], ["x"], **options)
    assert sentence in str(caught.value)
    with pytest.raises(OptionError, match="unknown kind of finding 'leak'; did you mean 'leaks'"):
        sestina.check_data(["a"]).finding("leak")


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["data", "check", *map(str, arguments)])
        shown = capsys.readouterr()
        return left.value.code, shown.out, shown.err

    return call


def table(put, rows, name="rows.tsv"):
    lines = ["text\tlabel\tsplit", *("\t".join(row) for row in rows)]
    return put(name, "\n".join(lines) + "\n")


def odd(rows):
    """Rows with something of nearly every kind."""
    return [
        *rows,
        (rows[0][0], "poor", "test"),
        (rows[1][0] + " so", "Poor", "test"),
        ("日本語" * 60 + " [bold]markup[/bold] :b:", "new", "test"),
        ("[/bold] cafÃ© \x07 caf\ufffd", "good", "train"),
        ("&amp;<p>", "a label so long that it would not fit " * 4, "train"),
        ("", "good", "train"),
    ]


def test_the_page_fits_and_says_the_most_serious_first(run, put):
    code, out, err = run(table(put, odd(clean())))
    assert code == 0 and "took column 'text' as the text" in err
    from rich.cells import cell_len

    assert max(map(cell_len, out.splitlines())) <= 80, out
    assert all(line == line.rstrip() for line in out.splitlines())
    shown = [line.split()[0] for line in out.splitlines() if line.split(" ")[0] in SEVERITIES]
    assert shown == sorted(shown, key=SEVERITIES.index) and set(shown) == set(SEVERITIES)
    assert "[bold]markup[/bold]" not in out or ":b:" in out
    for part in ("error    Texts of one part", "rows 1, 201", "Jaccard index", "found: "):
        assert part in out, out


@pytest.mark.parametrize("count", [2, 12])
def test_long_labels_are_cut_short(run, put, count):
    rows = [(f"text {n} of many", f"{'label ' * 50}{n % count}", "train") for n in range(240)]
    code, out, _ = run(table(put, rows))
    (line,) = [line for line in out.splitlines() if line.startswith("classes")]
    assert code == 0 and "label label label l…" in line and f"{240 // count}" in line


def test_clean_data_say_so(run, put):
    code, out, _ = run(table(put, clean()), "--strict")
    assert code == 0 and out.endswith("nothing found\n")
    assert "train 120, dev 40, test 40" in out and "good 100, poor 100" in out


def test_strict_fails_on_warnings_but_not_on_notes(run, put):
    rows = clean()
    path = table(put, [*rows, rows[0]])
    assert run(path)[0] == 0
    assert run(path, "--strict")[0] == 1
    assert run(path, "--strict", "--json")[0] == 1
    noted = table(put, [*rows, ("this &amp; that", "good", "train")], "notes.tsv")
    code, out, _ = run(noted, "--strict")
    assert code == 0 and "found: 1 note" in out


def test_json_is_one_object_with_everything(run, put):
    code, out, _ = run(table(put, odd(clean())), "--json", "--seed", "3", "--examples", "1")
    found = json.loads(out)
    assert code == 0 and out.count("\n") == 1
    assert found["task"] == "check" and found["rows"] == 206
    assert set(found["counts"]) == set(KINDS) and found["counts"]["leaks"] == 1
    assert found["severities"]["error"] >= 3
    assert all(len(finding["examples"]) <= 1 for finding in found["findings"])
    assert {"severity", "kind", "count", "sentence", "examples", "counts"} == set(
        found["findings"][0]
    )


def test_reading_options(run, put):
    path = put("odd.csv", "kind,words\na|b,one two\nb,three four\n")
    code, out, _ = run(path, "--text", "words", "--label", "kind", "--label-separator", "|")
    assert code == 0 and "1.50 on average, 2 at most" in out
    code, _, err = run(put("nothing.csv", "text,label\n,x\n"))
    assert code == 1 and "no row has a text" in err
    code, _, err = run("movie-snipets")
    assert code == 1 and "did you mean 'movie-snippets'?" in err
    code, _, err = run(path, "--text", "words", "--similar", "3")
    assert code == 2 and "similar=3.0 is too large: the most is 1" in err


def test_folders_with_parts(run, put, tmp_path):
    for n, (text, label, part) in enumerate(clean()):
        put(f"set/{'test' if part == 'test' else 'train'}/{label}/{n}.txt", text)
    put("set/test/good/copy.txt", clean()[0][0])
    code, out, _ = run(tmp_path / "set", "--json")
    assert code == 0 and json.loads(out)["counts"]["leaks"] == 1


def test_labels_that_are_texts_take_no_long_time():
    words = "a label that is a whole text " * 1_500
    rows = [f"{words}{n % 5}" for n in range(200)]
    started = time.perf_counter()
    assert misspelled({row: 40 for row in rows} | {"sport": 400, "sporl": 1}) == {"sporl": "sport"}
    assert time.perf_counter() - started < 1
    assert misspelled({words: 9, words.upper(): 1}) == {words.upper(): words}
