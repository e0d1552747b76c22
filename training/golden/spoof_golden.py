"""Golden vectors of voicegate-audio's spoofing signals, on a synthetic voice that the Rust tests make by the same formula.

Usage: python spoof_golden.py   (writes into crates/voicegate-audio/tests/golden/)
Packages: numpy, scipy.

Each signal is written out here from its definition, in double precision and by other means than the Rust code: the linear
prediction by solving the Toeplitz system, the spectra by scipy. Where the speech lies is an input.
"""

import json
from pathlib import Path

import numpy as np
from scipy.linalg import solve_toeplitz
from scipy.signal import get_window

RATE, SAMPLES = 16000, 48000
FRAME, HOP = 512, 128
LAG = 5
OUT = Path(__file__).resolve().parents[2] / "crates/voicegate-audio/tests/golden/spoof.json"
# What the speech detector finds in the signal; the test says when that changes.
SEGMENTS = [(0, 4096), (7936, 12288), (15872, 20224), (23808, 28160), (31744, 36096), (39936, 44288)]


def signal():
    """A gliding harmonic tone in syllables over faint noise, 5 ms of digital silence, and one broken sample."""
    state, noise = 1, np.empty(SAMPLES)
    for n in range(SAMPLES):
        state = (1664525 * state + 1013904223) % 2**32
        noise[n] = state / 2**31 - 1
    t = np.arange(SAMPLES) / RATE
    voice = sum(np.sin(2 * np.pi * k * (130 * t + 5 * t * t)) / k for k in range(1, 50))
    x = 0.1 * voice * np.maximum(0, np.sin(4 * np.pi * t)) + 0.004 * noise
    x[16000:16080] = 0
    x[30000] += 0.2
    return x.astype(np.float32).astype(np.float64)


def decibels(power):
    return 10 * np.log10(np.maximum(power, 1e-12))


def bin_of(hertz):
    return round(hertz * FRAME / RATE)


def spectra(x, length, hop):
    starts = range(0, len(x) - length + 1, hop)
    return np.fft.rfft(np.stack([x[s : s + length] for s in starts]) * get_window("hann", length))


def is_speech(frames):
    middles = (np.arange(frames) * HOP + FRAME // 2) // 256 * 256
    return np.array([any(a <= m < b for a, b in SEGMENTS) for m in middles])


def modulation_db(power):
    slow = fast = 0.0
    for centre in (250, 500, 1000, 2000, 4000):
        low = centre * 5 // 7
        envelope = np.sqrt(power[:, bin_of(low) : bin_of(2 * low)].sum(1))
        spectrum = np.abs(spectra(envelope, 128, 64)) ** 2
        at = lambda hertz: round(hertz * 128 / 125)
        slow += (spectrum[:, at(4) : at(16)].sum(1) / spectrum[:, 0]).sum()
        fast += (spectrum[:, at(16) : at(60)].sum(1) / spectrum[:, 0]).sum()
    return decibels(slow) - decibels(fast)


def residual(x, power):
    out = np.zeros(len(x))
    for frame in range(0, len(power), 2):
        r = np.fft.irfft(power[frame])[:17] * FRAME
        r0 = r.copy()
        r0[0] = r[0] * 1.00001 + 1e-9
        a = solve_toeplitz(r0[:16], -r[1:17])
        start = frame * HOP + 128
        for n in range(start, start + 256):
            out[n] = x[n] + a @ x[n - 16 : n][::-1]
    return out


def splice_db(x, power):
    blocks = residual(x, power).reshape(-1, 16)
    level = np.maximum(decibels((blocks**2).max(1)), -90)
    rises = [
        min(level[n] - max(level[n - k], level[n + k]) for k in range(3, 26)) for n in range(25, len(level) - 25)
    ]
    return max(rises)


def signals(x):
    power = np.abs(spectra(x, FRAME, HOP)) ** 2
    speech = is_speech(len(power))
    long_term = power[speech].mean(0)
    level = decibels(long_term)
    hertz = np.arange(257) * RATE / FRAME
    sum_of = lambda low, high: long_term[bin_of(low) : bin_of(high)].sum()
    slope_bins = slice(bin_of(1000), bin_of(7000) + 1)
    smooth = np.convolve(level, np.ones(17) / 17, "same")
    ripple = (level - smooth)[bin_of(500) : bin_of(3000) + 1]
    falls = [level[b - 4 : b].mean() - level[b + 1 : b + 5].mean() for b in range(bin_of(3000), 257 - 4)]
    bins = decibels(power[speech])
    fine = bins[:, 2:-2] - 0.5 * (bins[:, :-4] + bins[:, 4:])
    far = np.arange(4, bin_of(3000))
    quiet = np.abs(x) <= 1 / 32768
    runs = np.diff(np.flatnonzero(np.diff(np.r_[False, quiet, False])))[::2]
    return {
        "low_band_db": decibels(sum_of(60, 200)) - decibels(sum_of(200, 4000)),
        "roll_off_db_per_octave": np.polyfit(np.log2(hertz[slope_bins]), level[slope_bins], 1)[0],
        "ripple_db": np.sqrt(np.mean(ripple**2)),
        "modulation_db": modulation_db(power),
        "lower_edge_hz": hertz[1:][level[1:] > level.max() - 25].min(),
        "upper_edge_hz": hertz[1:][level[1:] > level.max() - 50].max(),
        "cut_db": max(falls),
        "imaging": np.corrcoef(fine[:, 128 - far - 2].ravel(), fine[:, 128 + far - 2].ravel())[0, 1],
        "splice_db": splice_db(x, power),
        "digital_silence_ms": runs[runs >= 64].max() / 16,
    }


def fingerprint(x):
    power = np.abs(spectra(x, 2048, 256)) ** 2
    edges = np.round(300 * 10 ** (np.arange(34) / 33) * 2048 / RATE).astype(int)
    bands = np.stack([power[:, a:b].sum(1) for a, b in zip(edges, edges[1:])], 1)
    whole = bands.sum(1)
    floor = np.sort(whole)[int((len(whole) - 1) * 0.9)] / 10**2.5
    step = bands[:, :-1] - bands[:, 1:]
    grew = step[LAG:] > step[:-LAG]
    words = grew @ (1 << np.arange(31, -1, -1, dtype=np.uint64))
    return [max(1, int(w)) if p > floor else 0 for w, p in zip(words, whole[LAG:])]


if __name__ == "__main__":
    x = signal()
    values = {name: float(f"{value:.7g}") for name, value in signals(x).items()}
    OUT.write_text(json.dumps({"segments": SEGMENTS, "signals": values, "fingerprint": fingerprint(x)}) + "\n")
