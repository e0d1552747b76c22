"""Signal tools shared by the families: level, frames, mel filters, resampling, encoding."""

import io

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly

from training.paths import SAMPLE_RATE


def rms(pcm: np.ndarray) -> float:
    """Root mean square, never 0."""
    return float(np.sqrt(np.mean(np.square(pcm, dtype=np.float64)) + 1e-12))


def active_rms(pcm: np.ndarray) -> float:
    """Level of the louder half of 20 ms frames: pauses don't count."""
    frames = pcm[: len(pcm) // 320 * 320].reshape(-1, 320)
    if len(frames) == 0:
        return rms(pcm)
    power = np.sort(np.mean(np.square(frames, dtype=np.float64), axis=1))
    return float(np.sqrt(power[len(power) // 2 :].mean() + 1e-12))


def to_level(pcm: np.ndarray, level: float) -> np.ndarray:
    """Scales to an `active_rms` of `level`; less where it would clip."""
    gain = level / active_rms(pcm)
    peak = float(np.abs(pcm).max(initial=1e-9))
    return (pcm * min(gain, 0.99 / peak)).astype(np.float32)


def resample(pcm: np.ndarray, rate: int, target: int = SAMPLE_RATE) -> np.ndarray:
    """Polyphase resampling."""
    if rate == target:
        return pcm.astype(np.float32)
    return resample_poly(pcm, target, rate).astype(np.float32)


def fit_length(pcm: np.ndarray, samples: int) -> np.ndarray:
    """Cuts the end off, or adds zeros."""
    return np.pad(pcm[:samples], (0, max(0, samples - len(pcm))))


def mel_filters(n_mels: int, n_fft: int, rate: int, top: float) -> np.ndarray:
    """Triangles `(n_mels, n_fft // 2 + 1)` on Slaney's mel scale with unit area, as in the common mel vocoders."""
    step, edge, log_step = 200.0 / 3.0, 1000.0, np.log(6.4) / 27.0

    def hertz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel < edge / step, mel * step, edge * np.exp(log_step * (mel - edge / step)))

    top_mel = edge / step + np.log(top / edge) / log_step
    corners = hertz(np.linspace(0.0, top_mel, n_mels + 2))
    bins = np.linspace(0.0, rate / 2, n_fft // 2 + 1)
    rise = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    fall = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rise, fall)) * (2.0 / (corners[2:] - corners[:-2]))[:, None]


def noise_like(power: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise of `samples` whose power spectral density has the shape `power` (any number of bins from 0 to 8 kHz); RMS 1."""
    white = np.fft.rfft(rng.standard_normal(samples))
    shape = np.interp(np.linspace(0.0, 1.0, len(white)), np.linspace(0.0, 1.0, len(power)), np.sqrt(power))
    noise = np.fft.irfft(white * shape, samples)
    return (noise / rms(noise)).astype(np.float32)


def opus(pcm: np.ndarray, kbits: float) -> np.ndarray:
    """Through Opus in an Ogg file and back, 16 kHz mono. libsndfile maps its level 0 to 1 on 256 down to 6 kbit/s."""
    return through("OGG", "OPUS", pcm, SAMPLE_RATE, compression_level=1.0 - (kbits - 6.0) / 250.0)


def mp3(pcm: np.ndarray, level: float) -> np.ndarray:
    """Through MP3 and back, 16 kHz mono; `level` 0 to 1 goes from the highest bit rate (160 kbit/s) to the lowest (8)."""
    return through("MP3", "MPEG_LAYER_III", pcm, SAMPLE_RATE, compression_level=level, bitrate_mode="CONSTANT")


def mu_law(pcm: np.ndarray) -> np.ndarray:
    """Through 8 kHz G.711 mu-law and back."""
    return fit_length(resample(through("WAV", "ULAW", resample(pcm, SAMPLE_RATE, 8000), 8000), 8000), len(pcm))


def through(container: str, subtype: str, pcm: np.ndarray, rate: int, **options: object) -> np.ndarray:
    """Encodes and decodes in memory; length and time are kept."""
    file = io.BytesIO()
    sf.write(file, np.clip(pcm, -1.0, 1.0), rate, format=container, subtype=subtype, **options)
    file.seek(0)
    decoded, decoded_rate = sf.read(file, dtype="float32")
    return fit_length(resample(decoded, decoded_rate, rate), len(pcm))
