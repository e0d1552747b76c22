"""Training batches: rows of equal length filled with whole utterances, their voices and tempo changed, silence between them.

Joined utterances stand for what a challenge sounds like (words with pauses), and rows that are full need no mask.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.bank import FORMANTS, open_bank
from training.features import LOG_MEL_80
from training.recogniser.model import STRIDE
from training.recogniser.phones import Phones
from training.recogniser.texts import Spoken

OTHER_VOICE = 0.35
SHIFTED_PITCH = 0.25
TEMPO = (0.8, 1.3)
LENGTHS = (320, 720)
# Frames of mel power in a batch, whatever its rows' length.
FRAMES = 4_000


@dataclass(frozen=True)
class Batch:
    """Mel power `(rows, 80, frames)` and each row's phones."""

    power: Tensor
    phones: list[Phones]


class Batches:
    """Draws batches; every utterance comes once before one comes again, as far as the lengths allow."""

    def __init__(self, items: list[Spoken], seed: int):
        starts, lengths, self.maps = open_bank(LOG_MEL_80)
        self.seed = seed
        self.items: list[Spoken] = []
        self.spans, self.silences = [], []
        for s in items:
            first, count = int(starts[s.number]), int(lengths[s.number])
            log_power = np.asarray(self.maps[0, False][first : first + count], np.float32)
            low, high = speech_span(log_power)
            if high - low > LENGTHS[1] - 2:
                continue
            self.items.append(s)
            self.spans.append((first + low, first + high))
            energy = log_power.mean(axis=1)
            self.silences.append(first + np.argsort(energy)[: max(5, count // 10)])
        self.queue: list[int] = []
        self.epoch = 0

    def draw(self, step: int) -> Batch:
        """The next batch."""
        rng = np.random.default_rng((self.seed, step))
        frames = int(rng.integers(LENGTHS[0] // STRIDE, LENGTHS[1] // STRIDE + 1)) * STRIDE
        rows = [self._row(rng, frames) for _ in range(max(5, FRAMES // frames))]
        return Batch(torch.from_numpy(np.stack([r[0] for r in rows])).exp(), [r[1] for r in rows])

    def _row(self, rng: np.random.Generator, frames: int) -> tuple[np.ndarray, Phones]:
        pieces: list[np.ndarray] = []
        phones: list[int] = []
        room = frames - int(rng.integers(0, 40))
        while True:
            piece = self._take(rng, room)
            if piece is None:
                break
            log_power, said = piece
            pieces.append(log_power)
            phones += said
            room -= len(log_power) + 15
            # Some rows end early, so that long pauses and lone words are known, too.
            if rng.random() < 0.1:
                break
        gaps = rng.dirichlet(np.ones(len(pieces) + 1)) * (frames - sum(map(len, pieces)))
        gaps = np.floor(gaps).astype(int)
        gaps[-1] += frames - sum(map(len, pieces)) - gaps.sum()
        row = [self._silence(rng, gaps[0])]
        for piece, gap in zip(pieces, gaps[1:], strict=True):
            row += [piece, self._silence(rng, gap)]
        return np.concatenate(row).T.astype(np.float32), tuple(phones)

    def _take(self, rng: np.random.Generator, room: int) -> tuple[np.ndarray, Phones] | None:
        """The first utterance of the queue's head that fits, as log power `(frames, 80)`."""
        if len(self.queue) < 200:
            order = np.random.default_rng((self.seed, 77, self.epoch)).permutation(len(self.items))
            self.queue += order.tolist()
            self.epoch += 1
        tempo = float(np.exp(rng.uniform(*np.log(TEMPO))))
        for at, item in enumerate(self.queue):
            low, high = self.spans[item]
            if (high - low) / tempo < room - 1:
                del self.queue[at]
                return self._voice(rng, low, high, tempo), self.items[item].phones
        return None

    def _voice(self, rng: np.random.Generator, low: int, high: int, tempo: float) -> np.ndarray:
        voice = int(rng.integers(1, len(FORMANTS))) if rng.random() < OTHER_VOICE else 0
        bank = np.asarray(self.maps[voice, bool(rng.random() < SHIFTED_PITCH)][low:high], np.float32)
        at = np.arange(0, len(bank) - 1, tempo)
        first = at.astype(int)
        share = (at - first)[:, None]
        return (1.0 - share) * bank[first] + share * bank[first + 1] + rng.uniform(-1.5, 1.5)

    def _silence(self, rng: np.random.Generator, frames: int) -> np.ndarray:
        quiet = self.silences[int(rng.integers(len(self.items)))]
        return np.asarray(self.maps[0, False][rng.choice(quiet, frames)], np.float32)


def speech_span(log_power: np.ndarray, below_peak: float = 8.0, margin: int = 12) -> tuple[int, int]:
    """First and last frame of speech with a margin: all frames within `below_peak` nepers of power of the loud ones."""
    energy = log_power.max(axis=1)
    loud = np.flatnonzero(energy > np.percentile(energy, 95) - below_peak)
    return max(0, int(loud[0]) - margin), min(len(log_power), int(loud[-1]) + 1 + margin)
