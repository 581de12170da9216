"""Explain: which messages are in what a program printed, which of them is the root, and what explains it."""

import re
import statistics
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.search.explain import Explainer, Findings, bare
from kb.search.searcher import Searcher
from tests.search.conftest import built_in, opened

MESSAGES = """
[[message]]
id = "sizes-differ"
patterns = ["sizes {left:int} and {right:int} differ in layer {layer:name}", "size mismatch {left:int} | {right:int}"]
entries = [62, 70, 61]
cause = { en = "It takes {right}, and {left} came.", zh = "要 {right}，来了 {left}。" }
check = { en = "Print `x.shape`.", zh = "打印 `x.shape`。" }
cure = { en = "Give {right}.", zh = "改成 {right}。" }

[[message]]
id = "child-failed"
patterns = ["worker {rank:int} failed, see its own error"]
role = "wrapper"
cause = { en = "a", zh = "a" }
check = { en = "b", zh = "b" }
cure = { en = "c", zh = "c" }

[[message]]
id = "peer-gone"
patterns = ["connection closed by peer"]
role = "consequence"
cause = { en = "a", zh = "a" }
check = { en = "b", zh = "b" }
cure = { en = "c", zh = "c" }

[[message]]
id = "address-in-use"
patterns = ["Address already in use"]
generic = true
entries = [62]
cause = { en = "a", zh = "a" }
check = { en = "b", zh = "b" }
cure = { en = "c", zh = "c" }

[[message]]
id = "slow-list"
patterns = ["making a tensor of such a list is slow"]
role = "warning"
entries = [61]
cause = { en = "a", zh = "a" }
check = { en = "b", zh = "b" }
cure = { en = "c", zh = "c" }
"""

TRACEBACK = """Epoch 1 loss 0.5
Traceback (most recent call last):
  File "/home/me/train.py", line 12, in <module>
    main()
  File "/home/me/lib/torch/nn/x.py", line 99, in forward
    return y.mean()
RuntimeError: mixed device index 17 is out of range
"""

MESSAGE = "sizes 3 and 4 differ in layer net.fc1"


@pytest.fixture
def explainer(small: Path) -> Explainer:
    """Of a deck of three entries that knows four messages."""
    (small / "messages.toml").write_text(MESSAGES)
    return Explainer(opened(small))


@pytest.mark.parametrize(
    "text",
    [
        MESSAGE,
        f"RuntimeError: {MESSAGE}",
        f"E       RuntimeError: {MESSAGE}",
        f"2026-01-02 10:11:12,123 ERROR train.py:12 - {MESSAGE}",
        f"2026-01-02 10:11:12.123 | ERROR    | __main__:fit:12 - {MESSAGE}",
        f"trainer-1  | RuntimeError: {MESSAGE}",
        f"[rank 0] RuntimeError: {MESSAGE}",
        f"[rank3]: RuntimeError: {MESSAGE}",
        f"[default0]:RuntimeError: {MESSAGE}",
        f"> `RuntimeError: {MESSAGE}`",
        f"    RuntimeError: {MESSAGE}",
        f"I get “{MESSAGE}” when I call it. Why?",
        f"报错：{MESSAGE}，怎么办？",
        f"报错{MESSAGE}",
        f"  what():  {MESSAGE}\nException raised from run at x.cpp:12 (most recent call first):\nframe #0: c10::f()",
        "RuntimeError: sizes 3 and 4\n  differ in layer\n  net.fc1",
        "| RuntimeError: sizes 3 and 4 differ\n| in layer net.fc1",
        f"\x1b[31mRuntimeError\x1b[0m: sizes \x1b[1m3\x1b[0m and 4 differ in layer net.fc1 {TRACEBACK.splitlines()[0]}",
        f"10%|█   | 1/10\r20%|██  | 2/10\rRuntimeError: {MESSAGE}\r\n",
        f"RuntimeError: {MESSAGE}\nINFO saved\nINFO closed\nINFO bye\nINFO done",
        f"train.py:7: UserWarning: {MESSAGE}\n  warnings.warn(text)",
        f'{{"level": "error", "msg": "RuntimeError: {MESSAGE}"}}',
        f"RuntimeError('{MESSAGE}')",
        MESSAGE.replace(" ", "\xa0"),
    ],
)
def test_a_message_is_found_wherever_it_stands(explainer: Explainer, text: str) -> None:
    """Behind times, levels, ranks, marks; in a sentence; broken over lines; followed by others."""
    found = explainer.explain(text, "en")
    assert [one.known.id for one in found.explained] == ["sizes-differ"]
    assert found.explained[0].slots == {"left": "3", "right": "4", "layer": "net.fc1"} or "slots end" in text


