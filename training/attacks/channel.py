"""The channels that bona fide speech and attacks go through alike at training time: band, noise, codec, level.

What is drawn depends on the random generator alone, never on the speech or its label.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.signal import butter, sosfilt

from training.attacks.dsp import active_rms, fit_length, mp3, mu_law, noise_like, opus
from training.paths import SAMPLE_RATE


class Codec(StrEnum):
    """What codes the speech."""

    NONE = "none"
    OPUS = "opus"
    MP3 = "mp3"
    TELEPHONE = "telephone"


CODECS = (Codec.NONE, Codec.OPUS, Codec.MP3, Codec.TELEPHONE)
ODDS = (0.4, 0.35, 0.1, 0.15)


@dataclass(frozen=True)
class Channel:
    """One drawn channel. `band` is (low, high) in Hz; `noise` is SNR in dB and slope in dB an octave; `quality` is kbit/s or MP3's level."""

    band: tuple[float, float] | None
    noise: tuple[float, float] | None
    codec: Codec
    quality: float
    level_db: float
    gap: int


def draw(rng: np.random.Generator) -> Channel:
    """A random channel; every value is drawn whether it is used or not, so that equal seeds give comparable channels."""
    limited, noisy = rng.random() < 0.3, rng.random() < 0.35
    low, high = rng.choice([20.0, 60.0, 150.0, 300.0]), rng.choice([3400.0, 3800.0, 4000.0, 5500.0, 7000.0])
    snr, slope = rng.uniform(8.0, 40.0), rng.uniform(-9.0, 1.0)
    codec = CODECS[int(rng.choice(len(CODECS), p=ODDS))]
    kbits, level = float(np.exp(rng.uniform(np.log(8.0), np.log(48.0)))), rng.uniform(0.2, 0.8)
    return Channel(
        band=(float(low), float(high)) if limited else None,
        noise=(float(snr), float(slope)) if noisy else None,
        codec=codec,
        quality=kbits if codec is Codec.OPUS else float(level),
        level_db=float(rng.uniform(-24.0, 6.0)),
        # Digital silence at the end, as muted microphones and padding leave it: no sign of an attack.
        gap=int(rng.uniform(0.02, 0.4) * SAMPLE_RATE) if rng.random() < 0.1 else 0,
    )


def send(pcm: np.ndarray, channel: Channel, rng: np.random.Generator) -> np.ndarray:
    """Speech (16 kHz, [-1, 1]) through a channel; length and timing are kept. `rng` makes the noise alone."""
    out = pcm.astype(np.float32)
    if channel.band:
        low, high = channel.band
        out = sosfilt(butter(2, low, "high", fs=SAMPLE_RATE, output="sos"), out)
        out = sosfilt(butter(8, high, "low", fs=SAMPLE_RATE, output="sos"), out)
    if channel.noise:
        snr, slope = channel.noise
        hertz = np.maximum(np.linspace(0.0, SAMPLE_RATE / 2, 257), 50.0)
        shape = 10.0 ** (slope * np.log2(hertz / 1000.0) / 10.0)
        out = out + noise_like(shape, len(out), rng) * active_rms(out) * 10.0 ** (-snr / 20.0)
    out = np.clip(out * 10.0 ** (channel.level_db / 20.0), -1.0, 1.0).astype(np.float32)
    if channel.codec is Codec.OPUS:
        out = opus(out, channel.quality)
    elif channel.codec is Codec.MP3:
        out = mp3(out, channel.quality)
    elif channel.codec is Codec.TELEPHONE:
        out = mu_law(out)
    if channel.gap:
        out = fit_length(out[: -channel.gap], len(out))
    return np.clip(np.round(out * 32768.0), -32768, 32767).astype(np.float32) / 32768.0


def apply(pcm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Speech through a random channel."""
    return send(pcm, draw(rng), rng)
