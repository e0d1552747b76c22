"""Transposed convolutions from frames to samples: HiFi-GAN (Kong et al., 2020, V3's shape, narrower), the decoder of VITS and its heirs."""

import math
from collections.abc import Sequence
from itertools import zip_longest

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.vocoder.pitched import LEVEL, PitchedVocoder
from training.vocoder.spectra import MelSetting

SLOPE = 0.1


class Residual(nn.Module):
    """Two dilated convolutions, each added to what goes in."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, int]):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(channels, channels, kernel, dilation=d, padding=d * (kernel - 1) // 2) for d in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = x + conv(F.leaky_relu(x, SLOPE))
        return x


class Stage(nn.Module):
    """One upsampling by `stride` and the mean of residual blocks with different fields of view."""

    SHAPES = ((3, (1, 2)), (5, (2, 6)), (7, (3, 12)))

    def __init__(self, before: int, channels: int, stride: int):
        super().__init__()
        self.up = nn.ConvTranspose1d(before, channels, 2 * stride, stride, padding=(stride + 1) // 2, output_padding=stride % 2)
        self.blocks = nn.ModuleList(Residual(channels, kernel, dilations) for kernel, dilations in self.SHAPES)

    def forward(self, x: Tensor, added: Tensor | float = 0.0) -> Tensor:
        x = self.up(F.leaky_relu(x, SLOPE)) + added
        return sum(block(x) for block in self.blocks) / len(self.blocks)


class Upsampler(nn.Module):
    """Rows at frame rate `(batch, rows, frames)` to PCM `(batch, frames * product of strides)`."""

    def __init__(self, rows: int, channels: tuple[int, ...], strides: tuple[int, ...]):
        super().__init__()
        self.first = nn.Conv1d(rows, channels[0], 7, padding=3)
        self.stages = nn.ModuleList(Stage(a, b, s) for a, b, s in zip(channels, channels[1:], strides))
        self.last = nn.Conv1d(channels[-1], 1, 7, padding=3)

    def forward(self, rows: Tensor, added: Sequence[Tensor] = ()) -> Tensor:
        """`added` has something for the first stages, at their rates and widths."""
        x = self.first(rows)
        for stage, more in zip_longest(self.stages, added, fillvalue=0.0):
            x = stage(x, more)
        return torch.tanh(self.last(F.leaky_relu(x, SLOPE)))[:, 0]


class HifiGan(PitchedVocoder):
    """80 log mels and the fundamental every 16 ms, upsampled by 8, 8 and 4. The source joins at every rate, as in the NSF-HiFiGAN of voice
    and singing conversion: harmonics don't have to be learnt from nothing."""

    STRIDES = (8, 8, 4)

    def __init__(self, channels: tuple[int, ...] = (192, 96, 48, 16)):
        super().__init__(MelSetting(1024, 256, 80))
        self.net = Upsampler(self.mel.mels + 1, channels, self.STRIDES)
        # From sample rate down to each stage's.
        down = [math.prod(self.STRIDES[i + 1 :]) for i in range(len(self.STRIDES))]
        self.joins = nn.ModuleList(
            nn.Conv1d(1, width, 2 * s if s > 1 else 1, s, padding=s // 2) for width, s in zip(channels[1:], down)
        )

    def forward(self, features: Tensor, noise: torch.Generator) -> Tensor:
        rows, source = self.parts(features, noise)
        # At unit size, or the network takes long to notice it.
        return self.net(rows, [join(source[:, None] / LEVEL) for join in self.joins])
