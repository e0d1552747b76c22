"""Trains one vocoder: spectral losses from the start, discriminators from a part of the budget on."""

import math
import time
from pathlib import Path

import torch
from torch import Tensor

from training.train import best_precision
from training.vocoder.discriminators import Discriminators, discriminator_loss, generator_loss
from training.vocoder.networks import build
from training.vocoder.segments import Segments
from training.vocoder.spectra import mel_distance, spectral_loss

# A multiple of every hop.
SEGMENT = 7_680
BATCH = 4
PEAK = 1e-3
WARM_UP = 0.02
# Discriminators cost as much as a generator, and have nothing to say before there is speech.
ADVERSARIAL_FROM = 0.45
# The weights are kept where this part of the budget is used up, as settings of lower quality beside the final ones.
STAGES = {"early": 0.3, "middle": 0.6}


class Trainer:
    """A vocoder, its discriminators and optimizers as one resumable whole. `used` is the part of the budget used, in minutes or steps.

    Minutes are of processor time: a busy machine makes training longer, not worse.
    """

    def __init__(self, variant: str, seed: int, batch: int = BATCH):
        torch.manual_seed(seed)
        self.variant, self.batch = variant, batch
        self.net, self.judges = build(variant), Discriminators()
        self.segments = Segments(seed, SEGMENT)
        self.noise = torch.Generator().manual_seed(seed)
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=PEAK, betas=(0.8, 0.99))
        self.judge_optimizer = torch.optim.AdamW(self.judges.parameters(), lr=PEAK, betas=(0.8, 0.99))
        self.precision = torch.autocast("cpu", torch.bfloat16, enabled=best_precision("cpu") == "bf16")
        self.step, self.used = 0, 0.0
        self.stages: dict[str, dict] = {}

    def train_step(self, progress: float) -> dict[str, float]:
        """One step at `progress` in [0, 1] of the budget; the losses by name."""
        rate = PEAK * min(1.0, (progress + 1e-3) / WARM_UP) * (0.05 + 0.95 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress))))
        for optimizer in (self.optimizer, self.judge_optimizer):
            for group in optimizer.param_groups:
                group["lr"] = rate
        self.net.train()
        real = self.segments.draw(self.batch)
        with self.precision:
            made, loss = self.net.learn(real, self.noise)
        made = made.float()
        losses = {"own": float(loss.detach())}
        if self.net.judged_by_ear:
            spectral = spectral_loss(made, real)
            losses |= {"spectral": float(spectral.detach()), "mel": float(mel_distance(made.detach(), real))}
            loss = loss + spectral
            if progress >= ADVERSARIAL_FROM:
                with self.precision:
                    seen, losses["judges"] = self._judge(real, made.detach())
                    adversarial = generator_loss(seen, self.judges(made))
                losses["adversarial"] = float(adversarial.detach())
                loss = loss + 0.3 * adversarial
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        return losses

    def _judge(self, real: Tensor, made: Tensor) -> tuple[list[list[Tensor]], float]:
        """Improves the discriminators; what they saw in the real signal, and their loss."""
        self.judges.requires_grad_(True)
        seen = self.judges(real)
        loss = discriminator_loss(seen, self.judges(made))
        self.judge_optimizer.zero_grad()
        loss.backward()
        self.judge_optimizer.step()
        # The generator's loss asks for no gradient of theirs.
        self.judges.requires_grad_(False)
        return [[layer.detach() for layer in stack] for stack in seen], float(loss.detach())

    def keep(self, progress: float) -> None:
        """Keeps the weights of every stage reached for the first time."""
        for name, part in STAGES.items():
            if progress >= part and name not in self.stages:
                self.stages[name] = {k: v.detach().clone() for k, v in self.net.state_dict().items()}

    def save(self, path: Path) -> None:
        """Writes everything that is needed to go on."""
        state = dict(
            net=self.net.state_dict(), judges=self.judges.state_dict(), optimizer=self.optimizer.state_dict(),
            judge_optimizer=self.judge_optimizer.state_dict(), noise=self.noise.get_state(), draws=self.segments.rng.bit_generator.state,
            step=self.step, used=self.used, stages=self.stages,
        )
        write(state, path)

    def resume(self, path: Path) -> None:
        """Goes on from a file that `save` wrote."""
        state = torch.load(path, weights_only=True)
        for name in ("net", "judges", "optimizer", "judge_optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.noise.set_state(state["noise"])
        self.segments.rng.bit_generator.state = state["draws"]
        self.step, self.used, self.stages = state["step"], state["used"], state["stages"]


def write(state: dict, path: Path) -> None:
    """Saves a file whole or not at all."""
    half = path.with_suffix(".tmp")
    torch.save(state, half)
    half.replace(path)


def run(trainer: Trainer, folder: Path, minutes: float | None, steps: int | None, save_minutes: float = 2.0) -> None:
    """Trains until the budget is used up, and saves what is needed to go on in `folder/VARIANT.last.pt`; `VARIANT.pt` appears at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / f"{trainer.variant}.last.pt"
    if last.exists():
        trainer.resume(last)
    budget = float(steps or minutes)
    saved = time.monotonic()
    while trainer.used < budget:
        begun = time.process_time()
        losses = trainer.train_step(trainer.used / budget)
        trainer.used += 1.0 if steps else (time.process_time() - begun) / 60.0
        trainer.keep(trainer.used / budget)
        if trainer.step % 50 == 1:
            print(trainer.step, f"{trainer.used:.2f}", {k: round(v, 3) for k, v in losses.items()}, flush=True)
        if time.monotonic() - saved > 60.0 * save_minutes:
            trainer.save(last)
            saved = time.monotonic()
    trainer.save(last)
    write({**trainer.stages, "final": trainer.net.state_dict()}, folder / f"{trainer.variant}.pt")
