"""Splices: an utterance glued from pieces of the same speaker's other utterances."""

import numpy as np

from training.attacks.dsp import active_rms, to_level
from training.paths import SAMPLE_RATE

FADE = SAMPLE_RATE // 100


def pieces(utterances: list[np.ndarray], seconds: tuple[float, float], total: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Random cuts of `seconds` out of random utterances (all at one level), until they make `total` seconds."""
    level = active_rms(utterances[0])
    cuts: list[np.ndarray] = []
    while sum(map(len, cuts)) < total * SAMPLE_RATE:
        pcm = to_level(utterances[rng.integers(len(utterances))], level)
        length = min(int(rng.uniform(*seconds) * SAMPLE_RATE), len(pcm))
        start = int(rng.integers(len(pcm) - length + 1))
        cuts.append(pcm[start : start + length])
    return cuts


def abrupt(cuts: list[np.ndarray]) -> tuple[np.ndarray, tuple[int, ...]]:
    """Pieces end to end, and the places of the joins."""
    return np.concatenate(cuts), tuple(int(n) for n in np.cumsum([len(c) for c in cuts])[:-1])


def faded(cuts: list[np.ndarray]) -> tuple[np.ndarray, tuple[int, ...]]:
    """Pieces crossed over within 10 ms, and the middles of the crossings."""
    out, joins = cuts[0].copy(), []
    ramp = np.linspace(0.0, 1.0, FADE, dtype=np.float32)
    for cut in cuts[1:]:
        width = min(FADE, len(cut), len(out))
        joins.append(len(out) - width // 2)
        crossing = out[-width:] * (1.0 - ramp[:width]) + cut[:width] * ramp[:width]
        out = np.concatenate([out[:-width], crossing, cut[width:]])
    return out, tuple(joins)
