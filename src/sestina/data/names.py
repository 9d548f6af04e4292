"""First names that are spellings of one another, and parts that keep them together (row C15)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from sestina.data.split import fixed_part

VOWELS = "aeiouy"
SOFT = {"c": "s", "g": "j"}  # before e, i and y
SOUNDS = (
    (re.compile(r"ph"), "f"),
    (re.compile(rf"(?<=[{VOWELS}])w(?![{VOWELS}])"), ""),  # Shawn
    (re.compile(r"([cg])(?=[eiy])"), lambda found: SOFT[found[1]]),
    (re.compile(r"x"), "ks"),
)
ALIKE = str.maketrans("cqzwf", "kksvv", "h")
TWICE = re.compile(r"([a-z])\1+")


def family(name: str) -> str:
    """Return what the spellings of a first name have in common.

    It is the name's consonants by their sounds, each once where it is doubled, without h and the
    vowels, but for an ``a`` in front where a vowel begins. Ann, Anna and Hannah have one; so have
    Catherine, Katherine and Kathryn, Aiden and Ayden, but also Maria and Mario: rather too many
    names together than too few.
    """
    plain = unicodedata.normalize("NFKD", name.lower())
    sounds = re.sub(r"[^a-z]", "", plain)
    for pattern, sound in SOUNDS:
        sounds = pattern.sub(sound, sounds)
    sounds = TWICE.sub(r"\1", sounds.translate(ALIKE))
    opening = "a" if sounds[:1] and sounds[0] in VOWELS else ""
    return opening + re.sub(f"[{VOWELS}]", "", sounds)


def family_parts(names: Iterable[str]) -> list[str]:
    """Return the parts of first names: of 10 families 8 in train, 1 in dev, 1 in test.

    A name's part depends on its `family` alone, so that no name of one part is another spelling of
    one in another, and a name has its part in whatever list it stands.
    """
    return [fixed_part(family(name)) for name in names]
