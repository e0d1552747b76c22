"""From noise to the complex spectrum in a few steps: rectified flow at frame rate (RFWave, Liu et al., 2024), the noise shaped by the mel
spectrum (PriorGrad, Lee et al., 2022)."""

import torch
from torch import Tensor

from training.vocoder.istft import Backbone
from training.vocoder.pitched import PitchedVocoder
from training.vocoder.spectra import MelSetting, log_mel, mel_filters

TIME_ROWS = 16


class Flow(PitchedVocoder):
    """80 log mels and the fundamental every 16 ms. Spectra are divided by the envelope that their mels describe: real over imaginary parts,
    `(batch, 2 * bins, frames)`, of about unit variance. The source's amplitudes say where the harmonics are."""

    judged_by_ear = False

    def __init__(self, channels: int = 256, hidden: int = 640, layers: int = 4, steps: int = 8):
        super().__init__(MelSetting(1024, 256, 80, centred=True))
        self.steps = steps
        rows = self.mel.n_fft + 2
        self.net = Backbone(rows + self.mel.mels + 1 + rows // 2 + TIME_ROWS, rows, channels, hidden, layers)
        filters = mel_filters(self.mel.mels, self.mel.n_fft)
        triangles = filters / filters.amax(1, keepdim=True)
        # No filter reaches 0 Hz and Nyquist.
        triangles[:, 0], triangles[:, -1] = triangles[:, 1], triangles[:, -2]
        self.register_buffer("spread", (triangles / triangles.sum(0)).T.contiguous(), persistent=False)
        self.register_buffer("area", filters.sum(1)[:, None], persistent=False)
        self.register_buffer("window", torch.hann_window(self.mel.n_fft), persistent=False)

    def envelope(self, mel: Tensor) -> Tensor:
        """The standard deviation expected of each real and imaginary part: `(batch, 2 * bins, frames)`."""
        return (self.spread @ (mel.exp() / self.area)).clamp(min=1e-4).repeat(1, 2, 1) * 0.7

    def flat_spectrum(self, pcm: Tensor, mel: Tensor) -> Tensor:
        """The spectrum of PCM, divided by its envelope."""
        spectrum = torch.stft(pcm, self.mel.n_fft, self.mel.hop, window=self.window, return_complex=True)
        return torch.cat([spectrum.real, spectrum.imag], dim=1) / self.envelope(mel)

    def conditions(self, features: Tensor, noise: torch.Generator) -> Tensor:
        """What the network sees beside the spectrum: the features and the source's amplitudes."""
        rows, source = self.parts(features, noise)
        real, imaginary = self.flat_spectrum(source, log_mel(source, self.mel)).chunk(2, dim=1)
        return torch.cat([rows, (real.square() + imaginary.square() + 1e-3).log() * 0.5], dim=1)

    def velocity(self, x: Tensor, rows: Tensor, time: Tensor) -> Tensor:
        """Where the spectrum `x` moves at `time` `(batch,)` in [0, 1]."""
        angle = time[:, None] * torch.pi * 2.0 ** torch.arange(TIME_ROWS // 2)
        clock = torch.cat([angle.sin(), angle.cos()], dim=1)[..., None].expand(-1, -1, x.shape[2])
        return self.net(torch.cat([x, rows, clock], dim=1)).float()

    def forward(self, features: Tensor, noise: torch.Generator) -> Tensor:
        rows = self.conditions(features, noise)
        x = torch.randn(len(features), self.mel.n_fft + 2, features.shape[2], generator=noise)
        for step in range(self.steps):
            x = x + self.velocity(x, rows, torch.full((len(x),), step / self.steps)) / self.steps
        real, imaginary = (x * self.envelope(features[:, :-1])).chunk(2, dim=1)
        return torch.istft(torch.complex(real, imaginary), self.mel.n_fft, self.mel.hop, window=self.window)

    def learn(self, pcm: Tensor, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        features = self.analyse(pcm)
        rows, target = self.conditions(features, noise), self.flat_spectrum(pcm, features[:, :-1])
        start = torch.randn(target.shape, generator=noise)
        time = torch.rand(len(pcm), generator=noise)
        x = start + time[:, None, None] * (target - start)
        return pcm, (self.velocity(x, rows, time) - (target - start)).square().mean()
