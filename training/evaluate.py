"""Evaluates models: EER with one and five enrolment utterances, per data set and condition, alone and fused.

`python -m training.evaluate --split eval --models a.onnx runs/x/model.pt:ecapa-c256 ge2e` prints a Markdown table and writes JSON.
A fused score is the sum of the models' cosines, each times its weight (`MODEL*0.7`; 1 without).
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch

from training import models, teacher
from training.conditions import CONDITIONS
from training.data import Utterance, dev_speakers, load
from training.embed import Forward, embed_all, onnx_forward
from training.metrics import Trials, eer, frr_at, interval
from training.paths import CACHE
from training.protocol import multiple, single

MIN_SPEAKERS = 2


def resolve(name: str) -> tuple[Forward, bool, str]:
    """A model's forward function, whether it takes GE2E's mel, and a key of its contents.

    `ge2e` is Resemblyzer's (in a system's name `MODEL@BACKEND.onnx` puts a back-end behind a model); `FILE.onnx` takes GE2E's mel when its input is called `mel_power`; `FILE.pt:BUILDER` is a PyTorch model.
    """
    if name == "ge2e":
        path, forward, ge2e = teacher.checkpoint(), teacher.load_resemblyzer(str(teacher.checkpoint())), True
    elif name.endswith(".onnx"):
        path = Path(name)
        forward = onnx_forward(path)
        ge2e = onnx.load(path).graph.input[0].name == "mel_power"
    else:
        file, _, builder = name.rpartition(":")
        path = Path(file)
        net = models.build(builder)
        state = torch.load(path, weights_only=True)
        net.load_state_dict(state.get("average", state))
        forward, ge2e = net.eval(), builder == "ge2e"
    return forward, ge2e, hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def chosen(split: str) -> tuple[list[Utterance], np.ndarray]:
    """The utterances of `eval`, or of the dev speakers of `train`; `eval:8` takes at most 8 random ones a speaker."""
    name, _, limit = split.partition(":")
    utterances, pcm = load("eval" if name == "eval" else "train")
    if name == "dev":
        keep = dev_speakers()
        utterances = [u for u in utterances if u.key in keep]
    if limit:
        order = np.random.default_rng(3).permutation(len(utterances))
        seen: dict[str, int] = {}
        few = []
        for i in order:
            key = utterances[i].key
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= int(limit):
                few.append(i)
        utterances = [utterances[i] for i in sorted(few)]
    return utterances, pcm


def embeddings(name: str, split: str, condition: str) -> np.ndarray:
    """Unit-length embeddings of a split's utterances under a condition, cached by the model's contents."""
    name, _, backend = name.partition("@")
    if backend:
        projected = onnx_forward(Path(backend))(torch.from_numpy(embeddings(name, split, condition).astype(np.float32)))
        return torch.nn.functional.normalize(projected, dim=1).numpy()
    forward, ge2e, key = resolve(name)
    path = CACHE / "embeddings" / f"{key}_{split.replace(':', '')}_{condition}.npy"
    if not path.exists():
        utterances, pcm = chosen(split)
        change = CONDITIONS[condition]

        def waves():
            for i, u in enumerate(utterances):
                wave = pcm[u.start : u.start + u.samples].astype(np.float32) / 32768.0
                yield torch.from_numpy(np.ascontiguousarray(change(wave, np.random.default_rng((5, i)))))

        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, embed_all(forward, ge2e, waves()))
    return np.load(path)


def trials(parts: list[np.ndarray], speakers: np.ndarray, enrol: int, reference: list[np.ndarray]) -> Trials:
    """Trials of one data set; with `enrol` = 1 clean `reference` utterances enrol and each is tested by every other one."""
    if enrol > 1:
        return multiple(parts, speakers, enrol, reference)
    return single(sum(r @ p.T for r, p in zip(reference, parts, strict=True)), speakers)


def describe(t: Trials) -> dict[str, float | list[float] | int]:
    """The figures of one cell of the table, as shares."""
    return dict(
        eer=eer(t.genuine, t.impostor), interval=list(interval(t)), frr_at_far_0_1=frr_at(t.genuine, t.impostor, 0.001),
        frr_at_far_1=frr_at(t.genuine, t.impostor, 0.01), genuine=len(t.genuine), impostor=len(t.impostor),
    )


def groups(utterances: list[Utterance]) -> dict[str, np.ndarray]:
    """Row numbers by data set, and by age and sex where the list tells them."""
    result: dict[str, list[int]] = {}
    for i, u in enumerate(utterances):
        result.setdefault(u.dataset, []).append(i)
        if u.dataset == "speechocean762" and u.age:
            result.setdefault("speechocean762 children" if float(u.age) < 18 else "speechocean762 adults", []).append(i)
            result.setdefault(f"speechocean762 {'women' if u.sex.lower().startswith('f') else 'men'}", []).append(i)
    return {k: np.array(v) for k, v in result.items() if len({utterances[i].key for i in v}) >= MIN_SPEAKERS}


def report(systems: dict[str, list[str]], split: str, conditions: list[str]) -> dict:
    """Figures by condition, group, system and number of enrolment utterances."""
    utterances, _ = chosen(split)
    speakers = np.unique([u.key for u in utterances], return_inverse=True)[1]
    result: dict = {}
    for condition in conditions:
        for group, rows in groups(utterances).items():
            for system, names in systems.items():
                weighted = [n.partition("*") for n in names]
                parts = [float(w or 1.0) * embeddings(n, split, condition)[rows] for n, _, w in weighted]
                reference = [embeddings(n, split, "clean")[rows] for n, _, _ in weighted]
                cell = result.setdefault(condition, {}).setdefault(group, {}).setdefault(system, {})
                for enrol in (1, 5):
                    cell[str(enrol)] = describe(trials(parts, speakers[rows], enrol, reference))
    return result


def table(figures: dict) -> str:
    """Markdown: EER in % with one / five enrolment utterances (95 % interval), and FRR at FAR 0.1 % with five."""
    lines = []
    for condition, by_group in figures.items():
        systems = list(next(iter(by_group.values())))
        lines += [f"**{condition}**", "", "| | " + " | ".join(systems) + " |", "|---" * (len(systems) + 1) + "|"]
        for group, cells in by_group.items():
            row = []
            for system in systems:
                one, five = cells[system]["1"], cells[system]["5"]
                low, high = (100 * x for x in one["interval"])
                row.append(
                    f"{100 * one['eer']:.1f} ({low:.1f}–{high:.1f}) / {100 * five['eer']:.1f}; {100 * five['frr_at_far_0_1']:.0f}"
                )
            lines.append(f"| {group} | " + " | ".join(row) + " |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Command line: each `--system` is `NAME=MODEL[+MODEL...]`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", default="dev", help="dev or eval; eval:8 for at most 8 utterances a speaker")
    parser.add_argument("--system", action="append", required=True, help="NAME=MODEL, or NAME=MODEL*WEIGHT+MODEL*WEIGHT for a fused one")
    parser.add_argument("--condition", action="append", choices=sorted(CONDITIONS))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    systems = {}
    for given in args.system:
        name, _, parts = given.partition("=")
        systems[name] = parts.split("+")
    figures = report(systems, args.split, args.condition or ["clean"])
    print(table(figures))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
