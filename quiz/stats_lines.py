"""Statistics on the screen, in characters that every terminal has."""

from datetime import date, timedelta

from kb.deck.manifest import Deck
from kb.deck.summary import Summary
from kb.screen.language import area_name, language_text
from kb.screen.layout import Line, flow, pad, wrap
from kb.screen.messages import Speech
from quiz.fit import Fit
from quiz.knowledge_lines import Row, knowledge_lines, meaning_lines, whole_lines
from quiz.stats import Stats

BARS = " ▁▂▃▄▅▆▇█"
SHADES = "·░▒▓█"
WEEKS = 26
"""How many weeks the heat map shows at most."""

LATEST = 14
"""How many days are listed where no map is drawn."""

LISTED = 8
"""How many entries are listed."""


def stats_lines(
    stats: Stats,
    deck: Deck,
    summaries: dict[int, Summary],
    today: str,
    width: int,
    say: Speech,
    is_plain: bool = False,
) -> list[Line]:
    """The whole of ``kb stats``.

    Args:
        stats: what is known.
        deck: for the areas' names.
        summaries: the entries, by number.
        today: the local day, as ``2026-11-21``.
        width: cells of a line.
        say: the reader's language.
        is_plain: whether nothing may be told by position alone, as bars and a map of days do.
    """
    right = stats.whole.right
    facts: list[Line] = [
        [(say("{count} {count:answer|answers}, {right} right", count=right.whole, right=right.count), "strong")],
        [(say("answered today: {count}", count=stats.today), "")],
        [(say("streak: {days} {days:day|days}", days=stats.streak), "")],
    ]
    lines = flow(facts, width)
    standing = [say("{due} due, {new} new", due=stats.due, new=stats.new)]
    standing += [f"{say(word)}: {count}" for word, count in stats.marked.items() if count]
    lines += flow([[(text, "")] for text in standing], width)
    lines += [[], [(say("What you know"), "heading")], *whole_lines(stats, width, say), *meaning_lines(width, say)]
    lines += [[], [(say("Due in the next days"), "heading")]]
    lines += _days_ahead(stats.forecast, today, say) if is_plain else _forecast_lines(stats.forecast, width)
    lines += [[], [(say("Days"), "heading")]]
    lines += _days_back(stats.days, say) if is_plain else _heat_map(stats.days, today, width)
    areas = [(area_name(deck, area, say.language), known) for area, known in stats.areas.items()]
    entries = [
        (f"{number}. {language_text(summaries[number].titles, say.language)}", known)
        for number, known in stats.entries.items()
    ]
    tables: tuple[tuple[str, list[Row]], ...] = (
        (say("Areas, the least known first"), areas),
        (say("Kinds of questions, the least known first"), list(stats.kinds.items())),
        (say("Entries, the least known first"), entries[:LISTED]),
    )
    for heading, rows in tables:
        if rows:
            lines += [[], [(heading, "heading")], *knowledge_lines(rows, width, say, is_plain)]
    if len(entries) > LISTED:
        lines.append([(f"  {say('{count} more', count=len(entries) - LISTED)}", "dim")])
    return lines


def _forecast_lines(forecast: tuple[int, ...], width: int) -> list[Line]:
    top = max(forecast)
    bars: Line = [("  ", "")]
    counts: Line = [("  ", "")]
    cell = max(3, len(str(top)) + 1)
    for count in forecast[: max(1, (width - 2) // cell)]:
        # Something is never drawn as nothing.
        height = max(1, round(count / top * (len(BARS) - 1))) if count else 0
        bars.append((pad(BARS[height] * (cell - 1), cell), "good"))
        counts.append((pad(str(count), cell), "dim"))
    return [bars, counts]


def _days_ahead(forecast: tuple[int, ...], today: str, say: Speech) -> list[Line]:
    """The days on which something becomes due, a line each."""
    first = date.fromisoformat(today)
    return [
        [(f"  {first + timedelta(ahead)}: {say('{count} {count:question|questions}', count=count)}", "")]
        for ahead, count in enumerate(forecast)
        if count
    ] or [[(f"  {say('nothing is due')}", "dim")]]


def _days_back(days: dict[str, int], say: Speech) -> list[Line]:
    """The latest days with an answer, a line each."""
    latest = sorted(days.items(), reverse=True)[:LATEST]
    return [[(f"  {day}: {say('{count} {count:answer|answers}', count=count)}", "")] for day, count in latest] or [
        [(f"  {say('nothing was answered')}", "dim")]
    ]


def _heat_map(days: dict[str, int], today: str, width: int) -> list[Line]:
    """A column a week, a row a weekday, Monday on top; the last column is this week."""
    last = date.fromisoformat(today)
    weeks = min(WEEKS, max(1, (width - 2) // 2))
    monday = last - timedelta(last.weekday()) - timedelta(7 * (weeks - 1))
    top = max(days.values(), default=0)
    rows: list[Line] = []
    for weekday in range(7):
        row: Line = [("  ", "")]
        for week in range(weeks):
            day = monday + timedelta(7 * week + weekday)
            count = days.get(day.isoformat(), 0)
            shade = 0 if not count else 1 + (count * (len(SHADES) - 2) - 1) // top
            row.append((f"{SHADES[shade]} " if day <= last else "  ", "good" if count else "dim"))
        rows.append(row)
    return rows


def fit_lines(found: Fit, is_kept: bool, width: int, say: Speech) -> list[Line]:
    """What ``kb optimize`` says."""
    rows = (
        (say("constant average"), found.constant),
        (say("default parameters"), found.default),
        (say("fitted parameters"), found.fitted),
    )
    text = say(
        "log loss on the latest {tested} reviews (fitted to the {trained} before them); lower is better",
        tested=found.tested_on,
        trained=found.trained_on,
    )
    lines = wrap([(text, "")], width)
    lines += [[("  ", ""), (pad(name, 22), ""), (f"{loss:.4f}", "strong")] for name, loss in rows]
    verdict = (
        say("the fitted parameters are in use from now on")
        if is_kept
        else say("the fitted parameters are no better; the default ones stay")
    )
    return [*lines, *wrap([(verdict, "good" if is_kept else "warn")], width)]
