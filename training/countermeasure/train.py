"""Trains the countermeasure: `python -m training.countermeasure.train --run NAME --steps 6000 [--without SPECIES,SPECIES]`.

A run that was stopped goes on from `runs/NAME/last.pt`. Half of a batch is bona fide, the other half are attacks: families by `SHARE`,
within a family each species as likely as the next. Speakers of the dev list are left out.
"""

import argparse
import copy
import math
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from training.attacks.base import Family
from training.countermeasure.bank import Item, crop, load
from training.countermeasure.network import BANDS, SpoofNet
from training.paths import RUNS
from training.train import best_precision

SHORTEST, LONGEST = 100, 260
# Sure answers on the generated attacks are worth nothing on others.
SMOOTHING = 0.05
# Of the attacks. What needs a machine that speaks counts most; a glued recording differs from a living voice at its joins alone.
SHARE = {Family.TTS: 0.3, Family.VOCODED: 0.32, Family.CONVERTED: 0.15, Family.SPLICED: 0.05, Family.REPLAYED: 0.18}
# Of the bona fide half: speech in rooms through other microphones; the rest are the lists' recordings.
ROOMS = 0.3


class Draw:
    """Balanced draws of crops from the bank."""

    def __init__(self, items: list[Item], bands: np.ndarray, without: set[str], seed: int):
        self.items, self.bands, self.seed = items, bands, seed
        # Attacks by family and species; living speech by kind (recorded, in rooms) and data set.
        groups: dict[bool, dict[str, dict[str, list[int]]]] = {True: {}, False: {}}
        for i, item in enumerate(items):
            if item.dev or item.species in without:
                continue
            first, second = (item.family, item.species) if item.is_attack else (item.species, item.dataset)
            groups[item.is_attack].setdefault(first, defaultdict(list))[second].append(i)
        self.rows = {spoof: [list(of.values()) for of in by.values()] for spoof, by in groups.items()}
        share = {True: [SHARE[Family(f)] for f in groups[True]], False: [ROOMS if s == "direct_room" else 1.0 - ROOMS for s in groups[False]]}
        self.share = {spoof: np.array(odds) / sum(odds) for spoof, odds in share.items()}

    def _item(self, spoof: bool, rng: np.random.Generator) -> Item:
        second = self.rows[spoof][int(rng.choice(len(self.share[spoof]), p=self.share[spoof]))]
        if spoof:
            third = second[int(rng.integers(len(second)))]
        else:
            # Data sets by the square root of their size: neither the largest nor the few voices of the smallest rule.
            odds = np.sqrt([len(rows) for rows in second])
            third = second[int(rng.choice(len(second), p=odds / odds.sum()))]
        return self.items[third[int(rng.integers(len(third)))]]

    def batch(self, step: int, size: int, frames: int) -> tuple[Tensor, Tensor]:
        """Log bands `(size, BANDS, frames)`, and labels: 0 spoof, 1 bona fide."""
        rng = np.random.default_rng((self.seed, step))
        rows, labels = [], []
        for n in range(size):
            spoof = n < size // 2
            rows.append(self._masked(crop(self.bands, self._item(spoof, rng), frames, rng), rng))
            labels.append(int(not spoof))
        x = torch.from_numpy(np.stack(rows))
        return x - x.mean(dim=2, keepdim=True), torch.tensor(labels)

    @staticmethod
    def _masked(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Sometimes without the highest bands, as through a narrow channel, or without a span of bands or frames (Park et al., 2019)."""
        if rng.random() < 0.25:
            x[int(rng.integers(BANDS * 2 // 5, BANDS)) :] = 0.0
        if rng.random() < 0.5:
            width = int(rng.integers(1, 13))
            start = int(rng.integers(BANDS - width))
            x[start : start + width] = 0.0
        if rng.random() < 0.3:
            width = int(rng.integers(1, 25))
            start = int(rng.integers(x.shape[1] - width))
            x[:, start : start + width] = 0.0
        return x


def learning_rate(progress: float, peak: float = 2e-3) -> float:
    """A short warm-up and a cosine to nearly nothing."""
    return peak * min(1.0, progress / 0.03 + 1e-3) * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * progress)))


def train(run: str, steps: int, without: set[str], batch: int, seed: int) -> Path:
    """Trains, saves now and then, and returns where the averaged weights are."""
    torch.manual_seed(seed)
    net = SpoofNet().to(memory_format=torch.channels_last)
    average = copy.deepcopy(net)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.02)
    draw = Draw(*load("train"), without, seed)
    folder = RUNS / run
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / "last.pt"
    step = 0
    if last.exists():
        state = torch.load(last, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    bf16 = best_precision("cpu") == "bf16"
    saved, recent = time.monotonic(), []
    while step < steps:
        frames = int(np.random.default_rng((seed, step, 1)).integers(SHORTEST // 20, LONGEST // 20 + 1)) * 20
        x, labels = draw.batch(step, max(16, round(batch * 180 / frames)), frames)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step / steps)
        net.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = net(x)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=SMOOTHING)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        rate = min(0.995, (1 + step) / (20 + step))
        for name, old in average.state_dict().items():
            if old.is_floating_point():
                old.lerp_(net.state_dict()[name], 1.0 - rate)
        step += 1
        recent.append((loss.item(), (logits.argmax(1) == labels).float().mean().item()))
        if step % 50 == 0:
            print(f"step {step} loss {np.mean(recent, axis=0)[0]:.3f} correct {np.mean(recent, axis=0)[1]:.3f}", flush=True)
            recent.clear()
        if time.monotonic() - saved > 120.0 or step == steps:
            state = dict(net=net.state_dict(), average=average.state_dict(), optimizer=optimizer.state_dict(), step=step)
            torch.save(state, last.with_suffix(".part"))
            last.with_suffix(".part").rename(last)
            saved = time.monotonic()
    torch.save(average.state_dict(), folder / "model.pt")
    return folder / "model.pt"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, help="name of the folder under training/runs")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=32, help="crops of 1.8 s a step; longer crops in proportion fewer")
    parser.add_argument("--without", default="", help="species to hold out, with commas between them")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    train(args.run, args.steps, set(args.without.split(",")) - {""}, args.batch, args.seed)


if __name__ == "__main__":
    main()
