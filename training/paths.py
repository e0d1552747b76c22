"""Where speech, caches and run outputs live."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SPEECH = Path(os.environ.get("VOICEGATE_SPEECH", ROOT.parent.parent / "shared" / "speech"))
WEIGHTS = Path(os.environ.get("VOICEGATE_WEIGHTS", ROOT.parent.parent / "shared" / "weights"))
CACHE = Path(os.environ.get("VOICEGATE_TRAINING_CACHE", ROOT / "cache"))
RUNS = Path(os.environ.get("VOICEGATE_TRAINING_RUNS", ROOT / "runs"))
DEV_LIST = ROOT / "splits" / "dev_speakers.txt"
SAMPLE_RATE = 16_000
