"""How well a trained countermeasure tells the clips of a bank apart, by species.

`python -m training.countermeasure.evaluate --weights training/runs/NAME/model.pt --split train` judges the dev speakers of `train`,
`--split eval` the eval speakers. Clips through random channels (`copy` > 0) are reported beside the clips as they are.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from training.countermeasure.bank import Item, crop, load
from training.countermeasure.network import SpoofNet
from training.metrics import eer

LONGEST = 600


def scores(net: SpoofNet, items: list[Item], bands: np.ndarray) -> np.ndarray:
    """Logit of an attack minus logit of bona fide speech for each item, of up to six seconds."""
    found = np.empty(len(items))
    with torch.inference_mode():
        for i, item in enumerate(items):
            x = torch.from_numpy(crop(bands, item, max(50, min(item.frames, LONGEST)), None))[None]
            logits = net(x - x.mean(dim=2, keepdim=True))[0]
            found[i] = float(logits[0] - logits[1])
    return found


def table(items: list[Item], found: np.ndarray) -> dict[str, dict[str, float]]:
    """EER of each species against all bona fide speech, and over all attacks, as it is and through channels."""
    result: dict[str, dict[str, float]] = {}
    attack = np.array([item.is_attack for item in items])
    channel = np.array([item.copy > 0 for item in items])
    species = np.array([item.species for item in items])
    for name, through in (("clean", ~channel), ("channels", channel)):
        living = found[~attack & through]
        for of in ("all attacks", *sorted(set(species[attack]))):
            chosen = found[attack & through & ((species == of) | (of == "all attacks"))]
            if len(chosen) and len(living):
                result.setdefault(of, {"clips": 0})[name] = eer(chosen, living)
                result[of]["clips"] = max(result[of]["clips"], len(chosen))
    return result


def network(weights: Path) -> SpoofNet:
    """The trained network."""
    net = SpoofNet()
    net.load_state_dict(torch.load(weights, weights_only=True))
    return net.eval()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--split", choices=("train", "eval"), default="train")
    parser.add_argument("--species", help="only these attacks, with commas between them")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    items, bands = load(args.split)
    wanted = set(args.species.split(",")) if args.species else None
    items = [i for i in items if (i.dev or args.split == "eval") and (not i.is_attack or not wanted or i.species in wanted)]
    found = table(items, scores(network(args.weights), items, bands))
    if args.json:
        print(json.dumps(found))
        return
    print("| species | clips | EER, as it is | through channels |\n|---|---|---|---|")
    for name, row in found.items():
        print(f"| {name} | {row['clips']:.0f} | {100 * row.get('clean', np.nan):.1f} % | {100 * row.get('channels', np.nan):.1f} % |")


if __name__ == "__main__":
    main()
