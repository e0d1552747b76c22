"""Voice conversion and disguise: bona fide speech moved towards another voice.

Each function takes speech, speech of another speaker, and gives speech of about the same length with the setting used.
"""

from dataclasses import replace

import numpy as np

from training.attacks import psola, spectral, world

Converted = tuple[np.ndarray, str]


def world_voice(pcm: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> Converted:
    """WORLD with the other speaker's mean and spread of log F0, and formants moved in the same direction."""
    voice, goal = world.analyse(pcm), world.track_f0(other)[0]
    formants = float(rng.uniform(0.85, 1.18))
    moved = world.warp(match_f0(voice, goal), formants)
    return world.synthesize(moved), f"world F0 of another, formants x{formants:.2f}"


def match_f0(voice: world.Voice, goal: np.ndarray) -> world.Voice:
    """Gives log F0 the mean and standard deviation of `goal` (Hz, 0 unvoiced); unchanged where either has no voiced frames."""
    wanted = np.log(goal[goal > 0.0])
    if len(wanted) < 10 or voice.voiced.sum() < 10:
        return voice
    logs = np.log(voice.f0[voice.voiced])
    f0 = voice.f0.copy()
    spread = np.clip(wanted.std() / max(logs.std(), 1e-3), 0.5, 2.0)
    f0[voice.voiced] = np.exp((logs - logs.mean()) * spread + wanted.mean())
    return replace(voice, f0=np.where(voice.voiced, np.clip(f0, 60.0, 600.0), 0.0))


def mel_cepstra(pcm: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> Converted:
    """The other speaker's means and variances of mel-cepstra and F0: a linear spectral mapping without parallel speech."""
    count = int(rng.choice([24, 32, 40]))
    voice, goal = world.analyse(pcm), world.analyse(other)
    own, wanted = world.cepstra(voice, count), world.cepstra(goal, count)
    ours, theirs = speech(own), speech(wanted)
    spread = np.clip(wanted[theirs].std(0) / np.maximum(own[ours].std(0), 1e-3), 0.5, 2.0)
    mapped = (own - own[ours].mean(0)) * spread + wanted[theirs].mean(0)
    # The level stays the source's.
    mapped[:, 0] = own[:, 0]
    moved = match_f0(world.with_cepstra(voice, mapped), goal.f0)
    return world.synthesize(moved), f"{count} cepstra of another"


def speech(cepstra: np.ndarray) -> np.ndarray:
    """The louder half of the frames."""
    return cepstra[:, 0] >= np.median(cepstra[:, 0])


def pitch_factor(rng: np.random.Generator) -> float:
    """Two to six semitones up or down."""
    return float(2.0 ** (rng.choice([-1.0, 1.0]) * rng.uniform(2.0, 6.0) / 12.0))


def phase_vocoder(pcm: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> Converted:
    """Pitch and formants moved together; `other` isn't used."""
    factor = pitch_factor(rng)
    return spectral.shift_pitch(pcm, factor), f"phase vocoder x{factor:.3f}"


def overlap_add(pcm: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> Converted:
    """Pitch moved by TD-PSOLA, formants kept; `other` isn't used."""
    factor = pitch_factor(rng)
    return psola.shift_pitch(pcm, factor), f"psola x{factor:.3f}"
