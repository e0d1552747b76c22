"""The self-test in a model's metadata: what the file answers to a signal that every machine makes alike."""

from pathlib import Path

import numpy as np
import onnxruntime

from training.golden.models_golden import glottal

# Another processor adds in another order; a wrong front end is off by far more.
TOLERANCE = 0.001


def answer(onnx: Path, samples: int | None = None) -> np.ndarray:
    """The first output's row for the signal `glottal`, repeated and cut to `samples` where the file takes no other length."""
    pcm = glottal() if samples is None else np.resize(glottal(), samples)
    session = onnxruntime.InferenceSession(str(onnx), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: pcm[None]})[0][0]


def of_embedding(onnx: Path, tolerance: float = TOLERANCE) -> dict:
    """The self-test of a speaker model that takes PCM: the first components of the unit-length embedding."""
    embedding = answer(onnx)
    embedding = embedding / np.linalg.norm(embedding)
    return {"signal": "glottal", "embedding_prefix": [round(float(v), 6) for v in embedding[:16]], "tolerance": tolerance}


def of_logits(onnx: Path, samples: int | None = None, tolerance: float = TOLERANCE) -> dict:
    """The self-test of a countermeasure that takes PCM: its logits [spoof, bona fide] as they come."""
    logits = [round(float(v), 6) for v in answer(onnx, samples)]
    return {"signal": "glottal", "answer": logits, "tolerance": tolerance}
