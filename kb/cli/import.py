"""``kb import``: notes in Markdown, as they lie about, or an exported deck, into a deck of one's own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb.cli.opening import deck_folder, load_kinds
from kb.cli.options import Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError, UsageError

if TYPE_CHECKING:
    from kb.exchange.importing import Importer
    from kb.screen.messages import Speech

EXAMPLES = {
    "kb import notes.md --into mydeck --dry-run": "what it would make of your notes",
    "kb import notes.md --into mydeck": "write the deck, or add to it",
    "kb import notes.md --into mydeck --run": "and tell which of their scripts run",
    "kb import en.md zh.md --into mydeck": "the same numbers in two languages become one entry",
    "kb search --deck mydeck dropout": "use it",
}


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Markdown files, or one deck as kb export json writes it.")
    ],
    into: Annotated[
        Path | None, typer.Option("--into", "--deck", metavar="DIR", help="The deck: a new folder, or one.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be written, and write nothing.")] = False,
    written_in: Annotated[
        str,
        typer.Option("--written-in", metavar="LANG", help="Language of the notes; told by their letters if left out."),
    ] = "",
    run: Annotated[
        bool,
        typer.Option("--run", help="Run each entry's script, too, once you have said that it may; tell which fail."),
    ] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show every line that is in no entry.")] = False,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Make entries of notes in Markdown; what lies in the deck already is never changed."""
    import gc
    import os
    import sys

    from kb.deck.manifest import LANGUAGE
    from kb.exchange.import_lines import import_lines
    from kb.exchange.importing import Importer
    from kb.places import home_path
    from kb.screen.language import choose_language
    from kb.screen.messages import Speech
    from kb.screen.progress_bar import ProgressBar
    from kb.screen.terminal import Terminal

    gc.enable()  # thousands of texts are read, and each leaves a tree behind
    if into is None:
        raise UsageError("no deck is named", "kb import {file} --into mydeck", file=files[0])
    if written_in and not LANGUAGE.fullmatch(written_in):
        raise UsageError("{name!r} is no language's name", "give en, zh or the like", name=written_in)
    if run and dry_run:
        raise UsageError("--dry-run writes nothing that could be run", "leave --run or --dry-run out")
    into = deck_folder(into)
    if exported := _exported(files):
        _bring_deck(*exported, into, dry_run, run, as_json, lang)
        return
    out, err = Terminal(sys.stdout), Terminal(sys.stderr)
    say = Speech(choose_language(lang, os.environ, ("en", "zh")))
    with ProgressBar(err, say("importing"), is_silent=as_json) as bar:
        paths = [home_path(one) for one in files]
        importer = Importer(into, paths, written_in, load_kinds(), bar.advance)
        if not dry_run:
            importer.write()
    if as_json:
        runs = {"runs": _run(importer.target.path, _scripts(importer), lang, is_silent=True)} if run else {}
        show_json(_facts(importer, dry_run) | runs)
        if not importer.entries:
            raise typer.Exit(1)
        return
    out.print(import_lines(importer.reports, say, out.width, show_all))
    if not importer.entries:
        raise KbError("nothing in it looks like an entry", "write something into it")
    err.tell([("✓ ", "good"), (_told(importer, dry_run, say), "")])
    if run:
        _run(importer.target.path, _scripts(importer), lang, is_silent=False)
    elif not dry_run and _scripts(importer):
        told = say("their code runs once you trust it: kb trust {folder:typed}", folder=importer.target.path)
        err.tell([(told, "dim")])


def _exported(files: list[Path]) -> "tuple[Path, dict[str, Any]] | None":
    """The deck that a file holds as ``kb export json`` wrote it; None if all are notes."""
    from kb.exchange.deck_json import read_packed
    from kb.places import home_path

    for file in files:
        if whole := read_packed(home_path(file)):
            if len(files) > 1:
                do = "give each a command of its own"
                raise UsageError("{path} is an exported deck, which is imported alone", do, path=file)
            return file, whole
        if file.suffix.lower() == ".json":
            raise UsageError("{path} is no deck that kb export json wrote", "give it, or Markdown files", path=file)
    return None


