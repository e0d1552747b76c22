"""Channel conditions for evaluation, on waveforms: noise at 15 dB, a telephone line, Opus at 16 kbit/s."""

import io
from collections.abc import Callable

import numpy as np
import soundfile as sf
from scipy.signal import butter, resample_poly, sosfilt

from training.paths import SAMPLE_RATE

Condition = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def clean(pcm: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    """As recorded."""
    return pcm


def noise_15_db(pcm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pink noise, 15 dB below the speech's mean power."""
    n = len(pcm)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))
    noise = np.fft.irfft(spectrum, n)
    gain = np.sqrt(np.mean(pcm**2) / 10**1.5 / max(np.mean(noise**2), 1e-20))
    return (pcm + gain * noise).astype(np.float32)


def telephone(pcm: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    """300 to 3400 Hz at 8 kHz through 8-bit mu-law (ITU-T G.711's law), and back to 16 kHz."""
    band = sosfilt(butter(4, (300.0, 3400.0), "bandpass", fs=SAMPLE_RATE, output="sos"), pcm)
    narrow = np.clip(resample_poly(band, 1, 2), -1.0, 1.0)
    code = np.round(np.sign(narrow) * np.log1p(255.0 * np.abs(narrow)) / np.log(256.0) * 127.0) / 127.0
    line = np.sign(code) * np.expm1(np.abs(code) * np.log(256.0)) / 255.0
    return resample_poly(line, 2, 1)[: len(pcm)].astype(np.float32)


def opus_16k(pcm: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    """Opus at about 16 kbit/s and back."""
    buffer = io.BytesIO()
    # libsndfile maps the level linearly onto 256 (0) down to 6 (1) kbit/s a channel.
    sf.write(buffer, pcm, SAMPLE_RATE, format="OGG", subtype="OPUS", compression_level=0.96)
    buffer.seek(0)
    decoded, _ = sf.read(buffer, dtype="float32")
    return decoded[: len(pcm)]


CONDITIONS: dict[str, Condition] = {"clean": clean, "noise15": noise_15_db, "telephone": telephone, "opus16": opus_16k}
