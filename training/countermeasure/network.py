"""Front end and network: PCM to the logits of `spoof` and `bonafide`.

A residual network over a log spectrum with equal bands, because the traces of synthesis and of loudspeakers lie above the mel scale's
fine part (linear against mel cepstra: Sahidullah, Kinnunen, Hanilçi, 2015).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.features import HOP, triangles
from training.models.waveform import PowerSpectrum
from training.paths import SAMPLE_RATE

BANDS = 80
N_FFT = 512
# What lies further below the loudest band is set there: exact zeros, which only files have, must not decide.
RANGE = 7.0 * torch.log(torch.tensor(10.0)).item()


class LogBands(nn.Module):
    """PCM `(batch, samples)` to `(batch, BANDS, frames)`: natural-log power in equal bands up to 8 kHz, each band's mean removed.

    The mean holds the microphone, the level and the long-term spectrum: what differs between data sets more than between a voice and an attack.
    """

    def __init__(self):
        super().__init__()
        self.spectrum = PowerSpectrum(torch.hann_window(400), N_FFT, HOP, "reflect")
        points = torch.linspace(0.0, SAMPLE_RATE / 2, BANDS + 2).numpy()
        self.register_buffer("filters", triangles(points, N_FFT).T.contiguous(), persistent=False)

    def forward(self, pcm: Tensor) -> Tensor:
        logs = (self.filters @ self.spectrum(pcm)).clamp(min=1e-12).log()
        logs = torch.maximum(logs, logs.amax(dim=(1, 2), keepdim=True) - RANGE)
        return logs - logs.mean(dim=2, keepdim=True)


class Residual(nn.Module):
    """Two 3×3 convolutions with a shortcut; the first takes every second band and frame where `stride` is 2."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.shortcut = None
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class SpoofNet(nn.Module):
    """`(batch, BANDS, frames)` to logits `(batch, 2)`, spoof first. Mean and standard deviation over time, each band group kept apart."""

    def __init__(self, channels: tuple[int, ...] = (16, 32, 48, 64)):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, channels[0], 5, (1, 2), 2, bias=False), nn.BatchNorm2d(channels[0]), nn.ReLU())
        widths = (channels[0], *channels)
        strides = (1, 2, 2, 2)
        self.blocks = nn.Sequential(*(Residual(b, a, s) for b, a, s in zip(widths, channels, strides)))
        groups = BANDS // 8
        self.drop = nn.Dropout(0.3)
        self.bottleneck = nn.Linear(2 * channels[-1] * groups, 64)
        self.head = nn.Linear(64, 2)

    def forward(self, bands: Tensor) -> Tensor:
        x = self.blocks(self.stem(bands[:, None])).flatten(1, 2)
        mean = x.mean(dim=2)
        deviation = ((x - mean[:, :, None]).square().mean(dim=2) + 1e-5).sqrt()
        return self.head(F.relu(self.bottleneck(self.drop(torch.cat([mean, deviation], dim=1)))))
