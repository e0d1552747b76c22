"""From a recording to log posteriors, and to the spans of the words of a known text."""

from pathlib import Path

import numpy as np
import torch

from training.features import HOP, log_mel
from training.recogniser.model import STRIDE, CtcConv
from training.recogniser.phones import Phones
from training.recogniser.score import NEVER

FRAME_SAMPLES = HOP * STRIDE


class Listener:
    """A trained network."""

    def __init__(self, weights: Path):
        state = torch.load(weights, weights_only=True, map_location="cpu")
        self.net = CtcConv().eval()
        self.net.load_state_dict(state.get("average", state))

    def __call__(self, pcm: np.ndarray) -> np.ndarray:
        """16 kHz PCM in [-1, 1] to log posteriors `(frames, symbols)`."""
        with torch.no_grad():
            return self.net(log_mel(torch.from_numpy(pcm.astype(np.float32)))[None])[0].numpy().astype(np.float64)


def word_spans(log_post: np.ndarray, words: list[Phones]) -> list[tuple[int, int]]:
    """First and last but one sample of each word on the best CTC path; between two words the cut is in the middle of the pause."""
    phones = [p for word in words for p in word]
    symbols = np.zeros(2 * len(phones) + 1, int)
    symbols[1::2] = phones
    states, frames = len(symbols), len(log_post)
    # Past a blank only into another phone.
    leap = np.concatenate([[False, False], (symbols[2:] != symbols[:-2]) & (symbols[2:] > 0)])
    score = np.full(states, NEVER)
    score[:2] = log_post[0, symbols[:2]]
    steps = np.zeros((frames, states), int)
    for t in range(1, frames):
        ways = np.stack([score, np.roll(score, 1), np.where(leap, np.roll(score, 2), NEVER)])
        ways[1, 0] = NEVER
        steps[t] = ways.argmax(axis=0)
        score = ways.max(axis=0) + log_post[t, symbols]
    state = states - 1 if score[-1] > score[-2] else states - 2
    first, last = np.full(len(phones), frames), np.zeros(len(phones), int)
    for t in range(frames - 1, -1, -1):
        if state % 2:
            first[state // 2] = t
            last[state // 2] = max(last[state // 2], t)
        state -= steps[t, state]
    ends = np.cumsum([len(w) for w in words])
    cuts = [(last[e - 1] + first[e] + 1) / 2 for e in ends[:-1]]
    # Before the first and after the last word, 150 ms are left to their sounds' edges.
    edges = [max(0.0, first[0] - 5.0), *cuts, min(float(frames), last[-1] + 6.0)]
    return [(int(a * FRAME_SAMPLES), int(b * FRAME_SAMPLES)) for a, b in zip(edges[:-1], edges[1:], strict=True)]
