"""Replay: a recording played by a loudspeaker to the microphone."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, resample_poly, sosfilt

from training.attacks.dsp import mp3, opus
from training.attacks.room import equalize, heard
from training.paths import SAMPLE_RATE


@dataclass(frozen=True)
class Loudspeaker:
    """Ranges of a class of loudspeakers: lower and upper limit in Hz, number and height (dB) of resonances, harmonic distortion."""

    low: tuple[float, float]
    high: tuple[float, float]
    resonances: int
    height: tuple[float, float]
    distortion: tuple[float, float]


PHONE = Loudspeaker((350.0, 900.0), (5500.0, 7800.0), 5, (3.0, 9.0), (0.02, 0.15))
LAPTOP = Loudspeaker((180.0, 400.0), (6500.0, 7900.0), 5, (2.0, 7.0), (0.01, 0.08))
LARGE = Loudspeaker((50.0, 150.0), (7000.0, 7950.0), 3, (1.0, 4.0), (0.002, 0.02))


def play(pcm: np.ndarray, kind: Loudspeaker, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Sound as a loudspeaker gives it: squared and cubed parts of the driven signal, then resonances and a band limit.

    Distortion is computed at twice the rate, so that its harmonics don't fold back.
    """
    low, high = rng.uniform(*kind.low), rng.uniform(*kind.high)
    second, third = rng.uniform(*kind.distortion), rng.uniform(*kind.distortion)
    driven = resample_poly(sosfilt(butter(2, low / 2, "high", fs=SAMPLE_RATE, output="sos"), pcm), 2, 1)
    driven = driven / max(float(np.abs(driven).max()), 1e-6)
    bent = driven + second * driven**2 - third * driven**3
    bent = resample_poly(np.tanh(rng.uniform(0.5, 1.5) * bent), 1, 2)
    hertz = np.linspace(0.0, SAMPLE_RATE / 2, 257)
    gain = np.zeros(len(hertz))
    for _ in range(kind.resonances):
        centre, width = np.exp(rng.uniform(np.log(low), np.log(high))), rng.uniform(0.08, 0.5)
        height = rng.choice([-0.7, 1.0]) * rng.uniform(*kind.height)
        gain += height * np.exp(-((np.log2(np.maximum(hertz, 20.0) / centre) / width) ** 2))
    limited = sosfilt(butter(int(rng.integers(2, 5)), low, "high", fs=SAMPLE_RATE, output="sos"), equalize(bent, gain))
    limited = sosfilt(butter(4, high, "low", fs=SAMPLE_RATE, output="sos"), limited)
    return limited, f"loudspeaker {low:.0f}-{high:.0f} Hz, distortion {100 * second:.1f} % and {100 * third:.1f} %"


def recorded(pcm: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """What the attacker recorded: half in a room of its own, most through the recorder's codec."""
    setting = []
    if rng.random() < 0.5:
        pcm, where = heard(pcm, rng)
        setting.append(f"recorded at {where}")
    codec = rng.random()
    if codec < 0.35:
        rate = rng.uniform(12.0, 40.0)
        pcm = opus(0.9 * pcm / max(float(np.abs(pcm).max()), 1e-6), rate)
        setting.append(f"opus {rate:.0f}")
    elif codec < 0.6:
        pcm = mp3(0.9 * pcm / max(float(np.abs(pcm).max()), 1e-6), rng.uniform(0.3, 0.8))
        setting.append("mp3")
    return pcm, "; ".join(setting) or "recorded directly"


def replay(pcm: np.ndarray, kind: Loudspeaker, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Recorder, loudspeaker, room and microphone; length is kept."""
    taken, first = recorded(pcm, rng)
    sound, second = play(taken, kind, rng)
    out, third = heard(sound, rng)
    return out, f"{first}; {second}; {third}"
