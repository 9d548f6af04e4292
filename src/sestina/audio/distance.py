"""One utterance as it is heard from a distance: room, noise, microphones, beam (rows F1, F6).

Every draw is by the seed and the utterance's id alone, so that neither the others nor their order
matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.audio.beam import delay_and_sum, found_lags
from sestina.audio.noises import Channels, hum, mixed, pink, power, talk
from sestina.audio.rooms import (
    EARLY,
    SPEED,
    Room,
    anywhere,
    draw_room,
    drawn,
    group_delay,
    impulses,
)
from sestina.audio.sound import Sound
from sestina.audio.utterances import Utterance
from sestina.config import NOISES, DistanceOptions, check
from sestina.errors import DataError, OptionError

CLIPS = 4  # of each voice of a babble
PEAK = 0.99  # the most that a made sound may reach
RANGES = ("room_length", "room_width", "room_height", "distance", "rt60", "snr")


@dataclass(frozen=True)
class Heard:
    """An utterance nearby and far off; all three begin together, and last equally long.

    Attributes:
        clean: As it was; less loud where it would be clipped.
        single: By the first distant microphone (SDM).
        beam: By all of them, delayed and summed (MDM).
        told: Room, distance, RT60, noise and so on, as plain JSON values.
    """

    clean: Sound
    single: Sound
    beam: Sound
    told: dict[str, Any]


def check_distance(options: DistanceOptions) -> None:
    """Check options of distance.

    Raises:
        OptionError: One makes no sense, or a range is none.
    """
    check(options)
    for name in RANGES:
        value = getattr(options, name)
        if len(value) != 2 or value[0] > value[1]:
            raise OptionError(
                f"{name}={tuple(value)!r} is no range; give the least and the most, as "
                f"{getattr(DistanceOptions, name)}"
            )


def generator(seed: int, name: str, purpose: int) -> np.random.Generator:
    """Return the random numbers of one utterance for one purpose."""
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng([seed, purpose, *np.frombuffer(digest, np.uint32).tolist()])


def voices(
    utterance: Utterance, others: Sequence[Utterance], options: DistanceOptions, seed: int
) -> list[Utterance]:
    """Return whose clips may be heard behind an utterance: `CLIPS` of each talker, as drawn.

    Args:
        utterance: The one that is heard.
        others: All utterances of its part, so that nothing of another part is overheard, in the
            order of their ids.
        options: How many talkers there are.
        seed: Of all draws.
    """
    count = CLIPS * options.talkers
    rng = generator(seed, utterance.id, 1)
    drawn = rng.choice(len(others), min(len(others), count + 1), replace=False)
    return [others[n] for n in drawn if others[n].id != utterance.id][:count]


def heard_far_off(
    utterance: Utterance, behind: Sequence[Utterance], options: DistanceOptions, seed: int
) -> Heard:
    """Return an utterance as microphones in a room hear it, and its clean twin.

    The direct path's delay to the first microphone is taken off, so that twins agree to half a
    sample, and what sounds on behind their end is cut off. Speech in the room is as loud as the
    clean one; where the sum would be clipped, both sounds from the distance are made less loud
    ("gain"). So is the clean one, by itself, where it would be: resampling may rise above 1 what
    did not reach it ("clean_gain", which is told only then).

    Args:
        utterance: What is said; its sound is resampled to the options' rate.
        behind: Who may be heard talking behind it, from `voices`.
        options: Rooms, noises, microphones.
        seed: Of all draws.

    Raises:
        DataError: Its sound cannot be read, or is silent; or nobody else can be heard talking.
        OptionError: The options fit into no room.
        MissingExtra: soundfile or pyroomacoustics is not installed.
    """
    rng = generator(seed, utterance.id, 0)
    clean = utterance.sound(options.rate)
    if power(clean.samples.astype(np.float64)) == 0:
        raise DataError(f"utterance {utterance.id!r} is silent; leave it out")
    room = draw_room(rng, options)
    delay = round(room.arrival(options.rate)) + group_delay()
    speech = _through(room, room.mouth[None], [clean.samples], options.rate, None, delay)
    speech *= np.sqrt(power(clean.samples.astype(np.float64)) / power(speech[0]))
    snr, kind = drawn(rng, options.snr), _kind(rng, options, behind, utterance)
    noise, sources = _noise(kind, rng, room, behind, speech.shape, options)
    channels = mixed(speech, noise, snr)
    lags = _lags(channels, room, options)
    single, beam = channels[0], delay_and_sum(channels, lags)
    gain = min(1.0, PEAK / max(np.abs(single).max(), np.abs(beam).max()))
    told = {
        "room": [round(float(side), 3) for side in room.size],
        "distance": round(float(np.linalg.norm(room.microphones.mean(0) - room.mouth)), 3),
        "rt60": round(room.rt60, 3), "snr": round(snr, 2), "noise": kind, "behind": sources,
        "lags": [round(float(lag), 3) for lag in lags], "gain": round(float(gain), 4),
    }  # fmt: skip
    far = [Sound((gain * wave).astype(np.float32), options.rate) for wave in (single, beam)]
    loudest = float(np.abs(clean.samples).max())
    if loudest > 1.0:  # most never are: those keep their samples to the bit
        told["clean_gain"] = round(PEAK / loudest, 4)
        clean = Sound((PEAK / loudest * clean.samples).astype(np.float32), options.rate)
    return Heard(clean, far[0], far[1], told)


def _kind(
    rng: np.random.Generator,
    options: DistanceOptions,
    behind: Sequence[Utterance],
    utterance: Utterance,
) -> str:
    """Return the kind of noise, drawn where it is mixed: babble only if there are others.

    Raises:
        DataError: It is babble, and there is nobody else.
    """
    kind = options.noise
    if kind == "mixed":
        return str(rng.choice([name for name in NOISES[1:] if behind or name != "babble"]))
    if kind == "babble" and not behind:
        raise DataError(
            f"utterance {utterance.id!r} has no other of its part to be heard behind it; give "
            "more utterances, or another noise than babble"
        )
    return kind


def _noise(
    kind: str,
    rng: np.random.Generator,
    room: Room,
    behind: Sequence[Utterance],
    shape: tuple[int, ...],
    options: DistanceOptions,
) -> tuple[Channels, list[str]]:
    """Return noise at the microphones, (M, T), and whose voices are in it."""
    channels, count = shape
    if kind == "pink":
        return pink(rng, channels, count), []
    if kind == "hum":
        return hum(rng, channels, count, options.rate), []
    people = min(options.talkers, len(behind))
    shares = [behind[n::people] for n in range(people)]
    waves = [talk(rng, [row.sound(options.rate).samples for row in own], count) for own in shares]
    places = anywhere(rng, room, people)
    return _through(room, places, waves, options.rate, EARLY, 0), [row.id for row in behind]


def _through(
    room: Room,
    places: NDArray[np.float64],
    waves: Sequence[NDArray[Any]],
    rate: int,
    order: int | None,
    delay: int,
) -> Channels:
    """Return sounds (T,) from places in a room at its microphones, (M, T), `delay` samples on."""
    from scipy.signal import oaconvolve

    found = impulses(room, places, rate, order)
    count = len(waves[0])
    total = np.zeros((len(room.microphones), count))
    for clicks, wave in zip(found, waves, strict=True):
        for m, click in enumerate(clicks):
            total[m] += oaconvolve(wave.astype(np.float64), click)[delay : delay + count]
    return total


def _lags(channels: Channels, room: Room, options: DistanceOptions) -> NDArray[np.float64]:
    """Return by how many samples each microphone lags behind the first, (M,)."""
    if options.delays == "geometry":
        return room.lags * options.rate
    return found_lags(channels, options.rate, 2 * options.radius / SPEED * options.rate)
