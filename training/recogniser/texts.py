"""Which train utterances the recogniser learns from, and the phones spoken in them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from training.data import Utterance, dev_speakers, load
from training.paths import SPEECH
from training.recogniser.phones import ARABIC_WORDS, Phones, encode, transcribe

ARABIC_SET = "arabic_speech_commands"


@dataclass(frozen=True)
class Spoken:
    """An utterance with its phones; `number` is its place in the decoded list. `text` is empty for Arabic words."""

    number: int
    utterance: Utterance
    text: str
    phones: Phones


def texts(name: str) -> dict[str, str]:
    """The texts of a list by path."""
    with open(SPEECH / f"{name}.tsv", newline="") as f:
        return {row["path"]: row["text"].lower() for row in csv.DictReader(f, delimiter="\t") if row["text"]}


def arabic_word(utterance: Utterance) -> str:
    """The English name of the word in a file of Arabic Speech Commands."""
    return Path(utterance.path).stem.rsplit("_", 1)[0]


def spoken(name: str) -> list[Spoken]:
    """The utterances of a decoded list whose phones are known."""
    known = texts(name)
    found = []
    for i, u in enumerate(load(name)[0]):
        if u.dataset == ARABIC_SET:
            found.append(Spoken(i, u, "", encode(ARABIC_WORDS[arabic_word(u)])))
        elif phones := transcribe(known.get(u.path, "")):
            found.append(Spoken(i, u, known[u.path], phones))
    return found


def split(items: list[Spoken]) -> tuple[list[Spoken], list[Spoken]]:
    """Those to train on, and those of the dev speakers."""
    dev = dev_speakers()
    return [s for s in items if s.utterance.key not in dev], [s for s in items if s.utterance.key in dev]
