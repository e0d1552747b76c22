"""Runs Debian's speech programs in a scratch folder."""

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

from training.attacks.base import Unavailable
from training.attacks.dsp import resample


def need(*programs: str) -> None:
    """Raises `Unavailable` unless all programs are installed."""
    for program in programs:
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed (training/requirements-debian.txt)")


def run(command: list[str], scratch: Path, stdin: bytes | None = None) -> bytes:
    """Standard output of a command, at most 60 seconds long."""
    done = subprocess.run(command, cwd=scratch, input=stdin, capture_output=True, check=True, timeout=60)
    return done.stdout


def spoken(command: list[str], text: str) -> np.ndarray:
    """What a synthesizer says: `{text}` in the command is a file with the text, `{wav}` the file to be written; else WAV comes from it."""
    need(command[0])
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        names = {"{text}": str(scratch / "text"), "{wav}": str(scratch / "out.wav")}
        (scratch / "text").write_text(text + "\n")
        output = run([names.get(part, part) for part in command], scratch)
        wav = scratch / "out.wav"
        pcm, rate = sf.read(wav if wav.exists() else io.BytesIO(repaired(output)), dtype="float32")
    return resample(pcm, rate)


def repaired(wav: bytes) -> bytes:
    """A streamed WAV with its true length: espeak-ng can't know it when it writes the header."""
    at = wav.index(b"data")
    size = (len(wav) - at - 8).to_bytes(4, "little")
    return wav[:4] + (len(wav) - 8).to_bytes(4, "little") + wav[8:at] + b"data" + size + wav[at + 8 :]


def codec2(pcm: np.ndarray, mode: str) -> np.ndarray:
    """Through the parametric codec Codec 2 (sinusoidal model) at 8 kHz; modes are bit/s, such as `1200` or `700C`."""
    need("c2enc", "c2dec")
    narrow = np.clip(resample(pcm, 16000, 8000) * 32767.0, -32768, 32767).astype("<i2")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        (scratch / "in.raw").write_bytes(narrow.tobytes())
        run(["c2enc", mode, "in.raw", "code"], scratch)
        run(["c2dec", mode, "code", "out.raw"], scratch)
        decoded = np.frombuffer((scratch / "out.raw").read_bytes(), "<i2")
    return resample(decoded.astype(np.float32) / 32768.0, 8000, 16000)
