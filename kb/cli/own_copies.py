"""The learner's own copies of snippets: kept beside the progress, never inside the deck."""

from collections.abc import Mapping
from pathlib import Path

from kb.deck.address import Address
from kb.deck.script import Snippet, read_snippet
from kb.deck.summary import Summary
from kb.errors import KbError
from kb.files import put
from kb.screen.editor import open_editor
from kb.screen.layout import Line, diff_lines


def own_copy(folder: Path, summary: Summary) -> Path:
    """Where the learner's copy of an entry's snippet lies, whether it is there or not."""
    return folder / f"{summary.folder}.py"


def read_own(folder: Path, summary: Summary, address: Address) -> Snippet:
    """The learner's copy.

    Raises:
        KbError: there is none, or it cannot be read.
    """
    path = own_copy(folder, summary)
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        number, entry = summary.number, address.of(summary.number)
        what = "no copy of yours of entry {number}"
        raise KbError(what, "kb run{entry} --edit makes one", number=number, entry=entry) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KbError("{path} cannot be read: {error}", "mend or remove it", path=path, error=error) from None
    return read_snippet(str(path), source)[0]


def edit_own(folder: Path, summary: Summary, snippet: Snippet, environ: Mapping[str, str]) -> Path:
    """Open the learner's copy in the editor; the first time it is made from the snippet.

    Raises:
        KbError: it cannot be written, or the editor does not start.
    """
    path = own_copy(folder, summary)
    try:
        if not path.exists():
            put(path, snippet.source.encode())
    except OSError as error:
        raise KbError(
            "{path} cannot be written: {error}",
            "set KB_HOME to a folder of yours",
            path=path,
            error=error.strerror,
        ) from None
    open_editor(path, environ)
    return path


def difference(original: Snippet, own: Snippet, width: int) -> list[Line]:
    """What the learner changed, as a unified diff; nothing if nothing was."""
    names = f"{Path(original.path).parent.name}/snippet.py", "mine"
    return diff_lines(original.source, own.source, names, width)
