"""Search: what is found, what is shown of it, and an index that survives whatever happens to it."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.deck.library import Library
from kb.search.glossary import Glossary, Listed, compiled, read_glossary
from kb.search.labelled import read_queries
from kb.search.searcher import Results, Searcher
from quiz.kinds.table import all_kinds
from tests.conftest import CONTENT, EN, ROOT, SNIPPET, ZH, Kb, only_json, write_entry
from tests.pseudo_terminal import Screen


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three entries, on the mean (61), on the LSTM (62, of another area, level 2) and a sibling of 61 (63)."""
    monkeypatch.setenv("KB_DECK", str(deck))
    monkeypatch.setenv("NO_COLOR", "1")
    english = EN.format(number=62).replace("area: training", "area: sequence").replace("level: 1", "level: 2")
    english = english.replace("[mean, average]", "[LSTM]").replace("related: [62]", "related: []")
    english = english.replace(
        "aliases: [average, torch.mean, 平均值]", "aliases: [nn.LSTM, long short-term memory, 长短期记忆]"
    )
    english = english.replace("What is the mean of a batch?", "How does an LSTM keep a gradient?")
    english = english.replace("The mean is the sum", "The hidden state of a Transformer is none: the mean is the sum")
    english = english.replace("mean(): could not infer output dtype", "mixed device index 3 is out of range")
    chinese = (
        ZH.format(number=62)
        .replace("一个 batch 的均值是什么？", "LSTM 如何保住梯度？")
        .replace("先求和", "梯度消失时，先求和")
    )
    write_entry(deck, 62, "lstm", en=english, zh=chinese)
    write_entry(
        deck,
        63,
        "mean-again",
        en=EN.format(number=63).replace("related: [62]", "related: [61]").replace("of a batch", "of everything"),
    )
    (deck / "glossary.toml").write_text(
        'same = [["LSTM", "长短期记忆"], ["attention", "注意力"], ["average", "arithmetisches mittel"]]\n'
    )
    return deck


def opened(deck: Path, cache: Path | None = None) -> Searcher:
    """The deck's index in a cache folder, or in memory."""
    return Searcher.open(Library.open(deck, cache, all_kinds), cache)


@pytest.fixture
def index(small: Path) -> Searcher:
    """Its index, in memory."""
    return opened(small)


def numbers(found: Results) -> list[int]:
    """The entries that were found, best first."""
    return [hit.summary.number for hit in found.hits]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("lstm", 62),
        ("LSTM?", 62),
        ("nn.LSTM", 62),
        ("torch.nn.LSTM", 62),
        ("长短期记忆", 62),
        ("長短期記憶", 62),
        ("梯度消失", 62),
        ("梯度消逝", 62),
        ("ＬＳＴＭ", 62),
        ("What is the mean of a batch?", 61),
        ("mean-again", 63),
        ("torch.mean", 61),
        ("平均值", 61),
        ("could not infer output dtype", 61),
        ("arithmetisches mittel", 61),
    ],
)
def test_first(index: Searcher, query: str, first: int) -> None:
    """Words, names, either language, traditional characters, question marks, errors, words that mean the same."""
    found = index.search(query)
    assert first in (numbers(found)[0], *found.hits[0].also)


@pytest.mark.parametrize(
    ("query", "shown_for", "first"),
    [
        ("transfromer", "transformer", 62),
        ("transfrmer state", "transformer state", 62),
        ("transfo", "transformer", 62),
        ("hiddenstate", "hidden state", 62),
        ("長短期記憶", "长短期记忆", 62),
    ],
)
def test_words_that_stand_nowhere(index: Searcher, query: str, shown_for: str, first: int) -> None:
    """A slip, a beginning, two words in one, traditional characters: it is said what was searched for."""
    found = index.search(query)
    assert (found.shown_for, numbers(found)[0]) == (shown_for, first)


def test_known_words_are_left_alone(index: Searcher) -> None:
    """What stands somewhere is searched for as it is; what is like nothing finds nothing."""
    assert index.search("lstm state").shown_for == ""
    assert index.search("qqqqqzzzz") == Results(())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"hidden state"', [62]),
        ('"state hidden"', []),
        ('"平均 值"', []),
        ("mean -transformer", [61, 63]),
        ("mean tag:lstm", [62]),
        ("tag:average", [61, 63]),
        ("area:sequence", [62]),
        ("level:2", [62]),
        ("mean level:1 -again", [61]),
        ("api:os.environ", [61, 62, 63]),
        ("api:torch.nope", []),
    ],
)
def test_signs(index: Searcher, query: str, expected: list[int]) -> None:
    """Phrases, exclusions and filters."""
    assert sorted(numbers(index.search(query, every=True))) == expected


