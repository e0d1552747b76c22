"""Export with dynamic batch and time, and its golden vector (P2.1, P2.3)."""

import json

import numpy as np
import onnxruntime
import pytest
import torch

from training.backend import fit
from training.export import golden_of_file, write
from training.models.ecapa import EcapaTdnn
from training.models.ge2e import Ge2e
from training.models.resnet_se34 import ResNetSe34


@pytest.mark.parametrize("net", [EcapaTdnn(channels=32, se_channels=16, output_norm=True, summed=True), ResNetSe34(), Ge2e()])
def test_onnx_equals_pytorch(net, tmp_path):
    path = tmp_path / "model.onnx"
    assert write(net.eval(), path) <= 1e-4
    golden_of_file(path)
    golden = json.loads(path.with_suffix(".golden.json").read_text())
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    x = np.array(golden["values"], np.float32).reshape(golden["shape"])
    answer = session.run(None, {golden["input"]: x})[0].ravel()
    assert np.abs(answer - golden["embedding"]).max() <= 1e-5


def test_backend_suppresses_what_varies_within_speakers():
    rng = np.random.default_rng(0)
    speakers = np.repeat(np.arange(20), 10)
    x = rng.normal(0, 1, (20, 8))[speakers]
    x[:, 0] += rng.normal(0, 5, len(x))
    backend = fit(x + 3.0, speakers, np.array(["one"] * len(x)), shrinkage=0.1)
    with torch.no_grad():
        y = backend(torch.from_numpy(x + 3.0).float()).numpy()
    assert abs(y.mean()) < 0.1

    def ratio(z):
        means = np.array([z[speakers == s].mean(0) for s in range(20)])
        return np.var(means, axis=0).sum() / np.var(z - means[speakers], axis=0).sum()

    assert ratio(y) > 3 * ratio(x)
