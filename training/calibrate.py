"""Operating points: the cosine thresholds at false-accept rates of 1 % and 0.1 % on the dev speakers, written beside a model.

`python -m training.calibrate --system NAME=MODEL[+MODEL...] --out runs/export/NAME.thresholds.json`. Impostor trials are within a data
set (across sets the channel would give the impostor away), and each data set with at least three dev speakers weighs the same.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from training.evaluate import chosen, embeddings, groups, trials
from training.metrics import eer

MIN_SPEAKERS = 3


def weighted_threshold(parts: list[np.ndarray], far: float) -> float:
    """The lowest threshold whose false-accept rate, averaged over data sets, is at most `far`."""
    scores = np.concatenate(parts)
    weights = np.concatenate([np.full(len(p), 1.0 / len(p) / len(parts)) for p in parts])
    order = np.argsort(scores)[::-1]
    passed = np.cumsum(weights[order])
    last = int(np.searchsorted(passed, far, side="right"))
    return float(np.nextafter(scores[order[min(last, len(scores) - 1)]], np.inf))


def points(names: list[str]) -> dict:
    """Thresholds and the dev speakers' false rejects at them, for one and five enrolment utterances."""
    utterances, _ = chosen("dev")
    speakers = np.unique([u.key for u in utterances], return_inverse=True)[1]
    rows = {k: v for k, v in groups(utterances).items() if " " not in k and len(set(speakers[v])) >= MIN_SPEAKERS}
    parts = [embeddings(n, "dev", "clean") for n in names]
    result: dict = {"score": "sum of cosines" if len(names) > 1 else "cosine", "fitted_on": "dev speakers of train"}
    for enrol in (1, 5):
        sets = {k: trials([p[v] for p in parts], speakers[v], enrol, [p[v] for p in parts]) for k, v in rows.items()}
        cell: dict = {"eer": {k: round(eer(t.genuine, t.impostor), 4) for k, t in sets.items()}}
        for far in (0.01, 0.001):
            at = weighted_threshold([t.impostor for t in sets.values()], far)
            cell[f"far_{far:g}"] = dict(
                threshold=round(at, 4),
                frr={k: round(float((t.genuine < at).mean()), 4) for k, t in sets.items()},
                far={k: round(float((t.impostor >= at).mean()), 5) for k, t in sets.items()},
            )
        result[f"enrolment_{enrol}"] = cell
    return result


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--note", help="kept in the file, such as that a model has seen the dev speakers")
    args = parser.parse_args()
    torch.set_num_threads(1)
    name, _, models = args.system.partition("=")
    content = {"system": name, "models": [" + ".join(Path(p).name for p in m.split("@")) for m in models.split("+")], **points(models.split("+"))}
    if args.note:
        content["note"] = args.note
    args.out.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