def test_entries_on_one_subject_are_one_hit(index: Searcher) -> None:
    """Unless all are asked for."""
    grouped = index.search("average")
    assert numbers(grouped) == [61] or numbers(grouped) == [63]
    assert len(grouped.hits[0].also) == 1
    assert sorted(numbers(index.search("average", every=True))) == [61, 63]


def test_passage_is_prose_with_marks(index: Searcher) -> None:
    """The best line holds the words, marked; the words that were matched are told."""
    hit = index.search("hidden transformer").hits[0]
    (first, *_) = hit.passages
    assert [first.text[start:end] for start, end in first.marks] == ["hidden", "Transformer"]
    assert set(hit.matched) == {"hidden", "transformer"}
    assert "Any book" not in index.search("sum over count").hits[0].passages[0].text


def test_passage_of_the_other_language_where_only_that_has_it(index: Searcher) -> None:
    """An English reader who asks in Chinese sees the Chinese line that was found."""
    assert "梯度消失时" in index.search("梯度消失").hits[0].passages[0].text


def test_words_beside_a_phrase_that_stands_nowhere(index: Searcher) -> None:
    """They are searched for with its words, which is told; nothing but phrases stays strict."""
    found = index.search('hidden "state of wombats"')
    assert numbers(found)[:1] == [62]
    assert found.shown_for == "hidden state of wombats"
    assert index.search('hidden "state"').shown_for == ""
    strict = index.search('"state hidden"')
    assert (strict.hits, strict.shown_for) == ((), "")


def test_quiz_keys_are_not_searchable(index: Searcher) -> None:
    """No option, explanation or solution of a quiz is in the index."""
    assert index.search("statistics.fmean").hits == ()
    assert index.search('"nine over three"').hits == ()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | st.text(alphabet='"-:()[]{}~^*?\\/ &|+!tagapi 梯', max_size=60))
def test_any_text_can_be_searched_for(text: str) -> None:
    """Unicode of all planes, control characters, quotes, operators: never an error."""
    content_index().search(text, is_typing=len(text) % 2 == 0)


@pytest.mark.parametrize("text", ["a" * 100_000, "梯度" * 50_000, '"' * 100_001, "lstm " * 20_000, "-x:" * 33_000])
def test_long_text_can_be_searched_for(text: str) -> None:
    """100 kB answer within seconds."""
    started = time.monotonic()
    content_index().search(text)
    assert time.monotonic() - started < 10


def content_index() -> Searcher:
    """The built-in deck's index, made once."""
    if not _made:
        _made.append(Searcher.open(Library.open(CONTENT, None, all_kinds), None))
    return _made[0]


_made: list[Searcher] = []


def test_queries_of_the_deck_find_their_entries() -> None:
    """Mean reciprocal rank and recall at 1, by kind: a drop fails. Nothing that is asked finds nothing."""
    queries, complaints = read_queries(CONTENT)
    assert complaints == []
    there = set(content_index().library.by_number)
    ranks: dict[str, list[float]] = {}
    missed = []
    for query in queries:
        if not there & set(query.entries):
            continue
        found = content_index().search(query.text, 10).hits
        places = [at for at, hit in enumerate(found, 1) if {hit.summary.number, *hit.also} & set(query.entries)]
        ranks.setdefault(query.kind, []).append(1 / places[0] if places else 0.0)
        if places[:1] != [1]:
            missed.append((query.text, query.entries, [hit.summary.number for hit in found[:3]]))
        assert found, query.text
    print()
    for kind, found_ranks in ranks.items():
        mean, first = sum(found_ranks) / len(found_ranks), sum(rank == 1 for rank in found_ranks) / len(found_ranks)
        print(f"{kind:17} {len(found_ranks):4} queries  MRR@10 {mean:.3f}  first {first:.3f}")
        assert mean >= 0.90, missed
    every = [rank for found_ranks in ranks.values() for rank in found_ranks]
    assert len(every) >= 50
    assert sum(every) / len(every) >= 0.95, missed


