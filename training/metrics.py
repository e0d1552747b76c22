"""Verification error rates from scores, and how sure they are."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Trials:
    """Scores of claims: the claimed speaker's own (`genuine`) and others' (`impostor`), each with the number of the speaker claimed."""

    genuine: np.ndarray
    impostor: np.ndarray
    genuine_speaker: np.ndarray
    impostor_speaker: np.ndarray


def eer(genuine: np.ndarray, impostor: np.ndarray) -> float:
    """Equal error rate: where the rates of false accepts and of false rejects, as step functions of the threshold, cross."""
    scores = np.concatenate([genuine, impostor])
    own = np.concatenate([np.ones(len(genuine)), np.zeros(len(impostor))])
    order = np.argsort(scores, kind="stable")
    frr = np.cumsum(own[order]) / len(genuine)
    far = 1.0 - np.cumsum(1.0 - own[order]) / len(impostor)
    at = int(np.argmin(np.abs(frr - far)))
    return float((frr[at] + far[at]) / 2.0)


def threshold_at(impostor: np.ndarray, far: float) -> float:
    """The lowest threshold that at most a share `far` of the impostors' scores reaches."""
    ranked = np.sort(impostor)[::-1]
    allowed = int(np.floor(far * len(ranked)))
    return float(np.nextafter(ranked[min(allowed, len(ranked) - 1)], np.inf))


def frr_at(genuine: np.ndarray, impostor: np.ndarray, far: float) -> float:
    """Share of genuine claims below the threshold at `far`."""
    return float((genuine < threshold_at(impostor, far)).mean())


def interval(trials: Trials, seed: int = 0, draws: int = 200, bins: int = 2000) -> tuple[float, float]:
    """95 % bootstrap interval of the EER over claimed speakers, from each speaker's histogram of scores."""
    rng = np.random.default_rng(seed)
    speakers = np.unique(trials.genuine_speaker)
    low = min(trials.genuine.min(), trials.impostor.min())
    high = max(trials.genuine.max(), trials.impostor.max()) + 1e-9

    def histograms(scores: np.ndarray, claimed: np.ndarray) -> np.ndarray:
        cell = np.minimum(((scores - low) / (high - low) * bins).astype(np.int64), bins - 1)
        row = np.searchsorted(speakers, claimed)
        return np.bincount(row * bins + cell, minlength=len(speakers) * bins).reshape(len(speakers), bins)

    own = histograms(trials.genuine, trials.genuine_speaker)
    other = histograms(trials.impostor, trials.impostor_speaker)
    values = []
    for _ in range(draws):
        some = rng.choice(len(speakers), len(speakers))
        frr = np.cumsum(own[some].sum(0)) / own[some].sum()
        far = 1.0 - np.cumsum(other[some].sum(0)) / other[some].sum()
        at = int(np.argmin(np.abs(frr - far)))
        values.append((frr[at] + far[at]) / 2.0)
    return float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5))
