"""A folder of speech that several devices heard, as experiments read it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sestina.errors import DataError

if TYPE_CHECKING:
    from sestina.audio.twins import Spoken  # which loads scikit-learn

NEAR, FAR = ("clean", "ihm"), ("sdm", "mdm")


@dataclass
class SpeechFolder:
    """Speech of all devices; each is heard when it is asked for.

    Attributes:
        path: What `sestina data distance` wrote, or a folder of AMI's devices.
        far: The first device far off that was asked for.
    """

    path: Path
    far: str = "sdm"
    _heard: dict[str, Spoken] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.twins(self.far))

    @property
    def texts(self) -> list[str]:
        """What is said in each utterance."""
        return self.twins(self.far).texts

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all sounds, of every device, with their texts, parts and speakers.

        Features are scaled by speaker: who shares one counts, not how they are called, so that the
        name of a single one does not.
        """
        total = hashlib.sha256()
        for device in self._devices():
            try:
                total.update(self._sum_of(device))
            except DataError:  # of one that nobody asked for; who asks is told why
                continue
        return total.hexdigest()

    def _sum_of(self, device: str) -> bytes:
        from sestina.audio.speech import read_speech

        total, numbers = hashlib.sha256(), dict[str, int]()
        for row in read_speech(self.path, device=device):
            sound = row.sound()
            told = (device, row.id, row.text, row.part, sound.rate, len(sound.samples))
            speaker = numbers.setdefault(row.speaker, len(numbers))
            total.update(json.dumps((*told, speaker) if speaker else told).encode())
            total.update(sound.samples.tobytes())
        return total.digest()

    @property
    def parts(self) -> list[str] | None:
        """The part of each, if the folder names parts."""
        return self.twins(self.far).parts

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed or left out."""
        return self.twins(self.far).notes

    def twins(self, device: str) -> Spoken:
        """Return what a device far off and the one nearby heard, in features as LogMel's are.

        Args:
            device: sdm or mdm; where AMI has sdm1 and mdm8, those.

        Raises:
            DataError: The folder has no such devices, or cannot be read.
        """
        if device not in self._heard:
            from sestina.audio.features import LogMel
            from sestina.audio.twins import spoken_twins

            near, far = self._named(NEAR), self._named((device,))
            self._heard[device] = spoken_twins(self.path, LogMel(), near, far)
        return self._heard[device]

    def _devices(self) -> list[str]:
        """Return the devices that heard it.

        Raises:
            DataError: There is no such folder.
        """
        if not self.path.is_dir():
            raise DataError(
                f"{self.path} is no folder of speech; make one with sestina data distance"
            )
        known = (*NEAR, *FAR)
        folders = (one.name for one in self.path.iterdir() if one.is_dir())
        return sorted(name for name in folders if name.startswith(known))

    def _named(self, wanted: tuple[str, ...]) -> str:
        """Return the device whose name begins as one of those wanted.

        Raises:
            DataError: There is none.
        """
        found = self._devices()
        chosen = [name for name in found if name.startswith(wanted)]
        if not chosen:
            raise DataError(
                f"{self.path} has no device {' or '.join(wanted)}, "
                f"{'only ' + ', '.join(found) if found else 'nor any other'}; make one with "
                "sestina data distance"
            )
        return chosen[0]