# The glossary


def test_glossary_finds_whole_words_alone() -> None:
    """Chinese anywhere, English as words; what is there already is not given again."""
    glossary = Glossary(
        compiled(Listed([["RNN", "循环神经网络"], ["vanishing gradient", "梯度消失"]], ["neural network"]))
    )
    assert glossary.same("an RNN") == ["循环神经网络"]
    assert glossary.same("CRNN") == []
    assert glossary.same("什么是循环神经网络") == ["RNN"]
    assert glossary.same("vanishing gradients") == ["梯度消失"]
    assert glossary.same("rnn 循环神经网络") == []
    assert glossary.plain("Neural networks that count") == ["neural network"]
    assert glossary.plain("the network's neural code") == []


def test_words_that_every_entry_is_about_count_for_little(small: Path) -> None:
    """Beside other words; alone they are what is asked for."""

    def scores(query: str, plain: str) -> dict[int, float]:
        (small / "glossary.toml").write_text(plain)
        found = opened(small).search(query, every=True)
        return {hit.summary.number: hit.score for hit in found.hits}

    before, after = (scores("transformer average", plain) for plain in ("", 'plain = ["average"]'))
    assert after[62] == pytest.approx(before[62])
    assert after[61] < 0.2 * before[61]
    assert scores("average", 'plain = ["average"]') == pytest.approx(scores("average", ""))


@pytest.mark.parametrize(
    "text", ["same = 3", 'same = [["one"]]', "same = [", 'other = "x"', 'plain = "torch"', "plain = [1]"]
)
def test_glossary_with_a_mistake_is_told(tmp_path: Path, text: str) -> None:
    """One complaint, no error."""
    (tmp_path / "glossary.toml").write_text(text)
    listed, complaints = read_glossary(tmp_path)
    assert listed == Listed([], [])
    assert len(complaints) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[[query]]",
        '[[query]]\ntext = "a"\nkind = "api"\nentries = []',
        '[[query]]\ntext = "a"\nkind = "b"\nentries = [61]',
        "x",
    ],
)
def test_queries_with_a_mistake_are_told(tmp_path: Path, text: str) -> None:
    """One complaint, no error."""
    (tmp_path / "queries.toml").write_text(text)
    queries, complaints = read_queries(tmp_path)
    assert queries == []
    assert len(complaints) == 1


# The index on the disk


def test_index_is_renewed_entry_by_entry(small: Path, tmp_path: Path) -> None:
    """After a change only the changed entry is written again; what is gone is found no more."""
    cache = tmp_path / "cache"
    done: list[int] = []
    assert numbers(opened(small, cache).search("lstm")) == [62]
    path = small / "062-lstm" / "en.md"
    path.write_text(path.read_text().replace("hidden state", "wombat state"))
    index = Searcher.open(Library.open(small, cache, all_kinds), cache, lambda _, whole: done.append(whole))
    assert done == [1]
    assert numbers(index.search("wombat")) == [62]
    assert index.search('"hidden state"').hits == ()
    shutil.rmtree(small / "062-lstm")
    assert index.search("nothing") is not None
    assert opened(small, cache).search("wombat").hits == ()
    assert len(list((cache / "indexes").iterdir())) == 1


