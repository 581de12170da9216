"""``kb verify``: everything of a deck that can be run, run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kb.cli.completion import entries as offered
from kb.cli.completion import one_of
from kb.cli.opening import addressed, open_context, other_decks
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError, UsageError
from kb.run.device import CHOICES, CPU, check_device

EXAMPLES = {
    "kb verify": "run every snippet, proof, key and solution",
    "kb verify 61 --thorough": "entry 61 under other seeds, threads, another CPU",
    "kb verify --shard 2/8 --junit out.xml": "a part of it, for CI",
    "kb verify 61 --mutants all": "list the mistakes in it that no check notices",
    "kb verify 61 --record": "write down what was found",
    "kb verify --mutants --changed": "only what no record speaks of",
}

HOLES, ALL = MUTANTS = ("holes", "all")
"""What ``--mutants`` spoils: the solutions of holes, or whole snippets."""


def arrange(arguments: list[str]) -> list[str]:
    """``--mutants`` by itself is ``--mutants holes``."""
    arranged: list[str] = []
    for at, word in enumerate(arguments):
        if word == "--":
            return [*arranged, *arguments[at:]]
        is_bare = word == "--mutants" and arguments[at + 1 : at + 2] not in ([HOLES], [ALL])
        arranged.append(f"{word}={HOLES}" if is_bare else word)
    return arranged


def command(
    entries: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENTRY...", help="Numbers, or words that find entries: only these.", autocompletion=offered
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option("--device", metavar="DEVICE", help="cpu, cuda, mps or auto.", autocompletion=one_of(*CHOICES)),
    ] = CPU,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", min=0, help="How many at once; 0 for one a core.")
    ] = 0,
    shard: Annotated[str | None, typer.Option("--shard", metavar="I/N", help="The I-th of N parts, as 2/8.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Write verified.json and each output.txt.")] = False,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", help="Run each snippet under so many other seeds too.")
    ] = 0,
    thorough: Annotated[bool, typer.Option("--thorough", help="Five other seeds, other threads, another CPU.")] = False,
    mutants: Annotated[
        str | None,
        typer.Option(
            "--mutants",
            metavar="[all]",
            help="Solutions with one mistake must fail too; all: only this, of whole snippets.",
            autocompletion=one_of(*MUTANTS),
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="With --mutants all: run those again that are known.")] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Leave out what is recorded as expected and has not changed since.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Output that drifts is an error.")] = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Run everything that can be run, and see that what must fail fails."""
    import gc

    from kb.cli.proving import Order, verify_shown

    gc.enable()  # it may go on for minutes
    check_device(device)
    if mutants not in (None, *MUTANTS):
        raise UsageError("--mutants {mutants} is unknown", "give holes or all", mutants=mutants)
    words, deck = addressed(entries or [], deck)
    order = Order(
        words=words,
        device=device,
        jobs=jobs,
        shard=shard,
        record=record,
        seeds=seeds,
        thorough=thorough,
        mutants=bool(mutants),
        strict=strict,
        junit=junit,
        fresh=fresh,
        changed=changed,
    )
    if mutants == ALL:
        from kb.cli.spoiling import spoil_shown, spoiled_json

        spoiled = spoil_shown(open_context(deck, lang), order, is_silent=as_json)
        results = [result for one in spoiled for result in one.results]
        facts: dict[str, Any] = {"mutants": spoiled_json(spoiled)}
    else:
        results = []
        first = open_context(deck, lang)
        unread: list[str] = []
        complaints = 0
        for name, path in {"": deck, **({} if words or junit or shard else other_decks(deck))}.items():
            context = open_context(path, lang) if name else first
            if name and not as_json:
                context.out.print([[(f"{name}:", "heading")]])
            try:
                found = verify_shown(context, order, is_silent=as_json)
            except KbError as error:  # a listed one that cannot be read, or may not run, hinders no other
                if not name:
                    raise
                first.mention_unread(name, context.deck_path, error)
                unread.append(name)
            else:
                results += found.results
                complaints += found.complaints
        facts = ({"unread": unread} if unread else {}) | ({"complaints": complaints} if complaints else {})
    # What is left out has not been proven.
    ok = all(result.ok for result in results) and not (facts.get("unread") or facts.get("complaints"))
    if as_json:
        show_json({"ok": ok, "results": [one.to_json() for one in results], **facts})
    raise typer.Exit(0 if ok else 1)
