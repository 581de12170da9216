"""Options that several commands take, each with one name and one help text."""

from pathlib import Path
from typing import Annotated

import typer

from kb.cli.completion import areas, entries, languages, tags

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
DeckDir = Annotated[
    Path | None, typer.Option("--deck", metavar="DIR", help="Another deck than the built-in one; KB_DECK names it too.")
]
Lang = Annotated[
    str | None,
    typer.Option("--lang", metavar="LANG", help="Language: en, zh; KB_LANG names it too.", autocompletion=languages),
]
EntryWords = Annotated[
    list[str], typer.Argument(metavar="ENTRY...", help="A number, or words that find it.", autocompletion=entries)
]
Area = Annotated[str | None, typer.Option("--area", metavar="AREA", help="Only this area.", autocompletion=areas)]
Level = Annotated[
    int | None, typer.Option("--level", metavar="1|2|3", min=1, max=3, help="Only this level: 1 is basic, 3 advanced.")
]
Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="Only with this tag.", autocompletion=tags)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
