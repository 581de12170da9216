"""Symptoms: what people say, and the field's words for it."""

import os
from pathlib import Path

import pytest

from kb.deck.cache import Cache
from kb.search.symptoms import open_symptoms, read_symptoms
from tests.conftest import CONTENT
from tests.search.conftest import built_in, opened, symptoms_of

GOOD = """
[[symptom]]
said = ["goes to nan", "loss + 炸了", "卡住"]
means = ["overflow", "溢出"]

[[symptom]]
said = ["stuck"]
means = ["deadlock", "overflow"]
"""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("my loss goes to nan", ["overflow", "溢出"]),
        ("My Loss Is Going To NaN", ["overflow", "溢出"]),
        ("goes nan to", []),
        ("loss 一下就炸了", ["overflow", "溢出"]),
        ("炸了的 LOSS", ["overflow", "溢出"]),
        ("炸了", []),
        ("lossless 炸了", []),
        ("程序卡住不动", ["overflow", "溢出"]),
        ("stuck, goes to nan", ["overflow", "溢出", "deadlock"]),
        ("unstuck", []),
        ("", []),
    ],
)
def test_what_is_meant(tmp_path: Path, text: str, meant: list[str]) -> None:
    """Whole English words in any form, Chinese anywhere, what must both be said in any order; each meaning once."""
    (tmp_path / "symptoms.toml").write_text(GOOD)
    listed, complaints = read_symptoms(tmp_path)
    assert complaints == []
    assert sorted(symptoms_of(listed).meant(text)) == sorted(meant)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("symptom = 3", "symptom 1 is not two lists"),
        ('[[symptom]]\nsaid = ["a"]', "symptom 1 is not two lists"),
        ('[[symptom]]\nsaid = ["a"]\nmeans = "b"', "symptom 1 is not two lists"),
        ('[[symptom]]\nsaid = [" "]\nmeans = ["b"]', "symptom 1 is not two lists"),
        ('[[symptom]]\nsaid = ["a"]\nmeans = ["b"]\nmore = 1', "symptom 1 is not two lists"),
        ('[[symptom]]\nsaid = ["a", "a"]\nmeans = ["b"]', "'a' is said twice"),
        ("other = 1", "unknown key 'other'"),
        ("symptom = [", "cannot be read"),
    ],
)
def test_mistake_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    """One complaint, no error."""
    (tmp_path / "symptoms.toml").write_text(text)
    (one,) = read_symptoms(tmp_path)[1]
    assert complaint in str(one.message)


def test_deck_without_any(tmp_path: Path) -> None:
    """Nothing is meant by anything."""
    assert [] == open_symptoms(tmp_path, Cache(None, "")).meant("stuck")


def test_file_is_cut_again_when_it_has_changed(tmp_path: Path) -> None:
    """And not before: what was kept serves."""
    cache, path = Cache(None, ""), tmp_path / "symptoms.toml"
    path.write_text(GOOD)
    assert open_symptoms(tmp_path, cache).meant("stuck") == ["deadlock", "overflow"]
    stamp = path.stat().st_mtime_ns
    path.write_text("")
    os.utime(path, ns=(stamp, stamp))
    assert open_symptoms(tmp_path, cache).meant("stuck") == ["deadlock", "overflow"]
    os.utime(path, ns=(stamp, stamp + 10**9))
    assert open_symptoms(tmp_path, cache).meant("stuck") == []


def test_the_built_in_ones_are_in_order() -> None:
    """Nothing is wrong with the file, and there are many."""
    listed, complaints = read_symptoms(CONTENT)
    assert complaints == []
    assert len(listed) >= 200


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("卡住", {69, 47}),
        ("多卡训练卡死", {69}),
        ("生成的图全黑", {31, 93, 30, 67, 70}),
        ("训练不收敛", {64, 29, 41, 42, 92}),
        ("loss 不下降", {64, 29, 42, 92, 63}),
        ("GAN 震荡", {91}),
        ("显存爆了", {68, 73, 100, 96, 64}),
        ("过拟合", {36, 39, 35, 99, 45}),
        ("loss goes to nan", {68, 26, 29, 27}),
        ("same output for every input", {38, 42, 25, 31, 36}),
        ("all black", {31, 30, 67, 93, 70}),
        ("training is too slow", {68, 64, 69, 96, 47}),
    ],
)
def test_symptoms_lead_somewhere(said: str, expected: set[int]) -> None:
    """What people say finds an entry that is about it among the first three."""
    found = [hit.summary.number for hit in built_in().search(said, 3, every=True).hits]
    assert expected & set(found), found


def test_damaged_symptoms_are_cut_again(small: Path, home: Path) -> None:
    """The search answers all the same, and the next one knows them again."""
    (small / "symptoms.toml").write_text(GOOD.replace("overflow", "transformer"))
    assert [62] == [hit.summary.number for hit in opened(small, home).search("goes to nan").hits]
    searcher = opened(small, home)
    searcher.library.cache.change("UPDATE said SET symptoms = ?", [('[["broken"',)])
    searcher.search("goes to nan")
    assert [62] == [hit.summary.number for hit in opened(small, home).search("goes to nan").hits]
