"""Search is quick, also on 100,000 notes, and finds what others do not.

Medians of interleaved runs in one environment, bytecode on. The programs that it is compared with come with the extra
``bench``. Run with ``python -m pytest -m bench -s tests/bench/test_search.py``.
"""

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from kb.deck.library import Library
from kb.search.labelled import KINDS, Labelled, read_queries
from kb.search.searcher import Searcher
from quiz.kinds.table import all_kinds
from tests.bench.test_start import EMPTY, LIMITS, installed
from tests.conftest import CONTENT, ROOT
from tests.search.heldout import questions

pytestmark = pytest.mark.bench

ROUNDS = 15
MANY = 100_000


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """A home of its own, bytecode on."""
    values = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return values | {"KB_HOME": str(home), "PYTHONPATH": str(ROOT), "TLDR_CACHE_ENABLED": "1"}


def timed(calls: dict[str, list[str]], environ: dict[str, str], cwd: Path) -> dict[str, float]:
    """Median seconds of each call, in turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(ROUNDS + 2):
        for name, call in calls.items():
            started = time.perf_counter()
            subprocess.run(
                call, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, cwd=cwd
            )
            if round_ >= 2:  # the first rounds compile modules and fill caches
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def plain_texts() -> dict[int, str]:
    """Each entry's text as a file would hold it, both languages."""
    library = Library.open(CONTENT, None, all_kinds)
    return {
        summary.number: "\n".join(
            [*summary.titles.values(), *summary.aliases, *summary.errors]
            + [text for lines in library.lines(summary.number).values() for text, _ in lines]
        )
        for summary in library.summaries
    }


def test_cold_search(tmp_path: Path, environ: dict[str, str]) -> None:
    """kb search lstm against an empty typer program, sqlite-utils on the same texts, and the tldr client."""
    program, database = tmp_path / "empty.py", tmp_path / "texts.db"
    program.write_text(EMPTY)
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE entry (number INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany("INSERT INTO entry VALUES (?, ?)", plain_texts().items())
    beside = Path(sys.executable).parent
    calls = {"typer": [sys.executable, str(program), "hello"], "kb search": [*installed(), "search", "lstm"]}
    if (beside / "sqlite-utils").exists():
        subprocess.run([beside / "sqlite-utils", "enable-fts", database, "entry", "text"], check=True)
        calls["sqlite-utils search"] = [str(beside / "sqlite-utils"), "search", str(database), "entry", "lstm"]
    if (beside / "tldr").exists():
        # What it needs of its cache to answer without the network.
        pages = tmp_path / ".cache" / "tldr" / "pages" / "common"
        pages.mkdir(parents=True)
        for number in range(80):
            (pages / f"lstm-{number}.md").write_text(f"# lstm-{number}\n\n> Text.\n")
        environ = environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / ".cache")}
        calls["tldr --search"] = [str(beside / "tldr"), "--search", "lstm"]
    medians = timed(calls, environ, tmp_path)
    print()
    for name, seconds in medians.items():
        print(f"{name:20} {1000 * seconds:6.0f} ms  {seconds / medians['typer']:.2f}x")
    for name in ("sqlite-utils search", "tldr --search"):
        if name not in calls:
            print(f"{name:20} not installed: pip install '.[bench]'")
    assert medians["kb search"] <= LIMITS["search", "lstm"] * medians["typer"]
    if "sqlite-utils search" in medians:
        assert medians["kb search"] < 0.5 * medians["sqlite-utils search"]


def replicated(folder: Path, count: int) -> Path:
    """A deck of real entries, each several times."""
    deck = folder / "deck"
    deck.mkdir()
    (deck / "deck.toml").write_text('name = "eighty"\nlanguages = ["en", "zh"]\n')
    sources = sorted(path for path in CONTENT.iterdir() if path.is_dir())
    for at in range(count):
        source = sources[at % len(sources)]
        target = deck / f"{100 + at:03d}{source.name[3:]}"
        shutil.copytree(source, target)
        for language in ("en", "zh"):
            path = target / f"{language}.md"
            path.write_text(path.read_text().replace(f"# {int(source.name[:3])}. ", f"# {100 + at}. ", 1))
    shutil.copy(CONTENT / "glossary.toml", deck)
    return deck


