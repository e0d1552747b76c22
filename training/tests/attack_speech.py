"""Speech-like signals and a small corpus of them, so that the tests of the attacks need no recordings."""

import numpy as np
from scipy.signal import lfilter

from training.attacks.base import Source
from training.paths import SAMPLE_RATE


def vowels(f0: float, seconds: float = 2.0, seed: int = 0, formants: tuple[float, ...] = (600.0, 1500.0, 2600.0)) -> np.ndarray:
    """Pulses at `f0` Hz (wavering by 3 %) through resonances, with pauses of 0.2 s at both ends and faint noise everywhere."""
    rng = np.random.default_rng(seed)
    samples = int(seconds * SAMPLE_RATE)
    time = np.arange(samples) / SAMPLE_RATE
    phase = np.cumsum(f0 * (1.0 + 0.03 * np.sin(2.0 * np.pi * 3.0 * time))) / SAMPLE_RATE
    drive = np.diff(np.floor(phase), prepend=0.0) + 0.01 * rng.standard_normal(samples)
    for centre in formants:
        radius = np.exp(-np.pi * 90.0 / SAMPLE_RATE)
        drive = lfilter([1.0], [1.0, -2.0 * radius * np.cos(2.0 * np.pi * centre / SAMPLE_RATE), radius**2], drive)
    drive[: SAMPLE_RATE // 5] = drive[-SAMPLE_RATE // 5 :] = 0.0
    return (0.3 * drive / np.abs(drive).max() + 1e-4 * rng.standard_normal(samples)).astype(np.float32)


class SmallCorpus:
    """Three speakers of two-second vowels, the first a dev speaker; stands for `sources.Corpus`."""

    split = "train"
    names = ("set/a", "set/b", "set/c")

    def draw(self, number: int, rng: np.random.Generator) -> Source:
        return self.crop(self.names[number % 3], rng, (1.0, 2.0))

    def crop(self, speaker: str, rng: np.random.Generator, seconds: tuple[float, float]) -> Source:
        place = self.names.index(speaker)
        pcm = vowels(110.0 + 40.0 * place, float(rng.uniform(*seconds)), seed=int(rng.integers(100)))
        return Source(pcm, f"{speaker}.wav", speaker, place == 0)

    def other(self, source: Source, rng: np.random.Generator) -> Source:
        return self.crop(self.names[(self.names.index(source.speaker) + 1) % 3], rng, (1.0, 2.0))

    def text(self, dev: bool, rng: np.random.Generator) -> str:
        return ("A dev sentence.", "She turned round as they entered.")[not dev]
