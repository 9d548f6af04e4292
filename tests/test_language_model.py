"""Language models learn what follows what, judge texts, and write new ones."""

import json
import math
import re

import numpy as np
import pytest
import torch

from sestina import LanguageModel, load, optimise
from sestina.config import LanguageOptions
from sestina.data import chunks as cut
from sestina.data.ragged import Ragged
from sestina.errors import DataError, OptionError
from sestina.estimators import language_training
from sestina.nn.language import AdaptiveSoftmax, LanguageNetwork, Softmax
from sestina.progress import Reporter
from sestina.store import CHECKPOINT, read_arrays
from sestina.text.vocabulary import EOS, UNK

PLAIN = {"dropout": 0.0, "input_dropout": 0.0}
TINY = {"embedding": 12, "hidden": 16, "learning_rate": 0.02, "batch_size": 8, "seed": 1, **PLAIN}
RING = "red orange yellow green blue indigo violet".split()


def ring(count, length, seed=0):
    """Texts that go round the colours from any of them on."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(len(RING), size=count)
    return [" ".join(RING[(s + k) % len(RING)] for k in range(length)) for s in starts]


def shuffled(texts, seed=0):
    """The same words and ends of texts in any order."""
    rng = np.random.default_rng(seed)
    pool = rng.permutation([*" ".join(texts).split(), *[EOS] * len(texts)])
    return [text.strip() for text in " ".join(pool).split(EOS)]


@pytest.fixture(scope="module")
def colours():
    return LanguageModel(**TINY, epochs=12).fit(ring(60, 12))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"running": True, "tbptt": 5},
        {"scheme": "windows", "tbptt": 3, "batch_size": 32},
        {"cell": "gru", "layers": 2, "tied": False},
        {"cell": "rnn", "hidden": 12},
        {"weight_drop": 0.3, "recurrent_dropout": 0.1},
    ],
    ids=lambda o: "-".join(map(str, o.values())) or "lstm",
)
def test_what_follows_a_rule_is_learnt(options):
    circle = " ".join(RING)
    net = LanguageModel(**{**TINY, "epochs": 15, **options}, validation_fraction=0.0)
    assert 1 < net.fit([circle] * 60).perplexity([circle] * 3) < 1.06


@pytest.mark.parametrize("scheme", ["stateful", "windows"])
def test_noise_stays_at_the_entropy_of_its_words(scheme):
    texts = shuffled(ring(80, 12))
    options = {"scheme": scheme, "tbptt": 5, "batch_size": 32, "epochs": 8, "running": True}
    net = LanguageModel(**{**TINY, **options}).fit(texts)
    found = net.perplexity(shuffled(ring(60, 12, seed=6), seed=7))
    shares = np.array([1, *[12 / 7] * 7]) / 13  # of EOS and of each colour
    entropy = -(shares * np.log(shares)).sum()
    assert 0.97 * math.exp(entropy) < found < 1.25 * math.exp(entropy)


def test_flowers_beat_flours():
    who = "she he mary".split()
    texts = [f"{w} will {verb} {what} ." for w in who for verb, what in (
        ("bring", "flowers"), ("pick", "flowers"), ("bring", "flowers"), ("sell", "flours"),
        ("bake with", "flours"), ("grow", "flowers"),
    )] * 6  # fmt: skip
    net = LanguageModel(**TINY, epochs=15).fit(texts)
    flowers, flours = net.score_texts(["she will bring flowers .", "she will bring flours ."])
    assert flowers > flours + 1
    assert net.score_text("he will sell flours .") > net.score_text("he will sell flowers .") + 1


def test_a_score_is_the_sum_of_the_stream_s(colours):
    text = "green blue red unheard violet"
    stream, total = colours.stream(), 0.0
    for token in [*text.split(), EOS]:
        total += stream.log_probabilities[colours.vocabulary_[token]]
        shares = stream.feed(token)
        assert shares.shape == (len(colours.vocabulary_),) and shares.dtype == np.float64
        assert shares.sum() == pytest.approx(1) and shares[0] == 0
    assert colours.score_text(text) == pytest.approx(total, abs=1e-4)
    # after EOS a new text begins
    assert np.allclose(stream.probabilities, colours.stream().probabilities, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{"scheme": "windows", "tbptt": 3}, {"running": True}, {"cell": "gru", "layers": 2}],
    ids=["windows", "running", "gru"],
)
def test_a_stream_stops_and_goes_on(options):
    net = LanguageModel(**{**TINY, **options, "epochs": 1}).fit(ring(12, 9))
    stream = net.stream()
    for word in "red green blue indigo".split():
        stream.feed(word)
    kept = stream.state
    after = stream.feed("red"), stream.feed(EOS), stream.feed("blue")
    other = net.stream()
    other.state = [array.copy() for array in kept]
    assert all(
        np.array_equal(other.feed(w), a) for w, a in zip(["red", EOS, "blue"], after, strict=True)
    )
    stream.state = None
    assert np.array_equal(stream.probabilities, net.stream().probabilities)
    text = "red green blue indigo red"
    total, stream = 0.0, net.stream()
    for token in [*text.split(), EOS]:
        total += stream.log_probabilities[net.vocabulary_[token]]
        stream.feed(token)
    assert net.score_text(text) == pytest.approx(total, abs=1e-4)
    with pytest.raises(DataError, match=r"a state of shapes \[\(2, 2\)\] came; this model's is "):
        stream.state = [np.zeros((2, 2))]
    with pytest.raises(DataError, match=r"the token 0 is none that a text has; expected 1 to 9"):
        stream.feed(0)


@pytest.mark.parametrize("running", [False, True])
def test_a_state_carried_over_gives_what_one_pass_gives(colours, running):
    rows = colours._laid(colours._encode([*ring(5, 30, seed=2), "red"]), running)
    index = np.arange(len(rows))

    def loss(steps):
        read, total = language_training.Reader(colours.network_), 0.0
        with torch.inference_mode():
            for chunk in cut.chunks(rows, index, steps):
                total += float(colours.network_.losses(*read(chunk)).sum())
        return total

    whole = loss(1000)
    assert loss(7) == pytest.approx(whole, rel=1e-5)
    assert loss(1) == pytest.approx(whole, rel=1e-5)
    assert language_training.losses(
        colours.network_, colours, rows, running
    ).sum() == pytest.approx(whole, rel=1e-5)


def test_gradients_stop_at_a_chunk_s_beginning():
    torch.manual_seed(0)
    network = LanguageNetwork(LanguageOptions(embedding=4, hidden=5, **PLAIN), 9)
    read = language_training.Reader(network)
    row = cut.joined(Ragged(np.array([3, 4, 5, 6, 7, 2], np.int32), np.array([0, 6])), 2)
    first, second = cut.chunks(row, np.array([0]), 3)
    read(first)
    states, _ = read(second)
    states.sum().backward()
    touched = network.embedding.weight.grad.abs().sum(dim=1).nonzero().ravel().tolist()
    assert touched == [5, 6, 7]


def test_running_text_in_pieces_is_read_as_in_one(monkeypatch, colours):
    texts = ring(40, 12, seed=3)
    net = LanguageModel(**{**TINY, "epochs": 3, "running": True}).fit(texts)
    whole = net.perplexity(texts)
    monkeypatch.setattr(language_training, "LEAST", 60)
    assert net.perplexity(texts) == pytest.approx(whole, rel=1e-3)


# What is written.


def test_texts_are_written(colours):
    text = colours.generate("red orange", n=5, temperature=0)
    assert text == "red orange yellow green blue indigo violet"
    assert colours.generate("red orange", n=5, top_k=1) == text
    assert colours.generate("red orange ", n=5, top_p=1e-6) == text
    assert colours.generate("red", n=0) == "red"
    pieces = list(colours.pieces("red orange", n=5, temperature=0))
    assert pieces == [" yellow", " green", " blue", " indigo", " violet"]


def test_the_same_seed_writes_the_same(colours):
    one = [colours.generate(n=30, temperature=3, seed=s) for s in range(6)]
    assert one == [colours.generate(n=30, temperature=3, seed=s) for s in range(6)]
    assert len(set(one)) == 6
    assert colours.generate(n=30) == colours.generate(n=30, seed=colours.seed)


def test_a_text_ends_where_the_model_ends_it(colours):
    lengths = [len(colours.generate(n=60, seed=s).split()) for s in range(12)]
    assert 10 <= np.median(lengths) <= 13 and max(lengths) < 60


def test_unk_is_never_written():
    texts = [f"{w} rare{n} {w}" for n, w in enumerate(RING * 6)]
    net = LanguageModel(**TINY, epochs=4, min_count=2).fit(texts)
    assert net.notes_ == [
        f"33.3% of the running tokens are outside the vocabulary of {len(net.vocabulary_)}"
    ]
    assert net.stream().feed("red")[net.vocabulary_[UNK]] > 0.1
    assert not any(UNK in net.generate("red", n=20, seed=s) for s in range(20))
    assert UNK not in dict(net.complete("red", 9)) and EOS not in dict(net.complete("red", 9))


def test_the_next_word_is_completed(colours):
    (first, share), *others = colours.complete("green blue", 3)
    assert first == "indigo" and share > 0.8 and len(others) == 2
    assert [word for word, _ in colours.complete("green blue", 9, beginning="gr")] == ["green"]
    assert colours.complete("green blue", 9, beginning="x") == []
    shares = [share for _, share in colours.complete("green", 99)]
    assert shares == sorted(shares, reverse=True) and len(shares) == 7 and sum(shares) < 1


@pytest.fixture(scope="module")
def names():
    texts = ["Christina", "Christopher", "Chris", "Clara Anne", "Anna", "Anne", "Robert"] * 20
    return LanguageModel(
        **{**TINY, "hidden": 32, "level": "character", "validation_fraction": 0.0}
    ).fit(texts)


def test_words_are_completed_by_their_characters(names):
    found = dict(names.complete("Chris", 3))
    assert set(found) == {"Chris", "Christina", "Christopher"}
    assert 0.6 < sum(found.values()) <= 1
    assert names.complete("Clara An", 1)[0].text == "Anne"
    assert names.complete("Clara ", 1)[0].text == "Anne"
    # its probability is that of the characters, and of an end
    stream, total = names.stream(), 0.0
    for n, character in enumerate("Christina"):
        total += stream.log_probabilities[names.vocabulary_[character]] if n >= 5 else 0.0
        stream.feed(character)
    total += np.log(stream.probabilities[[names.vocabulary_[EOS], names.vocabulary_[" "]]].sum())
    assert math.log(found["Christina"]) == pytest.approx(total, abs=1e-4)
    with pytest.raises(OptionError, match="takes a word's beginning at the prefix's end"):
        names.complete("Clara", beginning="A")


def test_characters_are_written(names):
    assert names.generate("Rob", temperature=0) == "Robert"
    assert names.generate("Clara ", temperature=0) == "Clara Anne"
    written = {names.generate(seed=s, temperature=0.5) for s in range(8)}
    assert written & {"Christina", "Christopher", "Chris", "Clara Anne", "Anna", "Anne", "Robert"}


# Figures.


def test_figures_fit_together(colours):
    texts = ring(9, 12, seed=8)
    found = colours.figures(texts)
    total = -colours.score_texts(texts).sum()
    tokens, characters = 9 * 13, sum(len(text) + 1 for text in texts)
    assert found["tokens"] == tokens and found["unknown"] == 0 and found["characters"] == characters
    assert found["perplexity"] == pytest.approx(math.exp(total / tokens), rel=1e-5)
    assert found["bits_per_character"] == pytest.approx(total / math.log(2) / characters, rel=1e-5)
    assert colours.perplexity(texts) == found["perplexity"]
    assert colours.bits_per_character(texts) == found["bits_per_character"]
    assert colours.score(texts) == pytest.approx(-math.log(found["perplexity"]))
    assert colours.figures(["red grey"])["unknown"] == pytest.approx(1 / 3)


def test_validation_figures_are_the_perplexity():
    train, dev = ring(30, 9), ring(8, 9, seed=9)
    net = LanguageModel(**TINY, epochs=3).fit(train, validation=dev)
    row = net.history_[net.best_epoch_ - 1]
    assert row["validation_perplexity"] == pytest.approx(net.perplexity(dev), rel=1e-6)
    assert row["validation_loss"] == pytest.approx(math.log(row["validation_perplexity"]))
    assert row["sequences_per_second"] > 0


def test_texts_from_files(tmp_path):
    texts = ring(30, 9)
    (tmp_path / "lines.txt").write_text("\n".join(texts) + "\n\n")
    from_path = LanguageModel(**TINY, epochs=2).fit(tmp_path / "lines.txt")
    from_list = LanguageModel(**TINY, epochs=2).fit(texts)
    assert from_path.perplexity(str(tmp_path / "lines.txt")) == from_list.perplexity(texts)


def test_what_is_held_out():
    texts = [f"w{n}" for n in range(50)]
    net = LanguageModel(**TINY, epochs=1).fit(texts)
    assert len(net.vocabulary_) == 3 + 45
    running = LanguageModel(**TINY, epochs=1, running=True).fit(texts)
    missing = [n for n in range(50) if f"w{n}" not in running.vocabulary_]
    assert missing == list(range(50 - len(missing), 50)) and 4 <= len(missing) <= 6
    book = LanguageModel(**TINY, epochs=1, running=True).fit([" ".join(texts)])
    assert "w0" in book.vocabulary_ and "w49" not in book.vocabulary_
    assert book.tokens_ == len(book.vocabulary_) - 2


# The network.


def counts(**options):
    net = LanguageModel(**{**TINY, "epochs": 1, **options}).fit(ring(9, 9))
    assert net.n_parameters_ == sum(net.parameter_counts_.values())
    return net.parameter_counts_


def test_parameters():
    cell = 4 * 16 * (12 + 16 + 1)
    assert counts() == {"embedding": 10 * 12, "encoder": cell, "head": 16 * 12 + 9}
    assert counts(embedding=16)["head"] == 9  # tied: only biases
    assert counts(tied=False)["head"] == 9 * 16 + 9
    assert counts(layers=2)["encoder"] == cell + 4 * 16 * (16 + 16 + 1)


def test_large_vocabularies_get_the_adaptive_softmax(tmp_path):
    texts = [f"w{n} w{(n * 7) % 90} w{n % 10}" for n in range(120)]
    net = LanguageModel(**TINY, epochs=8, adaptive=64).fit(texts)
    assert isinstance(net.network_.head, AdaptiveSoftmax)
    assert net.notes_[-1].startswith("tied does nothing with the adaptive softmax")
    assert net.stream().probabilities.sum() == pytest.approx(1)
    assert net.perplexity(texts) < 0.7 * len(net.vocabulary_)
    net.save(tmp_path / "model")
    assert load(tmp_path / "model").score_text("w1 w7 w1") == net.score_text("w1 w7 w1")
    assert isinstance(LanguageModel(**TINY, epochs=1).fit(texts).network_.head, Softmax)


def test_weight_drop_masks_the_recurrent_weights_in_training_only():
    torch.manual_seed(0)
    network = LanguageNetwork(LanguageOptions(embedding=4, hidden=5, weight_drop=0.5, **PLAIN), 9)
    ids, lengths = torch.tensor([[2, 3, 4, 5]]), torch.tensor([4])
    network.train()
    (one, _), (two, _) = network(ids, lengths), network(ids, lengths)
    assert not torch.equal(one, two)
    assert torch.equal(one[:, 0], two[:, 0])  # the first step has no state that recurs
    one.sum().backward()
    weight = network.encoder[0].weight_hh_l0
    assert 5 < int((weight.grad == 0).sum()) < 95
    network.eval()
    assert torch.equal(network(ids, lengths)[0], network(ids, lengths)[0])


def test_dropout_has_one_mask_a_row():
    torch.manual_seed(0)
    network = LanguageNetwork(
        LanguageOptions(embedding=4, hidden=50, dropout=0.5, input_dropout=0), 9
    )
    made, _ = network.train()(torch.tensor([[3] * 6, [3] * 6]), torch.tensor([6, 6]))
    dropped = made == 0
    assert (dropped == dropped[:, :1]).all() and not torch.equal(dropped[0], dropped[1])
    assert 10 < int(dropped[0, 0].sum()) < 40


# The folder, and going on.


def test_a_folder_keeps_everything(colours, tmp_path):
    colours.save(tmp_path / "model", {"metrics": {"perplexity": 1.2, "bits_per_character": 0.1}})
    again = load(tmp_path / "model")
    assert again.score_text("red green") == colours.score_text("red green")
    assert again.generate(seed=3) == colours.generate(seed=3)
    assert again.tokens_ == colours.tokens_ == 51 * 13  # all texts with one beginning are held out
    card = (tmp_path / "model" / "README.md").read_text()
    assert "# LanguageModel (lstm)" in card and "| this model | 1.20 | 0.100 |" in card
    facts = json.loads((tmp_path / "model" / "metrics.json").read_text())
    assert facts["vocabulary"] == len(colours.vocabulary_) and "classes" not in facts


def test_the_learning_rate_may_fall(monkeypatch):
    rates = []
    monkeypatch.setattr(optimise, "set_rate", lambda optimiser, rate: rates.append(rate))
    net = LanguageModel(**{**TINY, "scheme": "windows"}, epochs=4, decay=True, patience=None)
    net.fit(ring(10, 7), validation=ring(2, 7))
    steps = 10  # of 8 windows, an epoch of 80 tokens
    assert np.allclose(rates, 0.02 * (1 - np.arange(4 * steps) / (4 * steps)))


def test_a_falling_rate_wants_the_same_epochs(tmp_path):
    base, texts = {**TINY, "decay": True}, ring(10, 7)
    whole = LanguageModel(**base, epochs=2).fit(texts, checkpoint=tmp_path)
    again = LanguageModel(**base, epochs=2).fit(texts, checkpoint=tmp_path, resume=True)
    assert again.score_text("red") == whole.score_text("red")
    with pytest.raises(OptionError, match=r"cannot resume .*begun with epochs="):
        LanguageModel(**base, epochs=3).fit(texts, checkpoint=tmp_path, resume=True)


@pytest.mark.parametrize("options", [{}, {"running": True}, {"scheme": "windows"}])
def test_a_resumed_run_is_the_same_to_the_bit(options, tmp_path):
    dropped = {"dropout": 0.3, "input_dropout": 0.2, "weight_drop": 0.2, "tbptt": 5}
    base, texts = {**TINY, **dropped, **options}, ring(20, 9)
    whole = LanguageModel(**base, epochs=4).fit(texts)
    LanguageModel(**base, epochs=2).fit(texts, checkpoint=tmp_path)
    assert len(read_arrays(tmp_path / CHECKPOINT)[1]["history"]) == 2
    net = LanguageModel(**base, epochs=4).fit(texts, checkpoint=tmp_path, resume=True)
    assert [r["loss"] for r in net.history_] == [r["loss"] for r in whole.history_]
    assert net.score_text("red green") == whole.score_text("red green")
    with pytest.raises(OptionError, match=r"cannot resume .*begun with tbptt="):
        LanguageModel(**{**base, "tbptt": 4}).fit(texts, checkpoint=tmp_path, resume=True)
    with pytest.raises(OptionError, match=r"cannot resume .*begun with data="):
        LanguageModel(**base).fit(texts[1:], checkpoint=tmp_path, resume=True)


def test_ctrl_c_keeps_the_best_so_far(monkeypatch, tmp_path):
    texts = ring(20, 9)

    def step(self, epoch, number, *figures):
        if epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Reporter, "step", step)
    net = LanguageModel(**TINY, epochs=9)
    with pytest.raises(KeyboardInterrupt):
        net.fit(texts, checkpoint=tmp_path)
    assert len(net.history_) == 2 and net.score_text("red") < 0
    monkeypatch.undo()
    resumed = LanguageModel(**TINY, epochs=4).fit(texts, checkpoint=tmp_path, resume=True)
    assert resumed.score_text("red") == LanguageModel(**TINY, epochs=4).fit(texts).score_text("red")


def test_speed_and_perplexity_are_shown(capfd):
    LanguageModel(**TINY, epochs=1, verbose=True).fit(ring(20, 9))
    shown = capfd.readouterr().err
    assert re.search(
        r"epoch   1/1  loss \d\.\d{4}  dev loss \S+  dev ppl \S+  "
        r"grad \S+( clip \d+%)?  [\d,]+ tokens/s \*",
        shown,
    )


# What cannot be used.


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ([], "no text came; give one at least"),
        ("no/such file", "there is no file 'no/such file'; give a path, or a list of texts"),
        ([3], "text 0 is 3 .*expected a list of strings"),
        (["one wording"] * 4, "4 texts of one wording came, of which none can be held out"),
    ],
)
def test_texts_that_do_not_do(texts, sentence):
    with pytest.raises(DataError, match=sentence):
        LanguageModel(**TINY).fit(texts)


def test_a_running_text_that_is_too_short():
    with pytest.raises(DataError, match="a running text of 3 characters is too short to hold out"):
        LanguageModel(**TINY, running=True).fit(["abc"])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda net: net.generate("red", n=-1), "n=-1 makes no sense"),
        (lambda net: net.generate("red", n=2.5), "n=2.5 makes no sense; give the number of tokens"),
        (lambda net: net.generate("red", seed=-1), "seed=-1 makes no sense; give a whole number"),
        (lambda net: LanguageModel().fit(["", " "]), "no token in 1 text; give some with words"),
        (lambda net: net.stream().feed(None), r"None \(NoneType\) came; expected a token or id"),
        (lambda net: net.generate("red", temperature=-1), "temperature=-1 makes no sense"),
        (lambda net: net.complete("red", 0), "n=0 makes no sense; give the number of words"),
        (lambda net: net.complete("red", 2.5), "n=2.5 makes no sense; give the number of words"),
        (lambda net: net.complete("red", 2, None), "beginning=None is no string; give how the words"),
        (lambda net: net.tokens(5), "5 came; expected one text"),
        (lambda net: net.generate(None), "None came; expected a string, the beginning of a text"),
        (lambda net: net.score_text(["red"]), r"\['red'\] came; expected one text"),
        (lambda net: net.perplexity([]), "no text came"),
        (lambda net: LanguageModel(tbptt=0).fit(["a b"]), "tbptt=0 is too small"),
        (lambda net: LanguageModel(cell="lsmt").fit(["a b"]), "'lsmt' is unknown; did you mean 'lstm'"),
        (lambda net: LanguageModel(scheme="window").fit(["a b"]), "did you mean 'windows'"),
        (lambda net: LanguageModel(vocabulary=3).fit(["a b"]), "vocabulary=3 is too small"),
    ],
)  # fmt: skip
def test_what_makes_no_sense(colours, call, sentence):
    with pytest.raises((DataError, OptionError), match=sentence):
        call(colours)
