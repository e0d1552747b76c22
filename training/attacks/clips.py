"""The store: one file of 16-bit samples and one list a species and split, appended clip by clip.

`OUT/SPLIT/SPECIES.i16` is 16 kHz mono; `OUT/SPLIT/SPECIES.jsonl` has a line a clip, written after its samples, so a stopped run loses
at most one clip.
"""

import fcntl
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.attacks.base import Family
from training.attacks.catalog import SPECIES, Species
from training.attacks.sources import Corpus
from training.data import dev_speakers
from training.data import load as load_list
from training.paths import CACHE, SAMPLE_RATE

STORE = CACHE / "attacks"
# The species of the lists' own recordings.
RECORDED = "bonafide"


@dataclass(frozen=True)
class Clip:
    """One clip, bona fide or not. `generator` is the concrete voice or setting, `source` the utterance that it was made from.

    `speaker` (`dataset/name`) is the source's; synthetic voices aren't that person, but have that recording's level and background.
    """

    species: str
    family: Family
    generator: str
    source: str
    speaker: str
    dev: bool
    text: str
    joins: tuple[int, ...]
    start: int
    samples: int
    store: np.ndarray

    @property
    def kind(self) -> str:
        """`bonafide` or `spoof`."""
        return self.family.kind

    @property
    def dataset(self) -> str:
        """The list's data set that the source is from."""
        return self.speaker.split("/")[0]

    @property
    def seconds(self) -> float:
        """Length."""
        return self.samples / SAMPLE_RATE

    def pcm(self) -> np.ndarray:
        """The samples as float32 in [-1, 1]."""
        return self.store[self.start : self.start + self.samples].astype(np.float32) / 32768.0


def rows(path: Path) -> list[dict]:
    """The lines of a species' list; none if it isn't there, and without a half-written last one."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def extend(species: Species, corpus: Corpus, out: Path, wanted: int, seed: int) -> int:
    """Makes clips until there are `wanted`, or goes on after a stop; gives the number made now.

    Clip `n` depends on the seed, the species, the split and `n` alone.
    """
    folder = out / corpus.split
    folder.mkdir(parents=True, exist_ok=True)
    index, data = folder / f"{species.name}.jsonl", folder / f"{species.name}.i16"
    data.touch()
    index.touch()
    with open(data, "r+b") as samples, open(index, "r+") as lines:
        # Two runs on one species would write over each other: the second gets a BlockingIOError.
        fcntl.flock(samples, fcntl.LOCK_EX | fcntl.LOCK_NB)
        done = rows(index)
        end = done[-1]["start"] + done[-1]["samples"] if done else 0
        samples.truncate(2 * end)
        samples.seek(2 * end)
        lines.truncate(sum(len(json.dumps(r)) + 1 for r in done))
        lines.seek(0, 2)
        for number in range(len(done), wanted):
            rng = np.random.default_rng((seed, zlib.crc32(f"{species.name}/{corpus.split}".encode()), number))
            source, made, pcm = species.clip(corpus, number, rng)
            samples.write(pcm.tobytes())
            samples.flush()
            row = dict(generator=made.generator, source=source.path, speaker=source.speaker, dev=source.dev, text=made.text)
            row |= dict(joins=made.joins, start=end, samples=len(pcm))
            lines.write(json.dumps(row) + "\n")
            lines.flush()
            end += len(pcm)
    return max(0, wanted - len(done))


def load_attacks(split: str, store: Path = STORE) -> Iterator[Clip]:
    """The generated clips of a split, `direct_room` (bona fide) among them."""
    for name, species in SPECIES.items():
        found = rows(store / split / f"{name}.jsonl")
        if found:
            pcm = np.memmap(store / split / f"{name}.i16", np.int16, "r")
            yield from (Clip(name, species.family, **(r | {"joins": tuple(r["joins"])}), store=pcm) for r in found)


def load_recorded(split: str) -> Iterator[Clip]:
    """The bona fide recordings of a list as they are."""
    utterances, pcm = load_list(split)
    dev = dev_speakers() if split == "train" else set()
    for u in utterances:
        yield Clip(RECORDED, Family.BONA_FIDE, "recorded", u.path, u.key, u.key in dev, "", (), u.start, u.samples, pcm)


def load(split: str, store: Path = STORE) -> Iterator[Clip]:
    """All clips of a split: bona fide recordings, then what was generated."""
    yield from load_recorded(split)
    yield from load_attacks(split, store)
