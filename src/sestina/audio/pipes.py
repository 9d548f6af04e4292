"""Commands in Kaldi's lists that only name a file of sound; none of them is ever run."""

from __future__ import annotations

import shlex
from itertools import pairwise

FORMS = "`sox -c 1 -t wavpcm FILE -t wavpcm - |` and `flac -c -d -s FILE |`"
"""What is read, for messages."""

# what changes nothing where a file tells its own format and has one channel, as it must here
CHANNELS = ("-c", "1")
ENCODINGS = {("-t", "wav"), ("-t", "wavpcm"), ("-e", "signed-integer"), ("-b", "16")}
INPUT = {CHANNELS, ("-t", "flac"), *ENCODINGS}
OUTPUT = {CHANNELS, ("-t", "wav"), ("-t", "wavpcm")}
ALONE = {"-s"}  # as older versions of sox write -e signed-integer


def file_of(command: str) -> str | None:
    """Return the file that a command hands on as it is; None where it does more, or is another.

    So the recipes of AMI and LibriSpeech write their wav.scp. Effects, other rates and whatever
    else would change the samples are not known here.

    Args:
        command: With the pipe sign at its end.
    """
    # signs of the shell become words of their own, so that none hides in a name
    parser = shlex.shlex(command, posix=True, punctuation_chars=True)
    parser.whitespace_split, parser.commenters = True, ""
    try:
        words = list(parser)
    except ValueError:  # a quotation mark is left open
        return None
    if words[-1:] != ["|"] or "|" in words[:-1]:
        return None
    match words[:-1]:
        case ["sox", *rest]:
            return _of_sox(rest)
        case ["flac", *options, name] if {"-c", "-d"} <= set(options) <= {"-c", "-d", "-s"}:
            return _plain(name)
    return None


def _of_sox(words: list[str]) -> str | None:
    """Return the file of `sox`: options of its format, the file, options of the output, "-".

    Among the first must be that it has one channel: without that all of them would be handed on.
    """
    name, *output = _behind(words, INPUT, ALONE) or [""]
    told = words[: len(words) - len(output) - 1]
    if CHANNELS not in pairwise(told) or _behind(output, OUTPUT, set()) != ["-"]:
        return None
    return _plain(name)


def _behind(words: list[str], pairs: set[tuple[str, str]], alone: set[str]) -> list[str]:
    """Return what follows the options that stand first."""
    at = 0
    while at < len(words):
        if tuple(words[at : at + 2]) in pairs:
            at += 2
        elif words[at] in alone:
            at += 1
        else:
            break
    return words[at:]


def _plain(name: str) -> str | None:
    """Return a name, unless it is none of a file: an option, the input, a sign of the shell."""
    return None if name[:1] in ("", "-", "|") or not name.strip(";&<>()") else name
