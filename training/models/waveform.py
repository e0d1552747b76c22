"""Networks that take PCM: the front end that a published network was trained with, as layers, so that it travels in the ONNX graph.

The short-time Fourier transform is a strided convolution with windowed cosines and sines, the mel filters are a matrix product.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.features import HOP, WINDOW, htk_filters
from training.paths import SAMPLE_RATE


class PowerSpectrum(nn.Module):
    """PCM `(batch, samples)` to power `(batch, n_fft // 2 + 1, frames)`, frames centred on multiples of `hop`.

    `window` may be shorter than `n_fft`: what `torch.stft` would multiply with zero is left out, which moves the phase only.
    """

    def __init__(self, window: Tensor, n_fft: int, hop: int, pad_mode: str):
        super().__init__()
        self.hop, self.pad_mode = hop, pad_mode
        self.before = n_fft // 2 - (n_fft - len(window)) // 2
        self.after = len(window) - self.before
        # Whole numbers modulo n_fft keep the angles exact.
        turns = np.outer(np.arange(n_fft // 2 + 1), np.arange(len(window))) % n_fft
        angle = 2.0 * np.pi * turns / n_fft
        kernels = np.concatenate([np.cos(angle), np.sin(angle)]) * window.double().numpy()
        self.register_buffer("kernels", torch.tensor(kernels[:, None], dtype=torch.float32), persistent=False)

    def forward(self, pcm: Tensor) -> Tensor:
        padded = F.pad(pcm[:, None], (self.before, self.after), mode=self.pad_mode)
        real, imaginary = F.conv1d(padded, self.kernels, stride=self.hop).chunk(2, dim=1)
        return real.square() + imaginary.square()


def speechbrain_filters(n_mels: int, n_fft: int) -> Tensor:
    """SpeechBrain's triangles on the HTK mel scale from 0 Hz to Nyquist, both sides as wide as the lower one: `(n_mels, bins)`."""
    top = 2595.0 * np.log10(1.0 + SAMPLE_RATE / 2 / 700.0)
    points = 700.0 * (10.0 ** (np.linspace(0.0, top, n_mels + 2) / 2595.0) - 1.0)
    width = np.diff(points)[:-1, None]
    slope = (np.linspace(0.0, SAMPLE_RATE / 2, n_fft // 2 + 1) - points[1:-1, None]) / width
    return torch.tensor(np.maximum(1.0 - np.abs(slope), 0.0), dtype=torch.float32)


class SpeechBrainFbank(nn.Module):
    """SpeechBrain's `Fbank` and sentence mean normalization: PCM to `(batch, n_mels, frames)` in dB, at most 80 below the loudest."""

    def __init__(self, n_mels: int = 80, n_fft: int = WINDOW, hop: int = HOP):
        super().__init__()
        self.spectrum = PowerSpectrum(torch.hamming_window(n_fft), n_fft, hop, "constant")
        self.register_buffer("filters", speechbrain_filters(n_mels, n_fft), persistent=False)

    def forward(self, pcm: Tensor) -> Tensor:
        decibels = 10.0 * (self.filters @ self.spectrum(pcm)).clamp(min=1e-10).log10()
        decibels = torch.maximum(decibels, decibels.amax(dim=(1, 2), keepdim=True) - 80.0)
        return decibels - decibels.mean(dim=2, keepdim=True)


class ClovaMel(nn.Module):
    """voxceleb_trainer's front end: pre-emphasis (0 for none), torchaudio's `MelSpectrogram`, logarithm, instance normalization."""

    def __init__(self, n_mels: int, pre_emphasis: float):
        super().__init__()
        self.pre_emphasis = pre_emphasis
        self.spectrum = PowerSpectrum(torch.hamming_window(WINDOW), 512, HOP, "reflect")
        self.register_buffer("filters", htk_filters(n_mels, 512, 0.0, SAMPLE_RATE / 2).T.contiguous(), persistent=False)

    def forward(self, pcm: Tensor) -> Tensor:
        return self.normalize(self.mel_power(pcm))

    def mel_power(self, pcm: Tensor) -> Tensor:
        """What goes into the logarithm."""
        if self.pre_emphasis:
            before = torch.cat([pcm[:, 1:2], pcm[:, :-1]], dim=1)
            pcm = pcm - self.pre_emphasis * before
        return self.filters @ self.spectrum(pcm)

    @staticmethod
    def normalize(mel_power: Tensor) -> Tensor:
        """Logarithm, and each filter to mean 0 and variance 1."""
        logs = (mel_power + 1e-6).log()
        logs = logs - logs.mean(dim=2, keepdim=True)
        return logs / (logs.square().mean(dim=2, keepdim=True) + 1e-5).sqrt()


class Waveform(nn.Module):
    """PCM in [-1, 1] `(batch, samples)` to embedding `(batch, embedding)`."""

    def __init__(self, front_end: nn.Module, network: nn.Module):
        super().__init__()
        self.front_end = front_end
        self.network = network

    def forward(self, pcm: Tensor) -> Tensor:
        return self.network(self.front_end(pcm))
