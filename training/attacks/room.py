"""Shoebox rooms and microphones: what lies between a mouth or a loudspeaker and the recording."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from training.attacks.dsp import active_rms, noise_like, rms
from training.paths import SAMPLE_RATE

SOUND = 343.0
# Images are placed on a four times finer grid: a sound path isn't a whole number of samples.
FINE = 4
ORDER = 4
BANDS = (250.0, 500.0, 1000.0, 2000.0, 4000.0)


@dataclass(frozen=True)
class Room:
    """Size in metres, reverberation time in seconds at low frequencies, how much shorter it is at the top, and both places."""

    size: np.ndarray
    decay: float
    top_decay: float
    source: np.ndarray
    microphone: np.ndarray

    @property
    def distance(self) -> float:
        """Metres between source and microphone."""
        return float(np.linalg.norm(self.source - self.microphone))


def draw(rng: np.random.Generator) -> Room:
    """An office, a living room or a car-sized space; the source 0.1 to 1.5 m away."""
    size = rng.uniform([1.8, 1.8, 1.6], [7.0, 6.0, 3.2])
    microphone = rng.uniform(0.3, 0.7, 3) * size
    way = rng.standard_normal(3)
    distance = float(np.exp(rng.uniform(np.log(0.1), np.log(1.5))))
    source = np.clip(microphone + way / np.linalg.norm(way) * distance, 0.1, size - 0.1)
    return Room(size, float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.3, 0.9)), source, microphone)


def response(room: Room, rng: np.random.Generator) -> np.ndarray:
    """The room's impulse response, direct sound 1: the image method (Allen and Berkley, 1979), then noise that dies away by band."""
    volume, surface = float(np.prod(room.size)), 2.0 * float(np.prod(room.size) * np.sum(1.0 / room.size))
    # Sabine's formula gives the walls' absorption from the reverberation time.
    reflection = np.sqrt(1.0 - min(0.95, 0.161 * volume / (surface * room.decay)))
    n = np.arange(-ORDER, ORDER + 1)
    grid = np.stack(np.meshgrid(n, n, n, (0, 1), (0, 1), (0, 1), indexing="ij"), -1).reshape(-1, 6)
    shift, mirror = grid[:, :3], grid[:, 3:]
    images = (1 - 2 * mirror) * room.source + 2.0 * shift * room.size
    bounces = np.abs(2 * shift - mirror).sum(1)
    distance = np.linalg.norm(images - room.microphone, axis=1)
    gain = reflection**bounces * room.distance / np.maximum(distance, 0.05)
    samples = int(1.2 * room.decay * SAMPLE_RATE) + 800
    at = distance / SOUND * SAMPLE_RATE * FINE
    early = np.zeros(samples * FINE)
    inside = (at < len(early) - 1) & (bounces <= 2 * ORDER)
    np.add.at(early, at[inside].astype(int), gain[inside])
    early = FINE * resample_poly(early, 1, FINE)
    # Images beyond the order are missing after this many samples; the tail takes over there.
    handover = min(int(2 * ORDER * room.size.min() / SOUND * SAMPLE_RATE), samples // 2)
    ramp = np.clip((np.arange(samples) - handover // 2) / max(handover // 2, 1), 0.0, 1.0)
    level = rms(early[handover // 2 : handover])
    tail = late(room, samples, handover, rng)
    out = early * (1.0 - ramp) + level * tail * ramp
    first = max(0, int(room.distance / SOUND * SAMPLE_RATE) - 8)
    return out[first:].astype(np.float32)


def late(room: Room, samples: int, start: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of RMS about 1 at `start` whose octave bands decay from `decay` seconds at the bottom to `decay * top_decay` at the top."""
    time = (np.arange(samples) - start) / SAMPLE_RATE
    edges = (*[b * np.sqrt(2.0) for b in BANDS], None)
    out, low = np.zeros(samples), None
    for number, high in enumerate(edges):
        share = number / (len(edges) - 1)
        decay = room.decay * (1.0 - share * (1.0 - room.top_decay))
        noise = rng.standard_normal(samples)
        if low:
            noise = sosfilt(butter(2, low, "high", fs=SAMPLE_RATE, output="sos"), noise)
        if high:
            noise = sosfilt(butter(2, high, "low", fs=SAMPLE_RATE, output="sos"), noise)
        out += noise * np.exp(-6.9 * np.maximum(time, 0.0) / decay)
        low = high
    return out


def heard(pcm: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Sound in a room, as a microphone takes it: reverberation, the microphone's response, room and self noise; length is kept."""
    room = draw(rng)
    wet = fftconvolve(pcm, response(room, rng))[: len(pcm)]
    wet, setting = microphone(wet, rng)
    return wet.astype(np.float32), f"{room.distance:.2f} m, T60 {room.decay:.2f} s, {setting}"


def microphone(pcm: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A high-pass, a presence peak, a tilt, and coloured noise 25 to 50 dB below the speech."""
    low, snr = float(np.exp(rng.uniform(np.log(20.0), np.log(150.0)))), float(rng.uniform(25.0, 50.0))
    hertz = np.linspace(0.0, SAMPLE_RATE / 2, 257)
    peak = rng.uniform(0.0, 6.0) * np.exp(-((np.log2(np.maximum(hertz, 50.0) / rng.uniform(2500.0, 7000.0)) / 0.5) ** 2))
    tilt = rng.uniform(-1.5, 1.5) * np.log2(np.maximum(hertz, 50.0) / 1000.0)
    shaped = equalize(sosfilt(butter(2, low, "high", fs=SAMPLE_RATE, output="sos"), pcm), peak + tilt)
    colour = np.maximum(hertz, 40.0) ** -rng.uniform(0.0, 2.0)
    noise = noise_like(colour, len(shaped), rng) * active_rms(shaped) * 10.0 ** (-snr / 20.0)
    return shaped + noise, f"microphone from {low:.0f} Hz, {snr:.0f} dB"


def equalize(pcm: np.ndarray, gain_db: np.ndarray) -> np.ndarray:
    """Applies a gain in dB given at equally spaced frequencies from 0 to 8 kHz, without delay."""
    taps = np.fft.fftshift(np.fft.irfft(10.0 ** (gain_db / 20.0))) * np.hanning(2 * (len(gain_db) - 1))
    return fftconvolve(pcm, taps, mode="same")
