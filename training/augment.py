"""Channel augmentation of mel power spectra, on whole batches.

Noise, rooms and band limits act on power: independent sounds add their power, a room's late tail is an exponential decay of past
power (Lebart et al., 2001), a band limit is a gain per filter. So no waveform is needed, and a batch costs milliseconds.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Strength:
    """Probabilities of each change to a crop, and ranges in decibels (signal-to-noise ratio, level) and seconds (reverberation)."""

    noise: float = 0.55
    babble: float = 0.2
    room: float = 0.4
    band: float = 0.3
    mask: float = 0.5
    snr_db: tuple[float, float] = (2.0, 25.0)
    level_db: tuple[float, float] = (-20.0, 6.0)
    decay_s: tuple[float, float] = (0.15, 0.9)

    def times(self, factor: float) -> "Strength":
        """The same changes, `factor` times as often."""
        odds = {n: getattr(self, n) * factor for n in ("noise", "babble", "room", "band", "mask")}
        return replace(self, **odds)


class Augmenter:
    """Changes crops of mel power `(batch, n_mels, frames)`; all randomness comes from the generator handed in."""

    def __init__(self, mel_filters: Tensor, generator: torch.Generator, strength: Strength = Strength()):
        self.rng = generator
        self.strength = strength
        weight = mel_filters.sum(0)
        hertz = torch.linspace(0.0, 8000.0, mel_filters.shape[0])
        self.centre = (mel_filters * hertz[:, None]).sum(0) / weight
        self.relative_width = weight / weight.mean()
        # How much a noise's power in one filter scatters from frame to frame: few bins, much scatter.
        self.scatter = (mel_filters.square().sum(0) / weight.square()).clamp(max=1.0).add(1.0).log().sqrt()

    def __call__(self, power: Tensor) -> Tensor:
        power = self._rooms(power)
        power = self._noises(power)
        power = self._bands(power)
        return power * self._decibels(len(power), self.strength.level_db)[:, None, None]

    def _uniform(self, n: int, low: float, high: float) -> Tensor:
        return torch.rand(n, generator=self.rng) * (high - low) + low

    def _decibels(self, n: int, bounds: tuple[float, float]) -> Tensor:
        return 10.0 ** (self._uniform(n, *bounds) / 10.0)

    def _chosen(self, n: int, probability: float) -> Tensor:
        return torch.nonzero(torch.rand(n, generator=self.rng) < probability).squeeze(1)

    def _rooms(self, power: Tensor) -> Tensor:
        rows = self._chosen(len(power), self.strength.room)
        if len(rows) == 0:
            return power
        dry = power[rows]
        # High frequencies die away faster: the decay time falls to between 40 % and 100 % at the top filter.
        seconds = self._uniform(len(rows), *self.strength.decay_s)[:, None]
        slope = torch.linspace(0.0, 1.0, power.shape[1])[None] * self._uniform(len(rows), 0.0, 0.6)[:, None]
        keep = torch.exp(-13.8 * 0.01 / (seconds * (1.0 - slope)))
        # The tail's energy against the direct sound's, over all time.
        gain = self._decibels(len(rows), (-12.0, 3.0))[:, None] * (1.0 - keep) / keep
        tail = torch.zeros_like(dry[:, :, 0])
        wet = torch.empty_like(dry)
        for t in range(dry.shape[2]):
            wet[:, :, t] = dry[:, :, t] + gain * tail
            tail = keep * (tail + dry[:, :, t])
        power = power.clone()
        power[rows] = wet
        return power

    def _noises(self, power: Tensor) -> Tensor:
        level = power.mean(dim=(1, 2), keepdim=True)
        added = torch.zeros_like(power)
        rows = self._chosen(len(power), self.strength.noise)
        if len(rows):
            added[rows] = self._coloured(len(rows), power.shape[2])
        rows = self._chosen(len(power), self.strength.babble)
        if len(rows):
            talk = torch.zeros_like(power[rows])
            for _ in range(int(torch.randint(3, 7, (1,), generator=self.rng))):
                others = torch.randint(len(power), (len(rows),), generator=self.rng)
                shift = int(torch.randint(power.shape[2], (1,), generator=self.rng))
                talk += (power[others] / level[others].clamp(min=1e-12)).roll(shift, dims=2)
            added[rows] += talk / talk.mean(dim=(1, 2), keepdim=True).clamp(min=1e-12)
        ratio = self._decibels(len(power), self.strength.snr_db)[:, None, None]
        return power + added * level / ratio

    def _coloured(self, n: int, frames: int) -> Tensor:
        """Noise of mean power 1: a random slope and a few random bumps over frequency, slow swings over time, scatter per frame."""
        bands = len(self.centre)
        octave = torch.log2(self.centre.clamp(min=50.0) / 1000.0)[None]
        shape = self._uniform(n, -2.5, 0.5)[:, None] * octave
        knots = torch.randn(n, 1, 8, generator=self.rng)
        shape = shape + torch.nn.functional.interpolate(knots, bands, mode="linear", align_corners=True)[:, 0]
        swing = torch.randn(n, 1, 2 + frames // 12, generator=self.rng) * self._uniform(n, 0.0, 1.5)[:, None, None]
        swing = torch.nn.functional.interpolate(swing, frames, mode="linear", align_corners=True)
        scatter = torch.randn(n, bands, frames, generator=self.rng) * self.scatter[None, :, None]
        noise = (shape[:, :, None] + swing + scatter).exp() * self.relative_width[None, :, None]
        return noise / noise.mean(dim=(1, 2), keepdim=True)

    def _bands(self, power: Tensor) -> Tensor:
        rows = self._chosen(len(power), self.strength.band)
        if len(rows) == 0:
            return power
        telephone = torch.rand(len(rows), generator=self.rng) < 0.5
        top = torch.where(telephone, self._uniform(len(rows), 3200, 3700), self._uniform(len(rows), 3500, 7600))[:, None]
        bottom = torch.where(telephone, self._uniform(len(rows), 200, 350), self._uniform(len(rows), 0, 150))[:, None]
        # A filter edge of 30 to 80 dB, with the coding noise (about 25 to 40 dB below the speech) left in the band.
        edge = (torch.sigmoid((top - self.centre) / 60.0) * torch.sigmoid((self.centre - bottom) / 25.0)).clamp(min=1e-8)
        stop = self._decibels(len(rows), (-80.0, -30.0))[:, None]
        gain = edge + stop * (1.0 - edge)
        part = power[rows]
        coding = part.mean(dim=(1, 2), keepdim=True) * self._decibels(len(rows), (-55.0, -25.0))[:, None, None]
        scatter = (torch.randn(part.shape, generator=self.rng) * self.scatter[None, :, None]).exp()
        power = power.clone()
        power[rows] = (part + coding * scatter * self.relative_width[None, :, None]) * gain[:, :, None]
        return power

    def mask(self, logs: Tensor) -> Tensor:
        """SpecAugment (Park et al., 2019): one span of filters and one of frames set to the mean, which is 0, in some crops."""
        rows = self._chosen(len(logs), self.strength.mask)
        keep = torch.ones_like(logs[rows])
        for row in keep:
            for dim, longest in ((0, logs.shape[1] // 8), (1, max(2, logs.shape[2] // 10))):
                width = int(torch.randint(1, longest + 1, (1,), generator=self.rng))
                start = int(torch.randint(row.shape[dim] - width, (1,), generator=self.rng))
                row.narrow(dim, start, width).zero_()
        logs[rows] *= keep
        return logs