def _scripts(importer: "Importer") -> list[int]:
    """The entries just written that have a script."""
    return sorted({entry.number for entry in importer.entries if entry.code.source and not entry.is_kept})


def _run(target: Path, numbers: list[int], lang: str | None, is_silent: bool) -> list[dict[str, Any]]:
    """Run what was written, and show what came of each."""
    from kb.cli.opening import open_context
    from kb.cli.trusting import ask_trust
    from kb.cli.trying import tried, verdict_json, verdict_lines

    if not numbers:
        return []
    context = open_context(target, lang)
    ask_trust(context, numbers, may_ask=not is_silent)
    found = []
    for number, done in tried(context, numbers, is_silent):
        found.append(verdict_json(number, done))
        if not is_silent:
            context.out.print(verdict_lines(context, number, done))
    return found


def _bring_deck(
    source: Path, whole: dict[str, Any], target: Path, dry_run: bool, run: bool, as_json: bool, lang: str | None
) -> None:
    """Write an exported deck's files, and take in the answers that came with it."""
    from kb.cli.opening import open_desk
    from kb.deck.folder import SNIPPET
    from kb.deck.manifest import number_of
    from kb.exchange.deck_json import is_of_another, unpack
    from quiz.log.carried import take_in

    events = list(whole.get("events", []))
    if events and is_of_another(whole, target):
        what = "{folder} is another deck than {path}, and cannot take its answers"
        raise KbError(what, "name another folder, or export without --log", folder=target, path=source)
    count, left = unpack(whole, target, is_trial=dry_run)
    desk = open_desk(None if dry_run else target, lang)
    taken = take_in(desk.log, events) if events and not dry_run else 0
    unwritten = {name for name, _ in left}
    scripts = [
        name.partition("/")[0] for name in whole["files"] if name.endswith(f"/{SNIPPET}") and name not in unwritten
    ]
    numbers = sorted({number for folder in scripts if (number := number_of(folder)) is not None})
    if as_json:
        kept = [{"file": name, "why": why} for name, why in left]
        facts = {"deck": str(target), "written": not dry_run, "files": count, "left": kept, "events": taken}
        show_json(facts | ({"runs": _run(target, numbers, lang, is_silent=True)} if run else {}))
        return
    desk.out.print([[(f"{target / name}: ", "code"), (desk.say.of(why), "")] for name, why in left])
    if dry_run:
        told = desk.say(
            "{count} {count:file|files} would be written to {folder}; leave --dry-run out", count=count, folder=target
        )
    elif not count:
        told = desk.say("no file is new to {folder}", folder=target)
    else:
        told = desk.say(
            "{count} {count:file|files} written to {folder}; kb list --deck {folder:typed}", count=count, folder=target
        )
    if taken:
        told += "; " + desk.say("{count} {count:event was|events were} taken in", count=taken)
    desk.err.tell([("✓ ", "good"), (told, "")])
    if run:
        _run(target, numbers, lang, is_silent=False)


def _facts(importer: "Importer", dry_run: bool) -> dict[str, object]:
    return {
        "deck": str(importer.target.path),
        "written": not dry_run,
        "files": [report.to_json() for report in importer.reports],
    }


def _told(importer: "Importer", dry_run: bool, say: "Speech") -> str:
    """The last line: how much there is, and what to do next."""
    written = [entry for entry in importer.entries if not entry.is_kept]
    count = len({entry.number for entry in written})
    folder = importer.target.path
    if dry_run:
        return say(
            "{count} {count:entry|entries} would be written to {folder}; leave --dry-run out",
            count=count,
            folder=folder,
        )
    if not count:
        return say("{folder} has all of them already", folder=folder)
    return say("{count} {count:entry|entries} written; kb list --deck {folder:typed}", count=count, folder=folder)
