"""Fundamental frequency by autocorrelation, divided by that of the window (Boersma, 1993)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from training.paths import SAMPLE_RATE

WINDOW = 1024
LOWEST, HIGHEST = 60.0, 420.0
VOICED = 0.45
# Frames this far (60 dB) below the loudest count as silent.
SILENT = 1e-6


def fundamental(pcm: Tensor, hop: int) -> Tensor:
    """PCM `(batch, samples)` to Hz, 0 where unvoiced: `(batch, samples / hop)`, each frame about the middle of its hop."""
    padded = F.pad(pcm, ((WINDOW - hop) // 2, (WINDOW - hop + 1) // 2))
    frames = padded.unfold(1, WINDOW, hop)
    window = torch.hann_window(WINDOW)
    # Zeros to twice the length keep the circular correlation from wrapping.
    spectrum = torch.fft.rfft((frames - frames.mean(2, keepdim=True)) * window, n=2 * WINDOW)
    correlation = torch.fft.irfft(spectrum.abs().square())
    of_window = torch.fft.irfft(torch.fft.rfft(window, n=2 * WINDOW).abs().square())
    power = correlation[..., :1]
    low, high = int(SAMPLE_RATE / HIGHEST), int(SAMPLE_RATE / LOWEST)
    lags = torch.arange(low, high + 1)
    score = correlation[..., lags] / power.clamp(min=1e-9) * (of_window[0] / of_window[lags])
    # Short lags are preferred a little, against octave errors.
    best = (score - 0.02 * (lags / low).log2()).argmax(2)
    strength = score.gather(2, best[..., None])[..., 0]
    voiced = (strength > VOICED) & (power[..., 0] > SILENT * power.amax(1))
    hz = torch.where(voiced, SAMPLE_RATE / lags[best], 0.0)
    # The median of five frames takes out single octave errors.
    return F.pad(hz, (2, 2), mode="replicate").unfold(1, 5, 1).median(2).values
