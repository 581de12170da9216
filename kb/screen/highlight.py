"""Colours for Python code, from Pygments' lexer."""

from kb.screen.layout import Line


def python_lines(code: str) -> list[Line]:
    """The lines of a script as styled pieces."""
    # Deferred: 11 ms, for colours that only a terminal shows.
    from pygments.lexers.python import PythonLexer
    from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, String, Token

    styles = (
        (Comment, "comment"),
        (Keyword, "keyword"),
        (Operator.Word, "keyword"),
        (Name.Function, "name"),
        (Name.Class, "name"),
        (Name.Decorator, "name"),
        (Name.Builtin, "name"),
        (String, "string"),
        (Number, "literal"),
        (Literal, "literal"),
        (Token, ""),
    )
    lines: list[Line] = [[]]
    for token, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(code):
        style = next(style for kind, style in styles if token in kind)  # type: ignore[comparison-overlap]
        first, *others = text.split("\n")
        if first:
            lines[-1].append((first, style))
        lines.extend([(other, style)] if other else [] for other in others)
    return lines
