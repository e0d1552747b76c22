"""Trains a speaker model on the feature bank: `python -m training.train --model ecapa-c256 --run NAME --minutes 90`.

A run can be stopped at any time and started again with the same command: it goes on from `runs/NAME/last.pt`. The budget is given
in minutes or in steps; the schedule follows the part of the budget that is used up.
"""

import argparse
import copy
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training import models, teacher, warm
from training.augment import Augmenter, Strength
from training.features import GE2E_MEL_40, LOG_MEL_80, filters
from training.losses import AamSoftmax, Distillation
from training.models.ge2e import Ge2e
from training.paths import RUNS, WEIGHTS
from training.sampler import Sampler
from training.schedule import Schedule


@dataclass(frozen=True)
class Recipe:
    """Everything of a run that is not its budget."""

    model: str
    start: str
    batch: int
    peak: float
    margin: float
    tune_margin: float
    distil: float
    weight_decay: float
    augment: float
    seed: int
    precision: str


def best_precision(device: str) -> str:
    """`bf16` where the hardware multiplies it faster than 32-bit floats: about twice as fast a step on a CPU with AVX512_BF16."""
    fast = torch.cuda.is_bf16_supported() if device == "cuda" else "avx512_bf16" in Path("/proc/cpuinfo").read_text()
    return "bf16" if fast else "fp32"


