"""A source shaped by gated dilated convolutions at sample rate: the neural source-filter model (Wang, Takaki and Yamagishi, 2019)."""

import torch
from torch import Tensor, nn

from training.vocoder.pitched import LEVEL, PitchedVocoder
from training.vocoder.spectra import MelSetting


class FilterBlock(nn.Module):
    """A signal `(batch, 1, samples)` to another, under conditions `(batch, width, frames)` that hold for a hop each."""

    def __init__(self, channels: int, width: int, layers: int):
        super().__init__()
        self.enter, self.leave = nn.Conv1d(1, channels, 1), nn.Conv1d(channels, 1, 1)
        self.convs = nn.ModuleList(nn.Conv1d(channels, 2 * channels, 3, dilation=3**k, padding=3**k) for k in range(layers))
        self.conditions = nn.ModuleList(nn.Conv1d(width, 2 * channels, 1) for _ in range(layers))

    def forward(self, signal: Tensor, condition: Tensor) -> Tensor:
        x = self.enter(signal)
        for conv, bias in zip(self.convs, self.conditions):
            y = conv(x).unflatten(2, (condition.shape[2], -1)) + bias(condition)[..., None]
            value, gate = y.flatten(2).chunk(2, dim=1)
            x = x + torch.tanh(value) * torch.sigmoid(gate)
        return self.leave(x)


class SourceFilter(PitchedVocoder):
    """80 log mels and the fundamental every 10 ms; two blocks shape the source, one shapes noise."""

    def __init__(self, channels: int = 16, width: int = 64, blocks: int = 2):
        super().__init__(MelSetting(1024, 160, 80))
        self.condition = nn.Sequential(
            nn.Conv1d(self.mel.mels + 1, width, 5, padding=2), nn.GELU(), nn.Conv1d(width, width, 5, padding=2), nn.GELU(),
        )
        self.harmonic = nn.ModuleList(FilterBlock(channels, width, 5) for _ in range(blocks))
        self.noise = FilterBlock(channels, width, 3)

    def forward(self, features: Tensor, noise: torch.Generator) -> Tensor:
        rows, signal = self.parts(features, noise)
        condition, signal = self.condition(rows), signal[:, None]
        for block in self.harmonic:
            signal = signal + block(signal, condition)
        hiss = torch.randn(signal.shape, generator=noise) * LEVEL
        return (signal + self.noise(hiss, condition))[:, 0]
