"""The command line: every command opens what it needs, asks, and shows."""

import copy
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb.errors import KbError, UsageError

if TYPE_CHECKING:
    from kb.context import Context
    from kb.deck.kind import Kinds
    from quiz.desk import Desk

app = typer.Typer(
    name="kb",
    help="An executable PyTorch knowledge base: search it, run it, be asked.",
    no_args_is_help=False,
    add_completion=True,
    rich_markup_mode=None,  # rich would cost every --help 40 ms
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ClickError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
"""What typer raises for bad usage; it carries click inside itself and exports no name for it."""

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
DeckDir = Annotated[Path | None, typer.Option("--deck", metavar="DIR", help="Another deck.  [env: KB_DECK]")]
Lang = Annotated[str | None, typer.Option("--lang", metavar="LANG", help="Language: en, zh.  [env: KB_LANG]")]
Device = Annotated[str, typer.Option("--device", help="cpu, cuda, mps or auto.")]

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

DEVICES = ("cpu", "cuda", "mps", "auto")


def open_context(deck: Path | None = None, language: str | None = None) -> "Context":
    """What a command works at."""
    # Deferred: 15 ms that --help does not need.
    from kb.context import Context

    return Context(_load_kinds, deck, language, _refresh_behind)


def open_desk(deck: Path | None = None, language: str | None = None) -> "Desk":
    """What a command of the quiz works at."""
    from quiz.desk import Desk

    return Desk(_load_kinds, deck, language, _refresh_behind)


def _load_kinds() -> "Kinds":
    from quiz.kinds.table import all_kinds  # deferred: only what reads a changed entry needs them

    return all_kinds()


def _refresh_behind(deck: Path, cache: Path) -> None:
    from kb.cli.refresh import refresh_behind  # deferred: only a large deck needs it

    refresh_behind(deck, cache)


def show_json(values: dict[str, Any]) -> None:
    """Print one JSON object."""
    print(json.dumps({"schema": 1, **values}, ensure_ascii=False))


@app.callback(invoke_without_command=True)
def home(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False
) -> None:
    """An executable PyTorch knowledge base: search it, run it, be asked."""
    if version:
        from importlib.metadata import version as installed

        print(f"kb {installed('torch-kb')}")
    elif context.invoked_subcommand is None:
        if not sys.stdout.isatty():
            print(context.get_help())
            return
        from quiz.home import show_home

        show_home(open_desk(), time.time())


@app.command()
def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORDS]...",
            help='Words in any language, "a phrase", -word, tag:, area:, api:, level:. None: search while typing.',
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many hits at most.")] = 10,
    every: Annotated[bool, typer.Option("--all", help="Entries on one subject each by itself.")] = False,
    open_first: Annotated[bool, typer.Option("--open", help="Show the first hit.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Find entries; a bare number opens that entry."""
    text = " ".join(words or [])
    context = open_context(deck, lang)
    if not text.strip():
        if words or as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError("the query is empty", "give words to look for: kb search lstm")
        _pick(context)
        return
    from kb.search.query import parse_query

    number = parse_query(text).number
    if number is not None and not as_json:
        show_entry(context, number)
        return
    found = context.searcher.search(text, limit, context.say.language, every)
    if as_json:
        from kb.screen.render import results_json

        show_json({"query": text, **results_json(found, context.say.language)})
    elif not found.hits:
        context.mention_broken()
        what = context.say("nothing found for {query!r}", query=text if len(text) < 80 else f"{text[:80]}…")
        raise KbError(what, context.say("try another word, or kb list"))
    elif open_first:
        show_entry(context, found.hits[0].summary.number)
    else:
        from kb.screen.render import hit_lines

        if found.shown_for:
            context.err.print([[(context.say("showing results for {query}", query=found.shown_for), "dim")]])
        context.out.print(hit_lines(found.hits, context.records, context.torch, context.out, context.say))
        context.mention_broken()
    if not found.hits:
        raise typer.Exit(1)


def _pick(context: "Context") -> None:
    """Search while typing, and do what is chosen."""
    import gc

    from kb.cli.picker import pick

    gc.enable()
    chosen = pick(context)
    if chosen is None:
        return
    action, number = chosen
    if action == "run":
        from kb.cli.execute import Wish, run_shown

        raise typer.Exit(exit_code(run_shown(context, number, Wish("cpu", None, False, True), is_silent=False)))
    if action == "quiz":
        quiz([str(number)], lang=context.say.language, deck=context.deck_path)
    show_entry(context, number)


@app.command()
def explain(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[MESSAGE]...", help="An error message; else stdin is read.")
    ] = None,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Read a traceback or an error message, and name the entries that explain it."""
    from kb.search.explain import explain as find_explanations

    text = " ".join(words or [])
    if not words:
        if sys.stdin.isatty():
            raise UsageError("no error to explain", "python train.py 2>&1 | kb explain, or kb explain 'the message'")
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    context = open_context(deck, lang)
    message, found = find_explanations(context.searcher, text, context.say.language)
    if as_json:
        from kb.screen.render import explanations_json

        show_json({"error": message, "matches": explanations_json(found, context.say.language)})
    elif found:
        from kb.screen.render import explanation_lines

        context.out.print(explanation_lines(message, found, context.records, context.torch, context.out, context.say))
    elif not message:
        raise KbError(context.say("nothing was printed to explain"), context.say("pipe a traceback into it, with 2>&1"))
    else:
        raise KbError(
            context.say("no entry explains {error!r}", error=message if len(message) < 120 else f"{message[:120]}…"),
            context.say("kb search takes any words of it"),
        )
    if not found:
        raise typer.Exit(1)


@app.command()
def show(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="A number, or words that find it.")],
    code: Annotated[bool, typer.Option("--code", help="The snippet.")] = False,
    source: Annotated[bool, typer.Option("--source", help="The Markdown.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Show an entry."""
    context = open_context(deck, lang)
    number = context.number(entry)
    if not (code or source or as_json):
        show_entry(context, number)
        return
    whole = context.library.entry(number)
    text = whole.text(context.say.language)
    snippet = whole.snippet.source if whole.snippet else ""
    if as_json:
        from kb.deck.text import plain
        from kb.verify.record import standing

        how, devices = standing(whole.summary, context.records, context.torch)
        show_json(
            {
                "number": number,
                "title": text.title,
                "gist": plain(text.gist.spans),
                "markdown": text.markdown,
                "snippet": snippet,
                "area": whole.summary.area,
                "level": whole.summary.level,
                "tags": list(whole.summary.tags),
                "related": context.library.neighbours(number),
                "verified": str(how),
                "devices": list(devices),
            }
        )
    elif code:
        if not snippet:
            raise KbError(f"entry {number} has no snippet", f"kb show {number} shows its text")
        from kb.screen.render import source_lines, style_for

        context.out.page(source_lines(snippet, style_for(context.out, context.say, number, context.library.by_number)))
    else:
        context.out.write(text.markdown)


def show_entry(context: "Context", number: int) -> None:
    """Print an entry, through the pager where it is longer than the screen."""
    from kb.screen.render import entry_page

    page = entry_page(number, context.library, context.records, context.torch, context.out, context.say)
    context.out.page(page)


@app.command("list")
def list_entries(
    area: Annotated[str | None, typer.Option("--area", help="Only this area.")] = None,
    level: Annotated[int | None, typer.Option("--level", min=1, max=3, help="Only this level.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only with this tag.")] = None,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """List all topics by chapter."""
    from kb.verify.record import standing

    context = open_context(deck, lang)
    library = context.library
    if (
        area is not None
        and area not in library.deck.areas
        and not any(area == summary.area for summary in library.summaries)
    ):
        raise UsageError(f"no area {area!r}", f"the deck has {', '.join(library.deck.areas)}")
    summaries = [
        summary
        for summary in library.summaries
        if area in (None, summary.area)
        and level in (None, summary.level)
        and (tag is None or tag.lower() in (one.lower() for one in summary.tags))
    ]
    if as_json:
        language = context.say.language
        show_json(
            {
                "entries": [
                    {
                        "number": summary.number,
                        "slug": summary.slug,
                        "title": summary.titles.get(language) or next(iter(summary.titles.values())),
                        "area": summary.area,
                        "level": summary.level,
                        "tags": list(summary.tags),
                        "verified": str(standing(summary, context.records, context.torch)[0]),
                    }
                    for summary in summaries
                ]
            }
        )
    else:
        from kb.screen.render import entry_list

        context.out.page(entry_list(summaries, library.deck, context.records, context.torch, context.out, context.say))
        context.mention_broken()
    if not summaries:
        if not as_json:
            raise KbError("no entry fits", "kb list without options shows all")
        raise typer.Exit(1)


@app.command("run")
def run_snippet(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="A number, or words that find it.")],
    device: Annotated[
        str, typer.Option("--device", help="cpu, cuda, mps, auto, or both: run twice and compare.")
    ] = "cpu",
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds until it is killed.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Run again whenever the file is saved.")] = False,
    edit: Annotated[bool, typer.Option("--edit", help="Open a copy of your own in $EDITOR, then run it.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Run your own copy.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what your copy changes.")] = False,
    no_plot: Annotated[bool, typer.Option("--no-plot", help="No curve under the output.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Run an entry's snippet and tell what came of it."""
    from kb.cli.execute import Wish, check_device, run_both, run_shown, watch_shown

    check_device(device, (*DEVICES, "both"))
    if timeout is not None and not timeout > 0:
        raise UsageError(f"--timeout {timeout:g} is no time", "give seconds above 0")
    if as_json and (watch or edit or diff):
        raise UsageError("--json goes with a plain run", "leave --watch, --edit and --diff out")
    if watch and device == "both":
        raise UsageError("--watch runs on one device at a time", "name one; the key d changes it")
    context = open_context(deck, lang)
    number = context.number(entry)
    wish = Wish(device, timeout, mine or edit, not no_plot)
    if diff or edit:
        from kb.cli.own_copies import difference, edit_own, read_own

        original = context.library.entry(number).snippet
        if original is None:
            raise KbError(f"entry {number} has no snippet", f"kb show {number} shows its text")
        if edit:
            edit_own(context.places.mine, context.library.summary(number), original, os.environ)
        if diff:
            lines = difference(
                original, read_own(context.places.mine, context.library.summary(number)), context.out.width
            )
            context.out.print(lines)
            raise typer.Exit(0)
    if watch:
        watch_shown(context, number, wish)
        return
    if device == "both":
        runs, differences = run_both(context, number, wish, is_silent=as_json)
        if as_json:
            rows = [{"line": one.line, "ours": one.ours, "theirs": one.theirs} for one in differences]
            show_json({"entry": number, "runs": [done.to_json() for done in runs], "differences": rows})
        raise typer.Exit(1 if differences else max(exit_code(done) for done in runs))
    done = run_shown(context, number, wish, is_silent=as_json)
    if as_json:
        show_json({"entry": number, **done.to_json()})
    raise typer.Exit(exit_code(done))


@app.command()
def warm(
    minutes: Annotated[float, typer.Option("--minutes", help="Ends after so many without a run.")] = 30.0,
    stop: Annotated[bool, typer.Option("--stop", help="End it now.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Keep a worker with torch imported, so that kb run starts at once."""
    from kb.cli.execute import require_torch
    from kb.run.worker import Worker

    if not 0 < minutes <= 24 * 60:
        raise UsageError(f"--minutes {minutes:g} is no time", "give a number above 0, at most 1440")
    context = open_context(deck, lang)
    address = context.places.worker
    there = Worker.kept(address)
    is_warm = there is not None and there.is_there()
    if stop:
        if there is not None:
            there.stop()
        text, is_warm = context.say("no worker is kept"), False
    elif is_warm:
        text = context.say("a worker is kept already")
    else:
        require_torch()
        try:
            Worker.keep(address, minutes)
        except OSError as error:
            raise KbError(f"no worker can be kept at {address}: {error.strerror}", "remove that folder") from None
        text, is_warm = (
            context.say("a worker is kept for {minutes} minutes after its last run", minutes=f"{minutes:g}"),
            True,
        )
    if as_json:
        show_json({"warm": is_warm, "socket": str(address)})
    else:
        context.out.print([[(text, "")]])


def exit_code(done: Any) -> int:
    """The command's own exit code for a run."""
    from kb.run.job import Outcome

    if done.outcome is Outcome.TIMED_OUT:
        return 124
    if done.outcome is Outcome.INTERRUPTED:
        return INTERRUPTED
    return 0 if done.passed else 1


@app.command()
def quiz(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORDS]...", help="Numbers or words: only these.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Only questions never answered.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="How many questions; 10 at a time if left out.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="choice, predict, answer, code or recall.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Only this area.")] = None,
    level: Annotated[int | None, typer.Option("--level", min=1, max=3, help="Only this level.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line: question, answer, grade.")] = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Be asked: due questions first, then new ones."""
    import gc
    from random import Random

    from quiz.drill import drill
    from quiz.wish import Wish

    gc.enable()  # a session may go on for an hour
    wish = Wish(words or [], new, limit, kind, area, level)
    raise typer.Exit(drill(open_desk(deck, lang), wish, as_json, Random(), time.time))  # noqa: S311 dice, no secrets


@app.command()
def undo(deck: DeckDir = None, lang: Lang = None, as_json: Json = False) -> None:
    """Take the last answer back, also tomorrow."""
    desk = open_desk(deck, lang)
    taken = desk.progress.undo(time.time()) if desk.places.progress.exists() else None
    if taken is None:
        raise KbError(desk.say("nothing to take back"), "kb quiz asks")
    if as_json:
        show_json({"item": taken.item})
    else:
        desk.out.print([[(desk.say("taken back: {item}", item=taken.item), "")]])


@app.command()
def stats(
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Answered questions that are not in the deck any more.")
    ] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Show how well you remember: retention, what is due when, days, the weakest areas and entries."""
    from quiz.stats import gather, local_day
    from quiz.stats import orphans as find_orphans

    desk, now = open_desk(deck, lang), time.time()
    if orphans:
        lost = find_orphans(desk.library, desk.progress)
        if as_json:
            show_json({"orphans": [{"item": item, "answers": count} for item, count in lost.items()]})
        else:
            rows = [
                [(item, "code"), (f"  {desk.say('{count} answers', count=count)}", "dim")]
                for item, count in lost.items()
            ]
            desk.out.print(rows or [[(desk.say("every answered question is in the deck"), "dim")]])
        return
    found = gather(desk.library, desk.progress, now)
    if as_json:
        from dataclasses import asdict

        from quiz.schedule import DESIRED_RETENTION

        show_json({**asdict(found), "desired_retention": DESIRED_RETENTION, "retention_share": found.retention.share})
    else:
        from quiz.stats_lines import stats_lines

        summaries, today = desk.library.by_number, local_day(now)
        desk.out.page(stats_lines(found, desk.library.deck, summaries, today, min(desk.out.width, 100), desk.say))


@app.command()
def optimize(as_json: Json = False, deck: DeckDir = None, lang: Lang = None) -> None:
    """Fit the schedule to your own log; the default stays unless the fit predicts your later answers better."""
    import gc

    from quiz.fit import ENOUGH, count_reviews, fit

    gc.enable()  # a log of years is replayed
    desk = open_desk(deck, lang)
    histories = desk.progress.histories()
    count = count_reviews(histories.values())
    if count < ENOUGH:
        what = desk.say("{count} reviews are too few to fit anything to", count=count)
        raise KbError(what, desk.say("come back with {count}; the default schedule serves until then", count=ENOUGH))
    found = fit(histories)
    parameters = found.parameters if found.is_better else ()
    if parameters != desk.progress.parameters:
        desk.progress.set_parameters(parameters)
    if as_json:
        from dataclasses import asdict

        show_json({**asdict(found), "kept": "fitted" if found.is_better else "default"})
    else:
        from quiz.stats_lines import fit_lines

        desk.out.print(fit_lines(found, found.is_better, desk.out.width, desk.say))


@app.command()
def reset(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORDS]...", help="Numbers or words: only these entries.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Forget progress, of everything or of some entries. Asks first; a copy is kept."""
    from quiz.reset import chosen_reviews, forget

    desk = open_desk(deck, lang)
    count = len(chosen_reviews(desk, words or []))
    if not count:
        raise KbError(desk.say("nothing to forget"), "kb quiz asks")
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise UsageError("kb reset asks first, and there is no terminal", "give --yes if you mean it")
        if not typer.confirm(desk.say("Forget {count} answers?", count=count), err=True):
            raise typer.Exit(1)
    kept = forget(desk, words or [], time.time())
    if as_json:
        show_json({"forgotten": count, "copy": str(kept)})
    else:
        desk.out.print([[(desk.say("{count} answers forgotten; a copy lies at {path}", count=count, path=kept), "")]])


@app.command()
def verify(
    entries: Annotated[list[str] | None, typer.Argument(metavar="[NUMBERS]...", help="Only these entries.")] = None,
    device: Device = "cpu",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="How many at once; 0 for one a core.")] = 0,
    shard: Annotated[str | None, typer.Option("--shard", metavar="I/N", help="The I-th of N parts, as 2/8.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Write verified.json and each output.txt.")] = False,
    seeds: Annotated[int, typer.Option("--seeds", help="Run each snippet under so many other seeds too.")] = 0,
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

    from kb.cli.execute import check_device
    from kb.cli.proving import Order, verify_shown

    gc.enable()  # it may go on for minutes
    check_device(device, DEVICES)
    order = Order(entries or [], device, jobs, shard, record, seeds, thorough, mutants, strict, junit)
    results = verify_shown(open_context(deck, lang), order, is_silent=as_json)
    ok = all(result.ok for result in results)
    if as_json:
        show_json(
            {
                "ok": ok,
                "results": [one.to_json() for one in results],
            }
        )
    raise typer.Exit(0 if ok else 1)


@app.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A deck; the built-in one if left out.")
    ] = None,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Check the form of a deck, without running anything."""
    from kb.deck.manifest import read_deck
    from kb.screen.language import choose_language
    from kb.screen.messages import Speech
    from kb.verify.form import check_deck
    from quiz.kinds.table import KINDS

    context = open_context(folder or deck, lang)
    values, _ = read_deck(context.deck_path.absolute())
    complaints = check_deck(values, KINDS)
    if as_json:
        rows = [{"path": one.path, "line": one.line, "message": one.message} for one in complaints]
        show_json({"ok": not complaints, "complaints": rows})
    else:
        from kb.deck.manifest import number_of
        from kb.screen.render import complaint_lines

        say = Speech(choose_language(lang, os.environ, values.languages))
        context.out.print(complaint_lines(complaints))
        count = sum(number_of(path.name) is not None for path in values.path.iterdir())
        if complaints:
            context.err.print([[(say("{count} complaints", count=len(complaints)), "bad")]])
        else:
            context.err.print([[("✓ ", "good"), (say("no complaints about {count} entries", count=count), "")]])
    raise typer.Exit(1 if complaints else 0)


@app.command()
def paths(as_json: Json = False, deck: DeckDir = None, lang: Lang = None) -> None:
    """Show where things lie."""
    context = open_context(deck, lang)
    places = {"deck": context.deck_path.absolute(), "progress": context.places.progress, "cache": context.places.cache}
    if as_json:
        show_json({name: str(path) for name, path in places.items()})
        return
    context.out.print([[(f"{context.say(name)}: ", "dim"), (str(path), "")] for name, path in places.items()])


def app_for(arguments: list[str]) -> typer.Typer:
    """The app with the one command that is asked for; with all of them where none is, or none of that name.

    typer makes every registered command at every start, which takes half a millisecond each.
    """
    asked = arguments[0] if arguments else ""
    one = [info for info in app.registered_commands if asked in (info.name, getattr(info.callback, "__name__", ""))]
    if not one:
        return app
    small = copy.copy(app)
    small.registered_commands = one
    return small


def run_app(arguments: list[str]) -> int:
    """Run a command; returns the exit code. Every error is one line on stderr, and a code that tells its kind."""
    try:
        code = app_for(arguments)(arguments, prog_name="kb", standalone_mode=False)
        sys.stdout.flush()
    except KbError as error:
        return _fail(str(error), error.exit_code)
    except BrokenPipeError:
        # Whoever read the output has enough; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted; nothing is lost", INTERRUPTED)
    except ClickError as error:
        command = getattr(getattr(error, "ctx", None), "command_path", "kb")
        message = error.format_message().rstrip(".").replace("\n", " ")
        return _fail(f"{message[:1].lower()}{message[1:]}; {command} --help shows what is possible", 2)
    except OSError as error:
        return _fail(f"{error.filename or 'the system'}: {error.strerror or error}; free space or mend permissions", 1)
    if code == INTERRUPTED and arguments[:1] not in (["run"], ["quiz"]):
        # typer turns Ctrl-C into this code without a word; run and quiz have told what became of theirs.
        return _fail("interrupted; nothing is lost", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    sys.stdout.flush()
    print(f"kb: {' '.join(message.split())}", file=sys.stderr)
    return code
