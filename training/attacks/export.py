"""Writes clips as FLAC with a list that `voicegate eval pad` reads: path, kind, system, seconds, speaker."""

import csv
from pathlib import Path

import numpy as np
import soundfile as sf

from training.attacks.clips import Clip, load_attacks, load_recorded
from training.paths import SAMPLE_RATE


def spread(clips: list[Clip], count: int, seed: int) -> list[Clip]:
    """`count` clips, as even over the speakers as can be."""
    order = np.random.default_rng(seed).permutation(len(clips))
    turn: dict[str, int] = {}
    ranked = []
    for i in order:
        turn[clips[i].speaker] = turn.get(clips[i].speaker, 0) + 1
        ranked.append((turn[clips[i].speaker], i))
    return [clips[i] for _, i in sorted(ranked)[:count]]


def export(split: str, species: list[str], store: Path, folder: Path, bonafide: int, seed: int, dev: bool) -> Path:
    """Writes `folder/SPLIT/SPECIES/NUMBER.flac` and the list `folder/SPLIT.tsv`, with `dev` of dev speakers alone; gives the list's path."""
    recorded = [c for c in load_recorded(split) if c.dev or not dev]
    made = [c for c in load_attacks(split, store) if c.species in species and (c.dev or not dev)]
    chosen = spread(recorded, bonafide, seed) + made
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{split}.tsv"
    count: dict[str, int] = {}
    with open(target, "w", newline="") as f:
        table = csv.writer(f, delimiter="\t", lineterminator="\n")
        table.writerow(("path", "kind", "system", "seconds", "speaker"))
        for clip in chosen:
            number = count[clip.species] = count.get(clip.species, 0) + 1
            path = Path(split) / clip.species / f"{number:05d}.flac"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            sf.write(folder / path, clip.store[clip.start : clip.start + clip.samples], SAMPLE_RATE, subtype="PCM_16")
            table.writerow((path.as_posix(), clip.kind, clip.species, f"{clip.seconds:.2f}", clip.speaker))
    return target
