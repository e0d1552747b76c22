"""Trains the recogniser: `python -m training.recogniser.train --run NAME --minutes 55` (needs `training.data` and the feature bank).

A run that was stopped goes on with the same command. The budget is in minutes or in steps, as in `training.train`.
"""

import argparse
import copy
import math
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from training.augment import Augmenter, Strength
from training.bank import build
from training.features import LOG_MEL_80, filters
from training.paths import RUNS
from training.recogniser.batches import Batch, Batches
from training.recogniser.model import CtcConv
from training.recogniser.texts import split, spoken
from training.train import best_precision

PEAK = 2.0e-3
MIDDLE_WEIGHT = 0.3
MASKED = 0.35


class Trainer:
    """Network, optimizer and the running average of the weights, as one resumable whole."""

    def __init__(self, seed: int, strength: float):
        torch.manual_seed(seed)
        self.net = CtcConv()
        self.average = copy.deepcopy(self.net).eval()
        self.batches = Batches(split(spoken("train"))[0], seed)
        self.noise = torch.Generator().manual_seed(seed)
        self.augment = Augmenter(filters(LOG_MEL_80), self.noise, Strength(mask=MASKED / strength).times(strength))
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=PEAK, weight_decay=0.02)
        self.bf16 = best_precision("cpu") == "bf16"
        self.step = 0
        self.used = 0.0

    def inputs(self, power: Tensor) -> Tensor:
        """Augmented mel power as the network takes it: two masks of SpecAugment after the channel."""
        logs = (self.augment(power) + 1e-6).log()
        logs -= logs.mean(dim=2, keepdim=True)
        return self.augment.mask(self.augment.mask(logs))

    def loss(self, batch: Batch) -> Tensor:
        """CTC loss per phone of both outputs."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            outputs = self.net.both(self.inputs(batch.power))
        targets = torch.tensor([p for row in batch.phones for p in row])
        lengths = torch.tensor([len(row) for row in batch.phones])
        frames = torch.full_like(lengths, outputs[0].shape[1])
        last, middle = (
            nn.functional.ctc_loss(y.transpose(0, 1), targets, frames, lengths, reduction="sum", zero_infinity=True)
            / len(targets)
            for y in outputs
        )
        return last + MIDDLE_WEIGHT * middle

    def train_step(self, progress: float) -> float:
        """One optimizer step at `progress` of the budget."""
        fall = 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
        rate = PEAK * min(1.0, (self.step + 1) / 150) * fall
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.net.train()
        loss = self.loss(self.batches.draw(self.step))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimizer.step()
        self.step += 1
        keep = min(0.995, self.step / (self.step + 20))
        new = self.net.state_dict()
        for name, old in self.average.state_dict().items():
            if old.is_floating_point():
                old.lerp_(new[name], 1.0 - keep)
        return loss.item()

    def save(self, path: Path) -> None:
        """Writes the whole state, whole or not at all."""
        state = dict(
            net=self.net.state_dict(), average=self.average.state_dict(), optimizer=self.optimizer.state_dict(),
            noise=self.noise.get_state(), step=self.step, used=self.used, queue=self.batches.queue, epoch=self.batches.epoch,
        )
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.rename(path)

    def load(self, path: Path) -> None:
        """Takes up a saved state."""
        state = torch.load(path, weights_only=True)
        for name in ("net", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.noise.set_state(state["noise"])
        self.step, self.used = state["step"], state["used"]
        self.batches.queue, self.batches.epoch = state["queue"], state["epoch"]


def run(trainer: Trainer, folder: Path, minutes: float | None, steps: int | None, save_minutes: float = 3.0) -> None:
    """Trains until the budget is used up, saving now and then."""
    last = folder / "last.pt"
    clock, before = time.monotonic(), trainer.used
    saved, total = clock, 0.0
    while True:
        trainer.used = before + (time.monotonic() - clock) / 60.0
        progress = trainer.step / steps if steps else trainer.used / minutes
        if progress >= 1.0:
            break
        total += trainer.train_step(progress)
        if trainer.step % 20 == 0:
            print(f"step {trainer.step} used {trainer.used:.1f} min progress {progress:.3f} ctc {total / 20:.3f}", flush=True)
            total = 0.0
        if time.monotonic() - saved > 60.0 * save_minutes:
            trainer.save(last)
            saved = time.monotonic()
    trainer.save(last)
    torch.save(trainer.average.state_dict(), folder / "model.pt")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    budget = parser.add_mutually_exclusive_group(required=True)
    budget.add_argument("--minutes", type=float)
    budget.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights to start from")
    parser.add_argument("--augment", type=float, default=0.35, help="changes this much as often as the speaker models' recipe")
    args = parser.parse_args()
    torch.set_num_threads(1)
    build(LOG_MEL_80)
    trainer = Trainer(args.seed, args.augment)
    folder = RUNS / args.run
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "last.pt").exists():
        trainer.load(folder / "last.pt")
    elif args.start:
        state = torch.load(args.start, weights_only=True)
        for net in (trainer.net, trainer.average):
            net.load_state_dict(state.get("average", state))
    run(trainer, folder, args.minutes, args.steps)


if __name__ == "__main__":
    main()
