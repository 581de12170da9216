"""``kb verify``: everything of a deck that can be run, run."""

from pathlib import Path
from typing import Annotated

import typer

from kb.cli.completion import entries as offered
from kb.cli.completion import one_of
from kb.cli.opening import open_context
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.run.device import CHOICES, CPU, check_device

EXAMPLES = {
    "kb verify": "run every snippet, proof, key and solution",
    "kb verify 61 --thorough": "entry 61 under other seeds, threads, another CPU",
    "kb verify --shard 2/8 --junit out.xml": "a part of it, for CI",
    "kb verify 61 --record": "write down what was found",
}


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
    mutants: Annotated[bool, typer.Option("--mutants", help="Solutions with one mistake must fail too.")] = False,
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
    order = Order(entries or [], device, jobs, shard, record, seeds, thorough, mutants, strict, junit)
    results = verify_shown(open_context(deck, lang), order, is_silent=as_json)
    ok = all(result.ok for result in results)
    if as_json:
        show_json({"ok": ok, "results": [one.to_json() for one in results]})
    raise typer.Exit(0 if ok else 1)
