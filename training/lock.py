"""Writes `requirements.lock` and `requirements-nodeps.lock`: every package with its exact version and SHA-256, by pip's own resolver."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from training.paths import ROOT


def lock(source: Path, target: Path, options: list[str]) -> None:
    """Resolves `source` for this platform without installing anything."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", *options]
        subprocess.run([*command, "--report", str(report), "-r", str(source)], check=True)
        items = json.loads(report.read_text())["install"]
    lines = [
        f"{i['metadata']['name']}=={i['metadata']['version']} --hash=sha256:{i['download_info']['archive_info']['hashes']['sha256']}"
        for i in items
    ]
    target.write_text(f"# made from {source.name} by training.lock\n" + "\n".join(sorted(lines, key=str.lower)) + "\n")


def main() -> None:
    """Command line; takes no options."""
    lock(ROOT / "requirements.in", ROOT / "requirements.lock", [])
    lock(ROOT / "requirements-nodeps.in", ROOT / "requirements-nodeps.lock", ["--no-deps"])


if __name__ == "__main__":
    main()
