"""Where exports go: an earlier one is replaced without a question, and nothing else ever is."""

import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from kb.errors import UsageError
from kb.exchange.site.site_folder import MANIFEST, site_folder
from kb.files import PART, put
from quiz.log.event import Review
from quiz.schedule import Rating
from tests.conftest import COMMAND, CONTENT, ROOT, Kb, learner_log, write_entry

FORMS = {"anki": "deck.apkg", "html": "site", "json": "deck.json", "notebook": "notebooks"}


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(name="export")
def exported(deck: Path, kb: Kb, tmp_path: Path) -> Any:
    """The command, for a deck of two entries: its exit code, and what it said."""
    write_entry(deck, 62, "other")

    def run(*words: str) -> tuple[int, str]:
        done = kb("export", *words, "--deck", str(deck), timeout=60)
        assert done.returncode == 0 or done.stderr.count("\n") == 1, done.stderr
        return done.returncode, done.stderr.replace(f"{tmp_path}/", "")

    return run


@pytest.mark.parametrize("form", FORMS)
def test_an_earlier_export_is_replaced(export: Any, form: str, tmp_path: Path) -> None:
    """Without a question; so are a file that is a link, which stays one, and what it leads to."""
    target = tmp_path / FORMS[form]
    assert export(form, "--out", str(target))[0] == 0
    assert export(form, "--out", str(target))[0] == 0
    link = tmp_path / f"link{target.suffix}"
    link.symlink_to(target)
    assert export(form, "--out", str(link))[0] == 0
    assert link.is_symlink()
    assert not list(tmp_path.rglob(f"{PART}*"))


@pytest.mark.parametrize("form", FORMS)
def test_never_into_a_deck(export: Any, form: str, deck: Path) -> None:
    """Nor into a folder of one, nor into the built-in one."""
    before = files(deck)
    for folder in (deck, deck / "061-mean", deck / "new" / "deep", CONTENT):
        target = folder / FORMS[form]
        code, told = export(form, "--out", str(target))
        assert code == 2
        assert "lies in the deck" in told
        assert not target.exists()
    assert export("html", "--out", str(deck))[0] == 2
    assert files(deck) == before


