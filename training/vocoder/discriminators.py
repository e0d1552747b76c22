"""Light discriminators: HiFi-GAN's over periods (Kong et al., 2020) and UnivNet's over spectrograms (Jang et al., 2021), least squares."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.vocoder.spectra import amplitude

SLOPE = 0.1


class Stack(nn.Module):
    """Convolutions of one or two dimensions; gives every layer's output, the scores last."""

    def __init__(self, channels: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...]):
        super().__init__()
        conv = nn.Conv1d if len(kernel) == 1 else nn.Conv2d
        padding = tuple(k // 2 for k in kernel)
        self.layers = nn.ModuleList(conv(a, b, kernel, stride, padding) for a, b in zip(channels, channels[1:]))
        self.score = conv(channels[-1], 1, 3, padding=1)

    def forward(self, x: Tensor) -> list[Tensor]:
        seen = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
            seen.append(x)
        return [*seen, self.score(x)]


class Discriminators(nn.Module):
    """Five periods and two spectrograms, each with its own stack."""

    PERIODS = (2, 3, 5, 7, 11)
    SPECTROGRAMS = ((1024, 256), (512, 96))

    def __init__(self):
        super().__init__()
        self.periods = nn.ModuleList(Stack((1, 16, 32, 64), (5,), (3,)) for _ in self.PERIODS)
        self.spectrograms = nn.ModuleList(Stack((1, 8, 16, 16), (5, 3), (3, 2)) for _ in self.SPECTROGRAMS)

    def forward(self, pcm: Tensor) -> list[list[Tensor]]:
        """PCM `(batch, samples)` to each stack's outputs."""
        out = []
        for period, stack in zip(self.PERIODS, self.periods):
            # Every period-th sample, from each of the places to begin.
            whole = pcm[:, : pcm.shape[1] // period * period]
            out.append(stack(whole.reshape(len(pcm), -1, period).transpose(1, 2).reshape(len(pcm) * period, 1, -1)))
        for (n_fft, hop), stack in zip(self.SPECTROGRAMS, self.spectrograms):
            out.append(stack(amplitude(pcm, n_fft, hop)[:, None].clamp(min=1e-4).log() * 0.3))
        return out


def discriminator_loss(real: list[list[Tensor]], made: list[list[Tensor]]) -> Tensor:
    """Real should score 1, made 0: the mean squared errors, averaged over the stacks."""
    return torch.stack([(r[-1] - 1).square().mean() + m[-1].square().mean() for r, m in zip(real, made)]).mean()


def generator_loss(real: list[list[Tensor]], made: list[list[Tensor]]) -> Tensor:
    """Made should score 1, and the layers should see in it what they see in the real signal (feature matching, relative to its size)."""
    total = real[0][0].new_zeros(())
    for r, m in zip(real, made):
        matching = [(a.detach() - b).abs().mean() / a.detach().abs().mean().clamp(min=1e-3) for a, b in zip(r[:-1], m[:-1])]
        total = total + (m[-1] - 1).square().mean() + 2.0 * sum(matching) / len(matching)
    return total / len(real)
