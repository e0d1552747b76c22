"""Eight-bit samples, as autoregressive vocoders draw them."""

import numpy as np
from scipy.signal import lfilter

MU = 255.0
# LPCNet's (Valin and Skoglund, 2019): the noise of the steps falls with frequency as speech does.
PRE_EMPHASIS = 0.85


def eight_bit(pcm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """PCM in [-1, 1] through 256 mu-law steps (G.711's curve) under pre-emphasis. The step is drawn between the two nearest, since an
    autoregressive network samples it."""
    bright = np.clip(lfilter([1.0, -PRE_EMPHASIS], [1.0], pcm), -1.0, 1.0)
    curved = np.sign(bright) * np.log1p(MU * np.abs(bright)) / np.log1p(MU)
    steps = np.clip(np.floor((curved + 1.0) * 127.5 + rng.random(len(pcm))), 0, 255)
    level = steps / 127.5 - 1.0
    back = np.sign(level) * np.expm1(np.abs(level) * np.log1p(MU)) / MU
    return lfilter([1.0], [1.0, -PRE_EMPHASIS], back).astype(np.float32)
