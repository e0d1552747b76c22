"""How near the vocoders come to the original: `python -m training.vocoder.quality` reports on dev speakers, a recording of each."""

import argparse
import json
import time

import numpy as np
import torch
from scipy.fft import dct

from training.data import dev_speakers, load
from training.paths import SAMPLE_RATE
from training.vocoder.networks import BUILDERS
from training.vocoder.pitch import fundamental
from training.vocoder.spectra import MEL_LOSS, log_mel
from training.vocoder.synthesis import copy, load_stages

DECIBELS = 20.0 / np.log(10.0)


def mel_cepstral_distortion(a: np.ndarray, b: np.ndarray) -> float:
    """Kubichek's distance (1993) of log mel spectra `(mels, frames)`, cepstra 1 to 24, in dB; nothing is aligned."""
    difference = (dct(a, axis=0, norm="ortho") - dct(b, axis=0, norm="ortho"))[1:25] * np.sqrt(2.0 / len(a))
    return float(10.0 / np.log(10.0) * np.sqrt(2.0 * (difference**2).sum(0)).mean())


def distances(real: np.ndarray, made: np.ndarray) -> dict[str, float]:
    """Distances of two recordings `(samples,)`: mels (all frames), mel cepstra (frames within 43 dB of the loudest), and the share of the
    voiced frames whose fundamental is kept to 5 %."""
    pcm = torch.from_numpy(np.stack([real, made]))
    a, b = log_mel(pcm, MEL_LOSS).numpy()
    hz, found = fundamental(pcm[:, : len(real) // 160 * 160], 160)
    loud = a.mean(0) > a.mean(0).max() - 5.0
    kept = ((found / hz - 1.0).abs() < 0.05)[hz > 0].float().mean() if (hz > 0).any() else torch.tensor(torch.nan)
    return {
        "mel_l1_db": DECIBELS * float(np.abs(a - b).mean()), "mcd_db": mel_cepstral_distortion(a[:, loud], b[:, loud]), "pitch_kept": float(kept),
    }


def recordings(most: int) -> list[np.ndarray]:
    """One recording of 2 to 6 s from each of the first `most` dev speakers who have one, peak 0.7."""
    utterances, pcm = load("train")
    chosen: dict[str, np.ndarray] = {}
    held_out = dev_speakers()
    for u in sorted(utterances, key=lambda u: u.key):
        if u.key in held_out and u.key not in chosen and 2 * SAMPLE_RATE < u.samples < 6 * SAMPLE_RATE:
            x = pcm[u.start : u.start + u.samples].astype(np.float32)
            chosen[u.key] = 0.7 * x / np.abs(x).max()
    return list(chosen.values())[:most]


def main() -> None:
    """Command line: one JSON line for each variant and stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", choices=sorted(BUILDERS), action="append")
    parser.add_argument("--recordings", type=int, default=16)
    args = parser.parse_args()
    torch.set_num_threads(1)
    real = recordings(args.recordings)
    seconds = sum(map(len, real)) / SAMPLE_RATE
    for variant in args.variant or BUILDERS:
        for stage, net in load_stages(variant).items():
            begun = time.process_time()
            made = [copy(net, x, np.random.default_rng(1), varied=False) for x in real]
            spent = time.process_time() - begun
            all_of_them = [distances(x, y) for x, y in zip(real, made)]
            means = {name: round(float(np.nanmean([d[name] for d in all_of_them])), 2) for name in all_of_them[0]}
            print(json.dumps({"variant": variant, "stage": stage, **means, "times_real_time": round(seconds / spent)}), flush=True)


if __name__ == "__main__":
    main()
