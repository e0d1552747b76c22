"""Gives clean synthetic speech the level, pauses and background of a bona fide recording.

Synthesizers write digital silence, full scale and no room tone; a detector that lives on that learns the file, not the voice.
"""

import numpy as np

from training.attacks.dsp import active_rms, noise_like, rms, to_level
from training.paths import SAMPLE_RATE

FRAME = 320
# One clip in ten keeps its digital silence: attackers are careless, too.
BARE = 0.1


def edges(pcm: np.ndarray, below_db: float = 35.0) -> tuple[int, int]:
    """Samples before and after speech: outside the first and last 20 ms frame within `below_db` of the active level."""
    frames = pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME)
    loud = np.flatnonzero(np.sqrt(np.mean(np.square(frames), axis=1)) > active_rms(pcm) * 10.0 ** (-below_db / 20.0))
    if len(loud) == 0:
        return 0, 0
    return int(loud[0]) * FRAME, len(pcm) - min(len(pcm), (int(loud[-1]) + 1) * FRAME)


def background(pcm: np.ndarray) -> tuple[np.ndarray, float]:
    """Power spectral shape and RMS of a recording's background: its quietest tenth of 32 ms frames."""
    size = 512
    frames = np.lib.stride_tricks.sliding_window_view(pcm, size)[:: size // 2]
    quiet = frames[np.argsort(np.mean(np.square(frames), axis=1))[: max(2, len(frames) // 10)]]
    power = np.mean(np.abs(np.fft.rfft(quiet * np.hanning(size))) ** 2, axis=0)
    return power + 1e-12, rms(quiet)


def dress(pcm: np.ndarray, like: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`pcm` (at most 6 s of it) with the level, the leading and trailing pause, and the background noise of the recording `like`."""
    before, after = edges(pcm)
    speech = pcm[before : len(pcm) - after]
    longest = int(rng.uniform(2.5, 6.0) * SAMPLE_RATE)
    if len(speech) > longest:
        start = int(rng.integers(len(speech) - longest))
        speech = speech[start : start + longest]
    lead, trail = (min(n, SAMPLE_RATE) for n in edges(like))
    clip = np.pad(to_level(speech, active_rms(like)), (lead, trail))
    if rng.random() < BARE:
        return clip
    shape, level = background(like)
    return clip + level * noise_like(shape, len(clip), rng)
