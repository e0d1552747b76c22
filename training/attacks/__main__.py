"""Makes the attacks: `python -m training.attacks --split train`. The same command goes on after a stop."""

import argparse
import time
from pathlib import Path

import torch

from training.attacks.base import Unavailable
from training.attacks.catalog import SPECIES
from training.attacks.clips import STORE, extend
from training.attacks.export import export
from training.attacks.sources import Corpus

# Each species gets a part of its clips before any gets all, so that a run that is cut short has them all.
ROUNDS = (0.08, 0.2, 0.5, 1.0)


def make(split: str, names: list[str], out: Path, share: float, seed: int, minutes: float) -> None:
    """Extends the store by rounds over the species, until all are there or the time is up."""
    corpus = Corpus(split)
    deadline = time.monotonic() + 60.0 * minutes
    left_out: set[str] = set()
    for part in ROUNDS:
        for name in names:
            species = SPECIES[name]
            wanted = round(part * share * (species.train if split == "train" else species.eval))
            if name in left_out or time.monotonic() > deadline:
                continue
            begun = time.monotonic()
            try:
                made = extend(species, corpus, out, wanted, seed)
            except Unavailable as reason:
                left_out.add(name)
                print(f"{split} {name}: left out, {reason}", flush=True)
                continue
            print(f"{split} {name}: {wanted} clips, {made} of them new, {time.monotonic() - begun:.0f} s", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("train", "eval"), default="train")
    parser.add_argument("--species", nargs="+", choices=sorted(SPECIES), metavar="NAME", help="default: all")
    parser.add_argument("--out", type=Path, default=STORE)
    parser.add_argument("--share", type=float, default=1.0, help="of the number of clips in the catalog")
    parser.add_argument("--minutes", type=float, default=120.0, help="stop after the species at hand")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--export", type=Path, metavar="DIR", help="write the made clips and bona fide ones as FLAC with a list instead")
    parser.add_argument("--bonafide", type=int, default=300, help="bona fide recordings in the export")
    parser.add_argument("--dev", action="store_true", help="export dev speakers alone, on whom no countermeasure was trained")
    args = parser.parse_args()
    torch.set_num_threads(1)
    names = args.species or list(SPECIES)
    if args.export:
        export(args.split, names, args.out, args.export, args.bonafide, args.seed, args.dev)
    else:
        make(args.split, names, args.out, args.share, args.seed, args.minutes)


if __name__ == "__main__":
    main()
