"""`sestina vectors` as a stranger uses it: train by every method, ask, stop, go on, err."""

import gzip
import json
import lzma
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sestina import TextClassifier
from sestina.cli.app import main
from sestina.cli.vectors_train import METHODS
from sestina.vectors.base import VectorsEstimator
from sestina.vectors.documents import Doc2Vec
from sestina.vectors.table import WordVectors
from sestina.vectors.word2vec import Word2Vec

TOPICS = (
    "storm rain cloud thunder wind hail".split(),
    "flour butter oven dough sugar yeast".split(),
)
SMALL = ["--dimensions", "8", "--min-count", "1", "--subsample", "0"]
COUNTED = ["--dimensions", "8", "--min-count", "1"]
VERBS = (
    "train infer neighbours similarity analogy odd-one-out direction complete evaluate map convert"
).split()


def options_of(method):
    more = {"glove": ["--x-max", "10", "--learning-rate", "0.2"], "pmi": []}
    return [*COUNTED, *more[method]] if method in more else [*SMALL, "--epochs", "15"]


def lines(count, seed=0):
    rng = np.random.default_rng(seed)
    both = [*TOPICS[0], *TOPICS[1]]
    return [" ".join([*rng.choice(TOPICS[n % 2], 7), rng.choice(both)]) for n in range(count)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text("\n".join(lines(300)) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["vectors", *map(str, arguments)])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    """Files that the command line wrote: word vectors of CBOW, and a model of documents."""
    folder = tmp_path_factory.mktemp("trained")
    for method, name in (("cbow", "words.safetensors"), ("doc2vec", "documents.safetensors")):
        given = ["train", corpus, "--method", method, "--out", str(folder / name)]
        with pytest.raises(SystemExit) as left:
            main(["vectors", *given, *SMALL, "--epochs", "40"])
        assert left.value.code == 0
    return folder


# --- what comes of it -----------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns_from_a_file(run, corpus, method):
    code, out, err = run(
        "train", corpus, "--method", method, "--out", "v.safetensors", "--json", *options_of(method)
    )
    found = json.loads(out)
    assert code == 0 and out.count("\n") == 1 and " MB of memory" in err
    assert found["task"] == "vectors train" and found["method"] == method
    assert (found["words"], found["tokens"], found["sentences"]) == (12, 2400, 300)
    assert found["bytes"] == os.path.getsize("v.safetensors") and found["options"]["window"] == 5
    assert found["epochs"] == len(found["history"]) == {"pmi": 0}.get(method, 15)
    if found["epochs"]:
        assert found["words_per_second"] > 0 and np.isfinite(found["loss"])
        assert "\nepoch   1/15  loss " in err and "words/s\n" in err
    if method.startswith("doc2vec"):
        assert found["documents"] == 300 == len(Doc2Vec.load("v.safetensors").documents_)
    else:
        code, out, _ = run("neighbours", "v.safetensors", "storm", "oven", "-n", 5, "--json")
        for answer, topic in zip(json.loads(out)["answers"], TOPICS, strict=True):
            near = {row["word"] for row in answer["neighbours"]}
            assert len(near & set(topic)) >= 4, (method, near)
    assert os.listdir() == ["v.safetensors"]


def test_the_page_it_prints(run, corpus):
    code, out, err = run("train", corpus, "--out", "new/folder/v.bin", *SMALL, "--epochs", "2")
    assert code == 0 and out.startswith("skipgram vectors\n")
    for words in ("2,400 words, 300 sentences", "epochs      2\n", "new/folder/v.bin (0.0 MB)"):
        assert words in out
    assert max(map(len, [*out.splitlines(), *err.splitlines()])) <= 100
    assert "\x1b" not in out + err and "\r" not in out + err
    assert err.index("MB of memory") < err.index("epoch   1/2")


@pytest.mark.parametrize(
    "name", ["v.safetensors", "v.bin", "v.txt", "v.vec", "v.vec.gz", "v.bin.xz"]
)
def test_every_ending_holds_the_same(run, corpus, name):
    given = ["train", corpus, "--method", "pmi", *COUNTED]
    assert run(*given, "--out", "plain.safetensors")[0] == 0
    assert run(*given, "--out", name, "--overwrite")[0] == 0
    one, other = WordVectors.load("plain.safetensors"), WordVectors.load(name)
    assert tuple(one.words) == tuple(other.words)
    assert np.allclose(one.matrix, other.matrix, rtol=1e-6)


def test_seed_and_threads(run, corpus):
    def bits(name, *more):
        assert run("train", corpus, "--out", name, *SMALL, "--epochs", "2", *more)[0] == 0
        return WordVectors.load(name).matrix

    one = bits("a.bin", "--threads", "1", "--seed", "3")
    assert np.array_equal(one, bits("b.bin", "--threads", "1", "--seed", "3"))
    assert not np.array_equal(one, bits("c.bin", "--threads", "1", "--seed", "4"))
    same = [bits(f"d{n}.bin", "--threads", str(n), "--deterministic") for n in (1, 2, 3)]
    assert np.array_equal(same[0], same[1]) and np.array_equal(same[0], same[2])


def test_compressed_files_and_several(run, corpus, tmp_path):
    text = Path(corpus).read_bytes()
    with gzip.open(tmp_path / "a.txt.gz", "wb") as file:
        file.write(text)
    with lzma.open(tmp_path / "b.txt.xz", "wb") as file:
        file.write(text)
    code, out, _ = run(
        "train",
        corpus,
        "a.txt.gz",
        "b.txt.xz",
        "--method",
        "pmi",
        "--out",
        "v.txt",
        "--json",
        *COUNTED,
    )
    assert code == 0 and json.loads(out)["tokens"] == 3 * 2400


def test_dna(run, tmp_path):
    rng = np.random.default_rng(0)
    motifs = ["".join(rng.choice(list("ACGT"), 7)) for _ in range(6)]
    runs = ["".join(rng.choice(motifs, 80)) for _ in range(10)]
    text = "".join(f">{n}\n{one[:300]}\nNN\nACG\nAC\n{one[300:]}\n" for n, one in enumerate(runs))
    (tmp_path / "dna.fa").write_text(text)
    code, _, err = run(
        "train", "dna.fa", "--kmers", "3:8", "--out", "v.vec", "--no-lowercase", "--tokens", "words",
        *SMALL, "--epochs", "2",
    )  # fmt: skip
    assert code == 0
    assert "--tokens does nothing with --kmers\n--lowercase does nothing with --kmers\n" in err
    words = WordVectors.load("v.vec").words
    assert {len(word) for word in words} == {3, 4, 5, 6, 7, 8} and set("".join(words)) == set(
        "ACGT"
    )


# --- options --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--output", "hierarchical", "--negative", "3"], "--negative does nothing with --output hier"),
        (["--output", "softmax", "--threads", "2"], "--threads does nothing with --output softmax"),
        (["--method", "one-word", "--window", "2"], "--window does nothing with --method one-word"),
        (["--method", "doc2vec", "--window", "2"], "--window does nothing with --method doc2vec"),
        (["--method", "fasttext", "--max-n", "0", "--buckets", "9"], "--buckets does nothing with --max-n 0"),
    ],
)  # fmt: skip
def test_options_that_do_nothing_are_told(run, corpus, more, said):
    code, _, err = run("train", corpus, "--out", "v.safetensors", *SMALL, "--epochs", "1", *more)
    assert code == 0 and said in err and err.count("does nothing") == 1