@pytest.mark.parametrize(
    ("form", "name", "data"),
    [
        ("html", "site/index.html", b"<p>mine</p>"),
        ("html", f"site/{MANIFEST}", b'{"kind": "other", "files": {}}'),
        ("html", f"site/{MANIFEST}", b"\xff["),
        ("json", "notes.md", b"# My notes\n"),
        ("json", "deck.json", b'{"schema": 1, "deck": "mine"}'),
        ("json", "deck.json", b'{"schema": 1, "kind": "kb-deck", "na'),
        ("anki", "deck.apkg", b"mine"),
        ("anki", "deck.apkg", b""),
        ("notebook", "notebooks/061-mean.ipynb", b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'),
        ("notebook", "notebooks/062-other.ipynb", b"mine"),
    ],
)
def test_what_is_not_ours_stays(export: Any, form: str, name: str, data: bytes, tmp_path: Path) -> None:
    """Nothing at all is written, and one line says so."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    before = files(path.parent) if path.parent != tmp_path else {}
    code, told = export(form, "--out", str(path if path.parent == tmp_path else path.parent))
    assert code == 2
    assert "after --out" in told
    assert path.read_bytes() == data
    assert before == (files(path.parent) if path.parent != tmp_path else {})


def test_a_package_that_anki_wrote_stays(export: Any, tmp_path: Path) -> None:
    """A zip file with the same names in it is none of ours."""
    path = tmp_path / "deck.apkg"
    with zipfile.ZipFile(path, "w") as whole:
        whole.writestr("collection.anki2", b"")
    before = path.read_bytes()
    assert export("anki", "--out", str(path)) == (
        2,
        "kb: deck.apkg was not written by kb export anki; name another after --out\n",
    )
    assert path.read_bytes() == before


def test_nothing_waits_for_a_pipe(export: Any, tmp_path: Path) -> None:
    """What is no ordinary file is refused as well."""
    for form, name in FORMS.items():
        path = tmp_path / name
        os.mkfifo(path)
        assert export(form, "--out", str(path))[0] in (1, 2)
        path.unlink()


def test_a_reader_s_work_in_a_notebook_stays(export: Any, tmp_path: Path) -> None:
    """Other files do not matter, nor does what running it leaves; a cell that was changed does."""
    target = tmp_path / "notebooks"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    assert export("notebook", "--out", str(target))[0] == 0
    path = target / "062-other.ipynb"
    whole = json.loads(path.read_text())
    code = next(cell for cell in whole["cells"] if cell["cell_type"] == "code")
    code["outputs"], code["execution_count"] = [{"output_type": "stream", "name": "stdout", "text": "1"}], 3
    code["source"] = "".join(code["source"])
    path.write_text(json.dumps(whole))
    assert export("notebook", "--out", str(target))[0] == 0
    whole["cells"].append({"cell_type": "code", "source": ["mine"], "metadata": {}, "outputs": []})
    path.write_text(json.dumps(whole))
    before = files(target)
    code, told = export("notebook", "--out", str(target))
    assert (code, told) == (
        2,
        "kb: notebooks/062-other.ipynb was changed after kb wrote it; move it away, or name another after --out\n",
    )
    assert files(target) == before


def test_answers_are_not_lost(export: Any, home: Path, tmp_path: Path, deck: Path) -> None:
    """What was exported with them is replaced only by what holds them all."""
    learner_log(home).add(Review("61/recall", 1_700_000_000.0, "recall", "3", True, Rating.GOOD, Rating.GOOD, 2.0))
    whole, package = str(tmp_path / "deck.json"), str(tmp_path / "deck.apkg")
    for form, path in (("json", whole), ("anki", package)):
        for words in ((), ("--log",), ("--log",)):
            assert export(form, *words, "--out", path)[0] == 0
        before = Path(path).read_bytes()
        name = Path(path).name
        assert export(form, "--out", path) == (
            2,
            f"kb: {name} holds answers, which this export leaves out; add --log, or name another after --out\n",
        )
        assert Path(path).read_bytes() == before
    kept = json.loads(Path(whole).read_text(encoding="utf-8"))
    kept["events"].append("another device's")
    Path(whole).write_text(json.dumps(kept), encoding="utf-8")
    code, told = export("json", "--log", "--out", whole)
    assert (code, "1 answer that your log has not" in told) == (2, True)
    kept["events"].clear()
    Path(whole).write_text(json.dumps(kept | {"id": "other"}), encoding="utf-8")
    code, told = export("json", "--log", "--out", whole)
    assert (code, "holds another deck" in told) == (2, True)


def test_pages_that_are_no_longer_written_go(export: Any, tmp_path: Path) -> None:
    """Those alone: what else lies there stays, and what was changed is not lost."""
    site = tmp_path / "site"
    assert export("html", "--out", str(site))[0] == 0
    (site / "CNAME").write_text("example.org")
    (site / "062-mine.html").write_text("mine")
    assert export("html", "61", "--out", str(site))[0] == 0
    assert not (site / "062-other.html").exists()
    assert {"061-mean.html", "062-mine.html", "CNAME", "index.html", MANIFEST} <= files(site).keys()
    for name in ("site.css", "061-mean.html"):
        (site / name).write_text("mine")
        before = files(site)
        code, told = export("html", "--out", str(site))
        assert (code, f"site/{name} was changed" in told) == (2, True)
        assert files(site) == before
        (site / name).unlink()
    (site / "062-other.html").write_text("mine")
    before = files(site)
    code, told = export("html", "--out", str(site))
    assert (code, "site/062-other.html was not written by kb export html" in told) == (2, True)
    assert files(site) == before


def test_no_name_in_the_list_leads_out(tmp_path: Path) -> None:
    """Whatever it says: what lies elsewhere is neither read nor taken away."""
    (tmp_path / "mine").write_text("mine")
    site = tmp_path / "site"
    with site_folder(site) as add:
        add("a.html", "a")
    listed = json.loads((site / MANIFEST).read_text())
    digest = "2d6c1d63b2c9d1f0c1d1d5b7e1a5b3d0"
    for name in ("../mine", str(tmp_path / "mine"), "..", "", "a/../../mine"):
        listed["files"][name] = [digest]
    (site / MANIFEST).write_text(json.dumps(listed))
    with site_folder(site) as add:
        add("b.html", "b")
    assert files(tmp_path).keys() == {"mine", "site/b.html", f"site/{MANIFEST}"}


def test_the_same_bytes_every_time(deck: Path, home: Path, tmp_path: Path) -> None:
    """Whatever order Python's sets have in a process."""
    made = []
    for seed in ("1", "2"):
        target = tmp_path / f"site-{seed}"
        words = ["export", "html", "--deck", str(deck), "--out", str(target)]
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([*COMMAND, *words], env=environ, cwd=ROOT, check=True, capture_output=True)
        made.append(files(target))
    assert made[0] == made[1]


def test_an_interrupted_export_leaves_the_former(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file and a site: whole, and nothing beside them; a folder that was made for it goes."""
    path = tmp_path / "deck.json"
    put(path, b"former")

    def full(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(KeyboardInterrupt):
            put(path, b"half")
    site = tmp_path / "site"
    with site_folder(site) as add:
        add("a.html", "former")
    before = files(tmp_path)

    def interrupted(folder: Path) -> None:
        with site_folder(folder) as add:
            add("a.html", "half")
            raise KeyboardInterrupt

    for folder in (site, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            interrupted(folder)
    assert files(tmp_path) == before
    assert {one.name for one in tmp_path.iterdir()} == {"deck.json", "site"}


def test_a_site_that_was_half_moved_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old and new files lie side by side; the next export makes it whole."""
    site = tmp_path / "site"
    with site_folder(site) as add:
        add("a.html", "1")
        add("b.html", "1")
    replace = Path.replace

    def once(path: Path, target: Path) -> Path:
        if target.name == "b.html":
            raise OSError(28, "No space left on device")
        return replace(path, target)

    def write() -> None:
        with site_folder(site) as add:
            add("a.html", "2")
            add("b.html", "2")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", once)
        with pytest.raises(OSError, match="No space"):
            write()
    assert ((site / "a.html").read_text(), (site / "b.html").read_text()) == ("2", "1")
    write()
    assert ((site / "a.html").read_text(), (site / "b.html").read_text()) == ("2", "2")


def test_other_things_in_a_folder(tmp_path: Path) -> None:
    """They keep a site out; what a killed export left is none of them."""
    (tmp_path / "site" / f"{PART}abc").mkdir(parents=True)
    with site_folder(tmp_path / "site") as add:
        add("a.html", "a")
    with pytest.raises(UsageError, match="holds other things"), site_folder(tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"site"}
