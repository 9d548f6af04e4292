"""The recogniser: what is said in noise, learnt by CTC or from where a teacher heard it."""

import json

import numpy as np
import pytest

from sestina import BridgeClassifier, BridgeRecognizer, load
from sestina.errors import DataError, OptionError
from sestina.estimators import bridge, taught
from sestina.nn import losses
from sestina.recognition.alignment import align_ctc
from sestina.recognition.errors import word_errors
from sestina.recognition.prefix_search import Words

LETTERS = "abc "
PHONES = dict(zip("abc", ("AH", "B", "AY1"), strict=True))  # each of as many letters as it likes
SMALL = {
    "hidden": 16, "reduced": 16, "filters": (4,), "filter_width": 3, "stack": 2, "skip": 2,
    "layers": 1, "feedback_layers": 1, "dropout": 0.0, "epochs": 22, "patience": None,
    "learning_rate": 0.02, "batch_size": 16,
}  # fmt: skip
ALONE = {"kd": 0.0, "dr": 0.0, "lstm3": 0.0}


def sung(text, rng):
    """A band for each letter, sounding for three or four frames, silence behind it."""
    pieces = []
    for letter in text:
        tone = np.zeros((rng.integers(3, 5) + 2, len(LETTERS)))
        tone[:-2, LETTERS.index(letter)] = 1.0
        pieces.append(tone)
    return np.concatenate(pieces)


def made(count, seed):
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice([*"abc"], rng.integers(2, 5))) for _ in range(count)]
    texts = [text[:2] + " " + text[2:] if len(text) > 3 else text for text in texts]
    clean = [sung(text, rng) for text in texts]
    return clean, [row + 0.3 * rng.normal(size=row.shape) for row in clean], texts


@pytest.fixture(scope="module")
def speech():
    return made(96, seed=0)


@pytest.fixture(scope="module")
def unheard():
    return made(40, seed=1)


@pytest.fixture(scope="module")
def student(speech):
    return BridgeRecognizer(**SMALL, recursions=1).fit(*speech)


def test_it_recognises_what_it_never_heard(student, unheard):
    clean, noisy, texts = unheard
    found = student.evaluate(noisy, texts)
    assert found["cer"] < 0.1 and student.score(noisy, texts) == 1 - found["cer"]
    assert found["cer_interval"][0] <= found["cer"] <= found["cer_interval"][1]
    assert student.teacher_.score(clean, texts) > 0.95
    wider = student.predict(noisy, beam=8)
    assert np.mean([a == b for a, b in zip(wider, texts, strict=True)]) > 0.6


def test_shuffled_texts_teach_nothing(speech, unheard):
    _, noisy, texts = speech
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = [texts[n][:2] for n in order]  # each short enough for any sound
    net = BridgeRecognizer(**{**SMALL, **ALONE, "epochs": 15}).fit(None, noisy, shuffled)
    assert net.score(unheard[1], unheard[2]) < 0.5


def test_bridges_shrink(student):
    rows = student.history_
    for name in ("dr", "lstm3", "kd"):
        assert rows[-1][f"validation_{name}_error"] < rows[0][f"validation_{name}_error"]


def test_frames_may_be_learnt_where_the_teacher_heard_them(student, speech, unheard):
    clean, noisy, texts = speech
    teacher = student.teacher_
    net = BridgeRecognizer(**SMALL, **ALONE, alignment="clean")
    net.fit(clean, noisy, texts, teacher=teacher)
    assert net.teacher_ is teacher and net.score(unheard[1], unheard[2]) > 0.85
    inputs = net._paired_inputs(net._pairs_of(clean, noisy))
    found = net._spoken(inputs, texts, "utterance").aligned.row(0)
    logs = teacher.log_probabilities(clean[:1])[0]
    said = [teacher.symbols_.index(letter) for letter in texts[0]]
    assert np.array_equal(found, align_ctc(logs, said).symbols)


