"""Mel spectra of the two front ends, and voices made by warping spectra.

A voice is changed in the log power spectrum: its cepstrally smoothed envelope (the vocal tract) is stretched by `formant`, what is
left (the harmonics) by `pitch`. Both are linear in the log spectrum, so that a whole change is one matrix.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.paths import SAMPLE_RATE

HOP = 160


@dataclass(frozen=True)
class FrontEnd:
    """How PCM becomes mel power. `name` also names the cache files."""

    name: str
    n_fft: int
    n_mels: int
    pre_emphasis: float
    pad_mode: str
    window: Callable[[int], Tensor]


LOG_MEL_80 = FrontEnd("mel80", 512, 80, 0.97, "reflect", torch.hamming_window)
GE2E_MEL_40 = FrontEnd("mel40", 400, 40, 0.0, "constant", torch.hann_window)
WINDOW = 400


def htk_filters(n_mels: int, n_fft: int, low: float = 20.0, high: float = 7600.0) -> Tensor:
    """Triangular filters equally spaced on the HTK mel scale, peak 1: `(n_fft // 2 + 1, n_mels)`."""

    def mel(f: float) -> float:
        return 2595.0 * np.log10(1.0 + f / 700.0)

    points = 700.0 * (10.0 ** (np.linspace(mel(low), mel(high), n_mels + 2) / 2595.0) - 1.0)
    return triangles(points, n_fft)


def slaney_filters(n_mels: int, n_fft: int) -> Tensor:
    """Filters of Slaney's Auditory Toolbox (linear below 1 kHz, logarithmic above), each of unit area in Hz, 0 Hz to Nyquist."""
    step = np.log(6.4) / 27.0
    top = 15.0 + np.log(SAMPLE_RATE / 2 / 1000.0) / step
    mels = np.linspace(0.0, top, n_mels + 2)
    points = np.where(mels < 15.0, mels * 200.0 / 3.0, 1000.0 * np.exp(step * (mels - 15.0)))
    area = 2.0 / (points[2:] - points[:-2])
    return triangles(points, n_fft) * torch.tensor(area, dtype=torch.float32)


def triangles(points: np.ndarray, n_fft: int) -> Tensor:
    """Triangular filters of peak 1 between every other of the points, which are in Hz: `(n_fft // 2 + 1, len(points) - 2)`."""
    bins = np.linspace(0.0, SAMPLE_RATE / 2, n_fft // 2 + 1)[:, None]
    left, centre, right = points[None, :-2], points[None, 1:-1], points[None, 2:]
    weights = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))
    return torch.tensor(np.maximum(weights, 0.0), dtype=torch.float32)


def filters(front: FrontEnd) -> Tensor:
    """The front end's mel filters."""
    return htk_filters(front.n_mels, front.n_fft) if front == LOG_MEL_80 else slaney_filters(front.n_mels, front.n_fft)


def power_spectrum(pcm: Tensor, front: FrontEnd) -> Tensor:
    """PCM in [-1, 1] `(samples,)` to power `(frames, n_fft // 2 + 1)`."""
    if front.pre_emphasis:
        pcm = torch.cat([pcm[:1], pcm[1:] - front.pre_emphasis * pcm[:-1]])
    spectrum = torch.stft(
        pcm, front.n_fft, HOP, WINDOW, front.window(WINDOW), center=True, pad_mode=front.pad_mode, return_complex=True
    )
    return spectrum.abs().square().T


def log_mel(pcm: Tensor) -> Tensor:
    """The ECAPA and ResNet front end: `(80, frames)`, natural logarithm, each filter's mean removed."""
    logs = (power_spectrum(pcm, LOG_MEL_80) @ filters(LOG_MEL_80) + 1e-6).log().T
    return logs - logs.mean(dim=1, keepdim=True)


def raise_level(pcm: Tensor, target_dbfs: float = -30.0) -> Tensor:
    """Scales PCM up to the target level, as Resemblyzer does; louder PCM stays as it is."""
    level = 10.0 * torch.log10(pcm.square().mean().clamp(min=1e-12))
    return pcm * 10.0 ** (max(target_dbfs - float(level), 0.0) / 20.0)


def ge2e_mel(pcm: Tensor) -> Tensor:
    """The GE2E front end: mel power `(frames, 40)`."""
    return power_spectrum(raise_level(pcm), GE2E_MEL_40) @ filters(GE2E_MEL_40)


def stretch(bins: int, factor: float) -> Tensor:
    """Matrix that moves what is at frequency f to f * factor, with linear interpolation; the top value fills what has no source."""
    source = (torch.arange(bins, dtype=torch.float64) / factor).clamp(max=bins - 1.0)
    low = source.floor().long().clamp(max=bins - 2)
    share = source - low
    matrix = torch.zeros(bins, bins, dtype=torch.float64)
    column = torch.arange(bins)
    matrix[low, column] += 1.0 - share
    matrix[low + 1, column] += share
    return matrix


def smooth(bins: int, full: int = 32, zero: int = 52) -> Tensor:
    """Matrix that keeps the quefrencies below `full` samples of a log power spectrum and fades out to `zero`."""
    n_fft = 2 * (bins - 1)
    cepstrum = torch.fft.irfft(torch.eye(bins, dtype=torch.float64), n=n_fft)
    quefrency = torch.minimum(torch.arange(n_fft), n_fft - torch.arange(n_fft)).double()
    ramp = ((quefrency - full) / (zero - full)).clamp(0.0, 1.0)
    return torch.fft.rfft(cepstrum * (0.5 + 0.5 * torch.cos(torch.pi * ramp))).real


def voice_matrix(bins: int, formant: float, pitch: float) -> Tensor:
    """Matrix `(bins, bins)` that changes a log power spectrum's envelope by `formant` and its harmonics by `pitch`."""
    envelope = smooth(bins)
    fine = torch.eye(bins, dtype=torch.float64) - envelope
    return (envelope @ stretch(bins, formant) + fine @ stretch(bins, pitch)).float()