def test_zero_means_none(run, corpus):
    more = ["--vocabulary", "0", "--threads", "0", "--subsample", "0", "--json"]
    code, out, _ = run("train", corpus, "--out", "v.bin", *SMALL, "--epochs", "1", *more)
    options = json.loads(out)["options"]
    assert code == 0 and [options[n] for n in ("vocabulary", "threads", "subsample")] == [None] * 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--method", "glov"], "did you mean 'glove'?"),
        (["--method", "glove", "--negative", "3"], "--method glove has no option --negative"),
        (["--output", "hierarchcal"], "did you mean 'hierarchical'?"),
        (["--method", "fasttext", "--output", "softmax"], "output='softmax' is unknown"),
        (["--output", "softmax", "--deterministic"], "always deterministic"),
        (["--learning-rate", "nan"], "learning_rate=nan is not a finite number"),
        (["--learning-rate", "inf"], "learning_rate=inf is not a finite number"),
        (["--epochs", "0"], "epochs=0 is too small"),
        (["--epochs", "two"], "'--epochs'"),
        (["--kmers", "3-8"], "range of lengths"),
        (["--encoding", "utf-99"], "unknown encoding"),
        (["--method", "pmi", "--resume"], "--method pmi keeps no checkpoint"),
        (["--output", "softmax", "--resume"], "--output softmax keeps no checkpoint"),
        (["--resume", "--overwrite"], "give one of them"),
        (["--out", "v.foo"], "v.foo does not end as files of word vectors do"),
        (["--out", "v"], "v does not end as"),
        (["--out", "v.safetensors.gz"], "does not end as"),
        (["--method", "doc2vec", "--out", "v.bin"], "name --out FILE.safetensors"),
        (["--method", "pmi", "--dimensions", "99", "--min-count", "1"], "no more than words"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_sentence_and_exit_code_2(run, corpus, more, said):
    code, out, err = run("train", corpus, "--out", "v.safetensors", *more)
    assert code == 2 and not out and said in " ".join(err.split()) and not os.listdir()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no file"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\0\1\2" * 99, "binary file"),
        ("the cat".encode("utf-16"), "is in UTF-16; name that: --encoding utf-16"),
        ("le café\n".encode("latin-1"), "byte 0xe9 in line 1"),
        (b"all of these words are rare\n", "no word is left of 6 tokens with min_count=5"),
    ],
)
def test_bad_corpora_are_one_sentence_and_exit_code_1(run, corpus, tmp_path, content, said):
    if content is not None:
        (tmp_path / "bad.txt").write_bytes(content)
    before = os.listdir()
    given = [corpus, "bad.txt"] if content is None else ["bad.txt"]
    code, out, err = run("train", *given, "--out", "made/v.bin")
    assert code == 1 and not out and said in err and err.count("\n") == 1
    assert os.listdir() == before, "nothing may be left behind"


