"""The bank: every bona fide clip and every generated attack through random channels, as log bands, read as memory maps.

Bona fide speech and attacks go through the same channels, drawn alike, so that neither codec nor level nor band tells them apart.
"""

import argparse
import json
from dataclasses import asdict, dataclass

import numpy as np
import torch

from training.attacks import channel, clips
from training.attacks.base import Family
from training.countermeasure.network import BANDS, LogBands
from training.features import HOP
from training.paths import CACHE, SAMPLE_RATE

# A longer clip is cut: nobody logs in with more, and one long reading must not fill the bank.
LONGEST = 6 * SAMPLE_RATE


@dataclass(frozen=True)
class Item:
    """One clip in one channel, and its span of frames."""

    species: str
    family: str
    generator: str
    speaker: str
    dataset: str
    dev: bool
    copy: int
    start: int
    frames: int

    @property
    def is_attack(self) -> bool:
        """Whether it is no living voice."""
        return self.family != Family.BONA_FIDE


def path(name: str):
    """Where a bank is."""
    return CACHE / f"spoof_{name}.f16"


def build(name: str, copies: dict[bool, int], seed: int = 11) -> None:
    """Computes the bank of the clips of list `name`; `copies` says how many channels a clip goes through, attacks (True) and others.

    The first copy is the clip as it is.
    """
    front = LogBands().eval()
    items = []
    at = 0
    with open(path(name).with_suffix(".part"), "wb") as out, torch.no_grad():
        for number, clip in enumerate(clips.load(name)):
            for copy in range(copies[clip.kind == "spoof"]):
                rng = np.random.default_rng((seed, number, copy))
                pcm = clip.pcm()
                if len(pcm) > LONGEST:
                    cut = int(rng.integers(len(pcm) - LONGEST + 1))
                    pcm = pcm[cut : cut + LONGEST]
                if copy:
                    pcm = channel.apply(pcm, rng)
                bands = front(torch.from_numpy(np.ascontiguousarray(pcm, np.float32))[None])[0].T
                out.write(bands.half().numpy().tobytes())
                about = (clip.species, clip.family, clip.generator, clip.speaker, clip.dataset, clip.dev)
                items.append(Item(*about, copy, at, len(bands)))
                at += len(bands)
            if number % 500 == 0:
                print(f"{name}: {number} clips, {at * HOP / SAMPLE_RATE / 3600:.1f} h", flush=True)
    path(name).with_suffix(".part").rename(path(name))
    path(name).with_suffix(".json").write_text(json.dumps([asdict(item) for item in items]))


def load(name: str) -> tuple[list[Item], np.ndarray]:
    """The items of a bank and its log bands `(frames, BANDS)`."""
    rows = json.loads(path(name).with_suffix(".json").read_text())
    return [Item(**row) for row in rows], np.memmap(path(name), np.float16, "r").reshape(-1, BANDS)


def crop(bands: np.ndarray, item: Item, frames: int, rng: np.random.Generator | None) -> np.ndarray:
    """`frames` frames of an item `(BANDS, frames)`, repeated if it is shorter, from a random place or from the start."""
    whole = bands[item.start : item.start + item.frames]
    if item.frames < frames:
        whole = np.tile(whole, (-(-frames // item.frames), 1))
    start = int(rng.integers(len(whole) - frames + 1)) if rng else 0
    return whole[start : start + frames].T.astype(np.float32)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("train", "eval"), default="train")
    parser.add_argument("--bonafide", type=int, default=3, help="channels for each bona fide clip")
    parser.add_argument("--attacks", type=int, default=2, help="channels for each attack")
    args = parser.parse_args()
    torch.set_num_threads(1)
    build(args.split, {False: args.bonafide, True: args.attacks})


if __name__ == "__main__":
    main()
