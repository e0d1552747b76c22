"""Draws training crops from the feature bank: a speaker, a voice, an utterance, a pitch, a tempo, a place."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.bank import FORMANTS, open_bank
from training.data import dev_speakers, load
from training.features import FrontEnd

# Few speakers stand for these recording conditions, so each is drawn more often than a speaker of the two large sets.
WEIGHT = {"arabic_speech_commands": 2.0, "commonvoice_en_96": 1.5, "vctk_4spk": 1.5}
PLAIN_VOICE = 0.45
# Half of the crops come from speech with its pauses cut out, as behind a voice activity detector.
TRIMMED = 0.5
SHIFTED_PITCH = 0.3


@dataclass(frozen=True)
class Batch:
    """Mel power `(batch, n_mels, frames)`, class labels, utterance numbers, and which crops are in the speaker's own voice and pitch."""

    power: Tensor
    labels: Tensor
    utterances: Tensor
    own_voice: Tensor


class Sampler:
    """Balanced draws over the train speakers that are not dev speakers. Class = speaker x voice."""

    def __init__(self, front: FrontEnd, seed: int):
        utterances, _ = load("train")
        held_out = dev_speakers()
        self.speakers = sorted({u.key for u in utterances} - held_out)
        if not self.speakers:
            raise ValueError("no speaker is left to train on: the dev list names them all")
        number = {key: i for i, key in enumerate(self.speakers)}
        self.by_speaker: list[list[int]] = [[] for _ in self.speakers]
        for i, u in enumerate(utterances):
            if u.key in number:
                self.by_speaker[number[u.key]].append(i)
        weight = np.array([WEIGHT.get(key.split("/")[0], 1.0) for key in self.speakers])
        self.odds = weight / weight.sum()
        self.starts, self.lengths, self.maps = open_bank(front)
        plain = self.maps[0, False]
        self.speech = [speech_frames(plain[s : s + n]) for s, n in zip(self.starts, self.lengths, strict=True)]
        self.seed = seed

    @property
    def classes(self) -> int:
        return len(self.speakers) * len(FORMANTS)

    def draw(self, step: int, size: int, frames: int) -> Batch:
        """The batch of a step; the same step gives the same batch."""
        rng = np.random.default_rng((self.seed, step))
        speakers = rng.choice(len(self.speakers), size=size, p=self.odds)
        voices = np.where(rng.random(size) < PLAIN_VOICE, 0, rng.integers(1, len(FORMANTS), size))
        return self.crops(rng, speakers, voices, frames)

    def crops(self, rng: np.random.Generator, speakers: np.ndarray, voices: np.ndarray, frames: int) -> Batch:
        """One random crop for each pair of speaker and voice."""
        size = len(speakers)
        shifted = rng.random(size) < SHIFTED_PITCH
        tempo = np.exp(rng.uniform(np.log(0.85), np.log(1.2), size))
        trimmed = rng.random(size) < TRIMMED
        power, chosen = [], []
        for i, (speaker, voice) in enumerate(zip(speakers, voices, strict=True)):
            utterance = int(rng.choice(self.by_speaker[speaker]))
            bank = self.maps[int(voice), bool(shifted[i])]
            kept = self.speech[utterance] if trimmed[i] else np.arange(self.lengths[utterance])
            power.append(crop(rng, bank, self.starts[utterance] + kept, frames, float(tempo[i])))
            chosen.append(utterance)
        return Batch(
            torch.from_numpy(np.stack(power)).exp(),
            torch.from_numpy(speakers * len(FORMANTS) + voices),
            torch.tensor(chosen),
            torch.from_numpy((voices == 0) & ~shifted),
        )


def crop(rng: np.random.Generator, bank: np.ndarray, rows: np.ndarray, frames: int, rate: float) -> np.ndarray:
    """`(n_mels, frames)` of log power out of the bank's `rows`, at `rate` times the speed; too few rows are repeated in a circle."""
    room = max(len(rows) - int(np.ceil(frames * rate)) - 1, 0)
    first = rng.integers(room + 1) if room else rng.integers(len(rows))
    at = first + np.arange(frames) * rate
    low = np.floor(at).astype(np.int64)
    share = (at - low)[:, None].astype(np.float32)
    a = bank[rows[low % len(rows)]].astype(np.float32)
    b = bank[rows[(low + 1) % len(rows)]].astype(np.float32)
    return ((1.0 - share) * a + share * b).T


def speech_frames(log_power: np.ndarray, below_peak: float = 7.0, widen: int = 8) -> np.ndarray:
    """Numbers of the frames within `below_peak` nepers of power (30 dB) of the utterance's loud frames, widened on both sides."""
    energy = log_power.max(axis=1).astype(np.float32)
    loud = energy > np.percentile(energy, 95) - below_peak
    wide = np.convolve(loud, np.ones(2 * widen + 1), mode="same") > 0
    return np.flatnonzero(wide)