def test_ctc_is_of_a_step_and_knows_no_padding():
    import torch

    torch.manual_seed(0)
    logits, lengths = torch.randn(2, 6, 4), torch.tensor([6, 3])
    said, sizes = torch.tensor([1, 2, 3]), torch.tensor([2, 1])
    whole = losses.ctc(logits, lengths, said, sizes)
    logits[1, 3:] = 50.0
    assert torch.equal(whole, losses.ctc(logits, lengths, said, sizes))
    paths = np.log([sum_of_paths(logits[0], [1, 2]), sum_of_paths(logits[1, :3], [3])])
    assert float(whole) == pytest.approx(-paths.sum() / 9, rel=1e-4)


@pytest.mark.parametrize("alignment", [None, "clean"])
def test_a_batch_read_in_parts_teaches_as_much(student, speech, alignment):
    import torch

    clean, noisy, texts = speech
    longer = [np.concatenate(side[:8]) for side in (clean, noisy)]  # eight utterances in one
    clean, noisy = (
        [side[8], whole, *side[9:12]] for side, whole in zip(speech, longer, strict=False)
    )
    texts = [texts[8], "".join(texts[:8]), *texts[9:12]]
    net = BridgeRecognizer(**{**SMALL, "epochs": 1}, denoise=0.5, alignment=alignment)
    net.fit(*speech, teacher=student.teacher_)
    data = net._spoken(net._paired_inputs(net._pairs_of(clean, noisy)), texts, "utterance")
    ((parts, size),) = data.batches(5, seed=0, epoch=1)
    assert [len(part.lengths) for part in parts] == [4, 1] and size == 5
    found = []
    for batch in (parts, [data.batch(np.arange(5))]):
        net.network_.zero_grad()
        value = net._problem(data, None).loss(batch)
        value.backward()
        found.append((value.item(), [weight.grad.clone() for weight in net.network_.parameters()]))
    (one, gradients), (other, whole) = found
    assert one == pytest.approx(other, rel=1e-5)
    for part, of_all in zip(gradients, whole, strict=True):
        torch.testing.assert_close(part, of_all, rtol=1e-3, atol=1e-6)


def sum_of_paths(logits, said):
    """P of what is said, by going through all paths."""
    from itertools import product

    from sestina.recognition.ctc import collapse

    shares = logits.softmax(1).numpy()
    return sum(
        np.prod(shares[np.arange(len(shares)), path])
        for path in product(range(shares.shape[1]), repeat=len(shares))
        if collapse(path) == said
    )


def test_words_are_heard_too(student, unheard):
    def only_ab(word, before):
        return 0.0 if word == "ab" else -50.0

    words = Words(only_ab, student.symbols_, weight=1.0, bonus=0.0)
    put = student.predict(unheard[1], beam=32, words=words)
    plain = student.predict(unheard[1], beam=32)
    assert put.count("ab") + put.count("") > plain.count("ab") + plain.count("")
    with pytest.raises(OptionError, match="other letters"):
        student.predict(unheard[1], words=Words(only_ab, ["", "a"]))


def test_denoising_and_the_feed_forward_network(speech, unheard):
    how = {**SMALL, **ALONE, "epochs": 25, "hidden": 32}
    net = BridgeRecognizer(**how, blocks="feed-forward", denoise=1.0).fit(*speech)
    assert net.score(unheard[1], unheard[2]) > 0.6
    clean, noisy, _ = unheard
    rows = zip(net.denoised(noisy), net._steps(clean), net._steps(noisy), strict=True)
    apart = np.array([[((one - x) ** 2).mean() for one in (told, y)] for told, x, y in rows])
    assert apart[:, 0].mean() < apart[:, 1].mean()


@pytest.mark.parametrize("beam", [0, "wide", 2.5])
def test_a_beam_is_a_number(student, unheard, beam):
    with pytest.raises(OptionError, match=f"beam={beam!r} makes no sense"):
        student.predict(unheard[1][:1], beam=beam)


