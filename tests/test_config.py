"""Options: names, types, ranges, and the way into JSON and back."""

import dataclasses
import json

import numpy as np
import pytest

from sestina import LanguageModel, SequenceTagger, SeriesClassifier, TextClassifier, config
from sestina.errors import OptionError, counted

KINDS = [
    config.ReadingOptions,
    config.TextOptions,
    config.EmbeddingOptions,
    config.EncoderOptions,
    config.TrainingOptions,
    config.LanguageTextOptions,
    config.LanguageOptions,
    config.LanguageTrainingOptions,
    TextClassifier,
    SeriesClassifier,
    LanguageModel,
    SequenceTagger,
    config.TaggedOptions,
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_has_help_and_a_default_that_passes(kind):
    options = kind()
    config.check(options)
    for spec in dataclasses.fields(options):
        assert spec.metadata["help"].endswith((".", "…"))
        assert spec.default is getattr(options, spec.name)


@pytest.mark.parametrize(
    ("name", "near"),
    [("hiden", "hidden"), ("learning_rates", "learning_rate"), ("EPOCHS", "epochs")],
)
def test_unknown_option_names_the_nearest(name, near):
    with pytest.raises(OptionError, match=f"unknown option '{name}'; did you mean '{near}'"):
        config.from_dict(TextClassifier, {name: 1})


def test_unknown_option_without_a_near_one_lists_all():
    with pytest.raises(OptionError, match=r"known are .*epochs.*hidden"):
        config.from_dict(TextClassifier, {"zzz": 1})


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("hidden", "16", "a whole number"),
        ("hidden", 16.0, "a whole number"),
        ("hidden", True, "a whole number"),
        ("hidden", None, "a whole number"),
        ("patience", "3", "a whole number"),
        ("learning_rate", "fast", "a number"),
        ("learning_rate", False, "a number"),
        ("learning_rate", np.ones(2), "a number"),
        ("clip_norm", [1.0], "a number"),
        ("bidirectional", 1, "True or False"),
        ("encoder", 3, "a string"),
        ("encoder", None, "a string"),
        ("widths", 3, "a tuple of whole numbers"),
        ("dense", (16, "16"), "a tuple of whole numbers"),
        ("dense", (True,), "a tuple of whole numbers"),
    ],
)
def test_wrong_type(name, value, wanted):
    with pytest.raises(OptionError, match=f"^{name}=.* is not {wanted}"):
        config.check(TextClassifier(**{name: value}))