def test_the_slots_speak(explainer: Explainer) -> None:
    """In the language that is asked for; the entries in the order of the file, those that are not written left out."""
    (one,) = explainer.explain(f"x\nValueError: {MESSAGE}", "en").explained
    assert one.told("en") == {"cause": "It takes 4, and 3 came.", "check": "Print `x.shape`.", "cure": "Give 4."}
    assert one.told("zh")["cause"] == "要 4，来了 3。"
    assert (one.message, one.line) == (f"ValueError: {MESSAGE}", 2)
    assert [pointer.summary.number for pointer in one.pointers] == [62, 61]


def test_another_wording(explainer: Explainer) -> None:
    """Of an older version, say; quotes of any form."""
    (one,) = explainer.explain("RuntimeError: size mismatch 5 | 6", "en").explained
    assert one.slots == {"left": "5", "right": "6"}


ROOTS = {
    "the last error": (f"RuntimeError: mixed device index 1 is out of range\nValueError: {MESSAGE}", "sizes 3 and 4"),
    "not the launcher's": (f"RuntimeError: {MESSAGE}\nChildFailedError: worker 1 failed, see its own error", "sizes 3"),
    "not the wrapper's": (f"RuntimeError: worker 1 failed, see its own error\nOriginal:\nE: {MESSAGE}", "sizes 3"),
    "not what follows": (f"RuntimeError: {MESSAGE}\nRuntimeError: connection closed by peer", "sizes 3"),
    "not a warning after it": (f"E: {MESSAGE}\nUserWarning: making a tensor of such a list is slow", "sizes 3"),
    "the first failing rank's": (
        f"[rank1]: E: {MESSAGE}\n[rank0]: ValueError: mixed device index 1 is out of range",
        "sizes 3",
    ),
    "the rank that torchrun names": (
        f"[rank0]: E: mixed device index 1 is out of range\n[rank1]: E: {MESSAGE}\n"
        "Root Cause (first observed failure):\n[0]:\n  time : x\n  rank      : 1 (local_rank: 1)",
        "sizes 3",
    ),
    "the direct cause": (
        f"RuntimeError: {MESSAGE}\n\nThe above exception was the direct cause of the following exception:\n\n"
        "RuntimeError: mixed device index 1 is out of range",
        "sizes 3",
    ),
    "the last of several steps": (f"UserWarning: making a tensor of such a list is slow\n{MESSAGE}", "sizes 3"),
}


@pytest.mark.parametrize("name", ROOTS)
def test_the_root_comes_first(explainer: Explainer, name: str) -> None:
    """Whatever else is in the text comes behind it."""
    text, beginning = ROOTS[name]
    found = explainer.explain(text, "en")
    assert beginning in found.root
    assert found.explained[0].known.id == "sizes-differ"
    assert len(found.explained) == 2


def test_an_unknown_error_is_told_before_what_is_known(explainer: Explainer) -> None:
    """A warning that is known explains no error that is not."""
    found = explainer.explain(f"{MESSAGE}\nKeyError: 'lr'", "en")
    assert (found.root, len(found.explained)) == ("KeyError: 'lr'", 1)
    found = explainer.explain("UserWarning: making a tensor of such a list is slow\nKeyError: 'lr'", "en")
    assert found == Findings("KeyError: 'lr'", (), ())