def test_other_refusals(run, corpus, tmp_path):
    assert run("train", tmp_path, "--out", "v.bin")[2].endswith("/*.txt\n")
    (tmp_path / "bad.gz").write_bytes(b"no gzip")
    code, _, err = run("train", "bad.gz", "--out", "v.bin")
    assert code == 1 and "not compressed as its ending says" in err
    (tmp_path / "folder.bin").mkdir()
    for name in ("folder.bin", "bad.gz/v.bin", "/proc/nothing/v.bin"):
        code, _, err = run("train", corpus, "--out", name)
        assert code == 1 and ("cannot write" in err or "is a folder" in err), err
    (tmp_path / "many.txt").write_text(" ".join(f"w{n}" for n in range(20_001)))
    many = ["train", "many.txt", "--out", "v.bin", "--min-count", "1"]
    code, _, err = run(*many, "--output", "softmax")
    assert code == 1 and "20,001 words" in err and "choose output='negative'" in err
    code, _, err = run("train", corpus, "--out", "v.bin", "--dimensions", "9999999999")
    assert code == 1 and "GB, this machine has" in err
    for more in (["--output", "softmax"], []):
        rate = ["--learning-rate", "1e30", "--epochs", "2", "--min-count", "1"]
        code, _, err = run("train", corpus, "--out", "v.bin", *rate, *more)
        assert code == 1 and "not finite any more with learning_rate=1e+30; lower it" in err
        assert "Warning" not in err
    assert not os.path.exists("v.bin")


