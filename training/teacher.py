"""The teacher: GE2E embeddings of every train utterance, and Resemblyzer's checkpoint out of its wheel."""

import argparse
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from training.data import load
from training.embed import embed_all
from training.models.ge2e import load_resemblyzer
from training.paths import CACHE


def checkpoint() -> Path:
    """`pretrained.pt` of the installed Resemblyzer package (which itself is never imported)."""
    spec = find_spec("resemblyzer")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("install resemblyzer==0.1.4 (--no-deps is enough): its wheel holds the GE2E weights")
    return Path(spec.origin).parent / "pretrained.pt"


def embeddings(name: str) -> np.ndarray:
    """GE2E embeddings `(utterances, 256)` of a prepared list, cached."""
    path = CACHE / f"ge2e_{name}.npy"
    if not path.exists():
        utterances, pcm = load(name)
        waves = (torch.from_numpy(pcm[u.start : u.start + u.samples].astype(np.float32) / 32768.0) for u in utterances)
        np.save(path, embed_all(load_resemblyzer(str(checkpoint())), True, waves))
    return np.load(path)


def main() -> None:
    """Command line: compute and cache the teacher's embeddings of the train list."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    torch.set_num_threads(1)
    print(embeddings("train").shape)


if __name__ == "__main__":
    main()
