"""A tiny model that takes PCM, as a mirror, and its answer, for the tests of `voicegate-models`.

    python -m training.golden.waveform_golden

SpeechBrain's front end at a small size before a network of random weights. The answer is computed here with numpy's Fourier
transform in 64-bit floats, independently of the graph. Writes `crates/voicegate-models/tests/golden/waveform`.
"""

import json

import numpy as np
import torch
from torch import Tensor, nn

from training import pulled
from training.export import TOLERANCE
from training.golden.models_golden import RATE, ROOT, glottal
from training.models.waveform import SpeechBrainFbank, Waveform

FOLDER = ROOT / "crates" / "voicegate-models" / "tests" / "golden" / "waveform"
ID = "waveform-tiny"
N_FFT, HOP, MELS, HIDDEN, DIMENSIONS = 32, 80, 6, 8, 12


class Tiny(nn.Module):
    """A convolution, ReLU, the mean over time, and a projection."""

    def __init__(self, kernel: np.ndarray, projection: np.ndarray):
        super().__init__()
        self.kernel = nn.Parameter(torch.tensor(kernel))
        self.projection = nn.Parameter(torch.tensor(projection))

    def forward(self, features: Tensor) -> Tensor:
        return nn.functional.conv1d(features, self.kernel).relu().mean(dim=2) @ self.projection


def features(pcm: np.ndarray) -> np.ndarray:
    """(MELS, frames): what SpeechBrain's documentation says of its features and sentence normalization."""
    x = np.pad(pcm.astype(np.float64), N_FFT // 2)
    window = 0.54 - 0.46 * np.cos(2.0 * np.pi * np.arange(N_FFT) / N_FFT)
    blocks = np.stack([x[i : i + N_FFT] * window for i in range(0, len(x) - N_FFT + 1, HOP)])
    power = np.abs(np.fft.rfft(blocks, axis=1)) ** 2
    corners = 700.0 * (10.0 ** (np.linspace(0.0, 2595.0 * np.log10(1.0 + RATE / 1400.0), MELS + 2) / 2595.0) - 1.0)
    bins = np.linspace(0.0, RATE / 2, N_FFT // 2 + 1)
    filters = [np.maximum(0.0, 1.0 - np.abs(bins - c) / (c - low)) for low, c in zip(corners, corners[1:-1], strict=False)]
    decibels = 10.0 * np.log10(np.maximum(np.stack(filters) @ power.T, 1e-10))
    decibels = np.maximum(decibels, decibels.max() - 80.0)
    return decibels - decibels.mean(axis=1, keepdims=True)


def main() -> None:
    rng = np.random.default_rng(5)
    kernel = rng.normal(0.0, 0.2, (HIDDEN, MELS, 3)).astype(np.float32)
    projection = rng.normal(0.0, 0.5, (HIDDEN, DIMENSIONS)).astype(np.float32)

    x = features(glottal())
    steps = np.stack([x[:, i : x.shape[1] - 2 + i] for i in range(3)], axis=1)
    hidden = np.maximum(np.einsum("hmk,mkt->ht", kernel, steps), 0.0)
    embedding = hidden.mean(axis=1) @ projection
    embedding /= np.linalg.norm(embedding)

    net = Waveform(SpeechBrainFbank(MELS, N_FFT, HOP), Tiny(kernel, projection)).eval()
    with torch.no_grad():
        answer = nn.functional.normalize(net(torch.from_numpy(glottal())[None]))[0].numpy()
    difference = np.abs(answer - embedding).max()
    print(f"the layers differ from numpy by {difference:.1e}")
    assert difference <= TOLERANCE
    pulled.place(net, "ecapa_tdnn", pulled.Facts(ID, "1", "Apache-2.0", "random weights, for tests"), FOLDER)
    (FOLDER / "golden.json").write_text(json.dumps({"signal": "glottal", "embedding": [round(float(v), 7) for v in embedding]}) + "\n")


if __name__ == "__main__":
    main()