def test_what_only_hands_an_unknown_error_on_does_not_explain_it(explainer: Explainer) -> None:
    """Nor does what follows from it; alone they are explained."""
    for line in ("RuntimeError: worker 1 failed, see its own error", "RuntimeError: connection closed by peer"):
        assert explainer.explain(f"KeyError: 'lr'\n{line}", "en") == Findings("KeyError: 'lr'", (), ())
        assert len(explainer.explain(line, "en").explained) == 1


def test_a_warning_of_the_line_that_fails_explains_it(explainer: Explainer) -> None:
    """One of another line does not."""
    warning = "/a/train.py:{line}: UserWarning: making a tensor of such a list is slow\n  x = f(y)\n"
    error = """Traceback (most recent call last):
  File "/a/train.py", line 9, in <module>
AttributeError: 'NoneType' object has no attribute 'odd'"""
    found = explainer.explain(warning.format(line=9) + error, "en")
    assert [one.known.id for one in found.explained] == ["slow-list"]
    assert explainer.explain(warning.format(line=8) + error, "en").explained == ()


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("Address already in use", True),
        ("OSError: [Errno 98] Address already in use", True),
        ("File '/opt/torch/distributed/x.py'\nRuntimeError: Address already in use", True),
        ("node:events:491\nError: listen EADDRINUSE: server.js could not start\nAddress already in use :::3000", False),
        (
            '  File "/envs/torch/lib/python3.11/site-packages/flask/app.py", line 3\nOSError: Address already in use',
            False,
        ),
        ("the port is taken, it says Address already in use, can you stop your notebook server please?", False),
    ],
)
def test_what_other_programs_print_too_counts_where_torch_is_spoken_of(
    explainer: Explainer, text: str, is_found: bool
) -> None:
    """Or where it is all that was asked; an environment's name is no speaking."""
    assert [one.known.id for one in explainer.explain(text, "en").explained] == ["address-in-use"] * is_found


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("SIZES AND DIFFER IN LAYER", True),
        ("sizes ... and ... differ in layer", True),
        ("ValueError: sizes 3 and 4 differ in", False),
        ("differ in layer", True),
        ("in layer", False),
        ("layer in differ", False),
        ("how do I find out why it says sizes 1 and 2 differ in layer fc of my net", True),
        ("the sizes differ and in layer two they do not\nthanks\nbye", False),
    ],
)
def test_part_of_a_message_that_is_typed_is_known(explainer: Explainer, text: str, is_found: bool) -> None:
    """Its words one after the other, in any case of letters, three at least; a letter stands for what nobody typed."""
    found = explainer.explain(text, "en").explained
    assert [one.known.id for one in found] == ["sizes-differ"] * is_found
    if is_found and not found[0].slots:
        assert found[0].told("en")["cause"] == "It takes X, and Y came."


def test_part_of_a_message_in_a_log_needs_more(explainer: Explainer) -> None:
    """Six words: three may be another program's."""
    log = "import torch\nRuntimeError: {}\nbye"
    assert explainer.explain(log.format("differ in layer"), "en").explained == ()
    (one,) = explainer.explain(log.format("making a Tensor of such a list is"), "en").explained
    assert one.known.id == "slow-list"


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("out of memory", "CUDA out of memory."),
        ("cuda out of memory", "CUDA out of memory."),
        ("torch.OutOfMemoryError: CUDA out of memory.", "CUDA out of memory."),
        ("RuntimeError: CUDA out of memory", "CUDA out of memory."),
        ("mat1 and mat2", "mat1 and mat2 shapes cannot be multiplied"),
        ("does not require grad", "element {index:int} of tensors does not require grad"),
        ("must match the size", "The size of tensor a"),
    ],
)
def test_of_many_messages_with_the_same_words_the_one_that_people_meet(text: str, begins: str) -> None:
    """That of which it is the first sentence or the beginning, or that most entries treat."""
    (one,) = Explainer(built_in()).explain(text, "en").explained
    assert any(wording.startswith(begins) for wording in one.known.patterns), one.known.patterns


