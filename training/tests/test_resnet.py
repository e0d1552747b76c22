"""Our ResNet34-SE against outputs of voxceleb_trainer's own classes (P2.2)."""

import numpy as np
import pytest
import torch

from training.models.resnet_se34 import LIGHT, V2, ResNetSe34, Shape
from training.paths import WEIGHTS

NARROW = (8, 16, 32, 64)


@pytest.mark.parametrize(
    ("name", "shape", "n_mels"),
    [
        ("resnetse34l_small", Shape(NARROW, **{k: v for k, v in vars(LIGHT).items() if k != "filters"}), 40),
        ("resnetse34v2_small", Shape(NARROW, **{k: v for k, v in vars(V2).items() if k != "filters"}), 64),
    ],
)
def test_equals_the_official_classes(name, shape, n_mels):
    path = WEIGHTS / "golden" / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"{path} is absent: set VOICEGATE_WEIGHTS")
    golden = np.load(path)
    net = ResNetSe34(shape, n_mels, 128)
    net.load_state_dict({k[2:]: torch.from_numpy(golden[k]) for k in golden.files if k.startswith("w:")})
    logs = (torch.from_numpy(golden["mel_power"]) + 1e-6).log()
    normal = torch.nn.functional.instance_norm(logs)
    with torch.no_grad():
        out = net.eval()(normal).numpy()
    assert np.abs(out - golden["embedding"]).max() <= 1e-4
