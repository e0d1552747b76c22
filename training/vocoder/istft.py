"""A network at frame rate and an inverse Fourier transform: Vocos (Siuzdak, 2023), and with a source, as HiFTNet (Li et al., 2023)."""

import torch
from torch import Tensor, nn

from training.vocoder.base import MelVocoder
from training.vocoder.pitched import PitchedVocoder
from training.vocoder.spectra import MelSetting


class ConvNext(nn.Module):
    """A depthwise convolution along time and a feed-forward layer, added to what goes in (ConvNeXt, Liu et al., 2022)."""

    def __init__(self, channels: int, hidden: int, layers: int):
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.wide, self.narrow = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
        self.scale = nn.Parameter(torch.full((channels,), 1.0 / layers))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x).transpose(1, 2))
        return x + (self.scale * self.narrow(nn.functional.gelu(self.wide(y)))).transpose(1, 2)


class Backbone(nn.Module):
    """Rows `(batch, rows, frames)` to `(batch, out, frames)` through ConvNeXt blocks."""

    def __init__(self, rows: int, out: int, channels: int, hidden: int, layers: int):
        super().__init__()
        self.first = nn.Conv1d(rows, channels, 7, padding=3)
        self.enter, self.leave = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.blocks = nn.Sequential(*(ConvNext(channels, hidden, layers) for _ in range(layers)))
        self.last = nn.Linear(channels, out)

    def forward(self, rows: Tensor) -> Tensor:
        x = self.enter(self.first(rows).transpose(1, 2)).transpose(1, 2)
        return self.last(self.leave(self.blocks(x).transpose(1, 2))).transpose(1, 2)


class Vocos(MelVocoder):
    """80 log mels every 10 ms to amplitude and phase of each bin."""

    def __init__(self, channels: int = 224, hidden: int = 640, layers: int = 5):
        super().__init__(MelSetting(640, 160, 80, centred=True))
        self.net = Backbone(self.mel.mels, self.mel.n_fft + 2, channels, hidden, layers)

    def forward(self, features: Tensor, noise: torch.Generator) -> Tensor:
        size, phase = self.net(self.scaled(features)).float().chunk(2, dim=1)
        return inverse(size, phase, self.mel)


def inverse(size: Tensor, phase: Tensor, mel: MelSetting) -> Tensor:
    """The PCM of a spectrum: logarithms of amplitude and phases, each `(batch, bins, frames)`."""
    # The bound on the amplitude keeps a young network from overflowing, as in Vocos.
    return torch.istft(torch.polar(size.clamp(max=5.0).exp(), phase), mel.n_fft, mel.hop, window=torch.hann_window(mel.n_fft))


class HiftNet(PitchedVocoder):
    """80 log mels and the fundamental every 10 ms; the network sees the source's spectrum, and what it gives is relative to that one's phase."""

    def __init__(self, channels: int = 224, hidden: int = 640, layers: int = 4):
        super().__init__(MelSetting(640, 160, 80, centred=True))
        bins = self.mel.n_fft // 2 + 1
        self.net = Backbone(self.mel.mels + 1 + bins, 2 * bins, channels, hidden, layers)

    def forward(self, features: Tensor, noise: torch.Generator) -> Tensor:
        rows, source = self.parts(features, noise)
        window = torch.hann_window(self.mel.n_fft)
        spectrum = torch.stft(source, self.mel.n_fft, self.mel.hop, window=window, return_complex=True)
        fine = spectrum.abs().clamp(min=1e-2).log()
        size, phase = self.net(torch.cat([rows, fine], dim=1)).float().chunk(2, dim=1)
        return inverse(size + fine, phase + spectrum.angle(), self.mel)