@pytest.mark.parametrize("how", ["garbage", "empty", "missing", "file", "half"])
def test_damaged_index_is_made_anew(small: Path, tmp_path: Path, how: str) -> None:
    """Whatever lies there, the answer is the same."""
    cache = tmp_path / "cache"
    opened(small, cache)
    (folder,) = (cache / "indexes").iterdir()
    files = [path for path in folder.iterdir() if path.is_file()]
    if how == "missing":
        for path in files:
            if path.name != "meta.json":
                path.unlink()
    elif how == "file":
        shutil.rmtree(folder)
        folder.write_text("in the way")
    else:
        for path in files:
            data = path.read_bytes()
            path.write_bytes({"garbage": b"\x13" * len(data), "empty": b"", "half": data[: len(data) // 2]}[how])
    assert numbers(opened(small, cache).search("lstm")) == [62]
    assert numbers(opened(small, cache).search("lstm")) == [62]


def test_damage_that_opening_does_not_meet(small: Path, tmp_path: Path) -> None:
    """Found while searching, the index is made anew, and the answer comes."""
    cache = tmp_path / "cache"
    opened(small, cache)
    for path in (cache / "indexes").rglob("*"):
        if path.suffix in (".fast", ".store", ".fieldnorm", ".idx"):
            path.write_bytes(bytes(len(path.read_bytes())))
    assert numbers(opened(small, cache).search("lstm")) == [62]
    assert numbers(opened(small, cache).search("lstm")) == [62]


def test_read_only_cache_answers_from_memory(small: Path, home: Path, kb: Kb) -> None:
    """A cache folder that cannot be made is no reason not to answer."""
    (home / "cache").write_text("in the way")
    assert kb("search", "lstm").stdout.split()[0] == "62"


def test_two_processes_build_at_once(small: Path, home: Path, kb: Kb) -> None:
    """Both answer, and the index is whole."""
    for number in range(64, 70):
        write_entry(small, number, f"more-{number}")
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(kb("search", "lstm").stdout.split()[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["62"] * 4
    assert kb("search", "lstm").stdout.split()[0] == "62"


BUILD = """
import sys
from pathlib import Path
import kb.search.index
kb.search.index.BATCH = 20
from kb.deck.library import Library
from kb.search.searcher import Searcher
from quiz.kinds.table import all_kinds
library = Library.open(Path(sys.argv[1]), Path(sys.argv[2]), all_kinds)
print("go", flush=True)
Searcher.open(library, Path(sys.argv[2]), lambda done, whole: print(done, flush=True))
"""


def test_killed_build_is_gone_on_with(tmp_path: Path, home: Path) -> None:
    """SIGKILL in the middle: what was written stays, the rest follows, nothing is there twice."""
    deck, cache = tmp_path / "deck", tmp_path / "cache"
    deck.mkdir()
    (deck / "deck.toml").write_text('name = "many"\nlanguages = ["en"]\n')
    for number in range(1, 301):
        folder = deck / f"{number:03d}-note"
        folder.mkdir()
        (folder / "en.md").write_text(f"# {number}. Where is number{number}?\n\nIt is wombat{number}.\n")
    command = [sys.executable, "-c", BUILD, str(deck), str(cache)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=dict(os.environ))
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(4)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert lines[0] == "go"
    counts: list[int] = []
    index = Searcher.open(Library.open(deck, cache, all_kinds), cache, lambda _, whole: counts.append(whole))
    assert counts
    assert counts[0] <= 300 - 20 * (len(lines) - 1)
    for number in (1, 20, 60, 150, 300):
        found = numbers(index.search(f"wombat{number}", 300, every=True))
        assert (found[0], found.count(number)) == (number, 1)


def test_large_deck_is_not_looked_at_on_every_start(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above a size the files are trusted for a while; what is shown of an entry is true all the same."""
    monkeypatch.setattr("kb.deck.library.LARGE", 2)
    cache = tmp_path / "cache"
    assert not Library.open(small, cache, all_kinds).is_trusted
    index = opened(small, cache)
    assert index.library.is_trusted
    path = small / "062-lstm" / "en.md"
    path.write_text(path.read_text().replace("How does an LSTM keep", "How does an LSTM lose"))
    (hit,) = opened(small, cache).search("lstm").hits
    assert hit.summary.titles["en"] == "How does an LSTM lose a gradient?"
    write_entry(small, 64, "wombat", en=EN.format(number=64).replace("of a batch", "of a wombat"))
    refreshed: list[Path] = []
    with sqlite3.connect(next((cache / "decks").glob("*.db"))) as connection:
        connection.execute("UPDATE meta SET value = '[0, 0]' WHERE key = 'scanned'")
    Library.open(small, cache, all_kinds, on_stale=lambda path, _: refreshed.append(path))
    assert refreshed == [small]


def test_background_process_finds_what_is_new(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it does: all files looked at, the index brought up to date."""
    from kb.cli.refresh import refresh_whole

    monkeypatch.setattr("kb.deck.library.LARGE", 2)
    cache = tmp_path / "cache"
    opened(small, cache)
    write_entry(small, 64, "wombat", en=EN.format(number=64).replace("of a batch", "of a wombat"))
    refresh_whole(str(small), str(cache))
    assert numbers(opened(small, cache).search("wombat")) == [64]


# The command


def test_command_tells_what_it_searched_for(small: Path, kb: Kb) -> None:
    """On stderr; --json holds it; the hits are on stdout."""
    done = kb("search", "transfromer")
    assert done.stderr == "showing results for transformer\n"
    assert done.stdout.split()[0] == "62"
    value = only_json(kb("search", "transfromer", "--json").stdout)
    assert value["shown_for"] == "transformer"
    hit = value["hits"][0]
    assert (hit["number"], hit["matched"]) == (62, ["transformer"])
    (passage, *_) = hit["passages"]
    start, end = passage["marks"][0]
    assert passage["text"][start:end] == "Transformer"


def test_open_and_all(small: Path, kb: Kb) -> None:
    """--open shows the first hit; --all lists every entry."""
    assert kb("search", "lstm", "--open").stdout == kb("show", "62").stdout
    assert len(only_json(kb("search", "average", "--all", "--json").stdout)["hits"]) == 2
    assert len(only_json(kb("search", "average", "--json").stdout)["hits"]) == 1


def test_picker(small: Path, home: Path) -> None:
    """Typing narrows, arrows point, Enter shows, letters act on what is pointed at."""
    with Screen("search", rows=30) as screen:
        screen.wait_for("choose")
        screen.send("transf")
        screen.wait_for("How does an LSTM keep a gradient?")
        assert "mean of everything" not in screen.text
        screen.send("\x7f\x7f\x7f\x7f\x7f\x7fmean")
        screen.wait_for("mean of a batch")
        screen.send("\x1b[B\x1b[B\x1b[A")
        screen.wait_for("r run")
        screen.send("\r")
        assert screen.end() == 0
        assert "See also" in screen.text


def test_picker_runs_and_leaves(small: Path, home: Path) -> None:
    """r runs what is pointed at; Escape leaves without a word."""
    with Screen("search", rows=30) as screen:
        screen.wait_for("choose")
        screen.send("lstm\x1b[B")
        screen.wait_for("r run")
        screen.send("r")
        assert screen.end(60) == 0
        assert "✓ passed" in screen.text
    with Screen("search", rows=30) as screen:
        screen.wait_for("choose")
        screen.send("\x1b")
        assert screen.end() == 0


# kb explain


TRACEBACK = """Epoch 1 loss 0.5
Traceback (most recent call last):
  File "/home/me/train.py", line 12, in <module>
    main()
  File "/home/me/lib/torch/nn/x.py", line 99, in forward
    return y.mean()
RuntimeError: mixed device index 17 is out of range
"""


def test_explain_reads_a_traceback(small: Path, kb: Kb) -> None:
    """From a pipe: paths and numbers do not matter; the entry that knows the message comes first."""
    done = subprocess.run(
        [sys.executable, "-m", "kb", "explain"], input=TRACEBACK, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "RuntimeError: mixed device index 17 is out of range" in done.stdout
    assert "62" in done.stdout
    assert "kb show 62" in done.stdout
    value = only_json(kb("explain", "mixed device index 99 is out of range", "--json").stdout)
    assert [(one["number"], one["score"]) for one in value["matches"]] == [(62, 1.0)]


def test_explain_says_when_nothing_fits(small: Path, kb: Kb) -> None:
    """One line, and the exit code 1; an empty pipe too."""
    done = kb("explain", "KeyError: 'learning_rate'")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "no entry explains" in done.stderr
    empty = kb("explain")
    assert (empty.returncode, empty.stderr.count("\n")) == (1, 1)


def test_every_error_of_the_deck_is_explained_by_its_entry() -> None:
    """Each message of each entry, in a traceback, with other numbers."""
    from kb.search.explain import explain

    index = content_index()
    for summary in index.library.summaries:
        for error in summary.errors:
            text = TRACEBACK.rpartition("RuntimeError")[0] + "RuntimeError: " + error.replace("4", "7") + "\n"
            message, found = explain(index, text, "en", limit=5)
            assert summary.number in [one.summary.number for one in found], (error, message)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet='Error: \nTraceback File"x", line 1\x1b[0m/0x', max_size=200))
def test_any_text_can_be_explained(text: str) -> None:
    """Never an error."""
    from kb.search.explain import explain

    explain(content_index(), text, "en")


def test_snippets_are_searchable(index: Searcher) -> None:
    """Words of the code are found, below those of the text."""
    assert SNIPPET.count("KB_DEVICE")
    assert numbers(index.search("KB_DEVICE", every=True))
