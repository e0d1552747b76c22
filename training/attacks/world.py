"""WORLD (Morise et al., 2016): analysis into F0, spectral envelope and aperiodicity, and synthesis from them."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import median_filter, uniform_filter1d

from training.paths import SAMPLE_RATE

with warnings.catch_warnings():
    # It asks an old library for its own version.
    warnings.simplefilter("ignore", UserWarning)
    import pyworld

FRAME_MS = 5.0


@dataclass(frozen=True)
class Voice:
    """`f0` in Hz `(frames,)`, 0 where unvoiced; `envelope` (power) and `aperiodicity` `(frames, bins)`."""

    f0: np.ndarray
    envelope: np.ndarray
    aperiodicity: np.ndarray
    frame_ms: float = FRAME_MS

    @property
    def voiced(self) -> np.ndarray:
        """Which frames are voiced."""
        return self.f0 > 0.0


def track_f0(pcm: np.ndarray, frame_ms: float = FRAME_MS) -> tuple[np.ndarray, np.ndarray]:
    """F0 in Hz per frame (0: unvoiced) and the frames' times in seconds, by DIO and StoneMask."""
    wave = pcm.astype(np.float64)
    f0, times = pyworld.dio(wave, SAMPLE_RATE, f0_floor=65.0, f0_ceil=500.0, frame_period=frame_ms)
    return pyworld.stonemask(wave, f0, times, SAMPLE_RATE), times


def analyse(pcm: np.ndarray, frame_ms: float = FRAME_MS) -> Voice:
    """CheapTrick and D4C on top of `track_f0`."""
    f0, times = track_f0(pcm, frame_ms)
    wave = pcm.astype(np.float64)
    return Voice(f0, pyworld.cheaptrick(wave, f0, times, SAMPLE_RATE), pyworld.d4c(wave, f0, times, SAMPLE_RATE), frame_ms)


def synthesize(voice: Voice) -> np.ndarray:
    """Speech of the same length as the frames."""
    parts = [np.ascontiguousarray(a) for a in (voice.f0, voice.envelope, voice.aperiodicity)]
    return pyworld.synthesize(*parts, SAMPLE_RATE, voice.frame_ms).astype(np.float32)


def cepstra(voice: Voice, count: int) -> np.ndarray:
    """Mel-cepstra of the spectral envelope, `(frames, count)`; the first is the level."""
    return pyworld.code_spectral_envelope(voice.envelope, SAMPLE_RATE, count)


def with_cepstra(voice: Voice, coded: np.ndarray) -> Voice:
    """The same voice with the envelope that these mel-cepstra stand for."""
    fft = pyworld.get_cheaptrick_fft_size(SAMPLE_RATE)
    return replace(voice, envelope=pyworld.decode_spectral_envelope(np.ascontiguousarray(coded), SAMPLE_RATE, fft))


def coarse_aperiodicity(voice: Voice) -> Voice:
    """The same voice with one aperiodicity a band of 3 kHz, as parametric synthesis has it."""
    fft = pyworld.get_cheaptrick_fft_size(SAMPLE_RATE)
    bands = pyworld.code_aperiodicity(voice.aperiodicity, SAMPLE_RATE)
    return replace(voice, aperiodicity=pyworld.decode_aperiodicity(bands, SAMPLE_RATE, fft))


def smooth_f0(voice: Voice, frames: int) -> Voice:
    """F0 without its fine movement: a median, then a moving average over the log of each voiced stretch."""
    f0 = voice.f0.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], voice.voiced.astype(int), [0]])))
    for start, end in edges.reshape(-1, 2):
        part = median_filter(np.log(f0[start:end]), size=5, mode="nearest")
        f0[start:end] = np.exp(uniform_filter1d(part, size=min(frames, end - start), mode="nearest"))
    return replace(voice, f0=f0)


def warp(voice: Voice, formants: float) -> Voice:
    """Moves the spectral envelope along frequency: `formants` above 1 is a shorter vocal tract."""
    bins = np.arange(voice.envelope.shape[1])
    logs = np.log(voice.envelope)
    moved = np.array([np.interp(bins / formants, bins, row) for row in logs])
    return replace(voice, envelope=np.exp(moved))
