"""What an import did, or would do, on the screen."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from kb.exchange.importing import FileReport, Imported
from kb.exchange.notes import Loose
from kb.screen.layout import Line, clip, wrap
from kb.screen.messages import Speech
from kb.screen.width import width_of

NUMBER = 5
"""Columns of an entry's number."""


def import_lines(reports: Sequence[FileReport], say: Speech, width: int, is_whole: bool) -> Iterator[Line]:
    """A file's entries, what to look at, and what is part of no entry.

    Args:
        reports: of the files.
        say: in the reader's language.
        width: of the screen.
        is_whole: whether each line that was not placed is shown, and not only the first of several for one reason.
    """
    for report in reports:
        yield [(report.path, "strong"), (f" · {report.encoding} · {report.language} · {_counts(report, say)}", "dim")]
        for entry in report.entries:
            yield from _entry_lines(entry, say, width)
        for remark in report.remarks:
            yield from wrap([(f"{report.path}:{remark.line}: ", "code"), (say.of(remark.message), "")], width, "", "  ")
        for _, group in groupby(report.loose, key=lambda one: one.why):
            yield from _loose_lines(report.path, list(group), say, width, is_whole)


def _counts(report: FileReport, say: Speech) -> str:
    return say(
        "{count} {count:entry|entries}, {loose} {loose:line|lines} in none",
        count=len(report.entries),
        loose=len(report.loose),
    )


def _entry_lines(entry: Imported, say: Speech, width: int) -> Iterator[Line]:
    code = say("code") if entry.code.source else ""
    room = width - NUMBER - 2 - (width_of(code) + 2 if code else 0)
    yield [
        (f"{entry.number:>{NUMBER}}  ", "number"),
        (clip(entry.title, max(10, room)), ""),
        (f"  {code}".rstrip(), "dim"),
    ]
    if entry.note:
        yield from wrap([(say.of(entry.note), "warn")], width, " " * (NUMBER + 2), " " * (NUMBER + 2))
    for line, why in entry.code.left_out:
        told = say("line {line} of the entry is not in its script: {why}", line=line, why=why)
        yield from wrap([(told, "warn")], width, " " * (NUMBER + 2), " " * (NUMBER + 2))


def _loose_lines(path: str, group: list[Loose], say: Speech, width: int, is_whole: bool) -> Iterator[Line]:
    shown = group if is_whole else group[:1]
    for one in shown:
        place = f"{path}:{one.line}: "
        yield [(place, "code"), (clip(one.text.strip(), max(20, width - width_of(place))), "")]
    told = say("in no entry: {why}", why=group[0].why)
    if more := len(group) - len(shown):
        told += "; " + say("{count} more like it: --all", count=more)
    yield from wrap([(told, "dim")], width, "  ", "  ")
