"""The prompt's likelihoods against PyTorch's CTC loss, and what the evidence says of synthetic recordings."""

import numpy as np
import pytest
import torch

from training.recogniser.phones import SYMBOLS, encode
from training.recogniser.score import Word, prompts_evidence

WORDS: dict[str, Word] = {
    "six": (encode("S IH K S"),), "seven": (encode("S EH V AH N"),), "nine": (encode("N AY N"),), "two": (encode("T UW"),),
    "either": (encode("IY DH ER"), encode("AY DH ER")),
}


def ctc(log_post: np.ndarray, phones: list[int]) -> float:
    """Log-likelihood of a phone sequence by PyTorch."""
    loss = torch.nn.functional.ctc_loss(
        torch.from_numpy(log_post)[:, None], torch.tensor([phones]), [len(log_post)], [len(phones)], reduction="none"
    )
    return -float(loss)


def noise(frames: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.log(rng.dirichlet(np.full(len(SYMBOLS), 0.3), frames) + 1e-9)


def saying(names: list[str]) -> np.ndarray:
    """Posteriors that say the words clearly, with blanks between the phones."""
    path = [s for name in names for p in WORDS[name][0] for s in (0, p, p, 0)]
    post = np.full((len(path), len(SYMBOLS)), 0.05 / (len(SYMBOLS) - 1))
    post[np.arange(len(path)), path] = 0.95
    return np.log(post)


def flat(names: list[str]) -> list[int]:
    return [p for name in names for p in WORDS[name][0]]


@pytest.mark.parametrize("names", [["six", "seven", "nine", "nine"], ["two"], ["nine", "two", "six", "six"]])
def test_the_likelihood_is_that_of_ctc(names):
    log_post = noise(70, 1)
    rivals = [[WORDS[r] for r in ("six", "seven", "nine", "two") if r != name] for name in names]
    (evidence,) = prompts_evidence(log_post, [[WORDS[n] for n in names]], [rivals])
    assert evidence.log_likelihood == pytest.approx(ctc(log_post, flat(names)), abs=1e-8)
    free = log_post.max(axis=1).sum()
    assert evidence.free == pytest.approx((ctc(log_post, flat(names)) - free) / len(flat(names)), abs=1e-9)
    for i, name in enumerate(names):
        others = [[*names[:i], r, *names[i + 1 :]] for r in ("six", "seven", "nine", "two") if r != name]
        best = max(ctc(log_post, flat(other)) for other in others)
        assert evidence.rivals[i] == pytest.approx(ctc(log_post, flat(names)) - best, abs=1e-8)


def test_pronunciations_add_up():
    log_post = noise(40, 2)
    (evidence,) = prompts_evidence(log_post, [[WORDS["two"], WORDS["either"]]], [[[WORDS["six"]], [WORDS["nine"]]]])
    ways = [ctc(log_post, [*WORDS["two"][0], *p]) for p in WORDS["either"]]
    assert evidence.log_likelihood == pytest.approx(np.logaddexp(*ways), abs=1e-8)


def test_what_was_said_wins_and_the_changed_word_is_found():
    said, changed = ["six", "two", "nine"], ["six", "seven", "nine"]
    prompts = [[WORDS[n] for n in names] for names in (said, changed, ["nine", "two", "six"])]
    rivals = [[[WORDS[r] for r in WORDS if WORDS[r] != word] for word in prompt] for prompt in prompts]
    right, wrong, order = prompts_evidence(saying(said), prompts, rivals)
    assert right.rivals.min() > 3.0 and right.free > -0.5
    assert wrong.rivals.argmin() == 1 and wrong.rivals[1] < -3.0
    assert wrong.free < right.free and order.free < right.free


def test_several_prompts_at_once_are_each_as_alone():
    log_post = noise(50, 3)
    prompts = [[WORDS["six"], WORDS["either"]], [WORDS["nine"], WORDS["nine"]]]
    rivals = [[[WORDS["two"]], [WORDS["seven"]]], [[WORDS["six"]], [WORDS["two"], WORDS["either"]]]]
    together = prompts_evidence(log_post, prompts, rivals)
    for n, evidence in enumerate(together):
        (alone,) = prompts_evidence(log_post, [prompts[n]], [rivals[n]])
        assert np.allclose(alone.features(), evidence.features())
