"""The report of a trained recogniser: one HTML page that needs neither network nor scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sestina.audio.features import LogMel
from sestina.audio.sound_files import as_wav
from sestina.audio.twins import Spoken
from sestina.config import FrameOptions
from sestina.errors import counted
from sestina.estimators.recognizer import BridgeRecognizer
from sestina.inspect import page, sections
from sestina.inspect.bridge_report import bridge_curves
from sestina.inspect.gradient_page import reaches_of, section
from sestina.inspect.prompts import LONGEST, Prompt, prompts_of
from sestina.inspect.recognition_ladder import RecognitionRung
from sestina.inspect.sections import Told
from sestina.inspect.spectrogram import COLOURS, DEPTH, as_uri, spectrogram
from sestina.recognition.errors import Pair, aligned_words

Parts = tuple[Spoken, Spoken, Spoken]
SIDES = {
    "clean": ("Clean", "As the device nearby heard it."),
    "noisy": ("Noisy", "As the device far off heard it, which the network reads."),
    "denoised": ("Denoised", "What the network takes the clean sound to be."),
}


def render_recognition(
    net: BridgeRecognizer,
    rungs: Sequence[RecognitionRung],
    maker: LogMel,
    parts: Parts,
    told: tuple[str, str, Sequence[str], Sequence[str]],
) -> str:
    """Return the report as an HTML page.

    Args:
        net: The recogniser that the report is about.
        rungs: The ladder on the test part; its last rung is the net's.
        maker: What made features of sounds.
        parts: Train, dev and test.
        told: Name of the data and devices, how the parts came about, verdicts, notes.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
        DataError: A sound cannot be read any more.
    """
    own, test = rungs[-1], parts[2]
    facts = _facts(net, own.name, maker, parts, told)
    lede = (
        f"How well {page.name(own.name)} writes down {counted(len(test), 'test utterance')} that "
        "it never heard, from far off, beside simpler ways."
    )
    measures = {
        "cer": "Characters of the validation part that are wrong. Lower is better.",
        "wer": "Words, or phones, of the validation part that are wrong. Lower is better.",
    }
    curves = sections.learning(net.history_, net.best_epoch_, "utterances", measures)
    reaches = reaches_of(net, test.frames, test.texts)
    prompts = prompts_of(net, test, own.put, maker)
    return page.whole(
        facts.title,
        lede,
        [
            ("short", "In short", sections.short(_tiles(rungs), facts.verdicts)),
            ("data", "What was trained on what",
             sections.data(facts.data, facts.options, facts.helps)),
            ("ladder", "The ladder", _ladder(rungs)),
            ("prompts", "Seen and heard", _prompts(prompts, maker)),
            ("learning", "How it learned", curves),
            ("bridges", "What its teacher told it", bridge_curves(net)),
            ("gradients", "How far gradients reach", section(reaches, net.history_)),
        ],
    )  # fmt: skip


def _facts(
    net: BridgeRecognizer,
    main: str,
    maker: LogMel,
    parts: Parts,
    told: tuple[str, str, Sequence[str], Sequence[str]],
) -> Told:
    """Return what the report tells of the data and the net; see `render_recognition`."""
    title, said, verdicts, notes = told
    run = sections.run_told(net)
    sizes = ", ".join(
        f"{len(part):,} {name}" for name, part in zip(("train", "dev", "test"), parts, strict=True)
    )
    data = {
        "data": title,
        "utterances": f"{sizes}: {said}",
        "writes": _writes(net),
        "noticed": "; ".join(notes),
        "reads": net.reading(),
        **{**run, "network": f"{main}: {run['network']}"},
    }
    options: dict[str, Any] = {**sections.changed_options(maker), **sections.changed_options(net)}
    helps = {**sections.helps(maker), **sections.helps(net)}
    return Told(title, data, list(verdicts), options, helps)


def _writes(net: BridgeRecognizer) -> str:
    """Return what the net can write."""
    count = counted(len(net.symbols_) - 1, net.level)
    whole = " (what blanks part: phones, too, count as words)" if net.level == "word" else ""
    return f"{count}{whole}, and nothing where none is heard"


def _tiles(rungs: Sequence[RecognitionRung]) -> list[tuple[str, str, str]]:
    plain, own = rungs[0], rungs[-1]
    return [
        ("Words wrong", _three(own.figures["wer"]), f"WER, 95 % interval {_interval(own, 'wer')}"),
        ("Baseline", _three(plain.figures["wer"]), f"WER: {plain.name}"),
        ("Characters wrong", _three(own.figures["cer"]),
         f"CER, 95 % interval {_interval(own, 'cer')}"),
        ("Parameters", f"{own.parameters:,}", "numbers it learned"),
        ("Time to fit", page.seconds(own.seconds), "seconds"),
    ]  # fmt: skip


def _ladder(rungs: Sequence[RecognitionRung]) -> str:
    heads = ["Model", "WER", "95 % interval", "CER", "95 % interval", "Parameters", "Seconds"]
    rows = [
        [page.name(rung.name),
         *(cell for rate in ("wer", "cer")
           for cell in (_three(rung.figures[rate]), _interval(rung, rate))),
         f"{rung.parameters:,}", page.seconds(rung.seconds)]
        for rung in rungs
    ]  # fmt: skip
    words = counted(rungs[-1].figures["words"], "word")
    title = f"All models on {counted(len(rungs[-1].true), 'test utterance')}, {words}"
    return page.table(title, heads, rows, main=len(rungs) - 1) + page.note(
        "WER: words to substitute, put in and take out, divided by the words that are said; it may "
        "exceed 1. CER: the same of characters. Lower is better. Intervals: what other utterances "
        "of the same kind could well have shown (bootstrap). Seconds: the time to fit."
    )


def _prompts(prompts: Sequence[Prompt], maker: LogMel) -> str:
    """Return the pictures, the players and the words of some utterances."""
    loudest = max(float(levels.max()) for one in prompts for levels in one.levels.values())
    how = page.note(
        "Of the test part, the utterances with the lowest, the middle and the highest character "
        "error rate. Pictures show how loud each frequency is at each moment, all on one scale of "
        f"colours, in decibels below the loudest place of them all. {_without(prompts)}Below "
        "them, what is said, and what was recognised of the noisy sound; a word of another colour "
        "is wrong, and what stands below it says how."
    )
    items = "".join(f"<li>{_prompt(one, loudest, maker)}</li>" for one in prompts)
    return f'{how}{_scale()}<ol class="prompts">{items}</ol>'


def _without(prompts: Sequence[Prompt]) -> str:
    """Return how to get the third picture, where there is none."""
    if any("denoised" in one.levels for one in prompts):
        return ""
    return (
        "Trained with <code>--denoise 1</code>, the network tells the clean sound, too: a third "
        "picture. "
    )


def _scale() -> str:
    """Return the colours and what they stand for."""
    return (
        f'<p class="levels"><span>−{DEPTH:g} dB or less</span><span class="colours" '
        f'style="--colours:{",".join(COLOURS)}" aria-hidden="true"></span><span>0 dB</span></p>'
    )


def _prompt(one: Prompt, loudest: float, frames: FrameOptions) -> str:
    cut = f", of which the first {LONGEST:g} are shown" if one.seconds > LONGEST else ""
    name = page.name(one.name)
    pieces = []
    for side, levels in one.levels.items():
        title, how = SIDES[side]
        said = f"{title}: levels of {one.name} by time and frequency."
        figure = page.figure(title, spectrogram(levels, loudest, frames), said, how)
        pieces.append(figure + _player(one, side))
    pairs = aligned_words(one.said, one.heard)
    wrong = sum(said != heard for said, heard in pairs)
    words = counted(len(one.said.split()), "word")
    lines = {
        "Said": page.text(one.said),
        "Recognised": _marked(pairs) if one.heard else "nothing",
        "Errors": f"{counted(wrong, 'word error')} in {words}; CER {one.cer:.3f}",
    }
    facts = "".join(f'<dt>{what}</dt><dd dir="auto">{line}</dd>' for what, line in lines.items())
    return (
        f"<h3>{one.rank}: {name}, {one.seconds:.1f} seconds{cut}</h3>{page.columns(*pieces)}"
        f'<dl class="facts">{facts}</dl>'
    )


def _player(one: Prompt, side: str) -> str:
    """Return what plays a sound that the page holds; nothing where there is none."""
    if side not in one.sounds:
        return ""
    content = as_uri(as_wav(one.sounds[side]), "audio/wav")
    label = page.text(f"{SIDES[side][0]} sound of {one.name}: {one.said}")
    return (
        f'<audio controls preload="metadata" aria-label="{label}" src="{content}">'
        "This program cannot play sounds.</audio>"
    )


def _marked(pairs: Sequence[Pair]) -> str:
    """Return the words that were recognised; those that are wrong with what was said."""
    if all(said == heard for said, heard in pairs):
        return page.text(" ".join(said or "" for said, _ in pairs))
    pieces = []
    for said, heard in pairs:
        if said == heard:
            pieces.append(f"<span><b>{page.text(heard)}</b><small></small></span>")
            continue
        word = "–" if heard is None else page.text(heard)
        true = f"<ins>{page.text(said)}</ins>"
        why = "too many" if said is None else f"missing: {true}" if heard is None else f"for {true}"
        pieces.append(f'<span class="wrong"><b>{word}</b><small>{why}</small></span>')
    return f'<span class="tagged">{" ".join(pieces)}</span>'


def _three(value: float) -> str:
    return f"{value:.3f}"


def _interval(rung: RecognitionRung, rate: str) -> str:
    low, high = rung.figures[f"{rate}_interval"]
    return f"{low:.3f}–{high:.3f}"