def percentiles(do: Callable[[str], object], queries: list[str]) -> tuple[float, float, float]:
    """Median, p90 and p95 of the seconds that a query takes."""
    for query in queries[:20]:
        do(query)
    times = []
    for query in queries:
        started = time.perf_counter()
        do(query)
        times.append(time.perf_counter() - started)
    times.sort()
    return statistics.median(times), times[int(0.90 * len(times))], times[int(0.95 * len(times))]


def test_eighty_entries_in_the_process(tmp_path: Path) -> None:
    """Ranked within 2 ms at p95; with the passages of ten hits beside it."""
    index = Searcher.open(Library.open(replicated(tmp_path, 80), None, all_kinds), None)
    queries = [query.text for query in read_queries(CONTENT)[0]] * 3
    ranked = percentiles(lambda text: index.ranked(text, 30), queries)
    whole = percentiles(lambda text: index.search(text), queries)
    for name, (median, p90, p95) in (("ranked", ranked), ("with passages", whole)):
        print(f"\n{name:14} median {1000 * median:.2f} ms, p90 {1000 * p90:.2f} ms, p95 {1000 * p95:.2f} ms", end="")
    print()
    assert ranked[2] < 0.002


WORDS = (
    "gradient descent tensor attention dropout kernel padding batch layer optimizer embedding transformer convolution "
    "recurrent lstm mask softmax logits entropy sampler scheduler"
).split()
HAN = "梯度下降张量注意力丢弃卷积核填充批量层优化器嵌入变换器循环网络掩码损失函数采样调度训练验证数据"


def make_notes(deck: Path, count: int) -> None:
    """Notes of about 80 words, drawn as in a language: few words are frequent, most are rare; a Chinese sentence."""
    dice = Random(3)
    made = [
        "".join(dice.choice("bcdfghklmnprstvz") + dice.choice("aeiou") for _ in range(dice.randint(2, 4)))
        for _ in range(20_000)
    ]
    frequencies = [1 / (at + 5) for at in range(len(made))]
    deck.mkdir()
    (deck / "deck.toml").write_text('name = "notes"\nlanguages = ["en"]\n')
    for number in range(1, count + 1):
        words = dice.choices(made, frequencies, k=70) + dice.choices(WORDS, k=8)
        dice.shuffle(words)
        title, gist, body = (" ".join(part).capitalize() for part in (words[:5], words[5:25], words[25:]))
        han = "".join(dice.choices(HAN, k=25))
        folder = deck / f"{number:03d}-note"
        folder.mkdir()
        (folder / "en.md").write_text(f"# {number}. {title}?\n\n{gist}.\n\n## More\n\n{body}. {han}。\n")


def test_hundred_thousand_notes(tmp_path: Path, environ: dict[str, str], home: Path) -> None:
    """Built at 1,500 notes a second or more, read and indexed; searched within 5 ms (median) and 15 ms (p90); a cold
    process at most 1.3 times as long as on 80 entries; a changed note found without building anew."""
    deck, cache = tmp_path / "notes", home / "cache"
    make_notes(deck, MANY)
    started = time.process_time()
    library = Library.open(deck, cache, all_kinds)
    read = time.process_time()
    index = Searcher.open(library, cache)
    built = time.process_time()
    print(f"\nread {MANY / (read - started):.0f} notes a second of CPU, indexed {MANY / (built - read):.0f}")
    dice = Random(5)
    queries = [" ".join(dice.sample(WORDS, dice.randint(1, 3))) for _ in range(150)]
    queries += ["".join(dice.choices(HAN, k=dice.randint(2, 4))) for _ in range(100)]
    median, p90, p95 = percentiles(lambda text: index.search(text), queries)
    print(f"in the process: median {1000 * median:.1f} ms, p90 {1000 * p90:.1f} ms, p95 {1000 * p95:.1f} ms")
    eighty = replicated(tmp_path, 80)
    calls = {
        "80 entries": [*installed(), "search", "lstm", "--deck", str(eighty)],
        f"{MANY:,} notes": [*installed(), "search", "lstm", "--deck", str(deck)],
    }
    few, many = timed(calls, environ, tmp_path).values()
    print(f"cold: {1000 * few:.0f} ms on 80 entries, {1000 * many:.0f} ms on {MANY:,} notes, {many / few:.2f}x")
    path = deck / "500-note" / "en.md"
    path.write_text(path.read_text().replace("?\n", " wombat?\n"))
    started = time.perf_counter()
    library = Library.open(deck, cache, all_kinds)
    library.freshen(500)
    changed = Searcher.open(library, cache)
    print(f"one changed note indexed in {1000 * (time.perf_counter() - started):.0f} ms")
    assert [hit.summary.number for hit in changed.search("wombat").hits] == [500]
    assert MANY / (built - read) >= 1500
    assert median < 0.005
    assert p90 < 0.015
    assert many <= 1.3 * few


