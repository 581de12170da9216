"""A deck of 10,000 entries: brought in, made a site of, and searched in the browser.

Run with ``python -m pytest -m bench -s tests/bench/test_large_deck.py`` for the figures. Processor seconds, and beside
them those of reading the same text with the Markdown library alone: what is above that is our own.
"""

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest
from markdown_it import MarkdownIt

from tests.conftest import ROOT

pytestmark = pytest.mark.bench

ENTRIES = 10_000
MEMORY = 1_000_000_000
"""Bytes that an import, and a site, may take."""
SEARCH = 100
"""Milliseconds from the last key to what is shown, files from the disk included."""
PAUSE = 100
"""Milliseconds between two keys, of somebody who types fast."""

MEASURED = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""


def notes(words: list[str]) -> str:
    """Questions with what notes have: paragraphs, a formula, a list, code, a card."""
    dice = random.Random(0)

    def sentence(length: int) -> str:
        return " ".join(dice.choices(words, k=length)).capitalize() + "."

    return "\n".join(
        f"## {number}. How does {sentence(5)[:-1].lower()}?\n\n{' '.join(sentence(14) for _ in range(5))}\n\n"
        f"The update is $\\theta_{{{number}}} = \\theta_t - \\eta \\nabla L$ with `torch.{dice.choice(words)}`.\n\n"
        f"- {sentence(14)}\n- {sentence(14)}\n\n```python\nimport torch\nx = torch.randn({number}, 4)\n```\n"
        for number in range(1, ENTRIES + 1)
    )


def vocabulary() -> list[str]:
    """As many words as a text of that length has, a few of them most of the time."""
    dice = random.Random(1)
    parts = "gra ten sor lay norm drop at ten tion batch learn rate ep och ker nel stri pad chan weight de cay".split()
    many = sorted({"".join(dice.choices(parts, k=dice.randint(2, 4))) for _ in range(6_000)})
    return many + [word for word in ("dropout", "softmax", "gradient", "attention", "entropy") for _ in range(60)]


def measured(*arguments: str, home: Path) -> tuple[float, int]:
    """Processor seconds and peak bytes of a command."""
    call = [sys.executable, "-c", MEASURED, sys.executable, "-m", "kb", *arguments]
    done = subprocess.run(
        call, cwd=ROOT, env={"KB_HOME": str(home), "PATH": "/usr/bin:/bin"}, capture_output=True, check=True
    )
    code, seconds, peak = json.loads(done.stdout)
    assert code == 0
    return seconds, peak


@pytest.fixture(scope="module", name="place")
def large_deck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the notes."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "notes.md").write_text(notes(vocabulary()), encoding="utf-8")
    return folder


def test_import_and_site(place: Path) -> None:
    """Under a minute and two, in a fifth of the memory that they may take."""
    text = (place / "notes.md").read_text(encoding="utf-8")
    start = time.process_time()
    MarkdownIt("commonmark").parse(text)
    floor = time.process_time() - start
    deck, site = str(place / "deck"), str(place / "site")
    brought, peak = measured("import", str(place / "notes.md"), "--into", deck, home=place)
    print(f"\nthe library alone {floor:.1f} s; import {brought:.1f} s, {peak / 1e6:.0f} MB")
    assert len(list((place / "deck").iterdir())) == ENTRIES + 1
    assert brought < 12 * floor
    assert peak < MEMORY
    again, peak_again = measured("import", str(place / "notes.md"), "--into", deck, home=place)
    print(f"once more, nothing new {again:.1f} s, {peak_again / 1e6:.0f} MB")
    assert again < 1.5 * brought
    made, peak_site = measured("export", "html", "--deck", deck, "--out", site, home=place)
    print(f"site {made:.1f} s, {peak_site / 1e6:.0f} MB")
    assert made < 24 * floor
    assert peak_site < MEMORY


def test_search_in_the_browser(place: Path) -> None:
    """Words that stand in many entries and words that stand in few, each asked of a page that was just opened: typed,
    which is held to the bound, and pasted, when all that they need is read at once, which is told beside it."""
    from playwright.sync_api import sync_playwright

    browser = shutil.which("chromium")
    assert browser, "no Chromium on this machine"
    page_file = next((place / "site").glob("001-*.html"))
    words = ("dropout", "softmax entropy", "gradient attention dropout softmax", vocabulary()[0], "attentions", "zzzz")
    typed: dict[str, list[float]] = {word: [] for word in words}
    pasted: dict[str, list[float]] = {word: [] for word in words}
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(5):
            for word in words:
                for took, delay in ((typed, PAUSE), (pasted, 0)):
                    page = started.new_page()
                    page.goto(page_file.as_uri())
                    if delay:
                        page.click("#search")
                        page.keyboard.type(word, delay=delay)
                    else:
                        page.fill("#search", word)
                    page.wait_for_function("document.documentElement.dataset.took !== undefined")
                    page.wait_for_timeout(500)  # the answer to the last key, not to the first
                    took[word].append(float(page.evaluate("document.documentElement.dataset.took")))
                    page.close()
        started.close()
    for how, took in (("typed", typed), ("pasted", pasted)):
        print(f"\n{how}, ms from the last key:", {word: round(median(each)) for word, each in took.items()})
    assert max(median(each) for each in typed.values()) < SEARCH