def test_a_folder_keeps_it(student, unheard, tmp_path):
    student.save(tmp_path / "m", {"metrics": student.evaluate(unheard[1], unheard[2])})
    again = load(tmp_path / "m")
    assert again.predict(unheard[1]) == student.predict(unheard[1])
    assert again.symbols_ == student.symbols_ and again.teacher_ is None
    with pytest.raises(OptionError, match="no teacher"):
        again.bridge_errors(*unheard[:2])


def test_errors_do_not_depend_on_how_many_are_read_together(student, unheard, monkeypatch):
    whole = student.bridge_errors(*unheard[:2])  # of ragged sequences
    monkeypatch.setattr(taught, "BATCH", 3)
    assert student.bridge_errors(*unheard[:2]) == pytest.approx(whole, rel=1e-4)


def test_a_run_goes_on_to_the_same_bits(speech, tmp_path):
    how = {**SMALL, "epochs": 4}
    once = BridgeRecognizer(**how).fit(*speech)
    BridgeRecognizer(**{**how, "epochs": 2}).fit(*speech, teacher=once.teacher_,
                                                checkpoint=tmp_path)  # fmt: skip
    again = BridgeRecognizer(**how)
    again.fit(*speech, teacher=once.teacher_, checkpoint=tmp_path, resume=True)
    pairs = zip(once.network_.parameters(), again.network_.parameters(), strict=True)
    assert all((one == other).all() for one, other in pairs)


def test_a_teacher_reads_the_same_steps(student, speech):
    other = BridgeRecognizer(**{**student.get_params(), "skip": 1, "stack": 1})
    with pytest.raises(OptionError, match="stack=1 of the student and 2 of the teacher"):
        other.fit(*speech, teacher=student.teacher_)
    with pytest.raises(DataError, match="feature"):
        clean, noisy, texts = speech
        clean, noisy = ([row[:, :2] for row in side] for side in (clean, noisy))
        BridgeRecognizer(**student.get_params()).fit(clean, noisy, texts, teacher=student.teacher_)


def test_new_characters_are_errors_and_no_refusal(student, unheard):
    found = student.evaluate(unheard[1][:2], ["abx", unheard[2][1]])
    assert found["cer"] > 0


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["ab", ""], "text 1 is empty"),
        (["ab", 3], "label 1 is 3; expected a text"),
        (["ab"], "2 utterances came with 1 text"),
        ("ab", "expected a list"),
        (["ab", "abcabcabcabcabc"], "utterance 1 has 6 steps"),
        (["ab", "aaaa"], "needs 7"),
    ],
)
def test_texts_that_cannot_be_learnt_are_refused(texts, said):
    frames = [np.ones((12, 4)), np.ones((12, 4))]
    net = BridgeRecognizer(**SMALL, **ALONE, validation_fraction=0.0)
    with pytest.raises(DataError, match=said):
        net.fit(None, frames, texts)
    assert not hasattr(net, "network_")


def test_features_that_do_not_fit_are_refused(student, speech):
    with pytest.raises(DataError, match="have 5 features, those of the training had 4"):
        student.predict([np.ones((12, 5))])
    with pytest.raises(DataError, match="make no 3 planes"):
        BridgeRecognizer(**SMALL, **ALONE, planes=3).fit(None, *speech[1:])
    with pytest.raises(DataError, match="clean=None"):
        BridgeRecognizer(**SMALL).fit(None, *speech[1:])
    with pytest.raises(DataError, match="the teacher does not know the label 'd'"):
        texts = ["d", *speech[2][1:]]
        BridgeRecognizer(**SMALL).fit(*speech[:2], texts, teacher=student.teacher_)


def test_both_students_are_named_beside_each_other():
    assert bridge.BridgeRecognizer is BridgeRecognizer
    assert bridge.BridgeClassifier is BridgeClassifier


def spelt(texts):
    """The same sounds, told in phones: "ab c" becomes "AH B AY1"."""
    return [" ".join(PHONES[letter] for letter in text if letter != " ") for text in texts]