class Trainer:
    """A network, its heads and optimizer, and the running average of its weights, as one resumable whole."""

    def __init__(self, recipe: Recipe, device: str = "cpu"):
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = torch.device(device)
        self.net = models.build(recipe.model).to(self.device)
        self.ge2e = isinstance(self.net, Ge2e)
        self.front = GE2E_MEL_40 if self.ge2e else LOG_MEL_80
        self.sampler = Sampler(self.front, recipe.seed)
        self.noise = torch.Generator().manual_seed(recipe.seed)
        self.augment = Augmenter(filters(self.front), self.noise, Strength().times(recipe.augment))
        self.teacher = torch.from_numpy(teacher.embeddings("train"))
        width = 256 if self.ge2e else 192
        self.head = AamSoftmax(width, self.sampler.classes).to(self.device)
        self.distil = Distillation(width, self.teacher.mean(0)).to(self.device)
        # Short crops stay in to the end: commands of one word are spoken, too.
        tune = (160, 160) if self.ge2e else (100, 280)
        usual = (160, 160) if self.ge2e else (90, 190)
        self.schedule = Schedule(recipe.peak, recipe.margin, recipe.tune_margin, usual, tune)
        self.step = 0
        self.used = 0.0
        self.average = copy.deepcopy(self.net)
        groups = [{"params": self.net.parameters(), "weight_decay": recipe.weight_decay, "factor": 1.0}]
        # The heads start from nothing, so they learn faster than a network that was trained before.
        heads = [*self.head.parameters(), *self.distil.parameters()]
        groups.append({"params": heads, "weight_decay": 0.0, "factor": 1.0 if recipe.peak >= 5e-4 else 5.0})
        self.optimizer = torch.optim.AdamW(groups, lr=recipe.peak)

    def begin(self) -> None:
        """Loads the starting weights and sets each class's centre to the mean of a few of its crops' embeddings."""
        if self.recipe.start == "resemblyzer":
            self.net.load_state_dict(teacher.load_resemblyzer(str(teacher.checkpoint())).state_dict())
        elif self.recipe.start == "bootstrap":
            warm.load_onnx(self.net, WEIGHTS / "bootstrap" / "ecapa-tdnn-c256.onnx")
            self._settle_aggregation()
        elif self.recipe.start != "random":
            self.net.load_state_dict(torch.load(self.recipe.start, weights_only=True))
        self.average.load_state_dict(self.net.state_dict())
        if self.recipe.start != "random":
            self._centre_classes()

    def _settle_aggregation(self) -> None:
        seen: list[Tensor] = []
        handle = self.net.mfa.conv.register_forward_hook(lambda _m, _i, out: seen.append(out.relu()))
        batch = self.sampler.draw(0, 64, 150)
        with torch.no_grad():
            self.net.eval()(self.inputs(batch.power).to(self.device))
        handle.remove()
        warm.keep_scale(self.net.mfa.norm, seen[0])

    def _centre_classes(self, crops: int = 3, chunk: int = 65) -> None:
        voices = self.sampler.classes // len(self.sampler.speakers)
        rng = np.random.default_rng(self.recipe.seed)
        classes = np.arange(self.sampler.classes)
        total = torch.zeros(self.sampler.classes, self.head.weight.shape[1])
        with torch.no_grad():
            self.net.eval()
            for at in range(0, len(classes), chunk):
                some = classes[at : at + chunk]
                for _ in range(crops):
                    batch = self.sampler.crops(rng, some // voices, some % voices, 160)
                    inputs = self.inputs(batch.power, augment=False).to(self.device)
                    total[at : at + chunk] += nn.functional.normalize(self.net(inputs)).cpu()
            self.head.weight.copy_(nn.functional.normalize(total - total.mean(0) if not self.ge2e else total))

    def inputs(self, power: Tensor, augment: bool = True) -> Tensor:
        """A batch of mel power as the network takes it."""
        if augment:
            power = self.augment(power)
        if self.ge2e:
            return power.transpose(1, 2).contiguous()
        logs = (power + 1e-6).log()
        logs -= logs.mean(dim=2, keepdim=True)
        return self.augment.mask(logs) if augment else logs

    def train_step(self, progress: float) -> tuple[float, float, float]:
        """One optimizer step; returns margin loss, share of correct classes, distillation loss."""
        phase = self.schedule.at(progress)
        low, high = phase.frames
        frames = low + int(np.random.default_rng((self.recipe.seed, self.step, 1)).integers(0, (high - low) // 10 + 1)) * 10
        # Longer crops come in smaller batches, so that every step costs about the same.
        size = max(32, round(self.recipe.batch * 140 / frames)) if high > low else self.recipe.batch
        batch = self.sampler.draw(self.step, size, frames)
        for group in self.optimizer.param_groups:
            group["lr"] = phase.learning_rate * group["factor"]
        self.net.train()
        # Augmented on the CPU, which is exact and cheap; only the network runs in the lower precision.
        inputs = self.inputs(batch.power).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            embeddings = self.net(inputs)
        embeddings = embeddings.float()
        loss, correct = self.head(embeddings, batch.labels.to(self.device), phase.margin)
        own = batch.own_voice
        distil = torch.zeros((), device=self.device)
        if own.any():
            distil = self.distil(embeddings[own.to(self.device)], self.teacher[batch.utterances[own]].to(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        (loss + self.recipe.distil * distil).backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        self._follow()
        self.step += 1
        return loss.item(), correct.item(), distil.item()

    def _follow(self) -> None:
        rate = min(0.995, (1 + self.step) / (20 + self.step))
        new = self.net.state_dict()
        for name, old in self.average.state_dict().items():
            if old.is_floating_point():
                old.lerp_(new[name], 1.0 - rate)

    def save(self, path: Path) -> None:
        """Writes the whole state, whole or not at all."""
        state = dict(
            net=self.net.state_dict(), average=self.average.state_dict(), head=self.head.state_dict(),
            distil=self.distil.state_dict(), optimizer=self.optimizer.state_dict(), noise=self.noise.get_state(),
            step=self.step, used=self.used,
        )
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.rename(path)

    def load(self, path: Path) -> None:
        """Takes up a saved state."""
        state = torch.load(path, weights_only=True, map_location="cpu")
        for name in ("net", "average", "head", "distil", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.noise.set_state(state["noise"])
        self.step, self.used = state["step"], state["used"]


def run(trainer: Trainer, folder: Path, minutes: float | None, steps: int | None, save_minutes: float) -> None:
    """Trains until the budget is used up, with a checkpoint now and then and the averaged weights at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / "last.pt"
    if last.exists():
        trainer.load(last)
    else:
        trainer.begin()
    clock = time.monotonic()
    before = trainer.used
    saved = clock
    recent: list[tuple[float, float, float]] = []
    while True:
        trainer.used = before + (time.monotonic() - clock) / 60.0
        progress = trainer.step / steps if steps else trainer.used / minutes
        if progress >= 1.0:
            break
        recent.append(trainer.train_step(progress))
        if len(recent) == 20:
            loss, correct, distil = np.mean(recent, axis=0)
            line = f"step {trainer.step} used {trainer.used:.1f} min progress {progress:.3f} aam {loss:.3f} correct {correct:.3f} distil {distil:.3f}"
            print(line, flush=True)
            recent.clear()
        if time.monotonic() - saved > save_minutes * 60.0:
            trainer.save(last)
            saved = time.monotonic()
    trainer.save(last)
    torch.save({k: v.cpu() for k, v in trainer.average.state_dict().items()}, folder / "model.pt")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, choices=sorted(models.BUILDERS))
    parser.add_argument("--run", required=True, help="name of the folder under training/runs")
    parser.add_argument("--start", default="random", help="random, bootstrap (ecapa-c256), resemblyzer (ge2e), or a model.pt")
    budget = parser.add_mutually_exclusive_group(required=True)
    budget.add_argument("--minutes", type=float)
    budget.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int, default=64, help="crops of 1.4 s a step; longer crops in proportion fewer")
    parser.add_argument("--peak", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--margin", type=float, default=0.2)
    parser.add_argument("--tune-margin", type=float, default=0.3)
    parser.add_argument("--distil", type=float, default=1.0, help="weight of the distillation loss")
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--augment", type=float, default=1.0, help="factor on the probability of each change to a crop")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save-minutes", type=float, default=5.0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", choices=("cpu", "cuda"))
    parser.add_argument("--precision", choices=("fp32", "bf16"), help="default: bf16 where the hardware is faster with it")
    args = parser.parse_args()
    args.precision = args.precision or best_precision(args.device)
    torch.set_num_threads(args.threads)
    names = ("model", "start", "batch", "peak", "margin", "tune_margin", "distil", "weight_decay", "augment", "seed", "precision")
    recipe = Recipe(**{n: getattr(args, n) for n in names})
    print(recipe, flush=True)
    run(Trainer(recipe, args.device), RUNS / args.run, args.minutes, args.steps, args.save_minutes)


if __name__ == "__main__":
    main()
