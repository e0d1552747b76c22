"""Vocoders that are told the fundamental: a source with all its harmonics goes in, as in the neural source-filter model (Wang, Takaki and
Yamagishi, 2019) and the singing and conversion systems that build on it."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from training.paths import SAMPLE_RATE
from training.vocoder.base import MelVocoder
from training.vocoder.pitch import fundamental

# RMS of the source, and of the breath in it where it is voiced.
LEVEL, BREATH = 0.1, 0.01


def source(hz: Tensor, hop: int, noise: torch.Generator) -> Tensor:
    """Cosines of equal size at the fundamental (Hz, `(batch, frames)`) and every overtone below Nyquist, white noise where it is 0.

    PCM `(batch, frames * hop)`. The sum of K cosines is Dirichlet's kernel: sin((K + 1/2) x) / (2 sin(x / 2)) - 1/2.
    """
    rate = hz.repeat_interleave(hop, dim=1).double()
    start = torch.rand(len(hz), 1, generator=noise)
    angle = 2.0 * torch.pi * ((rate / SAMPLE_RATE).cumsum(1) + start).remainder(1.0)
    overtones = (SAMPLE_RATE / 2 / rate.clamp(min=1.0)).floor()
    half = torch.sin(0.5 * angle)
    near = half.abs() < 1e-5
    pulses = torch.where(near, overtones, torch.sin((overtones + 0.5) * angle) / (2.0 * half.where(~near, 1.0)) - 0.5)
    voiced = rate > 0
    tone = torch.where(voiced, LEVEL * (2.0 / overtones).sqrt() * pulses, 0.0).float()
    return tone + torch.randn(tone.shape, generator=noise) * torch.where(voiced, BREATH, LEVEL)


class PitchedVocoder(MelVocoder):
    """A vocoder whose features are a log mel spectrum and, as the last row, the fundamental in Hz (0: unvoiced)."""

    def analyse(self, pcm: Tensor) -> Tensor:
        mel = super().analyse(pcm)
        hz = fundamental(pcm, self.hop)
        # A centred spectrum has one frame more.
        return torch.cat([mel, F.pad(hz, (0, mel.shape[2] - hz.shape[1]))[:, None]], dim=1)

    def vary(self, features: Tensor, rng: np.random.Generator) -> Tensor:
        mel, hz = super().vary(features[:, :-1], rng), features[:, -1:]
        # A conversion system moves the fundamental; a flatter melody is what regression makes of it.
        if rng.random() < 0.5 and (hz > 0).any():
            spoken = hz > 0
            centre = hz[spoken].log().mean()
            moved = (centre + rng.uniform(0.5, 1.1) * (hz.clamp(min=1.0).log() - centre)).exp() * rng.uniform(0.8, 1.25)
            hz = torch.where(spoken, moved, 0.0)
        return torch.cat([mel, hz], dim=1)

    def parts(self, features: Tensor, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """What a network takes at frame rate (scaled mels and the logarithm of the fundamental), and the source as PCM."""
        mel, hz = features[:, :-1], features[:, -1]
        pitch = torch.where(hz > 0, hz.clamp(min=1.0).log() - 5.0, -2.0)[:, None]
        spoken = hz[:, :-1] if self.mel.centred else hz
        return torch.cat([self.scaled(mel), pitch], dim=1), source(spoken, self.hop, noise)