@pytest.fixture(scope="module")
def of_phones(speech):
    clean, noisy, texts = speech
    return BridgeRecognizer(**SMALL, level="word").fit(clean, noisy, spelt(texts))


def test_phones_of_several_letters_are_recognised(of_phones, unheard):
    clean, noisy, texts = unheard
    said = spelt(texts)
    assert of_phones.symbols_ == ["", "AH", "AY1", "B"]
    assert of_phones.score(noisy, said) > 0.9 and of_phones.teacher_.score(clean, said) > 0.95
    put = of_phones.predict(noisy)
    assert {phone for text in put for phone in text.split()} <= {*PHONES.values()}
    found = of_phones.evaluate(noisy, said)
    assert found["wer"] == word_errors(said, put).rate
    assert of_phones.score(noisy, said) == 1 - found["wer"]
    assert found["words"] == sum(len(text.split()) for text in said)  # phones
    assert of_phones.history_[-1]["validation_wer"] < 0.2
    assert "validation_cer" not in of_phones.history_[-1]
    wider = of_phones.predict(noisy, beam=8)
    assert word_errors(said, wider).rate < 0.1
    assert of_phones.evaluate(noisy[:1], ["AH NG"])["wer"] > 0  # a new phone is an error


def test_phones_may_be_learnt_where_the_teacher_heard_them(of_phones, speech, unheard):
    clean, noisy, texts = speech
    net = BridgeRecognizer(**SMALL, **ALONE, level="word", alignment="clean")
    net.fit(clean, noisy, spelt(texts), teacher=of_phones.teacher_)
    assert net.score(unheard[1], spelt(unheard[2])) > 0.85


def test_shuffled_phones_teach_nothing(speech, unheard):
    _, noisy, texts = speech
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = spelt([texts[n][:2] for n in order])
    net = BridgeRecognizer(**{**SMALL, **ALONE, "epochs": 15}, level="word")
    net.fit(None, noisy, shuffled)
    assert net.score(unheard[1], spelt(unheard[2])) < 0.5


def test_a_folder_keeps_the_level(of_phones, unheard, tmp_path):
    of_phones.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.level == "word" and again.symbols_ == of_phones.symbols_
    assert again.predict(unheard[1]) == of_phones.predict(unheard[1])


def test_a_folder_from_before_levels_writes_characters(student, unheard, tmp_path):
    student.save(tmp_path / "m")
    path = tmp_path / "m" / "config.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["options"].pop("level") == "character"
    path.write_text(json.dumps(told), encoding="utf-8")
    again = load(tmp_path / "m")
    assert again.level == "character" and again.predict(unheard[1]) == student.predict(unheard[1])


def test_a_teacher_writes_the_same_symbols(student, speech):
    clean, noisy, texts = speech
    other = BridgeRecognizer(**{**student.get_params(), "level": "word"})
    with pytest.raises(OptionError, match="level='word' of the student and 'character' of the tea"):
        other.fit(clean, noisy, spelt(texts), teacher=student.teacher_)


def test_levels_that_cannot_be_are_refused(of_phones, speech, unheard):
    with pytest.raises(OptionError, match="level='phone' is unknown"):
        BridgeRecognizer(**SMALL, **ALONE, level="phone").fit(None, *speech[1:])
    with pytest.raises(
        DataError, match="parted by blanks in it, and are symbols with level='word'"
    ):
        net = BridgeRecognizer(**SMALL, **ALONE, level="word")
        net.fit(None, speech[1][:2], [["AH", "B"], ["B"]])
    words = Words(lambda word, before: 0.0, of_phones.symbols_)
    with pytest.raises(OptionError, match="spells them by letters, but the recogniser has level="):
        of_phones.predict(unheard[1], words=words)


def test_what_wants_clean_twins_is_named(speech):
    _, noisy, texts = speech
    net = BridgeRecognizer(**SMALL, kd=0.0, dr=0.0, lstm3=0.0, alignment="clean")
    with pytest.raises(DataError, match=r"for alignment the clean twin .* or set alignment=None"):
        net.fit(None, noisy, texts)
