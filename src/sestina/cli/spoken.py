"""What verbs do with recognisers: hear sounds as in training, put what is said, measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import model_of
from sestina.errors import DataError, ModelError, OptionError, counted
from sestina.recognition.prefix_search import Words
from sestina.recognition.word_model import of_stream

if TYPE_CHECKING:
    from sestina.audio.features import LogMel  # loads scikit-learn
    from sestina.audio.twins import Spoken

SOUNDS = 32  # that are answered together


class Search(NamedTuple):
    """How what is said is searched for.

    Attributes:
        beam: Beginnings that are followed up side by side; None: the likeliest symbols, or the
            usual number where words are heard, too.
        words: A language model of words.
        model: Its folder.
    """

    beam: int | None
    words: Words | None
    model: str | None

    @classmethod
    def asked(cls, net: Any, beam: int | None, hearing: Mapping[str, Any]) -> Search:
        """Return how a recogniser is to search.

        Args:
            net: The recogniser.
            beam: As the user gave it.
            hearing: Values of WordsOptions.

        Raises:
            OptionError: A value makes no sense, the language model is none of words, or reads
                backwards, or the recogniser's symbols are no letters that a word could be spelt
                with.
        """
        config.check(config.WordsOptions(**hearing))
        folder = hearing["words"]
        if folder is None:
            return cls(beam, None, None)
        from sestina.estimators.recognising import refuse_spelling  # loads torch

        refuse_spelling(net.level)
        model = model_of(folder, "LanguageModel")
        if model.level != "word" or model.backwards:
            came = "reads backwards" if model.backwards else f"is one of {model.level}s"
            raise OptionError(
                f"the language model in {folder!r} {came}; --words takes one of words that reads "
                "forwards: sestina train generate FILE"
            )
        score = of_stream(model.stream, model.vocabulary_, model.tokens)
        words = Words(score, net.symbols_, hearing["word_weight"], hearing["word_bonus"])
        return cls(beam, words, folder)


def maker_of(facts: Mapping[str, Any]) -> LogMel:
    """Return what makes features of sounds as in training, by the facts of a model folder.

    Raises:
        OptionError: The model was trained from Python, on features that nothing tells of.
        ModelError: What tells of them is damaged.
    """
    from sestina.audio.features import LogMel

    if "frames" not in facts:
        raise OptionError(
            "nothing in the model's folder tells how its features were made of sounds, since it "
            "was trained from Python; ask it there"
        )
    told = facts["frames"]
    try:
        if not isinstance(told, dict):
            raise OptionError(f"{told!r:.60} is no list of options")
        return LogMel(**config.from_dict(config.FrameOptions, told)).fit()
    except OptionError as error:
        raise ModelError(
            f"how the model's features are made is damaged in its metrics.json ({error}); copy the "
            "folder again"
        ) from error


def heard(
    path: str, facts: Mapping[str, Any], device: str | None, need_text: bool = True
) -> Spoken:
    """Return a folder's or table's utterances as a model hears them; what was noted is said.

    Args:
        path: What the user gave.
        facts: Of the model folder.
        device: The one that listens; that of the training if None.
        need_text: Whether it must be known what is said.
    """
    from sestina.audio.twins import spoken

    wish = device or facts.get("device")
    found = spoken(path, maker_of(facts), None if wish is None else str(wish), need_text)
    for note in found.notes:
        show.say(f"{Path(path).name}: {note}")
    return found


def of_part(found: Spoken, wish: str | None) -> Spoken:
    """Return the part asked for, or the test part if there is one, or else all.

    Raises:
        DataError: There is no such part.
    """
    parts = found.parts or []
    if wish is None and "test" not in parts:
        return found
    name = wish or "test"
    if name not in parts:
        known = ", ".join(sorted(set(parts))) or "one whole"
        raise DataError(f"{found.source} has no part {name!r}, only {known}; change --part")
    show.say(f"evaluating on the part {name!r}")
    return found.part(name)


def recognised(
    net: Any, facts: Mapping[str, Any], sounds: Sequence[str], search: Search
) -> Iterator[list[dict[str, str]]]:
    """Yield what is said in files of sound, some at a time; each is scaled by itself."""
    from sestina.audio.sound_files import read_sound

    maker = maker_of(facts)
    if maker.normalise is not None:
        maker = maker.set_params(normalise="utterance")
    for start in range(0, len(sounds), SOUNDS):
        names = sounds[start : start + SOUNDS]
        frames = maker.transform([read_sound(Path(name)) for name in names], names=names)
        rows = zip(names, net.predict(frames, search.beam, search.words), strict=True)
        yield [{"sound": name, "text": text} for name, text in rows]


def put(net: Any, found: Spoken, search: Search) -> Iterator[list[dict[str, str]]]:
    """Yield what is said in utterances, some at a time."""
    for start in range(0, len(found), SOUNDS):
        part = found.take(range(start, min(start + SOUNDS, len(found))))
        rows = zip(part.called, net.predict(part.frames, search.beam, search.words), strict=True)
        yield [{"sound": name, "text": text} for name, text in rows]


def line(row: Mapping[str, Any]) -> str:
    """Return a line of the sound and of what is said, parted by a tab."""
    return f"{row['sound']}\t{row['text']}\n"


def measure(net: Any, model: str, data: str, found: Spoken, search: Search, json: bool) -> None:
    """Print the word and character error rates of a recogniser.

    Args:
        net: The recogniser.
        model: Its folder.
        data: What the user called the speech.
        found: The utterances.
        search: How what is said is searched for.
        json: Whether to print JSON.
    """
    from sestina.estimators.recognising import unknown_symbols  # loads torch

    new = unknown_symbols(found.texts, net.symbols_, net.level)
    if new:
        show.say(f"{counted(new, net.level)} that training lacked, each of them an error")
    figures = net.evaluate(found.frames, found.texts, search.beam, search.words)
    if json:
        show.as_json(
            {"task": "evaluate", "model": model, "data": data, "utterances": len(found),
             "beam": search.beam, "words": search.model, "metrics": figures}
        )  # fmt: skip
        return
    more = {"parameters": net.n_parameters_, "seconds": net.seconds_}
    title = f"{model} on {data}: {counted(len(found), 'utterance')}"
    show.recognitions(title, {"this model": {**figures, **more}})
