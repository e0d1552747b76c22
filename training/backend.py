"""A linear back-end behind a frozen encoder: subtract the mean, whiten the variation within speakers (WCCN, Hatch et al., 2006).

`python -m training.backend --out runs/export/ge2e-backend.onnx` fits it on GE2E's embeddings of the train speakers that are not dev
speakers. The ONNX takes unit-length utterance embeddings `(batch, 256)` and gives projected ones `(batch, 256)`, not normalized.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training import teacher
from training.data import dev_speakers, load
from training.export import OPSET, golden_of_file
from training.metrics import eer
from training.protocol import multiple, single

# How much of the average within-speaker variance is added to every direction. Of 0.1 to 3, 1 and 3 were alike on the dev speakers;
# the larger one changes GE2E's geometry less, which is safer for recordings unlike the train set.
SHRINKAGE = 3.0


class Backend(nn.Module):
    """`(x - mean) @ projection`."""

    def __init__(self, mean: np.ndarray, projection: np.ndarray):
        super().__init__()
        self.linear = nn.Linear(*projection.shape)
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(projection.T))
            self.linear.bias.copy_(torch.from_numpy(-mean @ projection))

    def forward(self, embedding: Tensor) -> Tensor:
        return self.linear(embedding)


def fit(embeddings: np.ndarray, speakers: np.ndarray, datasets: np.ndarray, shrinkage: float = SHRINKAGE) -> Backend:
    """WCCN with data sets weighted by their number of speakers with more than one utterance, so that no single speaker dominates."""
    width = embeddings.shape[1]
    within = np.zeros((width, width))
    used = 0
    for dataset in np.unique(datasets):
        for speaker in np.unique(speakers[datasets == dataset]):
            x = embeddings[(speakers == speaker) & (datasets == dataset)]
            if len(x) > 1:
                centred = x - x.mean(0)
                within += centred.T @ centred / len(x)
                used += 1
    if used == 0:
        raise ValueError("no speaker has two utterances: the variation within speakers can't be measured")
    within /= used
    within += shrinkage * np.trace(within) / width * np.eye(width)
    projection = np.linalg.cholesky(np.linalg.inv(within))
    # Only directions count for a cosine; a scale near 1 keeps the numbers readable.
    return Backend(embeddings.mean(0), projection / np.sqrt(np.mean(projection**2) * width))


def main() -> None:
    """Command line: fit, report on the dev speakers, export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shrinkage", type=float, default=SHRINKAGE)
    args = parser.parse_args()
    utterances, _ = load("train")
    embeddings = teacher.embeddings("train").astype(np.float64)
    speakers = np.array([u.key for u in utterances])
    datasets = np.array([u.dataset for u in utterances])
    held_out = np.isin(speakers, sorted(dev_speakers()))
    backend = fit(embeddings[~held_out], speakers[~held_out], datasets[~held_out], args.shrinkage).eval()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        backend, (torch.zeros(2, embeddings.shape[1]),), str(args.out), input_names=["embedding"], output_names=["projected"],
        dynamic_axes={"embedding": {0: "batch"}, "projected": {0: "batch"}}, opset_version=OPSET, dynamo=False,
    )
    golden_of_file(args.out)
    for dataset in np.unique(datasets[held_out]):
        rows = held_out & (datasets == dataset)
        numbers = np.unique(speakers[rows], return_inverse=True)[1]
        if numbers.max() == 0:
            continue
        figures = []
        with torch.no_grad():
            projected = nn.functional.normalize(backend(torch.from_numpy(embeddings[rows]).float())).numpy()
        for x in (embeddings[rows], projected):
            one, five = single(x @ x.T, numbers), multiple([x], numbers, 5, [x])
            figures.append([round(100 * eer(t.genuine, t.impostor), 1) for t in (one, five)])
        print(json.dumps({"dev set": dataset, "EER % raw, 1 / 5 utterances": figures[0], "projected": figures[1]}))


if __name__ == "__main__":
    main()
