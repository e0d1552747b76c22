"""Draws speech segments to train on: the train speakers that are not dev speakers, all alike."""

import numpy as np
import torch
from torch import Tensor

from training.data import dev_speakers, load

# Segments quieter than this (in full scale, RMS) are pauses, and drawn again.
QUIET = 0.01


class Segments:
    """A seeded, resumable source of segments."""

    def __init__(self, seed: int, samples: int):
        utterances, self.pcm = load("train")
        self.samples = samples
        held_out = dev_speakers()
        by_speaker: dict[str, list] = {}
        for u in utterances:
            if u.key not in held_out and u.samples >= samples:
                by_speaker.setdefault(u.key, []).append(u)
        if not by_speaker:
            raise ValueError("no speaker is left to train on: the dev list names them all, or their recordings are too short")
        self.speakers = [by_speaker[key] for key in sorted(by_speaker)]
        self.rng = np.random.default_rng(seed)

    def draw(self, batch: int) -> Tensor:
        """PCM `(batch, samples)`, each segment's recording scaled to a peak of 0.3 to 0.95."""
        return torch.from_numpy(np.stack([self._one() for _ in range(batch)]))

    def _one(self) -> np.ndarray:
        for _ in range(20):
            spoken = self.speakers[self.rng.integers(len(self.speakers))]
            u = spoken[self.rng.integers(len(spoken))]
            start = u.start + self.rng.integers(u.samples - self.samples + 1)
            peak = max(int(np.abs(self.pcm[u.start : u.start + u.samples].astype(np.int32)).max()), 1)
            segment = self.pcm[start : start + self.samples].astype(np.float32) * np.float32(self.rng.uniform(0.3, 0.95) / peak)
            if np.sqrt(np.mean(segment**2)) > QUIET:
                break
        return segment