# Against others, on the same texts


ASKED = ("english-question", "chinese-question", "colloquial", "symptom", "api", "keywords", "misspelling")
"""What a question that somebody asked is an example of."""

Finder = Callable[[str], list[int]]


def by_fts5(tokenizer: str) -> Finder:
    """SQLite's own full-text search; the query's words, any of them, in quotes, so that no sign is syntax."""
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE VIRTUAL TABLE entry USING fts5(text, tokenize='{tokenizer}')")
    connection.executemany("INSERT INTO entry (rowid, text) VALUES (?, ?)", plain_texts().items())

    def find(query: str) -> list[int]:
        words = " OR ".join('"' + word.replace('"', '""') + '"' for word in query.split())
        return [
            row[0]
            for row in connection.execute(
                "SELECT rowid FROM entry WHERE entry MATCH ? ORDER BY rank LIMIT 10", (words,)
            )
        ]

    return find


def by_ripgrep(folder: Path) -> Finder:
    """Lines that hold any of the words, counted: by rg, or by grep where that is missing, which finds the same."""
    for number, text in plain_texts().items():
        (folder / f"{number}.md").write_text(text)
    program = [shutil.which("rg") or "grep", "-i", "-c", "-F"]

    def find(query: str) -> list[int]:
        patterns = [part for word in query.split() for part in ("-e", word)]
        files = sorted(map(str, folder.glob("*.md")))
        done = subprocess.run([*program, *patterns, *files], capture_output=True, text=True, check=False)
        counts = [line.rpartition(":") for line in done.stdout.splitlines()]
        found = sorted(((int(count), Path(name).stem) for name, _, count in counts if int(count)), reverse=True)
        return [int(number) for _, number in found[:10]]

    return find


def rank_of(found: list[int], query: Labelled) -> float:
    """The reciprocal of the first right one's place."""
    return next((1 / at for at, number in enumerate(found, 1) if number in query.entries), 0.0)


LABELLED = {
    "the deck's own": (read_queries(CONTENT)[0], KINDS),
    "as people ask, tuned by": (questions("tuning"), ASKED),
    "as people ask, held out": (questions("test"), ASKED),
}


@pytest.mark.parametrize("which", LABELLED)
def test_finds_what_others_do_not(which: str, tmp_path: Path) -> None:
    """MRR at 10 by kind of query, beside FTS5 with two tokenizers and ripgrep."""
    labelled, kinds = LABELLED[which]
    index = Searcher.open(Library.open(CONTENT, None, all_kinds), None)
    there = set(index.library.by_number)
    queries = [query for query in labelled if query.entries[0] in there]

    def ours(text: str) -> list[int]:
        return [hit.summary.number for hit in index.search(text, 10, every=True).hits]

    finders: dict[str, Finder] = {
        "kb": ours,
        "FTS5 unicode61": by_fts5("unicode61"),
        "FTS5 trigram": by_fts5("trigram"),
        "ripgrep": by_ripgrep(tmp_path),
    }
    print(f"\n{which}, {len(queries)}\n{'MRR@10':17}" + "".join(f"{name:>16}" for name in finders))
    means = {}
    for kind in (*kinds, "all"):
        asked = [query for query in queries if kind in (query.kind, "all")]
        row = {
            name: statistics.mean(rank_of(find(query.text), query) for query in asked) for name, find in finders.items()
        }
        means[kind] = row
        print(f"{kind:17}" + "".join(f"{value:16.3f}" for value in row.values()))
    assert all(means["all"]["kb"] > value for name, value in means["all"].items() if name != "kb")