@pytest.mark.parametrize(
    ("name", "value", "side"),
    [
        ("hidden", 0, "small"),
        ("epochs", -1, "small"),
        ("vocabulary", 2, "small"),
        ("dropout", -0.1, "small"),
        ("dropout", 1.0, "large"),
        ("validation_fraction", 0.95, "large"),
        ("learning_rate", 0.0, "small"),
        ("patience", 0, "small"),
        ("dense", (16, 0), "small"),
        ("seed", -1, "small"),
    ],
)
def test_out_of_range(name, value, side):
    with pytest.raises(OptionError, match=f"^{name}=.* is too {side}: the (least|most) is "):
        config.check(TextClassifier(**{name: value}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_not_finite(value):
    with pytest.raises(OptionError, match=r"^learning_rate=-?(nan|inf) is not a finite number$"):
        config.check(TextClassifier(learning_rate=value))


@pytest.mark.parametrize(("name", "value"), [("clip_norm", 0), ("clip_value", 0), ("patience", 0)])
def test_none_means_none_is_said_where_zero_is_refused(name, value):
    with pytest.raises(OptionError, match=r"; None means none \(0 on the command line\)$"):
        config.check(TextClassifier(**{name: value}))
    with pytest.raises(OptionError, match=r"the least is 1$"):
        config.check(TextClassifier(epochs=0))
    config.check(TextClassifier(**{name: None}))


SET = {
    "hidden": 16, "layers": 2, "bidirectional": True, "pool": "max", "widths": (2, 3), "pad": "pre",
    "embedding": 16, "vectors": np.ones((3, 2)), "fine_tune": True, "input_dropout": 0.1,
}  # fmt: skip
FOR_RECURRENT = ["layers", "bidirectional", "pool"]
FOR_VECTORS = ["embedding", "vectors", "fine_tune"]


@pytest.mark.parametrize(
    ("encoder", "idle"),
    [
        ("bag", ["pad", *FOR_VECTORS, *FOR_RECURRENT, "widths", "input_dropout"]),
        ("flatten", ["hidden", *FOR_RECURRENT, "widths"]),
        ("mean", ["pad", "hidden", *FOR_RECURRENT, "widths"]),
        ("cnn", ["pad", *FOR_RECURRENT]),
        ("rnn", ["pad", "widths"]),
        ("gru", ["pad", "widths"]),
        ("lstm", ["pad", "widths"]),
    ],
)
def test_options_that_do_nothing_for_an_encoder(encoder, idle):
    said = config.unused(TextClassifier(encoder=encoder, **SET))
    assert {sentence.split()[0] for sentence in said} == set(idle) and len(said) == len(idle)
    assert all(f"does nothing with encoder={encoder!r}, only with " in each for each in said)
    defaults = {"widths": [3, 4, 5], "hidden": np.int64(32)}
    assert config.unused(TextClassifier(encoder=encoder, **defaults)) == []


@pytest.mark.parametrize(
    ("level", "idle"),
    [("word", ["subword_method"]), ("character", ["subword_method"]), ("subword", ["min_count"])],
)
def test_options_that_do_nothing_for_a_level(level, idle):
    net = TextClassifier(level=level, min_count=3, subword_method="unigram")
    (sentence,) = config.unused(net)
    assert sentence.startswith(f"{idle[0]} does nothing with level={level!r}, only with ")
    assert config.unused(TextClassifier(level=level)) == []


@pytest.mark.parametrize(
    ("name", "value", "near"),
    [
        ("encoder", "lsmt", "lstm"),
        ("pool", "maxx", "max"),
        ("optimiser", "Adam", "adam"),
        ("level", "words", "word"),
        ("class_weight", "balance", "balanced"),
    ],
)
def test_unknown_choice_names_the_nearest(name, value, near):
    with pytest.raises(OptionError, match=f"{value!r} is unknown; did you mean {near!r}"):
        config.check(TextClassifier(**{name: value}))


@pytest.mark.parametrize(
    "options",
    [
        {"hidden": np.int64(16), "dropout": np.float32(0.5), "dense": (np.int32(4), 2)},
        {"dense": [16, 16], "patience": None, "clip_norm": None, "learning_rate": 1},
        {"class_weight": "balanced"},
        {"class_weight": {"a": 2.0}},
    ],
)
def test_good_values_pass(options):
    config.check(TextClassifier(**options))


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip_through_json(kind):
    values = config.to_dict(kind())
    again = kind(**config.from_dict(kind, json.loads(json.dumps(values))))
    assert config.to_dict(again) == values
    assert all(type(getattr(again, k)) is type(getattr(kind(), k)) for k in values)


def test_numpy_values_become_plain_ones():
    net = TextClassifier(
        hidden=np.int64(16), dropout=np.float64(0.5), dense=(np.int64(8),), encoder=np.str_("gru"),
        class_weight={np.int64(1): np.float64(2.0)},
    )  # fmt: skip
    values = config.to_dict(net)
    assert values["dense"] == [8] and values["hidden"] == 16 and values["encoder"] == "gru"
    assert all(type(values[k]).__module__ == "builtins" for k in ("hidden", "dropout", "encoder"))
    json.dumps(values)


def test_to_dict_of_some_kinds_only():
    values = config.to_dict(TextClassifier(), config.EmbeddingOptions)
    assert set(values) == {spec.name for spec in dataclasses.fields(config.EmbeddingOptions)}


def test_a_number_and_its_noun():
    assert [counted(n, "row") for n in (0, 1, 2, 1200)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "1,200 rows",
    ]
    assert (
        counted(2, "class", "classes") == "2 classes"
        and counted(1, "series", "series") == "1 series"
    )


def test_option_errors_are_value_errors_with_exit_code_two():
    assert issubclass(OptionError, ValueError)
    assert OptionError.exit_code == 2
