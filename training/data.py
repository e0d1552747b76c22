"""Speech lists and decoded audio: read a `.tsv` list, decode it once into a flat 16-bit memory map, split off the dev speakers.

A corpus of one's own needs a tab-separated list with at least the columns `path` (relative to the list), `dataset` and `speaker`.
"""

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly

from training.paths import CACHE, DEV_LIST, SAMPLE_RATE, SPEECH


@dataclass(frozen=True)
class Utterance:
    """One recording: its place in the list, who speaks, and its span of samples in the decoded map."""

    path: str
    dataset: str
    speaker: str
    start: int
    samples: int
    age: str
    sex: str

    @property
    def key(self) -> str:
        """The speaker's name, unique over all datasets."""
        return f"{self.dataset}/{self.speaker}"


def read_audio(path: Path) -> np.ndarray:
    """Decodes a file to 16 kHz mono int16."""
    pcm, rate = sf.read(path, dtype="int16", always_2d=True)
    mono = pcm[:, 0] if pcm.shape[1] == 1 else pcm.mean(axis=1)
    if rate != SAMPLE_RATE:
        mono = resample_poly(mono.astype(np.float32), SAMPLE_RATE, rate)
    return np.clip(np.round(mono), -32768, 32767).astype(np.int16)


def prepare(list_path: Path, name: str) -> None:
    """Decodes every file of a list into `cache/NAME.i16` and writes the index `cache/NAME.json`."""
    CACHE.mkdir(parents=True, exist_ok=True)
    rows = []
    start = 0
    with open(list_path, newline="") as f, open(CACHE / f"{name}.i16", "wb") as out:
        for row in csv.DictReader(f, delimiter="\t"):
            pcm = read_audio(list_path.parent / row["path"])
            if len(pcm) < SAMPLE_RATE // 4:
                continue
            out.write(pcm.tobytes())
            rows.append(
                dict(
                    path=row["path"], dataset=row["dataset"], speaker=row["speaker"], start=start,
                    samples=len(pcm), age=row.get("age") or "", sex=row.get("sex") or "",
                )
            )
            start += len(pcm)
    (CACHE / f"{name}.json").write_text(json.dumps(rows))


def load(name: str) -> tuple[list[Utterance], np.ndarray]:
    """The utterances of a prepared list and the int16 map that they index."""
    rows = json.loads((CACHE / f"{name}.json").read_text())
    pcm = np.memmap(CACHE / f"{name}.i16", dtype=np.int16, mode="r")
    return [Utterance(**r) for r in rows], pcm


def dev_speakers() -> set[str]:
    """The train speakers kept away from training: for model selection, thresholds and calibration."""
    return {line for line in DEV_LIST.read_text().splitlines() if line and not line.startswith("#")}


def choose_dev(utterances: list[Utterance], share: float = 0.16, seed: int = 2026) -> list[str]:
    """Draws `share` of each dataset's speakers (at least one), from those with at least six utterances.

    A speaker with fewer can't be enrolled with five and still be tested, so such speakers stay in training. No more than half of a
    dataset's well-recorded speakers are taken.
    """
    rng = np.random.default_rng(seed)
    counts: dict[str, dict[str, int]] = {}
    for u in utterances:
        by_speaker = counts.setdefault(u.dataset, {})
        by_speaker[u.key] = by_speaker.get(u.key, 0) + 1
    chosen: list[str] = []
    for dataset in sorted(counts):
        fit = sorted(k for k, n in counts[dataset].items() if n >= 6)
        n = min(max(1, round(share * len(counts[dataset]))), len(fit) // 2)
        chosen += sorted(rng.choice(fit, size=n, replace=False).tolist())
    return chosen


def main() -> None:
    """Command line: decode the train and eval lists, and draw the dev speakers when there is no list of them yet."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--speech", type=Path, default=SPEECH)
    args = parser.parse_args()
    for name in ("train", "eval"):
        prepare(args.speech / f"{name}.tsv", name)
        print(f"{name}: {len(load(name)[0])} utterances")
    if not DEV_LIST.exists():
        DEV_LIST.parent.mkdir(parents=True, exist_ok=True)
        chosen = choose_dev(load("train")[0])
        DEV_LIST.write_text("# train speakers never trained on; drawn by training.data.choose_dev\n" + "\n".join(chosen) + "\n")


if __name__ == "__main__":
    main()
