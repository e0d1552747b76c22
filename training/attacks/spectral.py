"""Resynthesis over the short-time Fourier transform: Griffin-Lim from mel spectra, and the phase vocoder."""

from functools import cache

import numpy as np
import torch

from training.attacks.dsp import fit_length, mel_filters, resample
from training.paths import SAMPLE_RATE


@cache
def mel_pair(n_mels: int, n_fft: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mel filters and their pseudo-inverse."""
    filters = torch.from_numpy(mel_filters(n_mels, n_fft, SAMPLE_RATE, SAMPLE_RATE / 2)).float()
    return filters, torch.linalg.pinv(filters)


def through_mel(magnitude: torch.Tensor, n_mels: int) -> torch.Tensor:
    """Magnitudes `(bins, frames)` with only what a mel spectrum keeps of them."""
    filters, back = mel_pair(n_mels, 2 * (len(magnitude) - 1))
    return (back @ (filters @ magnitude)).clamp(min=1e-7)


def griffin_lim(pcm: np.ndarray, n_mels: int, n_fft: int, hop: int, iterations: int, rng: np.random.Generator) -> np.ndarray:
    """Speech rebuilt from its mel spectrum with phases by the fast Griffin-Lim algorithm (Perraudin et al., 2013), from random ones."""
    window = torch.hann_window(n_fft)
    wave = torch.from_numpy(pcm)

    def forward(x: torch.Tensor) -> torch.Tensor:
        return torch.stft(x, n_fft, hop, window=window, return_complex=True)

    def back(x: torch.Tensor) -> torch.Tensor:
        return torch.istft(x, n_fft, hop, window=window, length=len(pcm))

    magnitude = through_mel(forward(wave).abs(), n_mels)
    phase = torch.from_numpy(rng.uniform(-np.pi, np.pi, magnitude.shape)).float()
    guess = torch.polar(torch.ones_like(magnitude), phase)
    last = torch.zeros_like(guess)
    for _ in range(iterations):
        found = forward(back(magnitude * guess))
        pushed = found + 0.99 * (found - last)
        last = found
        guess = pushed / pushed.abs().clamp(min=1e-9)
    return back(magnitude * guess).numpy()


def stretch_time(pcm: np.ndarray, factor: float, n_fft: int = 1024, hop: int = 256) -> np.ndarray:
    """Makes speech `factor` times as long at the same pitch, by the phase vocoder (Flanagan and Golden, 1966)."""
    window = torch.hann_window(n_fft)
    spectrum = torch.stft(torch.from_numpy(pcm), n_fft, hop, window=window, return_complex=True).numpy()
    spectrum = np.pad(spectrum, ((0, 0), (0, 2)))
    at = np.arange(0.0, spectrum.shape[1] - 2, 1.0 / factor)
    low = at.astype(int)
    share = at - low
    magnitude = (1.0 - share) * np.abs(spectrum[:, low]) + share * np.abs(spectrum[:, low + 1])
    expected = 2.0 * np.pi * hop * np.arange(len(spectrum)) / n_fft
    step = np.angle(spectrum[:, low + 1]) - np.angle(spectrum[:, low]) - expected[:, None]
    step = step - 2.0 * np.pi * np.round(step / (2.0 * np.pi)) + expected[:, None]
    phase = np.angle(spectrum[:, :1]) + np.cumsum(np.concatenate([np.zeros((len(spectrum), 1)), step[:, :-1]], axis=1), axis=1)
    rebuilt = torch.from_numpy((magnitude * np.exp(1j * phase)).astype(np.complex64))
    return torch.istft(rebuilt, n_fft, hop, window=window).numpy()


def shift_pitch(pcm: np.ndarray, factor: float) -> np.ndarray:
    """Multiplies pitch and formants: the phase vocoder's stretch, then played faster or slower."""
    rate = round(factor * 1000)
    return fit_length(resample(stretch_time(pcm, rate / 1000.0), rate, 1000), len(pcm))
