"""Clips are the same for the same seed, a stopped run goes on, and the export is a list that can be read."""

import csv
import fcntl

import numpy as np
import pytest
import soundfile as sf

from training.attacks import clips, export
from training.attacks.base import Unavailable
from training.attacks.catalog import SPECIES
from training.attacks.clips import extend, load_attacks, rows
from training.paths import CACHE, SAMPLE_RATE
from training.tests.attack_speech import SmallCorpus

# Piper and the neural vocoders draw their noise inside their graphs or have no weights on a fresh machine.
RANDOM = {"piper", "replay_synthesis"}
SURE = [n for n in SPECIES if n not in RANDOM and not n.startswith("neural_")]


@pytest.mark.parametrize("name", SURE)
def test_a_clip_depends_on_its_seed_alone(name):
    species = SPECIES[name]
    try:
        first, again, other = (species.clip(SmallCorpus(), 1, np.random.default_rng(seed)) for seed in (3, 3, 4))
    except Unavailable as reason:
        pytest.skip(str(reason))
    assert np.array_equal(first[2], again[2])
    assert first[1].generator == again[1].generator
    assert not np.array_equal(first[2], other[2])
    assert len(first[2]) > SAMPLE_RATE // 2 and np.abs(first[2]).max() > 300


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path):
    species = SPECIES["splice_abrupt"]
    extend(species, SmallCorpus(), tmp_path / "whole", 4, seed=1)
    extend(species, SmallCorpus(), tmp_path / "cut", 2, seed=1)
    index, data = (tmp_path / "cut/train" / f"splice_abrupt.{end}" for end in ("jsonl", "i16"))
    # Killed between a clip's samples and its line, and within a line.
    with open(index, "a") as f:
        f.write('{"generator": "hal')
    with open(data, "ab") as f:
        f.write(b"\x01" * 1001)
    assert len(rows(index)) == 2
    assert extend(species, SmallCorpus(), tmp_path / "cut", 4, seed=1) == 2
    for end in ("jsonl", "i16"):
        assert (tmp_path / "cut/train" / f"splice_abrupt.{end}").read_bytes() == (
            tmp_path / "whole/train" / f"splice_abrupt.{end}"
        ).read_bytes()


def test_a_second_run_on_the_same_species_is_refused(tmp_path):
    species = SPECIES["splice_abrupt"]
    extend(species, SmallCorpus(), tmp_path, 1, seed=1)
    with open(tmp_path / "train" / "splice_abrupt.i16", "rb") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            extend(species, SmallCorpus(), tmp_path, 2, seed=1)
    assert extend(species, SmallCorpus(), tmp_path, 2, seed=1) == 1


def test_clips_come_back_with_what_made_them(tmp_path):
    for name in ("direct_room", "splice_units"):
        extend(SPECIES[name], SmallCorpus(), tmp_path, 3, seed=1)
    found = list(load_attacks("train", tmp_path))
    assert [c.species for c in found] == ["direct_room"] * 3 + ["splice_units"] * 3
    assert [c.kind for c in found] == ["bonafide"] * 3 + ["spoof"] * 3
    assert [c.dev for c in found] == [True, False, False] * 2
    splice = found[-1]
    assert splice.joins and all(0 < j < splice.samples for j in splice.joins)
    assert len(splice.pcm()) == splice.samples and np.abs(splice.pcm()).max() <= 1.0


def test_the_export_is_a_list_of_readable_files(tmp_path, monkeypatch):
    for name in ("direct_room", "splice_units"):
        extend(SPECIES[name], SmallCorpus(), tmp_path / "store", 2, seed=1)
    recorded = [clips.Clip(**(vars(c) | {"species": "bonafide"})) for c in load_attacks("train", tmp_path / "store")][:2]
    monkeypatch.setattr(export, "load_recorded", lambda split: iter(recorded))
    table = export.export("train", ["splice_units", "direct_room"], tmp_path / "store", tmp_path / "out", 1, 1, False)
    with open(table, newline="") as f:
        lines = list(csv.DictReader(f, delimiter="\t"))
    assert [(r["kind"], r["system"]) for r in lines] == [("bonafide", "bonafide")] + [("bonafide", "direct_room")] * 2 + [
        ("spoof", "splice_units")
    ] * 2
    for row in lines:
        pcm, rate = sf.read(table.parent / row["path"], dtype="int16")
        assert rate == SAMPLE_RATE and len(pcm) / rate == pytest.approx(float(row["seconds"]), abs=0.01)
        assert row["speaker"].startswith("set/")


def test_spread_takes_every_speaker_before_any_twice(tmp_path):
    extend(SPECIES["splice_abrupt"], SmallCorpus(), tmp_path, 9, seed=1)
    chosen = export.spread(list(load_attacks("train", tmp_path)), 4, seed=1)
    assert len({c.speaker for c in chosen[:3]}) == 3 and len(chosen) == 4


def test_every_eval_speaker_is_replayed():
    if not (CACHE / "eval.json").exists():
        pytest.skip("the eval list isn't decoded: python -m training.data")
    from training.attacks.sources import Corpus

    corpus = Corpus("eval")
    speakers = {corpus.draw(n, np.random.default_rng(n)).speaker for n in range(SPECIES["replay_phone"].eval)}
    assert speakers == set(corpus.by_speaker)