# --- what must not be lost ------------------------------------------------------------------


def test_files_that_must_not_be_lost(run, corpus, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("\n".join(lines(20)))
    kept = mine.read_bytes()
    short = [*SMALL, "--epochs", "1"]
    for more in ([], ["--overwrite"]):
        code, _, err = run("train", mine, "--out", mine, *short, *more)
        assert code == 2 and "is a file of the corpus" in err
    code, _, err = run("train", corpus, "--out", mine, *short)
    assert code == 1 and "exists; name another file, or replace it with --overwrite" in err
    assert mine.read_bytes() == kept
    assert run("train", corpus, "--out", mine, *short, "--overwrite")[0] == 0
    assert len(WordVectors.load(mine)) == 12
    code, _, err = run("train", corpus, "--out", mine, *short, "--resume")
    assert code == 1 and "is finished; train anew with --overwrite" in err
    state = tmp_path / "v.bin.checkpoint"
    state.write_bytes(b"an unfinished run")
    code, _, err = run("train", "misspelt.txt", "--out", "v.bin", *short, "--overwrite")
    assert code == 1 and "there is no file" in err and state.read_bytes() == b"an unfinished run"


def test_ctrl_c_before_anything_is_learnt(run, corpus, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(VectorsEstimator, "_read", stopped)
    code, out, err = run("train", corpus, "--out", "v.bin", *SMALL)
    assert (code, out) == (1, "") and err == "Error: stopped by Ctrl-C; nothing was learnt yet\n"
    code, out, err = run("train", corpus, "--out", "v.bin", *SMALL, "--resume")
    assert "there is no v.bin.checkpoint; starting from the beginning\n" in err
    assert not os.listdir()


def start(folder, *arguments, **how):
    command = [sys.executable, "-m", "sestina", "vectors", "train", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, **how)


def interrupted(folder, *arguments):
    """Start a training, send Ctrl-C after its first epoch; return its exit code and its words."""
    process = start(folder, *arguments, stderr=subprocess.PIPE)
    seen = []
    while (line := process.stderr.readline()) and not line.startswith("epoch   1/"):
        seen.append(line)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err and not out, err
    return process.returncode, "".join([*seen, line, err])


def test_stopped_by_ctrl_c_and_resumed_gives_the_same_bits(run, tmp_path):
    (tmp_path / "corpus.txt").write_text("\n".join(lines(4000)))
    given = ["corpus.txt", *SMALL, "--epochs", "30", "--threads", "1"]
    code, err = interrupted(tmp_path, *given, "--out", "broken.safetensors")
    state = "the state is in broken.safetensors.checkpoint, go on with --resume"
    assert code == 1 and err.endswith(f"\nError: stopped by Ctrl-C; {state}\n"), err
    assert not (tmp_path / "broken.safetensors").exists()
    broken = ["train", *given, "--out", "broken.safetensors"]
    code, _, err = run(*broken)
    assert code == 1 and "holds an unfinished run; go on with --resume" in err
    code, _, err = run(*broken, "--resume", "--window", "3")
    assert code == 2 and "begun with window=5, now it is 3" in err
    code, out, err = run(*broken, "--resume", "--json")
    assert code == 0 and "\nresumed " in err and len(json.loads(out)["history"]) == 30
    assert run("train", *given, "--out", "whole.safetensors")[0] == 0
    one, other = (tmp_path / f"{name}.safetensors" for name in ("whole", "broken"))
    assert one.read_bytes() == other.read_bytes()
    assert not (tmp_path / "broken.safetensors.checkpoint").exists()


def test_ctrl_c_writes_the_vectors_so_far_where_no_state_is_kept(tmp_path):
    (tmp_path / "corpus.txt").write_text("\n".join(lines(4000)))
    more = ["--output", "softmax", "--epochs", "100000", "--min-count", "1", "--dimensions", "4"]
    code, err = interrupted(tmp_path, "corpus.txt", "--out", "v.txt", *more)
    assert code == 1 and err.endswith(
        "\nError: stopped by Ctrl-C; the vectors so far are in v.txt\n"
    )
    assert len(WordVectors.load(tmp_path / "v.txt")) == 12


def test_the_bar_of_a_terminal(corpus, tmp_path):
    ours, theirs = pty.openpty()
    process = start(
        tmp_path, corpus, "--out", "v.bin", *SMALL, "--epochs", "40", stderr=theirs, stdin=theirs,
        env={**os.environ, "COLUMNS": "80", "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 1 << 16):
            shown += block
    except OSError:  # Linux' way to say that the other side has closed
        pass
    process.communicate(timeout=60)
    assert process.returncode == 0
    text = shown.decode()
    for words in ("epoch 40/40 ", "━", " loss ", " words/s", " left", "epoch   1/40  loss"):
        assert words in text, words


# --- what one does with them ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["neighbours", "words", "storm", "oven", "-n", "3"], "oven"),
        (["similarity", "words", "storm", "oven", "rain"], "rain"),
        (["analogy", "words", "storm", "rain", "oven"], "storm is to rain as oven is to …"),
        (["odd-one-out", "words", "storm", "rain", "oven"], "oven is the odd one out"),
        (["direction", "words", "storm:oven", "rain:sugar", "--along", "hail,dough"], "agreement"),
        (["complete", "words", "storm", "rain", "xyzzy"], "storm rain"),
        (["map", "words", "--words", "storm,oven,rain", "--out", "m.html"], "m.html"),
        (["convert", "words", "w.txt"], "w.txt"),
        (["infer", "documents", "storm rain hail", "oven [b] yeast"], "oven [b] yeast"),
    ],
)  # fmt: skip
def test_every_verb_takes_what_was_trained(run, trained, arguments, said):
    verb, name, *more = arguments
    given = [verb, trained / f"{name}.safetensors", *more]
    code, out, _ = run(*given)
    assert code == 0 and said in out and max(map(len, out.splitlines())) <= 80
    again = ["--overwrite"] if verb in ("map", "convert") else []
    code, out, _ = run(*given, "--json", "--seed", "1", *again)
    assert code == 0 and json.loads(out)["task"] == f"vectors {verb}" and out.count("\n") == 1


def test_evaluate_takes_what_was_trained(run, trained, put):
    pairs = put("pairs.tsv", "storm\train\t9\noven\tdough\t8\nstorm\toven\t1\nrain\tsugar\t2\n")
    given = ["evaluate", trained / "words.safetensors", "--pairs", pairs]
    code, out, _ = run(*given, "--json")
    assert code == 0 and json.loads(out)["pairs"][0]["rho"] > 0.5
    title, *rest = run(*given)[1].splitlines()
    assert str(trained) in title and max(map(len, rest)) <= 80


def test_infer(run, trained, put):
    model = trained / "documents.safetensors"
    put("new.txt", "storm rain\n\noven dough flour\n")
    code, out, _ = run("infer", model, "--file", "new.txt", "--json")
    vectors = np.array(json.loads(out)["vectors"], np.float32)
    assert code == 0 and vectors.shape == (3, 8) and not vectors[1].any()
    assert np.array_equal(
        vectors[::2], Doc2Vec.load(model).infer(["storm rain", "oven dough flour"])
    )
    assert json.loads(run("infer", model, "storm rain", "--seed", "5", "--json")[1])["vectors"][
        0
    ] != (vectors[0].tolist())
    code, out, err = run("infer", model, "storm rain hail", "xyzzy", "-n", "5")
    assert code == 0 and err == "'xyzzy' has no word that the model knows\n"
    named = [int(line.split()[1]) for line in out.splitlines() if line.startswith("document ")]
    assert len(named) == 5 and all(number % 2 == 0 for number in named), "documents of that topic"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["infer", "MODEL"], 1, "no text came"),
        (["infer", "MODEL", "text", "--file", "x"], 2, "not both"),
        (["infer", "MODEL", "--file", "x"], 1, "there is no file"),
        (["infer", "WORDS", "text"], 1, "is not a model of Doc2Vec"),
        (["infer", "CORPUS", "text"], 1, "is not a model of Doc2Vec"),
        (["infer", "none.safetensors", "text"], 1, "there is no file none.safetensors"),
        (["neighbours", "MODEL", "storm"], 1, "is a whole model of doc2vec; ask it with"),
        (["neighbours", "WORDS", "xyzzy"], 1, "'xyzzy' has no vector"),
        (["complete", "WORDS", "xyzzy"], 1, "none of 1 word has a vector"),
    ],
)  # fmt: skip
def test_wrong_files_and_words(run, trained, corpus, arguments, code, said):
    names = {
        "MODEL": trained / "documents.safetensors",
        "WORDS": trained / "words.safetensors",
        "CORPUS": corpus,
    }
    found, out, err = run(*[names.get(argument, argument) for argument in arguments])
    assert (found, out) == (code, "") and said in err


