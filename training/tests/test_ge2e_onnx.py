"""The ONNX file that `scripts/fetch-ge2e` writes without PyTorch computes what PyTorch computes."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from training.embed import onnx_forward, partials
from training.export import TOLERANCE
from training.models.ge2e import Ge2e, load_resemblyzer
from training.paths import ROOT, SAMPLE_RATE, SPEECH

CONVERT = ROOT.parent / "scripts" / "ge2e" / "convert.py"
FETCHED = ROOT.parent / ".runtime" / "models" / "ge2e-resemblyzer.onnx"


def worst(net: Ge2e, onnx: Path, windows: torch.Tensor) -> float:
    """The largest difference between the two over windows of mel power `(windows, frames, 40)`."""
    with torch.no_grad():
        return float((net(windows) - onnx_forward(onnx)(windows)).abs().max())


def speech() -> torch.Tensor:
    """GE2E's windows of some recordings, or of noise in bursts where there are none."""
    soundfile = pytest.importorskip("soundfile")
    paths = sorted(SPEECH.glob("eval/**/*.*"))[:8] if SPEECH.is_dir() else []
    waves = [soundfile.read(path, dtype="float32")[0] for path in paths]
    if not waves:
        t = np.arange(8 * SAMPLE_RATE) / SAMPLE_RATE
        waves = [(np.random.default_rng(0).normal(0, 0.1, len(t)) * np.sin(3 * t) ** 2).astype(np.float32)]
    return torch.cat([partials(torch.from_numpy(wave)) for wave in waves])


@pytest.mark.parametrize("batch, frames", [(1, 160), (5, 160), (3, 40)])
def test_any_weights_are_converted(tmp_path, batch, frames):
    torch.manual_seed(7)
    net = Ge2e().eval()
    checkpoint, onnx = tmp_path / "checkpoint.pt", tmp_path / "ge2e.onnx"
    torch.save({"step": 1, "model_state": net.state_dict()}, checkpoint, _use_new_zipfile_serialization=False)
    subprocess.run([sys.executable, "-B", CONVERT, checkpoint, onnx], check=True)
    windows = torch.rand(batch, frames, 40, generator=torch.Generator().manual_seed(1))
    assert worst(net, onnx, windows) <= TOLERANCE


@pytest.mark.skipif(not FETCHED.exists(), reason="scripts/fetch-ge2e has not been run")
def test_the_fetched_file_equals_the_checkpoint():
    package = importlib.util.find_spec("resemblyzer")
    if package is None:
        pytest.skip("resemblyzer is not installed")
    net = load_resemblyzer(str(Path(package.origin).parent / "pretrained.pt"))
    windows = speech()
    assert worst(net, FETCHED, windows) <= TOLERANCE
    assert worst(net, FETCHED, torch.zeros(1, 160, 40)) <= TOLERANCE
