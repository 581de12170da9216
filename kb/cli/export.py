"""``kb export``: a deck, or some of its entries, for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb.cli.completion import one_of
from kb.cli.opening import addressed, open_context, open_desk
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import Message, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from kb.context import Context
    from kb.deck.entry import Entry
    from kb.exchange.anki import Scheduled
    from quiz.desk import Desk

FORMS = ("anki", "html", "json", "notebook")

PLACES = {"anki": "deck.apkg", "html": "site", "json": "deck.json", "notebook": "notebooks"}
"""Where each might go, for who names no place."""

EXAMPLES = {
    "kb export anki --out pytorch.apkg": "questions as Anki asks them; a second import updates them",
    "kb export anki --log --out pytorch.apkg": "with what you remember of them",
    "kb export html --out site": "a site that needs no server, with search and questions",
    "kb export notebook 61 --out notebooks": "entry 61 as a Jupyter notebook",
    "kb export json --deck mydeck --log --out mydeck.json": "everything; kb import makes the same deck of it",
}


def command(
    form: Annotated[
        str, typer.Argument(metavar="FORM", help="anki, html, json or notebook.", autocompletion=one_of(*FORMS))
    ],
    entries: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ENTRY...]", help="Numbers, or words that find them; all if left out."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="PATH", help="The file or folder to write.")
    ] = None,
    log: Annotated[
        bool, typer.Option("--log", help="With what you answered: its state (anki), its events (json).")
    ] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Write a deck, or some of its entries, in a form that other programs read."""
    import gc

    from kb.exchange.target import see_no_deck
    from kb.places import home_path

    gc.enable()  # thousands of texts may be written
    if form not in FORMS:
        raise UsageError("kb exports no {form!r}", "choose {known}", form=form, known=", ".join(FORMS))
    if log and form in ("html", "notebook"):
        raise UsageError("{form} holds no answers", "leave --log out", form=form)
    if entries and form == "json":
        raise UsageError("json holds a whole deck", "leave {words} out", words=" ".join(entries))
    if out is None:
        raise UsageError("nothing says where to", "add --out {name}", name=PLACES[form])
    entries, deck = addressed(entries or [], deck)
    context = open_desk(deck, lang) if log else open_context(deck, lang)
    numbers = context.chosen(entries) if entries else list(context.library.by_number)
    target = home_path(out)
    see_no_deck(target)
    writers = {"anki": write_anki, "html": write_site, "json": write_json, "notebook": write_notebooks}
    count, files = writers[form](context, numbers, target, log)
    if as_json:
        show_json({"form": form, "written": [str(path) for path in files], "count": count})
    else:
        where = str(files[0]) if len(files) == 1 else str(target)
        words = context.say("{count} {count:piece|pieces} written to {path}", count=count, path=where)
        context.err.tell([("✓ ", "good"), (words, "")])


def write_anki(context: "Context", numbers: list[int], target: Path, log: bool) -> tuple[int, list[Path]]:
    """Write a package of notes; how many, and its path."""
    from kb.exchange.anki import see_package
    from kb.exchange.anki import write_anki as write
    from kb.exchange.deck_cards import cards_of
    from kb.screen.language import language_text
    from kb.verify.record import keys_of

    target = _file(target, ".apkg")
    see_package(target, log)
    language, keys = context.say.language, keys_of(context.records)
    title = language_text(context.library.deck.titles, language) or context.library.deck.name
    cards = ((entry, cards_of(entry, language, keys)) for entry in _entries(context, numbers))
    deck_id = context.library.deck.id or context.library.deck.name
    with _told(target):
        count = write(target, deck_id, title, cards, _memories(context) if log else {}, language)
    return count, [target]


def write_json(context: "Context", numbers: list[int], target: Path, log: bool) -> tuple[int, list[Path]]:
    """Write the deck as one object; how many entries, and its path."""
    from kb.exchange.deck_json import packed, see_packed
    from kb.files import put
    from kb.screen.json_text import json_line

    target = _file(target, ".json")
    events = _events(context) if log else None
    see_packed(target, context.library.deck, events)
    whole = packed(context.library.deck, _entries(context, numbers), events)
    with _told(target):
        put(target, json_line({"schema": 1, **whole}, "utf-8").encode("utf-8"))
    return len(whole["entries"]), [target]


def write_site(context: "Context", numbers: list[int], target: Path, _: bool) -> tuple[int, list[Path]]:
    """Write a site; how many entries it has, and its first page."""
    from importlib.metadata import version

    from kb.deck.folder import OUTPUT
    from kb.deck.source import Unreadable, read_source
    from kb.exchange.site.pages import Site
    from kb.search.glossary import read_glossary
    from kb.verify.record import keys_of

    def with_output() -> "Iterator[tuple[Entry, str]]":
        for entry in _entries(context, numbers):
            try:
                output = read_source(context.library.deck.path / entry.summary.folder / OUTPUT)
            except (FileNotFoundError, Unreadable):
                output = ""
            yield entry, output

    listed, _complaints = read_glossary(context.library.deck.path)
    site = Site(context.library.deck, context.records, keys_of(context.records), version("torch-kb"))
    with _told(target):
        count = site.write(target, with_output(), listed.same)
    return count, [target / "index.html"]


def write_notebooks(context: "Context", numbers: list[int], target: Path, _: bool) -> tuple[int, list[Path]]:
    """Write a notebook for each entry; how many, and their paths."""
    from kb.exchange.notebook import notebook, see_notebook
    from kb.files import put

    one = target if target.suffix == ".ipynb" else None
    if one and len(numbers) != 1:
        raise UsageError("one file holds one entry", "name a folder after --out, or one entry")
    paths = [one or target / f"{context.library.by_number[number].folder}.ipynb" for number in numbers]
    for path in paths:
        see_notebook(path)
    with _told(target):
        for entry, path in zip(_entries(context, numbers), paths, strict=True):
            put(path, notebook(entry, context.say.language).encode("utf-8"))
    return len(paths), paths


def _entries(context: "Context", numbers: list[int]) -> "Iterator[Entry]":
    from kb.screen.progress_bar import ProgressBar

    with ProgressBar(context.err, context.say("exporting")) as bar:
        for at, number in enumerate(numbers):
            bar.advance(at, len(numbers))
            yield context.library.entry(number)


def _file(target: Path, suffix: str) -> Path:
    """A path that names a file; its ending is added if it has none.

    Raises:
        UsageError: it is a folder.
    """
    from kb.deck.manifest import is_folder

    if is_folder(target):
        raise UsageError("{path} is a folder", "name a file, as {path}/deck{suffix}", path=target, suffix=suffix)
    return target if target.suffix else target.with_suffix(suffix)


def _told(target: Path) -> "AbstractContextManager[None]":
    """Tells what the system refuses as one line."""
    from kb.exchange.deck_folder import telling_refusals

    return telling_refusals(target, Message("name another"))


def _events(context: Any) -> list[str]:
    """The lines of the learner's log of this deck, from all devices."""
    from quiz.log.carried import lines

    desk: Desk = context
    return lines(desk.log)


def _memories(context: Any) -> "dict[str, Scheduled]":
    """What the learner remembers of each question."""
    from kb.exchange.anki import Scheduled

    desk: Desk = context
    ratings = desk.log.histories()
    return {
        item: Scheduled(
            *(memory.stability, memory.difficulty, memory.last, memory.due),
            reviews=len(ratings.get(item, ())),
            lapses=sum(rating == 1 for rating, _ in ratings.get(item, ())[1:]),
        )
        for item, memory in desk.log.memories().items()
    }
