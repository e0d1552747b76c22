"""Golden vectors of voicegate-audio's features, on a synthetic signal that the Rust tests make by the same formula.

Usage: python audio_golden.py   (writes into crates/voicegate-audio/tests/golden/)
Packages: kaldi-native-fbank 1.22.5, librosa 0.11.0, numpy 2.4.6.

Each file is JSON: {"frames": number of frames of the whole signal, "rows": the chosen frames' values, "at": their numbers}.
"""

import json
from pathlib import Path

import kaldi_native_fbank
import librosa
import numpy as np

RATE, SAMPLES = 16000, 16000
OUT = Path(__file__).resolve().parents[2] / "crates/voicegate-audio/tests/golden"
ROWS = [0, 1, 2, 40, 41, -3, -2, -1]


def signal():
    """A rising tone with an overtone under a slow swell, and a little noise from a linear congruential generator."""
    state, noise = 1, np.empty(SAMPLES)
    for n in range(SAMPLES):
        state = (1664525 * state + 1013904223) % 2**32
        noise[n] = state / 2**31 - 1
    t = np.arange(SAMPLES) / RATE
    phase = 2 * np.pi * (120 * t + 90 * t * t)
    tone = 0.3 * np.sin(phase) + 0.1 * np.sin(7 * phase)
    return (tone * np.sin(np.pi * t) ** 2 + 0.01 * noise).astype(np.float32)


def log_mel(x):
    """The recipe of the project's own models; reference in double precision."""
    x = x.astype(np.float64)
    x = np.concatenate([x[:1], x[1:] - 0.97 * x[:-1]])
    window = np.zeros(512)
    window[56:456] = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 400)
    padded = np.pad(x, 256, mode="reflect")
    frames = 1 + len(x) // 160
    power = np.stack([np.abs(np.fft.rfft(padded[n * 160 : n * 160 + 512] * window)) ** 2 for n in range(frames)])
    mel = lambda hz: 2595 * np.log10(1 + hz / 700)
    corners = 700 * (10 ** (np.linspace(mel(20), mel(7600), 82) / 2595) - 1)
    bins = np.linspace(0, 8000, 257)[:, None]
    rise = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    fall = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    features = np.log(power @ np.maximum(0, np.minimum(rise, fall)) + 1e-6)
    return features - features.mean(0)


def kaldi(x, window):
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.dither = 0
    options.frame_opts.window_type = window
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = 80
    fbank = kaldi_native_fbank.OnlineFbank(options)
    fbank.accept_waveform(RATE, (x * 32768).tolist())
    fbank.input_finished()
    return np.stack([fbank.get_frame(n) for n in range(fbank.num_frames_ready)])


def ge2e_mel(x):
    """What Resemblyzer calls; the signal is loud enough to be left as it is. In double precision."""
    return librosa.feature.melspectrogram(y=x.astype(np.float64), sr=RATE, n_fft=400, hop_length=160, n_mels=40).T


def write(name, features, rounded="{:.5f}"):
    at = [n % len(features) for n in ROWS]
    rows = [[float(rounded.format(value)) for value in features[n]] for n in at]
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps({"frames": len(features), "at": at, "rows": rows}) + "\n")


x = signal()
write("log_mel", log_mel(x))
write("kaldi_hamming", kaldi(x, "hamming"))
povey = kaldi(x, "povey")
write("kaldi_povey_cmn", povey - povey.mean(0))
# Powers span decades, so these keep digits rather than decimals.
write("ge2e_mel", ge2e_mel(x), "{:.7g}")
