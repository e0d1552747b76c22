"""The recogniser's parts that need no speech: symbols, network, vocabulary, alignment, prompts, decision."""

import numpy as np
import pytest
import torch

from training.recogniser.decision import Scored, fit
from training.recogniser.export import write
from training.recogniser.lexicon import DIGITS, RIVALS, choose, distance, edit_distance, read, rivals
from training.recogniser.listen import FRAME_SAMPLES, Listener, word_spans
from training.recogniser.model import CtcConv
from training.recogniser.phones import ARABIC_WORDS, BLANK, SYMBOLS, encode, pronunciations, transcribe
from training.recogniser.trials import CHANGED, ORDER, OTHER, RIGHT, draw, prompts_for


def test_symbols_are_those_of_the_dictionary():
    assert SYMBOLS[0] == BLANK and len(set(SYMBOLS)) == len(SYMBOLS)
    assert pronunciations("seven") == [encode("S EH V AH N")]
    assert pronunciations("xyzzyx") == []
    assert transcribe("six two") == encode("S IH K S T UW")
    assert transcribe("six xyzzyx") is None
    assert all(encode(phones) for phones in ARABIC_WORDS.values())


@pytest.mark.parametrize("frames", [3, 100, 101, 102])
def test_the_network_gives_log_posteriors_every_third_frame(frames):
    post = CtcConv().eval()(torch.randn(2, 80, frames))
    assert post.shape == (2, -(-frames // 3), len(SYMBOLS))
    assert torch.allclose(post.exp().sum(dim=2), torch.ones(2, post.shape[1]), atol=1e-5)


def test_the_exported_file_answers_as_pytorch(tmp_path):
    torch.manual_seed(0)
    torch.save(CtcConv().state_dict(), tmp_path / "model.pt")
    assert write(Listener(tmp_path / "model.pt"), tmp_path / "model.onnx") < 1e-2


def test_edit_distance():
    assert edit_distance(encode("S IH K S"), encode("S IH K S")) == 0
    assert edit_distance(encode("S IH K S"), encode("S EH V AH N")) == 4
    assert edit_distance((), encode("T UW")) == 2


def test_the_vocabulary_has_digits_and_words_far_apart():
    lexicon = read()
    assert list(lexicon)[:10] == DIGITS
    words = [w for w in lexicon if w not in DIGITS]
    assert len(words) == 192
    assert min(distance(lexicon[a], lexicon[b]) for i, a in enumerate(words) for b in words[:i]) >= 3
    assert len(rivals("six", {w: lexicon[w] for w in DIGITS})) == RIVALS


def test_chosen_words_are_the_farthest():
    words = {w: (encode(p),) for w, p in {"a": "S IH K S", "b": "S IH K", "c": "B AA T AH L"}.items()}
    assert choose(words, 2) == ["c", "a"]


def test_words_are_cut_in_the_pause_between_them():
    path = [0] * 10 + [1, 0, 2] + [0] * 8 + [3, 3, 4] + [0] * 12
    log_post = np.full((len(path), 6), -6.0)
    log_post[np.arange(len(path)), path] = -0.01
    (a, b), (c, d) = word_spans(log_post, [(1, 2), (3, 4)])
    assert (a, b, c, d) == tuple(FRAME_SAMPLES * f for f in (5, 17, 17, 29))


def test_wrong_prompts_are_wrong():
    rng = np.random.default_rng(0)
    for _ in range(200):
        said = draw(rng, DIGITS, 4)
        prompts = prompts_for(rng, said, DIGITS, 2)
        assert [kind for kind, _ in prompts] == [RIGHT, OTHER, OTHER, ORDER, CHANGED]
        assert prompts[0][1] == said and all(words != said for _, words in prompts[1:])
        assert sorted(prompts[3][1]) == sorted(said)
        assert sum(a != b for a, b in zip(prompts[4][1], said, strict=True)) == 1


def test_the_decision_separates_and_keeps_the_right():
    rng = np.random.default_rng(0)
    kinds = [(RIGHT, 1.0)] * 400 + [(OTHER, -4.0)] * 400 + [(CHANGED, -1.0)] * 400
    scored = [Scored("digits", 7, kind, "s", tuple(rng.normal(mean, 0.7, 3))) for kind, mean in kinds]
    decision = fit(scored, accepted=0.98)
    ratios = decision(np.array([s.features for s in scored]))
    assert np.mean(ratios[:400] >= decision.threshold) == pytest.approx(0.98, abs=0.01)
    assert np.mean(ratios[400:800] >= decision.threshold) < 0.01
    assert ratios[:400].mean() > 0 > ratios[400:].mean()
