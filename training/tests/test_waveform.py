"""Pulled checkpoints as networks that take PCM, front end included, against the classes they come from (P2.1, P2.2).

Every comparison runs the ONNX file in ONNX Runtime. Speech of the `eval` list is used where it is there, made-up sound always.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from training import pulled
from training.export import load, write
from training.golden.models_golden import glottal
from training.models.ecapa import EcapaTdnn
from training.models.waveform import ClovaMel, PowerSpectrum, Waveform
from training.paths import SPEECH, WEIGHTS
from training.tests.speechbrain_parts import speechbrain_parts
from training.tests.test_ecapa import randomize

TOLERANCE = 1e-4


def recordings() -> list[Tensor]:
    """PCM `(samples,)`: noise, a buzz that starts and ends in digital silence, silence, and speech where there is some."""
    generator = torch.Generator().manual_seed(8)
    buzz = torch.cat([torch.zeros(3000), torch.from_numpy(glottal()), torch.zeros(5001)])
    made_up = [0.1 * torch.randn(4000, generator=generator), buzz, 0.001 * buzz, torch.zeros(16_000)]
    soundfile = pytest.importorskip("soundfile")
    paths = sorted(SPEECH.glob("eval/**/*.*"))[::97][:6] if SPEECH.is_dir() else []
    return made_up + [torch.from_numpy(soundfile.read(path, frames=48_000, dtype="float32")[0]) for path in paths]


def onnx_embeddings(path: Path, pcm: Tensor) -> Tensor:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"pcm": pcm.numpy()})[0])


def largest_difference(path: Path, reference) -> float:
    """Between the file and `reference(pcm)`, over single recordings and a batch, of the unit-length embeddings and as they are."""
    items = [pcm[None] for pcm in recordings()]
    items.append(torch.stack([item[0, :4000] for item in items]))
    worst = 0.0
    for pcm in items:
        found = onnx_embeddings(path, pcm)
        with torch.no_grad():
            expected = reference(pcm)
        for change in (lambda x: x, nn.functional.normalize):
            worst = max(worst, float((change(found) - change(expected)).abs().max()))
    return worst


@pytest.mark.parametrize(("n_fft", "window", "mode"), [(400, 400, "constant"), (512, 400, "reflect"), (64, 33, "reflect")])
def test_the_convolution_is_a_fourier_transform(n_fft, window, mode):
    taps = torch.hamming_window(window)
    pcm = torch.randn(3, 4123, generator=torch.Generator().manual_seed(1))
    expected = torch.stft(pcm.double(), n_fft, 160, window, taps.double(), pad_mode=mode, return_complex=True).abs().square()
    found = PowerSpectrum(taps, n_fft, 160, mode)(pcm)
    assert found.shape == expected.shape
    assert float((found - expected).abs().max() / expected.max()) <= 1e-6


@pytest.mark.parametrize("width", [64, 1024])
def test_speechbrain_ecapa(width, tmp_path):
    parts = speechbrain_parts()
    torch.manual_seed(3)
    theirs = parts.ECAPA_TDNN(
        80, lin_neurons=192, channels=[width] * 4 + [3 * width], se_channels=width // 8, attention_channels=128
    ).eval()
    randomize(theirs)
    fbank, normalization = parts.Fbank(n_mels=80), parts.InputNormalization(norm_type="sentence", std_norm=False)

    def reference(pcm: Tensor) -> Tensor:
        return theirs(normalization(fbank(pcm), torch.ones(len(pcm))))[:, 0]

    torch.save(theirs.state_dict(), tmp_path / "embedding_model.ckpt")
    write(load("speechbrain-ecapa", tmp_path / "embedding_model.ckpt"), tmp_path / "model.onnx")
    difference = largest_difference(tmp_path / "model.onnx", reference)
    print(f"SpeechBrain, {width} channels: {difference:.1e}")
    assert difference <= TOLERANCE


def torchaudio_mel(pcm: Tensor, n_mels: int) -> Tensor:
    """What torchaudio's `MelSpectrogram` computes, by `torch.stft` and filters written out from its documentation."""
    spectrum = torch.stft(pcm, 512, 160, 400, torch.hamming_window(400), center=True, pad_mode="reflect", return_complex=True)

    def hz(mel: float) -> float:
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)

    top = 2595.0 * np.log10(1.0 + 8000.0 / 700.0)
    corners = [hz(top * i / (n_mels + 1)) for i in range(n_mels + 2)]
    filters = torch.zeros(n_mels, 257)
    for m, (low, centre, high) in enumerate(zip(corners, corners[1:], corners[2:], strict=False)):
        for k in range(257):
            f = 31.25 * k
            filters[m, k] = max(0.0, min((f - low) / (centre - low), (high - f) / (high - centre)))
    return filters @ spectrum.abs().square()


