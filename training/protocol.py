"""Verification trials inside one data set: every utterance against every other, or against speakers enrolled with several."""

import numpy as np

from training.metrics import Trials


def single(scores: np.ndarray, speakers: np.ndarray) -> Trials:
    """Each utterance enrols alone and is claimed by every other one: `scores` is `(enrolled, test)`."""
    enrolled, test = np.nonzero(~np.eye(len(speakers), dtype=bool))
    same = speakers[enrolled] == speakers[test]
    value = scores[enrolled, test]
    return Trials(value[same], value[~same], speakers[enrolled][same], speakers[enrolled][~same])


def enrolments(speakers: np.ndarray, size: int, seed: int = 0, draws: int = 5) -> list[tuple[int, np.ndarray]]:
    """Random enrolments of `size` utterances: (speaker, utterance numbers), `draws` a speaker, for those with more utterances."""
    rng = np.random.default_rng(seed)
    result = []
    for speaker in np.unique(speakers):
        own = np.flatnonzero(speakers == speaker)
        if len(own) > size:
            result += [(int(speaker), np.sort(rng.choice(own, size, replace=False))) for _ in range(draws)]
    return result


def multiple(embeddings: list[np.ndarray], speakers: np.ndarray, size: int, reference: list[np.ndarray]) -> Trials:
    """Cosine against the mean of `size` enrolled unit vectors of `reference`, summed over models; enrolled utterances don't test."""
    own, other, own_speaker, other_speaker = [], [], [], []
    for speaker, chosen in enrolments(speakers, size):
        score = np.zeros(len(speakers))
        for tested, enrolled in zip(embeddings, reference, strict=True):
            centre = enrolled[chosen].mean(0)
            score += tested @ (centre / np.linalg.norm(centre))
        test = np.setdiff1d(np.arange(len(speakers)), chosen)
        same = speakers[test] == speaker
        own.append(score[test][same])
        other.append(score[test][~same])
        own_speaker.append(np.full(same.sum(), speaker))
        other_speaker.append(np.full((~same).sum(), speaker))
    return Trials(*(np.concatenate(x) for x in (own, other, own_speaker, other_speaker)))
