"""Computes the numbers of an evaluation anew from its scores file, and compares them with its report.

    voicegate eval verify --corpus LIST.tsv --scores SCORES.tsv --json > REPORT.json
    python -m training.golden.check_scores SCORES.tsv REPORT.json

EER, minDCF, actDCF, Cllr and min Cllr of all trials and of each data set must agree to 1e-6. Nothing but the two files is
read, and no code is shared with the program. Exit status 1 if a number differs.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np

from training.golden.metrics_golden import cllr, min_cllr

TOLERANCE = 1e-6


def read(path: Path) -> list[tuple[str, bool, float]]:
    """Data set, target or not, and score of each trial that has one."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["dataset"], row["target"] == "1", float(row["llr"])) for row in rows if row["llr"]]


def rates(targets: np.ndarray, impostors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of targets below and of impostors not below each score, the last threshold above all."""
    thresholds = np.append(np.unique(np.concatenate([targets, impostors])), np.inf)
    frr = np.searchsorted(np.sort(targets), thresholds, side="left") / len(targets)
    far = 1.0 - np.searchsorted(np.sort(impostors), thresholds, side="left") / len(impostors)
    return frr, far


def expected(targets: np.ndarray, impostors: np.ndarray, calibrated: bool) -> dict[str, float]:
    """The numbers by their names in [`found`]."""
    frr, far = rates(targets, impostors)
    nearest = np.argmin(np.abs(frr - far))
    numbers = {"EER": (frr[nearest] + far[nearest]) / 2.0, "min Cllr": min_cllr(targets, impostors)}
    if calibrated:
        numbers["Cllr"] = cllr(targets, impostors)
    for prior in (0.01, 0.05):
        numbers[f"minDCF {prior}"] = (prior * frr + (1.0 - prior) * far).min() / prior
        if calibrated:
            bayes = np.log((1.0 - prior) / prior)
            cost = prior * np.mean(targets < bayes) + (1.0 - prior) * np.mean(impostors >= bayes)
            numbers[f"actDCF {prior}"] = cost / prior
    return {name: float(value) for name, value in numbers.items()}


def found(metrics: dict) -> dict[str, float]:
    """The same numbers out of a report."""
    numbers = {"EER": metrics["equal_error_rate"]["value"], "min Cllr": metrics["min_cllr"]["value"]}
    if metrics["cllr"] is not None:
        numbers["Cllr"] = metrics["cllr"]["value"]
    for cost in metrics["detection_cost"]:
        numbers[f"minDCF {cost['target_prior']}"] = cost["min"]["value"]
        if cost["actual"] is not None:
            numbers[f"actDCF {cost['target_prior']}"] = cost["actual"]["value"]
    return numbers


def main() -> int:
    scores, report = read(Path(sys.argv[1])), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    wrong = checked = 0
    for group in [report["all"], *report["datasets"]]:
        if group["metrics"] is None:
            continue
        own = [row for row in scores if group is report["all"] or row[0] == group["name"]]
        targets, impostors = (np.array([llr for _, t, llr in own if t == kind]) for kind in (True, False))
        anew, told = expected(targets, impostors, report["calibration"] is not None), found(group["metrics"])
        assert anew.keys() == told.keys(), (anew.keys(), told.keys())
        for name, value in anew.items():
            checked += 1
            ok = abs(value - told[name]) <= TOLERANCE
            wrong += not ok
            print(f"{'ok ' if ok else 'BAD'} {group['name']}: {name} {value:.9f}, report {told[name]:.9f}")
    print(f"{checked} numbers, {wrong} wrong")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