def test_words_that_a_terminal_cannot_show_or_must_not_obey(tmp_path):
    words = ["word", "日本", "\x1b[2Jgone", "[/b]", "plain\\"]
    WordVectors(words, np.eye(5, 3)).save(tmp_path / "v.safetensors")
    given = [sys.executable, "-m", "sestina", "vectors", "neighbours", "v.safetensors", "word"]
    for encoding, shown in (("utf-8", "日本"), ("ascii", "\\u65e5\\u672c")):
        env = {**os.environ, "PYTHONIOENCODING": encoding}
        table, found = (
            subprocess.run([*given, *more], capture_output=True, cwd=tmp_path, check=True, env=env)
            for more in ([], ["--json"])
        )
        out = table.stdout.decode(encoding)
        assert shown in out and "[/b]" in out and "plain\\" in out and "\x1b" not in out
        rows = json.loads(found.stdout.decode(encoding))["answers"][0]["neighbours"]
        assert {row["word"] for row in rows} == {*words[1:]}


@pytest.mark.parametrize("verb", VERBS)
def test_help_fits_80_columns(run, verb):
    code, out, _ = run(verb, "--help")
    assert code == 0 and max(map(len, out.splitlines())) <= 80 and "Example: sestina vectors" in out
    if verb == "train":
        text = " ".join(out.replace("│", " ").split())
        for words in ("All methods", "Only glove", "Default: 5; 15 with glove; 10 with doc2vec."):
            assert words in text


