"""The families of attacks, bona fide sources, and what a generator hands back."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Family(StrEnum):
    """What is done to make the attack; `BONA_FIDE` is living speech in rooms, the counterpart of `REPLAYED`."""

    TTS = "tts"
    VOCODED = "vocoded"
    CONVERTED = "converted"
    SPLICED = "spliced"
    REPLAYED = "replayed"
    BONA_FIDE = "bonafide"

    @property
    def kind(self) -> str:
        """`bonafide` or `spoof`."""
        return "bonafide" if self is Family.BONA_FIDE else "spoof"


class Unavailable(Exception):
    """A generator's program, package or weights are not on this machine; its species are left out."""


@dataclass(frozen=True)
class Source:
    """Bona fide speech (16 kHz, [-1, 1]): its file in the list, its speaker `dataset/name`, and whether that is a dev speaker."""

    pcm: np.ndarray
    path: str
    speaker: str
    dev: bool


@dataclass(frozen=True)
class Made:
    """What a generator hands back: speech (16 kHz, [-1, 1]) and `generator`, the concrete voice or setting.

    `joins` are the places of splices, in samples.
    """

    pcm: np.ndarray
    generator: str
    text: str = ""
    joins: tuple[int, ...] = ()