def test_errors_of_the_front_matter_are_known_too(explainer: Explainer) -> None:
    """Whatever the numbers in them."""
    (one,) = explainer.explain(TRACEBACK, "en").explained
    assert (one.pointers[0].summary.number, one.line) == (62, 7)
    assert one.message == "RuntimeError: mixed device index 17 is out of range"
    assert not any(one.told("en").values())


def test_a_guess_needs_telling_words(searcher: Searcher) -> None:
    """Rare ones, and most of what is said; it is a guess."""
    found = Explainer(searcher).explain("RuntimeError: the hidden Transformer state", "en")
    assert found.explained == ()
    assert [pointer.summary.number for pointer in found.guesses] == [62]


@pytest.mark.parametrize(
    "text",
    [
        "KeyError: 'learning_rate'",
        "ModuleNotFoundError: No module named 'einops'",
        "fatal: not a git repository (or any of the parent directories): .git",
        "hi there\nare you coming to lunch?\nyes, in ten minutes",
        "npm ERR! code ENOENT",
        "error: subprocess-exited-with-error: pip install failed",
        "Segmentation fault (core dumped)",
        "bash: kb: command not found",
        "AttributeError: 'NoneType' object has no attribute 'split'",
        "FileNotFoundError: [Errno 2] No such file or directory: 'data/train.csv'",
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
        "Epoch 3 | loss 0.3 | acc 0.91 | lr 1e-3",
        "",
        " \n\t\n",
    ],
)
def test_what_no_entry_explains(text: str) -> None:
    """Of the built-in deck, with everything that it knows."""
    found = Explainer(built_in()).explain(text, "en")
    assert (found.explained, found.guesses) == ((), ())


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("index 17 is out of range", "index is out of range"),
        ("at 0x7f3a", "at"),
        ("in /home/me/train.py here", "in here"),
        ("conv1 weighs 2.5e-3", "conv1 weighs"),
    ],
)
def test_bare_message(message: str, expected: str) -> None:
    """Without numbers, addresses, paths; digits of names stay."""
    assert expected == bare(message)


def test_every_error_of_the_deck_is_explained_by_its_entry() -> None:
    """Each message of each entry, in a traceback, with other numbers."""
    explainer = Explainer(built_in())
    for summary in built_in().library.summaries:
        for error in summary.errors:
            text = TRACEBACK.rpartition("RuntimeError")[0] + "RuntimeError: " + re.sub(r"\b4\b", "7", error) + "\n"
            found = explainer.explain(text, "en", limit=5)
            numbers = [pointer.summary.number for one in found.explained for pointer in one.pointers]
            assert summary.number in numbers, error


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet='Error: \nTraceback File"x", line 1\x1b[0m/0x', max_size=200))
def test_any_text_can_be_explained(text: str) -> None:
    """Never an error."""
    Explainer(built_in()).explain(text, "en")


LOGGED = {
    "a training": ("2026-01-02 10:11:12 INFO step {at} loss=0.123 lr=1e-3 it/s 12.5 the model is saved", 1_500),
    "of first words": ("{at} The Expected size of shape module Target input index", 10_000),
}
"""A line, and how many times as long as lowering its letters reading it may take, also where coverage is measured."""


@pytest.mark.parametrize("name", LOGGED)
def test_ten_megabytes_take_little(name: str) -> None:
    """A log of a long training in about a second; what stands at its very end is found."""
    line, limit = LOGGED[name]
    text = "\n".join(line.format(at=at) for at in range(10_000_000 // len(line))) + "\n" + TRACEBACK
    explainer = Explainer(built_in())
    explainer.explain("warm", "en")
    begun = time.thread_time()
    found = explainer.explain(text, "en")
    seconds = time.thread_time() - begun
    assert found.root.endswith("mixed device index 17 is out of range")
    assert seconds < limit * _seconds_to_lower(text)


def _seconds_to_lower(text: str) -> float:
    """The median of five."""
    taken = []
    for _ in range(5):
        begun = time.thread_time()
        text.lower()
        taken.append(time.thread_time() - begun)
    return statistics.median(taken)