def test_classifiers_read_what_was_trained(trained, corpus, tmp_path, monkeypatch, capsys):
    texts, labels = [f"{line} today" for line in lines(40, seed=1)], ["sky", "cake"] * 20
    file = trained / "words.safetensors"
    model = Word2Vec(dimensions=8, min_count=1, epochs=40, subsample=None, threads=1).fit(corpus)
    for vectors in (str(file), file, model.vectors_, WordVectors.load(file)):
        net = TextClassifier(encoder="mean", epochs=5, learning_rate=0.05, seed=0, vectors=vectors)
        net.fit(texts, labels)
        row = net.vocabulary_.encode(["storm"])[0]
        wanted = WordVectors.load(vectors)["storm"]
        assert np.array_equal(net.network_.embedding.weight[row].detach().numpy(), wanted)
        assert net.score(lines(20, seed=2), ["sky", "cake"] * 10) >= 0.9
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{label}\t{text}\n" for text, label in zip(texts, labels, strict=True))
    (tmp_path / "texts.tsv").write_text("label\ttext\n" + rows)
    more = ["--vectors", str(file), "--encoder", "mean", "--epochs", "2", "--out", "model"]
    with pytest.raises(SystemExit) as left:
        main(["train", "classify", "texts.tsv", *more])
    assert left.value.code == 0, capsys.readouterr().err
