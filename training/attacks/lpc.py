"""The classic LPC vocoder: an all-pole filter a frame, driven by pulses where voiced and by noise where not."""

import numpy as np
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from training.attacks.world import track_f0
from training.paths import SAMPLE_RATE


def predict(frame: np.ndarray, order: int) -> tuple[np.ndarray, float]:
    """The inverse filter `[1, -a1, ...]` of a windowed frame and the residual's power, by the autocorrelation method."""
    power = np.abs(np.fft.rfft(frame, 2 * len(frame))) ** 2
    correlation = np.fft.irfft(power)[: order + 1]
    correlation[0] = correlation[0] * 1.0001 + 1e-9
    taps = solve_toeplitz(correlation[:order], correlation[1:])
    error = correlation[0] - taps @ correlation[1:]
    return np.concatenate([[1.0], -taps]), float(max(error, 0.0)) / len(frame)


def pulses(f0: np.ndarray, samples: int) -> np.ndarray:
    """An impulse train of power 1 at the F0 of each sample (Hz); nothing where it is 0."""
    phase = np.cumsum(f0 / SAMPLE_RATE)
    train = np.zeros(samples)
    train[1:] = np.floor(phase[1:]) > np.floor(phase[:-1])
    return train * np.sqrt(SAMPLE_RATE / np.maximum(f0, 1.0))


def vocode(pcm: np.ndarray, order: int, frame: int, whisper: bool, rng: np.random.Generator) -> np.ndarray:
    """Speech from its LPC parameters; `whisper` drives everything with noise. `frame` is the step in samples, the window twice that."""
    f0, times = track_f0(pcm)
    per_sample = f0[np.minimum(np.arange(len(pcm)) * len(f0) // max(len(pcm), 1), len(f0) - 1)]
    noise = rng.standard_normal(len(pcm))
    drive = noise if whisper else np.where(per_sample > 0.0, pulses(per_sample, len(pcm)) + 0.05 * noise, noise)
    window = np.hanning(2 * frame)
    padded = np.pad(pcm.astype(np.float64), (frame // 2, 2 * frame))
    out = np.zeros(len(pcm))
    state = np.zeros(order)
    for start in range(0, len(pcm), frame):
        taps, power = predict(padded[start : start + 2 * frame] * window, order)
        # The window takes 3/8 of the power away.
        gain = np.sqrt(power / 0.375)
        out[start : start + frame], state = lfilter([gain], taps, drive[start : start + frame], zi=state)
    return out.astype(np.float32)
