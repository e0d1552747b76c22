"""Log mel spectra as vocoders take them, and the spectral distances that they are trained with."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from training.features import slaney_filters

# The floor of mel amplitudes before the logarithm, as in HiFi-GAN (Kong et al., 2020).
FLOOR = 1e-5


@dataclass(frozen=True)
class MelSetting:
    """How PCM becomes a log mel spectrum: sizes in samples, and whether frame k is centred on sample k * hop.

    Where it is not, the frames tile the signal: samples / hop of them, each centred on the middle of its hop.
    """

    n_fft: int
    hop: int
    mels: int
    centred: bool = False


@lru_cache(maxsize=8)
def mel_filters(mels: int, n_fft: int) -> Tensor:
    """Slaney's filters, `(mels, n_fft // 2 + 1)`."""
    return slaney_filters(mels, n_fft).T.contiguous()


def amplitude(pcm: Tensor, n_fft: int, hop: int, centred: bool = True) -> Tensor:
    """PCM `(batch, samples)` to amplitude `(batch, n_fft // 2 + 1, frames)`, Hann window."""
    if not centred:
        pcm = F.pad(pcm[:, None], ((n_fft - hop) // 2, (n_fft - hop + 1) // 2), mode="reflect")[:, 0]
    spectrum = torch.stft(pcm, n_fft, hop, window=torch.hann_window(n_fft), center=centred, return_complex=True)
    # The square root has no gradient at 0.
    return (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()


def log_mel(pcm: Tensor, setting: MelSetting) -> Tensor:
    """PCM `(batch, samples)` to natural logarithms of mel amplitude `(batch, mels, frames)`."""
    spectrum = amplitude(pcm, setting.n_fft, setting.hop, setting.centred)
    return (mel_filters(setting.mels, setting.n_fft) @ spectrum).clamp(min=FLOOR).log()


RESOLUTIONS = ((256, 64), (512, 128), (1024, 256), (2048, 512))
MEL_LOSS = MelSetting(1024, 256, 80, centred=True)


def spectral_loss(made: Tensor, real: Tensor) -> Tensor:
    """Multi-resolution STFT loss (Yamamoto et al., 2020: spectral convergence and log amplitude) and the L1 distance of log mel spectra."""
    total = made.new_zeros(())
    for n_fft, hop in RESOLUTIONS:
        a, b = amplitude(made, n_fft, hop), amplitude(real, n_fft, hop)
        total = total + (a - b).norm() / b.norm().clamp(min=1e-3) + (a.clamp(min=1e-4).log() - b.clamp(min=1e-4).log()).abs().mean()
    return total / len(RESOLUTIONS) + 2.0 * mel_distance(made, real)


def mel_distance(made: Tensor, real: Tensor) -> Tensor:
    """Mean absolute difference of 80-band log mel spectra, in nepers (8.7 dB)."""
    return (log_mel(made, MEL_LOSS) - log_mel(real, MEL_LOSS)).abs().mean()
