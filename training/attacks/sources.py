"""Draws bona fide utterances, texts and other speakers' voices from a decoded list."""

import csv

import numpy as np

from training.attacks.base import Source
from training.data import Utterance, dev_speakers, load
from training.paths import SAMPLE_RATE, SPEECH

# How often a train dataset is drawn: many speakers weigh more, one-second words and six-speaker sets less.
WEIGHT = {"speechocean762": 0.42, "librispeech_mix": 0.42, "arabic_speech_commands": 0.06, "commonvoice_en_96": 0.05}
OTHER_WEIGHT = 0.05
# One train clip in six has a dev speaker, so that there is enough to validate on.
DEV_EVERY = 6
SECONDS = (2.0, 6.0)


class Corpus:
    """The speakers of a list. A clip's number decides its side (dev or not) and, on `eval`, its speaker: each gets as many."""

    def __init__(self, split: str):
        self.split = split
        utterances, self.pcm = load(split)
        dev = dev_speakers() if split == "train" else set()
        self.by_speaker: dict[str, list[Utterance]] = {}
        for u in utterances:
            self.by_speaker.setdefault(u.key, []).append(u)
        self.sides = {side: sorted(k for k in self.by_speaker if (k in dev) is side) for side in (False, True)}
        with open(SPEECH / f"{split}.tsv", newline="") as f:
            rows = [r for r in csv.DictReader(f, delimiter="\t") if r.get("text")]
        self.texts = {
            side: [r["text"] for r in rows if (f"{r['dataset']}/{r['speaker']}" in dev) is side] for side in (False, True)
        }

    def draw(self, number: int, rng: np.random.Generator, seconds: tuple[float, float] = SECONDS) -> Source:
        """The source of clip `number`: 2 to 6 seconds of an utterance, or all of a shorter one."""
        if self.split != "train":
            speaker = self.sides[False][number % len(self.sides[False])]
            return self.crop(speaker, rng, seconds)
        return self.any_speaker(number % DEV_EVERY == 0, rng, seconds)

    def any_speaker(self, dev: bool, rng: np.random.Generator, seconds: tuple[float, float] = SECONDS) -> Source:
        """Speech of some speaker of one side."""
        names = self.sides[dev and bool(self.sides[True])]
        datasets = [n.split("/")[0] for n in names]
        weight = np.array([WEIGHT.get(d, OTHER_WEIGHT) / datasets.count(d) for d in datasets])
        return self.crop(str(rng.choice(names, p=weight / weight.sum())), rng, seconds)

    def other(self, source: Source, rng: np.random.Generator) -> Source:
        """Speech of another speaker of the same side."""
        while True:
            found = self.any_speaker(source.dev, rng)
            if found.speaker != source.speaker:
                return found

    def crop(self, speaker: str, rng: np.random.Generator, seconds: tuple[float, float]) -> Source:
        """A random stretch of a random utterance of a speaker."""
        own = self.by_speaker[speaker]
        u = own[rng.integers(len(own))]
        length = min(int(rng.uniform(*seconds) * SAMPLE_RATE), u.samples)
        start = u.start + int(rng.integers(u.samples - length + 1))
        pcm = self.pcm[start : start + length].astype(np.float32) / 32768.0
        return Source(pcm, u.path, speaker, speaker in self.sides[True])

    def text(self, dev: bool, rng: np.random.Generator) -> str:
        """One to three sentences read by speakers of one side, each as `Plain case.`, of six words or more in all."""
        texts = self.texts[dev and bool(self.texts[True])]
        found: list[str] = []
        wanted = int(rng.integers(6, 14))
        while sum(len(t.split()) for t in found) < wanted:
            found.append(texts[rng.integers(len(texts))].capitalize() + ".")
        return " ".join(found)
