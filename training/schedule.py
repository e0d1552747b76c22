"""How far training has come, and what follows from it: learning rate, margin, crop length."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Phase:
    """What one step trains with."""

    learning_rate: float
    margin: float
    frames: tuple[int, int]


@dataclass(frozen=True)
class Schedule:
    """A short warm-up, a cosine to a fiftieth of the peak, and from `tune_from` on a larger margin with longer crops."""

    peak: float
    margin: float
    tune_margin: float
    frames: tuple[int, int] = (90, 190)
    tune_frames: tuple[int, int] = (200, 280)
    warm_up: float = 0.03
    margin_up: float = 0.15
    tune_from: float = 0.88

    def at(self, progress: float) -> Phase:
        """The phase at `progress` in [0, 1]."""
        rise = min(1.0, (progress + 1e-3) / self.warm_up)
        fall = 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
        if progress >= self.tune_from:
            return Phase(self.peak * fall, self.tune_margin, self.tune_frames)
        return Phase(self.peak * rise * fall, self.margin * min(1.0, progress / self.margin_up), self.frames)
