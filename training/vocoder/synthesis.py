"""Copy-synthesis as an attack: speech through one of the trained vocoders, at a quality and with imperfections drawn at random."""

from functools import lru_cache

import numpy as np
import torch

from training.paths import RUNS
from training.vocoder.base import Vocoder
from training.vocoder.mu_law import eight_bit
from training.vocoder.networks import BUILDERS, build

VARIANTS: tuple[str, ...] = tuple(BUILDERS)
# How often each stage of the training speaks. Early networks are the coarse ones; what is in use today is better than ours.
STAGE_SHARES = {"early": 0.1, "middle": 0.25, "final": 0.65}
MU_LAW = 0.1
PEAK = 0.7
# The longest analysis window, with its padding, has room in this.
SHORTEST = 2048


@lru_cache(maxsize=len(VARIANTS))
def load_stages(variant: str) -> dict[str, Vocoder]:
    """The networks of a variant by stage. Raises `FileNotFoundError` where it has not been trained."""
    path = RUNS / "vocoder" / f"{variant}.pt"
    if not path.is_file():
        raise FileNotFoundError(f"no weights of vocoder {variant!r} at {path}: run `python -m training.vocoder --variant {variant} --minutes 10`")
    stages = {}
    for stage, weights in torch.load(path, weights_only=True).items():
        stages[stage] = build(variant).eval()
        stages[stage].load_state_dict(weights)
    return stages


def resynthesize(pcm: np.ndarray, variant: str, rng: np.random.Generator) -> np.ndarray:
    """16 kHz PCM in [-1, 1] `(samples,)` made anew by a vocoder, as long and as loud (peak), float32.

    `rng` draws the stage of training, what an acoustic model would have changed in the features, and 8-bit coding.
    Raises `ValueError` for an unknown variant, `FileNotFoundError` for one without weights.
    """
    if variant not in BUILDERS:
        raise ValueError(f"unknown vocoder {variant!r}; known: {', '.join(VARIANTS)}")
    stages = load_stages(variant)
    names = [name for name in STAGE_SHARES if name in stages]
    shares = np.array([STAGE_SHARES[name] for name in names])
    net = stages[names[rng.choice(len(names), p=shares / shares.sum())]]
    made = copy(net, pcm, rng, varied=True)
    return eight_bit(made, rng) if rng.random() < MU_LAW else made


@torch.no_grad()
def copy(net: Vocoder, pcm: np.ndarray, rng: np.random.Generator, varied: bool) -> np.ndarray:
    """PCM through one network, with or without changes to its features."""
    peak = float(np.abs(pcm).max(initial=0.0))
    if peak == 0.0:
        return np.zeros(len(pcm), np.float32)
    samples = -(-max(len(pcm), SHORTEST) // net.hop) * net.hop
    padded = np.pad(pcm.astype(np.float32) * np.float32(PEAK / peak), (0, samples - len(pcm)))
    features = net.analyse(torch.from_numpy(padded)[None])
    if varied:
        features = net.vary(features, rng)
    noise = torch.Generator().manual_seed(int(rng.integers(2**62)))
    made = net(features, noise)[0, : len(pcm)].numpy()
    return made * np.float32(peak / max(float(np.abs(made).max()), 1e-6))
