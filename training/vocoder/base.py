"""What every vocoder here can do."""

import numpy as np
import torch
from torch import Tensor, nn

from training.vocoder import degrade
from training.vocoder.spectra import MelSetting, log_mel


class Vocoder(nn.Module):
    """From PCM to features and back. PCM is `(batch, samples)` at 16 kHz, features are `(batch, rows, frames)`.

    `hop` is the number of samples a frame stands for: PCM must be a multiple of it, at least 2048 samples, and as many are made.
    `noise` draws what is random.
    """

    hop: int
    # Whether training compares spectra and, later, plays against discriminators; else only the network's own loss counts.
    judged_by_ear: bool = True

    def analyse(self, pcm: Tensor) -> Tensor:
        """The features that the waveform is made from."""
        raise NotImplementedError

    def forward(self, features: Tensor, noise: torch.Generator) -> Tensor:
        """Features to PCM as long as what was analysed."""
        raise NotImplementedError

    def vary(self, features: Tensor, rng: np.random.Generator) -> Tensor:
        """Features as a text-to-speech or conversion system would have made them instead."""
        raise NotImplementedError

    def learn(self, pcm: Tensor, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """One training pass: the PCM made from `pcm`, and the network's own loss."""
        return self(self.analyse(pcm), noise), pcm.new_zeros(())


class MelVocoder(Vocoder):
    """A vocoder whose features are a log mel spectrum."""

    def __init__(self, mel: MelSetting):
        super().__init__()
        self.mel, self.hop = mel, mel.hop

    def analyse(self, pcm: Tensor) -> Tensor:
        return log_mel(pcm, self.mel)

    def vary(self, features: Tensor, rng: np.random.Generator) -> Tensor:
        return degrade.acoustic_model(features, rng)

    @staticmethod
    def scaled(features: Tensor) -> Tensor:
        """Log mel values brought to about zero mean and unit variance."""
        return 0.5 * (features + 5.0)
