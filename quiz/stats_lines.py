"""Statistics on the screen, in characters that every terminal has."""

from datetime import date, timedelta

from kb.deck.manifest import Deck
from kb.deck.summary import Summary
from kb.screen.language import area_name, language_text
from kb.screen.layout import Line, clip, pad, wrap
from kb.screen.messages import Speech
from quiz.fit import Fit
from quiz.schedule import DESIRED_RETENTION
from quiz.stats import RECENT_DAYS, Knowledge, Retention, Stats

BARS = " ▁▂▃▄▅▆▇█"
SHADES = "·░▒▓█"
ROW = 12
"""Cells of a bar that stands for the whole."""

WEEKS = 26
"""How many weeks the heat map shows at most."""

LATEST = 14
"""How many days are listed where no map is drawn."""

WEAKEST = 8
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
    lines = wrap(
        [
            (say("{count} {count:answer|answers}, {right} right", count=stats.answers, right=stats.right), "strong"),
            (f" · {say('answered today: {count}', count=stats.today)}", ""),
            (f" · {say('streak: {days} {days:day|days}', days=stats.streak)}", ""),
        ],
        width,
    )
    lines += wrap([(say("{due} due, {new} new", due=stats.due, new=stats.new), "")], width)
    lines += [[], [(say("Retention"), "heading")]]
    lines.append(_retention_line(say("last {days} days", days=RECENT_DAYS), stats.recent, say))
    lines.append(_retention_line(say("ever"), stats.retention, say))
    lines += [[], [(say("Due in the next days"), "heading")]]
    lines += _days_ahead(stats.forecast, today, say) if is_plain else _forecast_lines(stats.forecast, width)
    lines += [[], [(say("Days"), "heading")]]
    lines += _days_back(stats.days, say) if is_plain else _heat_map(stats.days, today, width)
    if stats.areas:
        lines += [[], [(say("Areas, the weakest first"), "heading")]]
        for area, known in stats.areas.items():
            lines.append(_knowledge_line(area_name(deck, area, say.language), known, width, is_plain))
    if stats.entries:
        lines += [[], [(say("Entries, the weakest first"), "heading")]]
        for number, known in list(stats.entries.items())[:WEAKEST]:
            title = f"{number}. {language_text(summaries[number].titles, say.language)}"
            lines.append(_knowledge_line(title, known, width, is_plain))
        if len(stats.entries) > WEAKEST:
            lines.append([(say("{count} more", count=len(stats.entries) - WEAKEST), "dim")])
    return lines


def _retention_line(name: str, retention: Retention, say: Speech) -> Line:
    line: Line = [("  ", ""), (pad(name, 16), "")]
    if retention.share is None:
        return [*line, (say("no reviews yet"), "dim")]
    style = "good" if retention.share >= DESIRED_RETENTION - 0.02 else "warn"
    wanted = say(
        "{count} {count:review|reviews}; desired {percent} %",
        count=retention.reviews,
        percent=f"{DESIRED_RETENTION:.0%}"[:-1],
    )
    return [*line, (f"{retention.share:6.1%}", style), (f"  {wanted}", "dim")]


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


def _knowledge_line(name: str, known: Knowledge, width: int, is_plain: bool) -> Line:
    recall = known.recall or 0.0
    filled = round(recall * ROW)
    room = max(12, min(44, width - ROW - 24))
    bar: Line = [
        ("█" * filled, "good" if recall >= DESIRED_RETENTION else "warn"),
        ("░" * (ROW - filled), "dim"),
    ]
    return [
        ("  ", ""),
        (pad(clip(name, room), room), ""),
        ("  ", ""),
        *([] if is_plain else bar),
        (f" {recall:4.0%}", ""),
        (f"  {known.answered}/{known.items}", "dim"),
    ]


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
