"""Log mel spectra `(batch, mels, frames)` as acoustic models make them: smoother than speech, at another pitch or vocal tract."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def blur(mel: Tensor, frames: float, bands: float) -> Tensor:
    """Gaussian smoothing with standard deviations in frames and in mel bands: the average over what could have been said, which a
    regression gives."""
    for deviation, axis in ((frames, 2), (bands, 1)):
        if deviation <= 0.0:
            continue
        reach = int(np.ceil(3.0 * deviation))
        at = torch.arange(-reach, reach + 1, dtype=mel.dtype)
        kernel = torch.exp(-0.5 * (at / deviation).square())
        kernel = (kernel / kernel.sum())[None, None]
        rows = mel if axis == 2 else mel.transpose(1, 2)
        padded = F.pad(rows, (reach, reach), mode="replicate")
        smooth = F.conv1d(padded.reshape(-1, 1, padded.shape[2]), kernel).reshape(rows.shape)
        mel = smooth if axis == 2 else smooth.transpose(1, 2)
    return mel


def warp(mel: Tensor, factor: float) -> Tensor:
    """Moves band b to b * factor, harmonics and formants together (on the mel scale, linear only below 1 kHz)."""
    bands = mel.shape[1]
    source = (torch.arange(bands) / factor).clamp(max=bands - 1.0)
    low = source.floor().long().clamp(max=bands - 2)
    share = (source - low)[None, :, None]
    return mel[:, low] * (1.0 - share) + mel[:, low + 1] * share


def acoustic_model(mel: Tensor, rng: np.random.Generator) -> Tensor:
    """Untouched in a third of the cases, else smoothed, warped by up to 12 %, or both."""
    kind = rng.integers(3)
    if kind == 0:
        return mel
    if kind == 1 or rng.random() < 0.5:
        mel = blur(mel, rng.uniform(0.3, 1.2), rng.uniform(0.0, 0.9))
    if kind == 2:
        mel = warp(mel, rng.uniform(0.88, 1.12))
    return mel
