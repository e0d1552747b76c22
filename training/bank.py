"""The feature bank: log mel power of every train utterance in several voices, computed once, read by the trainer as memory maps.

Voice v has its formants moved by `FORMANTS[v]` and counts as a speaker of its own. Each voice is stored twice: as it is, and with
another pitch drawn per utterance, which stays the same speaker.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from training.data import load
from training.features import GE2E_MEL_40, HOP, LOG_MEL_80, FrontEnd, filters, power_spectrum, raise_level, voice_matrix
from training.paths import CACHE

FORMANTS = (1.0, 1.1, 0.9, 1.2, 0.83)
PITCHES = (0.8, 0.89, 1.12, 1.25)
FLOOR = 1e-9


def frames_of(samples: int) -> int:
    """Frames of an utterance (centred frames, hop 160)."""
    return samples // HOP + 1


def variant_path(front: FrontEnd, voice: int, shifted: bool):
    """Where a variant of the bank is."""
    return CACHE / f"bank_{front.name}_v{voice}{'p' if shifted else ''}.f16"


def build(front: FrontEnd, seed: int = 7) -> None:
    """Computes the variants that are not there yet."""
    utterances, pcm = load("train")
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(PITCHES), size=(len(FORMANTS), len(utterances)))
    bins = front.n_fft // 2 + 1
    mel = filters(front)
    todo = [(v, s) for v in range(len(FORMANTS)) for s in (False, True) if not variant_path(front, v, s).exists()]
    if not todo:
        return
    total = sum(frames_of(u.samples) for u in utterances)
    part = {key: variant_path(front, *key).with_suffix(".part") for key in todo}
    maps = {key: np.memmap(path, np.float16, "w+", shape=(total, front.n_mels)) for key, path in part.items()}
    matrices = {
        (v, p): voice_matrix(bins, FORMANTS[v], FORMANTS[v] * p) for v in range(len(FORMANTS)) for p in (1.0, *PITCHES)
    }
    at = 0
    for i, u in enumerate(utterances):
        wave = torch.from_numpy(pcm[u.start : u.start + u.samples].astype(np.float32) / 32768.0)
        if front == GE2E_MEL_40:
            wave = raise_level(wave)
        power = power_spectrum(wave, front)
        logs = (power + FLOOR).log()
        for v, shifted in todo:
            pitch = PITCHES[draws[v, i]] if shifted else 1.0
            plain = v == 0 and not shifted
            changed = power if plain else (logs @ matrices[v, pitch]).clamp(max=20.0).exp()
            maps[v, shifted][at : at + len(power)] = (changed @ mel + FLOOR).log().half().numpy()
        at += len(power)
    for key, path in part.items():
        maps[key].flush()
        path.rename(variant_path(front, *key))


def open_bank(front: FrontEnd) -> tuple[np.ndarray, np.ndarray, dict[tuple[int, bool], np.ndarray]]:
    """First frame and number of frames of each utterance, and the maps `(frames, n_mels)` by (voice, pitch shifted)."""
    utterances, _ = load("train")
    lengths = np.array([frames_of(u.samples) for u in utterances])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    keys = [(v, s) for v in range(len(FORMANTS)) for s in (False, True)]
    maps = {k: np.memmap(variant_path(front, *k), np.float16, "r").reshape(-1, front.n_mels) for k in keys}
    return starts, lengths, maps


def main() -> None:
    """Command line: build the bank of both front ends."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    torch.set_num_threads(1)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(build, (LOG_MEL_80, GE2E_MEL_40)))


if __name__ == "__main__":
    main()