def golden(name: str) -> dict[str, Tensor]:
    """Weights and answers of voxceleb_trainer's own class."""
    path = WEIGHTS / "golden" / f"{name}_small.npz"
    if not path.exists():
        pytest.skip(f"{path} is absent: set VOICEGATE_WEIGHTS")
    return {key: torch.from_numpy(array) for key, array in np.load(path).items()}


def checkpoint(values: dict[str, Tensor], front_end: dict[str, Tensor], path: Path) -> Path:
    """A file named and laid out as voxceleb_trainer saves it, with a tensor of its loss."""
    network = {key[2:]: tensor for key, tensor in values.items() if key.startswith("w:")}
    torch.save({f"__S__.{k}": v for k, v in (network | front_end).items()} | {"__L__.w": torch.zeros(1)}, path)
    return path


@pytest.mark.parametrize(("name", "n_mels", "emphasis"), [("resnetse34l", 40, 0.0), ("resnetse34v2", 64, 0.97)])
def test_clovaai(name, n_mels, emphasis, tmp_path):
    values = golden(name)
    net = load(f"clovaai-{name}", checkpoint(values, {}, tmp_path / "x.model"))
    write(net, tmp_path / "model.onnx")

    # The network after the mel power, against the official class.
    with torch.no_grad():
        answer = net.network(net.front_end.normalize(values["mel_power"]))
    assert float((answer - values["embedding"]).abs().max()) <= TOLERANCE

    def reference(pcm: Tensor) -> Tensor:
        if emphasis:
            padded = nn.functional.pad(pcm[:, None], (1, 0), "reflect")
            pcm = nn.functional.conv1d(padded, torch.tensor([[[-emphasis, 1.0]]]))[:, 0]
        return net.network(nn.functional.instance_norm((torchaudio_mel(pcm, n_mels) + 1e-6).log()))

    difference = largest_difference(tmp_path / "model.onnx", reference)
    print(f"{name}, pre-emphasis {emphasis}: {difference:.1e}")
    assert difference <= TOLERANCE


@pytest.mark.parametrize(("name", "emphasis"), [("resnetse34l", 0.0), ("resnetse34l", 0.9), ("resnetse34v2", 0.0), ("resnetse34v2", 0.9)])
def test_the_checkpoint_decides_on_pre_emphasis(name, emphasis, tmp_path):
    values = golden(name)
    mel = "torchfb.1" if emphasis else "torchfb"
    front_end = {
        f"{mel}.spectrogram.window": torch.hamming_window(400),
        f"{mel}.mel_scale.fb": ClovaMel(values["mel_power"].shape[1], 0.0).filters.T,
    }
    if emphasis:
        front_end["torchfb.0.flipped_filter"] = torch.tensor([[[-emphasis, 1.0]]])
    net = load(f"clovaai-{name}", checkpoint(values, front_end, tmp_path / "x.model"))
    assert net.front_end.pre_emphasis == pytest.approx(emphasis)


def test_another_front_end_is_refused(tmp_path):
    path = checkpoint(golden("resnetse34l"), {"torchfb.spectrogram.window": torch.hann_window(400)}, tmp_path / "x.model")
    with pytest.raises(ValueError, match="another window"):
        load("clovaai-resnetse34l", path)


def test_a_mirror_holds_what_the_file_answers(tmp_path):
    net = Waveform(ClovaMel(40, 0.97), EcapaTdnn(40, channels=8, se_channels=4, embedding=24)).eval()
    metadata = pulled.place(net, "resnet34_se", pulled.Facts("tiny", "1", "MIT", "made up"), tmp_path / "mirror")
    onnx = tmp_path / "mirror" / "tiny.onnx"
    assert metadata["file"]["path"] == "biometric/speaker_verification/tiny.onnx"
    assert metadata["file"]["size_bytes"] == onnx.stat().st_size
    assert (metadata["architecture"], metadata["output"]) == ("resnet34_se", {"dimensions": 24})
    assert metadata["input"] == {"features": "waveform", "sample_rate": 16000}
    answer = nn.functional.normalize(onnx_embeddings(onnx, torch.from_numpy(glottal())[None]))[0]
    prefix = torch.tensor(metadata["self_test"]["embedding_prefix"])
    assert float((answer[:16] - prefix).abs().max()) <= 1e-5
