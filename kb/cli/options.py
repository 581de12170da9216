"""Options that several commands take, each with one name and one help text."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
DeckDir = Annotated[Path | None, typer.Option("--deck", metavar="DIR", help="Another deck.  [env: KB_DECK]")]
Lang = Annotated[str | None, typer.Option("--lang", metavar="LANG", help="Language: en, zh.  [env: KB_LANG]")]
EntryWord = Annotated[str, typer.Argument(metavar="ENTRY", help="A number, or words that find it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
