"""Whether a recording contains the words of a prompt: log-likelihood ratios out of the recogniser's posteriors.

A prompt's likelihood is the sum over all CTC paths (Graves et al., 2006) that spell its words in order. It is built word by
word: a word takes, for each number of frames t, the log-likelihood of all that came before on the first t frames (`Front`), and
gives the same for what ends with the word. So a word can have several pronunciations, and one word can be exchanged for others
without scoring the rest again.

`T` frames, log posteriors `(T, symbols)`, blank is symbol 0; all logarithms are natural.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.recogniser.phones import Phones

NEVER = -1e30

Word = tuple[Phones, ...]
"""A word as its pronunciations."""


@dataclass(frozen=True)
class Front:
    """Log-likelihoods `(T + 1,)` of the first t frames: those that end in blank (or are none), those that end in phone `last`."""

    blank: np.ndarray
    label: dict[int, np.ndarray]

    def before(self, phone: int) -> np.ndarray:
        """What may come before `phone`: all but the same phone without a blank between."""
        return np.logaddexp.reduce([self.blank, *(end for last, end in self.label.items() if last != phone)])


@dataclass(frozen=True)
class Evidence:
    """What speaks for a prompt, in nats. `free`: its log-likelihood against the best path of all, per phone. `rivals`: of each word,
    against the best rival in its place. `clarity`: the best path's log posterior per frame, which is 0 when every sound is clear."""

    log_likelihood: float
    free: float
    rivals: np.ndarray
    clarity: float

    def features(self) -> np.ndarray:
        """`(3,)`: `free`, the mean over the words of `rivals`, `clarity`; each held within ±20."""
        return np.clip([self.free, self.rivals.mean(), self.clarity], -20.0, 20.0)


def silence(log_post: np.ndarray) -> Front:
    """The front before any word: blanks."""
    return Front(np.concatenate([[0.0], np.cumsum(log_post[:, 0])]), {})


def speak(log_post: np.ndarray, phones: list[Phones], before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Many pronunciations at once, each after its row of `before` `(rows, T + 1)`.

    Gives the log-likelihoods `(rows, T + 1)` that end in the last phone, and in a blank after it.
    """
    rows, longest = len(phones), max(map(len, phones))
    # States are phone, blank, phone, blank, ...; where a shorter word has ended, they lead nowhere.
    symbols = np.zeros((rows, 2 * longest), int)
    skip = np.full((rows, 2 * longest), NEVER)
    for row, word in enumerate(phones):
        symbols[row, : 2 * len(word) : 2] = word
        for k in range(1, len(word)):
            # Equal phones need the blank between.
            skip[row, 2 * k] = NEVER if word[k] == word[k - 1] else 0.0
    emit = log_post[:, symbols]
    state = np.full((rows, 2 * longest), NEVER)
    history = np.full((len(log_post) + 1, rows, 2 * longest), NEVER)
    step, leap = state.copy(), state.copy()
    for t in range(len(log_post)):
        step[:, 0], step[:, 1:] = before[:, t], state[:, :-1]
        leap[:, 2:] = state[:, :-2] + skip[:, 2:]
        state = np.logaddexp(np.logaddexp(state, step), leap) + emit[t]
        history[t + 1] = state
    last = np.array([2 * len(word) - 2 for word in phones])
    said, paused = (history[:, np.arange(rows), last + k].T for k in (0, 1))
    return said, paused


def advance(log_post: np.ndarray, fronts: Sequence[Front], words: Sequence[Word]) -> list[Front]:
    """Each front after its word, in any of the word's pronunciations."""
    phones = [p for word in words for p in word]
    before = np.stack([f.before(p[0]) for f, word in zip(fronts, words, strict=True) for p in word])
    said, paused = speak(log_post, phones, before)
    ends, at = [], 0
    for word in words:
        label: dict[int, np.ndarray] = {}
        for row, p in enumerate(word, start=at):
            label[p[-1]] = np.logaddexp(label[p[-1]], said[row]) if p[-1] in label else said[row]
        ends.append(Front(np.logaddexp.reduce(paused[at : at + len(word)]), label))
        at += len(word)
    return ends


def backwards(word: Word) -> Word:
    """The word's pronunciations from their end."""
    return tuple(p[::-1] for p in word)


def join(front: Front, rest: Front) -> float:
    """Log-likelihood of `front` followed by `rest`, which is a front of the reversed recording (of none of its words at the end)."""
    if rest.label:
        parts = [front.before(phone) + start[::-1] for phone, start in rest.label.items()]
    else:
        parts = [end + rest.blank[::-1] for end in front.label.values()]
    return float(np.logaddexp.reduce(np.concatenate(parts)))


def prompts_evidence(
    log_post: np.ndarray, prompts: Sequence[Sequence[Word]], rivals: Sequence[Sequence[Sequence[Word]]]
) -> list[Evidence]:
    """The evidence for each of several prompts of the same number of words in one recording; `rivals[n][i]` are the words that the
    i-th word of the n-th prompt is held against."""
    flipped = log_post[::-1]
    heads = [[silence(log_post)] * len(prompts)]
    tails = [[silence(flipped)] * len(prompts)]
    for i in range(len(prompts[0])):
        heads.append(advance(log_post, heads[-1], [p[i] for p in prompts]))
        tails.append(advance(flipped, tails[-1], [backwards(p[-1 - i]) for p in prompts]))
    free = float(log_post.max(axis=1).sum())
    rest = [[tails[len(prompt) - 1 - i][n] for i in range(len(prompt))] for n, prompt in enumerate(prompts)]
    swaps = [(n, i, word) for n, places in enumerate(rivals) for i, words in enumerate(places) for word in words]
    swapped = advance(log_post, [heads[i][n] for n, i, _ in swaps], [word for _, _, word in swaps])
    best = np.full((len(prompts), len(prompts[0])), NEVER)
    for (n, i, _), front in zip(swaps, swapped, strict=True):
        best[n, i] = max(best[n, i], join(front, rest[n][i]))
    found = []
    for n, prompt in enumerate(prompts):
        total = join(heads[-1][n], tails[0][n])
        phones = sum(len(word[0]) for word in prompt)
        found.append(Evidence(total, (total - free) / phones, total - best[n], free / len(log_post)))
    return found
