"""Trains a vocoder: `python -m training.vocoder --variant NAME --minutes M`. The same command goes on after a stop."""

import argparse

import torch

from training.paths import RUNS
from training.vocoder.networks import BUILDERS
from training.vocoder.trainer import BATCH, Trainer, run


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", required=True, choices=sorted(BUILDERS))
    budget = parser.add_mutually_exclusive_group(required=True)
    budget.add_argument("--minutes", type=float, help="of processor time")
    budget.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int, default=BATCH, help="segments of half a second a step")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    run(Trainer(args.variant, args.seed, args.batch), RUNS / "vocoder", args.minutes, args.steps)


if __name__ == "__main__":
    main()
