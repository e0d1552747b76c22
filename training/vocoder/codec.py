"""A neural codec: strided encoder, residual vector quantization, transposed-convolution decoder (SoundStream, Zeghidour et al., 2021;
codes of few dimensions compared by angle, as in DAC, Kumar et al., 2023)."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.vocoder.base import Vocoder
from training.vocoder.transposed import SLOPE, Residual, Upsampler


class Quantizer(nn.Module):
    """One codebook: latents `(batch, width, frames)` to the nearest code's, and the codebook and commitment losses."""

    def __init__(self, width: int, codes: int, dimensions: int = 8):
        super().__init__()
        self.enter, self.leave = nn.Conv1d(width, dimensions, 1), nn.Conv1d(dimensions, width, 1)
        self.codes = nn.Parameter(torch.randn(codes, dimensions))

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        x = F.normalize(self.enter(latent).float(), dim=1)
        codes = F.normalize(self.codes, dim=1)
        chosen = codes[(codes @ x).argmax(1)].transpose(1, 2)
        loss = (chosen - x.detach()).square().sum(1).mean() + 0.25 * (x - chosen.detach()).square().sum(1).mean()
        # Straight through: the gradient of the chosen code goes to the latent.
        return self.leave(x + (chosen - x).detach()), loss


class Codec(Vocoder):
    """Latents every 20 ms, 1 to 8 codebooks of 256 codes: 0.4 to 3.2 kbit/s."""

    hop = 320
    STRIDES = (2, 4, 5, 8)
    FEWEST = 3

    def __init__(self, channels: tuple[int, ...] = (16, 24, 48, 96, 128), codes: int = 256, books: int = 8):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv1d(1, channels[0], 7, padding=3)]
        for before, after, stride in zip(channels, channels[1:], self.STRIDES):
            down = nn.Conv1d(before, after, 2 * stride, stride, padding=(stride + 1) // 2)
            layers += [Residual(before, 3, (1, 3)), nn.LeakyReLU(SLOPE), down]
        self.encoder = nn.Sequential(*layers)
        self.books = nn.ModuleList(Quantizer(channels[-1], codes) for _ in range(books))
        self.decoder = Upsampler(channels[-1], channels[::-1], self.STRIDES[::-1])

    def analyse(self, pcm: Tensor) -> Tensor:
        return self.encoder(pcm[:, None])

    def quantize(self, latent: Tensor, books: int) -> tuple[Tensor, Tensor]:
        """The sum of what the first `books` codebooks say, each about what the ones before left over, and their mean loss."""
        total, loss = torch.zeros_like(latent), latent.new_zeros(())
        for book in self.books[:books]:
            said, cost = book(latent - total)
            total, loss = total + said, loss + cost / books
        return total, loss

    def vary(self, features: Tensor, rng: np.random.Generator) -> Tensor:
        """Fewer codebooks, as a language model over codes leaves the last ones out."""
        return self.quantize(features, int(rng.integers(self.FEWEST, len(self.books) + 1)))[0]

    def forward(self, features: Tensor, noise: torch.Generator) -> Tensor:
        return self.decoder(features)

    def learn(self, pcm: Tensor, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        # Half of the batches use fewer codebooks, so that the first ones carry the most.
        books = len(self.books)
        if torch.rand((), generator=noise) < 0.5:
            books = int(torch.randint(self.FEWEST, books, (), generator=noise))
        latent, loss = self.quantize(self.analyse(pcm), books)
        return self(latent, noise), loss
