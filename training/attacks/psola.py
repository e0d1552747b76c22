"""TD-PSOLA (Moulines and Charpentier, 1990): pitch moved by laying two-period pieces at new distances."""

import numpy as np

from training.attacks.world import track_f0
from training.paths import SAMPLE_RATE

UNVOICED_PERIOD = SAMPLE_RATE // 200


def periods(pcm: np.ndarray) -> np.ndarray:
    """The pitch period in samples at each sample, 0 where unvoiced."""
    f0, times = track_f0(pcm)
    nearest = np.minimum(np.round(np.arange(len(pcm)) / SAMPLE_RATE / max(times[1], 1e-9)).astype(int), len(f0) - 1)
    held = f0[nearest]
    return np.where(held > 0.0, SAMPLE_RATE / np.maximum(held, 1.0), 0.0)


def marks(pcm: np.ndarray, period: np.ndarray) -> np.ndarray:
    """One place a period, on its highest peak; every 5 ms where unvoiced."""
    found = [0]
    while True:
        step = period[found[-1]]
        if step == 0.0:
            found.append(found[-1] + UNVOICED_PERIOD)
        else:
            low, high = found[-1] + int(0.75 * step), found[-1] + int(1.25 * step) + 1
            if high >= len(pcm):
                break
            found.append(low + int(np.argmax(pcm[low:high])))
        if found[-1] >= len(pcm):
            found.pop()
            break
    return np.array(found)


def shift_pitch(pcm: np.ndarray, factor: float) -> np.ndarray:
    """Multiplies the pitch of voiced parts; length and formants are kept."""
    period = periods(pcm)
    places = marks(pcm, period)
    longest = int(max(period.max(initial=0.0), UNVOICED_PERIOD)) + 2
    padded = np.pad(pcm, longest)
    out = np.zeros(len(padded) + longest)
    weight = np.zeros_like(out)
    at = 0.0
    while at < len(pcm):
        nearest = int(places[np.argmin(np.abs(places - at))])
        voiced = period[nearest] > 0.0
        half = int(round(period[nearest])) if voiced else UNVOICED_PERIOD
        window = np.hanning(2 * half + 1)
        piece = slice(int(at) + longest - half, int(at) + longest + half + 1)
        out[piece] += window * padded[nearest + longest - half : nearest + longest + half + 1]
        weight[piece] += window
        at += half / factor if voiced else half
    out /= np.maximum(weight, 0.3)
    return out[longest : longest + len(pcm)].astype(np.float32)
