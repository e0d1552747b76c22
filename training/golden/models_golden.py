"""Reference answers of the shipped speaker model, for the tests of `voicegate-models` and for self-tests in metadata files.

    python -m training.golden.models_golden ID

Log-mel features are computed here with numpy, independently of the Rust code, from the recipe in the model's description
(GE2E's by the recipe's own front end); where `../shared/weights/bootstrap/golden.npz` is present they are first held against it.
Writes `crates/voicegate-models/tests/golden/ID.json` and the `self_test` block of `models/voice/biometric/config/ID.json`.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from training.embed import partials

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = Path(os.environ.get("VOICEGATE_WEIGHTS", ROOT.parent / "shared" / "weights"))
RATE, N_FFT, WINDOW, HOP, MELS = 16_000, 512, 400, 160, 80


def glottal() -> np.ndarray:
    """The signal `glottal` of the Rust module `self_test`: 1.5 s of a sawtooth with changing period, and noise."""
    state, samples = 1, []
    for n in range(RATE * 3 // 2):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        noise = (state >> 8) / 2**23 - 1.0
        period = (133, 107, 160)[n // (RATE // 4) % 3]
        saw = 2.0 * (n % period) / period - 1.0
        samples.append(0.3 * saw + 0.1 * noise)
    return np.array(samples, dtype=np.float32)


def mel_filters() -> np.ndarray:
    """(80, 257) triangles equally spaced on the HTK mel scale from 20 to 7600 Hz, height 1."""

    def mel(hz):
        return 2595.0 * np.log10(1.0 + np.asarray(hz, dtype=np.float64) / 700.0)

    edges = 700.0 * (10.0 ** (np.linspace(mel(20.0), mel(7600.0), MELS + 2) / 2595.0) - 1.0)
    bins = np.linspace(0.0, RATE / 2, N_FFT // 2 + 1)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.maximum(0.0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))


def log_mel(pcm: np.ndarray) -> np.ndarray:
    """(80, frames): pre-emphasis, centred STFT, mel filters, log, mean of each filter taken off."""
    x = pcm.astype(np.float64)
    x = np.concatenate([x[:1], x[1:] - 0.97 * x[:-1]])
    x = np.pad(x, N_FFT // 2, mode="reflect")
    window = np.zeros(N_FFT)
    start = (N_FFT - WINDOW) // 2
    window[start : start + WINDOW] = 0.54 - 0.46 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)
    frames = 1 + (len(x) - N_FFT) // HOP
    blocks = np.stack([x[i * HOP : i * HOP + N_FFT] * window for i in range(frames)])
    power = np.abs(np.fft.rfft(blocks, axis=1)) ** 2
    features = np.log(mel_filters() @ power.T + 1e-6)
    return (features - features.mean(axis=1, keepdims=True)).astype(np.float32)


def main(model: str, tolerance: float = 0.001) -> None:
    models = ROOT / "models" / "voice"
    config = models / "biometric" / "config" / f"{model}.json"
    metadata = json.loads(config.read_text())
    path = models / metadata["file"]["path"]
    if not path.exists():
        path = ROOT / ".runtime" / "models" / path.name
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def embed(features: np.ndarray) -> np.ndarray:
        (output,) = session.run(None, {session.get_inputs()[0].name: features[None]})
        return output[0] / np.linalg.norm(output[0])

    reference = WEIGHTS / "bootstrap" / "golden.npz"
    if reference.exists():
        golden = np.load(reference)
        for n in range(4):
            features = log_mel(golden[f"pcm{n}"])
            difference = np.abs(features - golden[f"log_mel{n}"]).max()
            print(f"features of golden.npz, recording {n}: largest difference {difference:.1e}")
            assert difference < 1e-3

    if metadata["architecture"] == "ge2e":
        windows = partials(torch.from_numpy(glottal()).float()).numpy()
        (output,) = session.run(None, {session.get_inputs()[0].name: windows})
        embedding = output.mean(axis=0) / np.linalg.norm(output.mean(axis=0))
    else:
        embedding = embed(log_mel(glottal()))
    out = ROOT / "crates" / "voicegate-models" / "tests" / "golden" / f"{model}.json"
    out.write_text(json.dumps({"signal": "glottal", "embedding": [round(float(v), 7) for v in embedding]}) + "\n")
    prefix = ", ".join(f"{v:.6f}" for v in embedding[:16])
    metadata["self_test"] = {"signal": "glottal", "embedding_prefix": "PREFIX", "tolerance": tolerance}
    config.write_text(render(metadata).replace('"PREFIX"', f"[{prefix}]"))
    print(f"wrote {out.relative_to(ROOT)} and the self-test of {config.relative_to(ROOT)}")


def render(metadata: dict) -> str:
    """JSON with the small tables on one line each."""
    text = json.dumps(metadata, indent=2, ensure_ascii=False)
    for name in ("input", "output"):
        block = json.dumps(metadata[name], indent=2).replace("\n", "\n  ")
        text = text.replace(f'"{name}": {block}', f'"{name}": {json.dumps(metadata[name])}')
    return text + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m training.golden.models_golden ID")
    main(sys.argv[1])
