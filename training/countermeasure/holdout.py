"""What a countermeasure makes of attacks by a generator that it never met: each group of species is held out in turn.

`python -m training.countermeasure.holdout --steps 700` trains one network without each group, and one with all, and prints the EER of the
group's species on the dev speakers, which none of them met. It goes on after a stop.
"""

import argparse

import numpy as np
import torch

from training.countermeasure.bank import Item, load
from training.countermeasure.evaluate import network, scores
from training.countermeasure.train import train
from training.metrics import eer
from training.paths import RUNS

GROUPS = {
    "espeak": ("espeak", "espeak_klatt"),
    "flite": ("flite_clunits", "flite_diphone"),
    "festival": ("festival_clunits", "festival_diphone", "festival_hts"),
    "neural text-to-speech": ("piper", "kokoro", "hibari"),
    "WORLD": ("world", "world_coded", "world_conversion", "cepstral_conversion"),
    "phase reconstruction": ("griffin_lim", "phase_vocoder"),
    "parametric coding": ("lpc", "harmonic_noise", "codec2"),
    "neural vocoders": ("hifigan", "neural_vocos", "neural_hiftnet"),
    "overlap-add": ("psola",),
    "splices": ("splice_abrupt", "splice_units"),
    "replay": ("replay_phone", "replay_laptop", "replay_large", "replay_synthesis"),
}


def trained(name: str, without: set[str], steps: int):
    """The weights of the run, trained if it has not been."""
    done = RUNS / name / "model.pt"
    return done if done.exists() else train(name, steps, without, batch=32, seed=1)


def rate(items: list[Item], found: np.ndarray, species: tuple[str, ...]) -> float:
    """EER of some species against bona fide speech."""
    attack = np.array([item.is_attack for item in items])
    chosen = np.array([item.species in species for item in items])
    return eer(found[chosen], found[~attack])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=700)
    args = parser.parse_args()
    torch.set_num_threads(1)
    items, bands = load("train")
    # The clips as they are.
    items = [item for item in items if item.dev and item.copy == 0]
    everything = scores(network(trained(f"spoof-holdout-{args.steps}-none", set(), args.steps)), items, bands)
    print(f"| held out | species | EER, held out | EER, trained on as well ({args.steps} steps each) |\n|---|---|---|---|", flush=True)
    for name, species in GROUPS.items():
        run = f"spoof-holdout-{args.steps}-{name.replace(' ', '-')}"
        found = scores(network(trained(run, set(species), args.steps)), items, bands)
        row = 100 * rate(items, found, species), 100 * rate(items, everything, species)
        print(f"| {name} | {', '.join(species)} | {row[0]:.1f} % | {row[1]:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
