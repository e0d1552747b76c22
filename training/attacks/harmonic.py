"""Harmonics plus noise (Stylianou, 2001): sinusoids at multiples of F0 under a spectral envelope, and shaped noise above and between."""

import numpy as np
import torch

from training.attacks.world import FRAME_MS, analyse
from training.paths import SAMPLE_RATE


def resynthesize(pcm: np.ndarray, highest: float, rng: np.random.Generator) -> np.ndarray:
    """Rebuilds speech with harmonics up to `highest` Hz and noise of the envelope's power above, and where unvoiced."""
    voice = analyse(pcm)
    frame = np.arange(len(pcm)) / (SAMPLE_RATE * FRAME_MS / 1000.0)
    frame = np.minimum(frame, len(voice.f0) - 1.0)
    held = np.interp(frame, np.flatnonzero(voice.voiced), voice.f0[voice.voiced]) if voice.voiced.any() else np.full(len(pcm), 100.0)
    voiced = np.interp(frame, np.arange(len(voice.f0)), voice.voiced.astype(float))
    phase = 2.0 * np.pi * np.cumsum(held) / SAMPLE_RATE
    bins = voice.envelope.shape[1]
    rows = np.arange(len(voice.f0))
    f0 = np.interp(rows * SAMPLE_RATE * FRAME_MS / 1000.0, np.arange(len(pcm)), held)
    tones = np.zeros(len(pcm))
    for number in range(1, int(highest / f0.min()) + 1):
        hertz = number * f0
        at = np.minimum((hertz / (SAMPLE_RATE / 2) * (bins - 1)).astype(int), bins - 1)
        # White noise of power 1 under the envelope has this amplitude in a band as wide as F0.
        size = 2.0 * np.sqrt(voice.envelope[rows, at] * f0 / SAMPLE_RATE) * (hertz < highest)
        tones += np.interp(frame, rows, size) * np.cos(number * phase)
    return (voiced * tones + noise(voice.envelope, voice.voiced, highest, len(pcm), rng)).astype(np.float32)


def noise(envelope: np.ndarray, voiced: np.ndarray, highest: float, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Noise with the envelope's power; in voiced frames only above `highest` Hz, and 20 dB less below."""
    n_fft, hop = 2 * (envelope.shape[1] - 1), int(SAMPLE_RATE * FRAME_MS / 1000.0)
    white = torch.from_numpy(rng.standard_normal(samples))
    window = torch.hann_window(n_fft, dtype=torch.float64)
    spectrum = torch.stft(white, n_fft, hop, window=window, return_complex=True)
    hertz = np.linspace(0.0, SAMPLE_RATE / 2, envelope.shape[1])
    gain = np.where(voiced[:, None] & (hertz < highest), 0.1, 1.0) * np.sqrt(envelope)
    frames = min(spectrum.shape[1], len(gain))
    shaped = spectrum[:, :frames] * torch.from_numpy(gain[:frames].T)
    return np.pad(torch.istft(shaped, n_fft, hop, window=window).numpy(), (0, samples))[:samples]
