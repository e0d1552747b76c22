"""AASIST against the official code's answers, its stretches of time against the whole, and its mirror (P2.1, P5.1)."""

import json

import numpy as np
import onnxruntime
import pytest
import torch
from torch.nn import functional as F

from training import pulled
from training.export import load
from training.golden.models_golden import glottal
from training.models.aasist import (
    FRAMES, PUBLISHED, TAPS, WINDOW_SAMPLES, Aasist, ResidualBlock, SincMaxima, fold, published_aasist, sinc_filters, window,
)
from training.paths import SPEECH, WEIGHTS
from training.tests.test_ecapa import randomize

GOLDEN = WEIGHTS / "aasist" / "golden.json"


def random_aasist(width: int) -> Aasist:
    torch.manual_seed(width)
    net = Aasist(width, PUBLISHED[width])
    with torch.no_grad():
        for tensor in net.parameters():
            tensor.copy_(0.1 * torch.randn(tensor.shape))
    randomize(net)
    return net.eval()


@pytest.mark.parametrize("name", ["AASIST", "AASIST-L"])
def test_the_official_logits(name):
    soundfile = pytest.importorskip("soundfile")
    if not GOLDEN.exists() or not SPEECH.is_dir():
        pytest.skip(f"{GOLDEN} or {SPEECH} is absent: set VOICEGATE_WEIGHTS and VOICEGATE_SPEECH")
    net = load("aasist", WEIGHTS / "aasist" / f"{name}.pth")
    worst = 0.0
    for row in json.loads(GOLDEN.read_text())["models"][name]:
        pcm, rate = soundfile.read(SPEECH / row["path"], dtype="float32")
        assert rate == 16_000
        with torch.no_grad():
            logits = net(torch.from_numpy(window(pcm))[None])[0]
        worst = max(worst, float((logits - torch.tensor(row["logits"])).abs().max()))
    print(f"{name}: {worst:.1e}")
    assert worst <= 1e-3


def test_a_recording_is_repeated_from_its_start():
    assert np.array_equal(window(np.arange(3)), np.arange(WINDOW_SAMPLES) % 3)
    assert np.array_equal(window(np.arange(70_000)), np.arange(WINDOW_SAMPLES))


def test_a_convolution_of_three_steps_equals_pooling_of_every_step():
    pcm = torch.randn(2, 5000, generator=torch.Generator().manual_seed(1))
    every = F.conv1d(pcm[:, None], sinc_filters()[:, None])
    assert every.shape[1:] == (70, 5000 - TAPS + 1)
    assert torch.allclose(SincMaxima()(pcm), F.max_pool2d(every.abs()[:, None], 3), atol=1e-6)


@pytest.mark.parametrize(("channels", "out"), [(4, 4), (3, 5)])
@pytest.mark.parametrize("frames", [30, 31, 32])
def test_a_folded_block_is_the_published_one(channels, out, frames):
    generator = torch.Generator().manual_seed(2)
    shapes = {
        "bn1.weight": (channels,), "conv1.weight": (out, channels, 2, 3), "conv1.bias": (out,), "bn2.weight": (out,), "bn2.bias": (out,),
        "bn2.running_mean": (out,), "bn2.running_var": (out,), "conv2.weight": (out, out, 2, 3), "conv2.bias": (out,),
    } | ({"conv_downsample.weight": (out, channels, 1, 3), "conv_downsample.bias": (out,)} if channels != out else {})
    state = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    state["bn2.running_var"] = state["bn2.running_var"].abs() + 0.1
    x = torch.randn(2, channels, 23, frames, generator=generator)
    inner = F.conv2d(x, state["conv1.weight"], state["conv1.bias"], padding=(1, 1))
    norm = (state[f"bn2.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
    inner = F.conv2d(F.selu(F.batch_norm(inner, *norm)), state["conv2.weight"], state["conv2.bias"], padding=(0, 1))
    shortcut = F.conv2d(x, state["conv_downsample.weight"], state["conv_downsample.bias"], padding=(0, 1)) if channels != out else x
    block = ResidualBlock(channels, out)
    block.load_state_dict(fold(state))
    with torch.no_grad():
        found = block(x, ResidualBlock.CONTEXT, ResidualBlock.CONTEXT - frames % 3)
    assert torch.allclose(found, F.max_pool2d(inner + shortcut, (1, 3)), atol=1e-4)


def test_stretches_of_time_give_the_whole():
    net = random_aasist(24)
    pcm = 0.1 * torch.randn(1, WINDOW_SAMPLES, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        tiled = net.encode(pcm)
        net.tiled, net.tiles = 0, 1
        whole = net.encode(pcm)
    assert whole.shape == (1, 24, 23, FRAMES[-1])
    assert torch.allclose(tiled, whole, atol=1e-4 * float(whole.abs().max()))


def test_another_width_is_refused():
    with pytest.raises(ValueError, match="32 channels"):
        published_aasist({"pos_S": torch.zeros(1, 23, 32)})


def test_a_mirror_holds_what_the_file_answers(tmp_path):
    net = random_aasist(24)
    metadata = pulled.place(net, "aasist", pulled.Facts("tiny", "1", "MIT", "made up"), tmp_path)
    assert metadata["task"] == "antispoofing" and metadata["output"] == {"dimensions": 2}
    assert metadata["file"]["path"] == "biometric/antispoofing/tiny.onnx"
    assert metadata["input"] == {"features": "waveform", "sample_rate": 16000, "window_samples": WINDOW_SAMPLES}
    session = onnxruntime.InferenceSession(str(tmp_path / "tiny.onnx"), providers=["CPUExecutionProvider"])
    answer = session.run(["logits"], {"pcm": np.resize(glottal(), WINDOW_SAMPLES)[None]})[0][0]
    assert np.abs(answer - metadata["self_test"]["answer"]).max() <= 1e-5
