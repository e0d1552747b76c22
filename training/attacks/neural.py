"""Copy-synthesis by the neural vocoders trained here (`training.vocoder`), each a species of its own, where its weights exist."""

import numpy as np

from training import vocoder
from training.attacks.base import Unavailable


def resynthesize(pcm: np.ndarray, variant: str, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Speech through the vocoder `variant`, one of `training.vocoder.VARIANTS`."""
    try:
        return vocoder.resynthesize(pcm, variant, rng), f"neural vocoder {variant}"
    except FileNotFoundError as reason:
        raise Unavailable(str(reason)) from reason
