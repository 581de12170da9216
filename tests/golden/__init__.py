"""Golden cases as text: a title, a dot, the input, a dot, what is expected, a dot."""

from pathlib import Path

FOLDER = Path(__file__).parent


def read_cases(name: str) -> list[tuple[str, str, str]]:
    """Title, input and expected output of every case in a file."""
    cases = []
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    while lines:
        title = lines.pop(0)
        if not title.strip():
            continue
        parts = []
        assert lines.pop(0) == ".", f"{name}: no dot after the title {title!r}"
        for _ in range(2):
            end = lines.index(".")
            parts.append("\n".join(lines[:end]))
            lines = lines[end + 1 :]
        cases.append((title, parts[0], parts[1]))
    return cases
