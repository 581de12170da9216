"""Formulas as readable Unicode: LaTeX in, one line of text out."""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text
    from pylatexenc.macrospec import LatexContextDb

RAISED = dict(
    zip(
        "0123456789+-−=()<>.∫ABDEGHIJKLMNOPRTUWabcdefghijklmnoprstuvwxyzβγδφχ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾˂˃ᐧᶴᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁᵂᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵝᵞᵟᵠᵡ",
        strict=True,
    )
)
"""What a fixed-width font is likely to have above the line. Unicode decomposes 210 characters to raised ones, most of
them phonetic; of these it has no minus, ``<``, ``>`` or dot, so the nearest in shape stand for them."""

LOWERED = dict(
    zip(
        "0123456789+-−=()<>aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎˱˲ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
"""The same below the line: Unicode has half of the small letters and no capitals."""

MAX_LENGTH = 2_000
"""Characters of a formula: the time that it takes grows with the square of them."""

MAX_DEPTH = 20
"""Groups in groups: each is read once for every one around it."""


def readable(latex: str) -> str:
    """A formula for a terminal: ``\\frac{1}{\\sqrt{d_k}} x^2`` becomes ``1/√(dₖ) x²``.

    Sub- and superscripts that Unicode has no letters for stay as ``_(...)`` and ``^(...)``. Whatever cannot be
    read comes back as it stands: a formula is never lost.
    """
    if len(latex) > MAX_LENGTH or _depth(latex) > MAX_DEPTH:
        return " ".join(latex.split())
    converter = _converter()
    try:
        text = _raise_scripts(_prepared(latex))
        converted = _spaced(converter.latex_to_text(text, latex_context=_known_macros()))
    except Exception:  # the library raises what it likes on broken LaTeX; the source itself is still readable
        return " ".join(latex.split())
    lines = [" ".join(line.split()) for line in converted.splitlines()]
    return "\n".join(line for line in lines if line) or " ".join(latex.split())


def _depth(latex: str) -> int:
    """How deep braces lie in each other."""
    depth = deepest = 0
    for char in latex:
        depth += {"{": 1, "}": -1}.get(char, 0)
        deepest = max(depth, deepest)
    return deepest


FUNCTIONS = "arccos arcsin arctan argmax argmin arg cosh cos det exp log ln max min sinh sin sup inf tanh tan Pr"


def _prepared(latex: str) -> str:
    """Spell what the converter does not know as what it knows, and keep the space after a function's name."""
    latex = re.sub(r"\\[td]frac(?![a-zA-Z])", r"\\frac", latex)
    latex = re.sub(r"\\operatorname\*?(?=\s*\{)", r"\\mathrm", latex)
    return re.sub(rf"\\({FUNCTIONS.replace(' ', '|')})(?![a-zA-Z])\s+(?=[\w\\])", r"\\\1\\ ", latex)


def _spaced(text: str) -> str:
    """Space around relations, and on both sides of an operator that has it on one."""
    text = re.sub(r" *([≤≥≈≠≡∈∼∝←→⇐⇒≪≫]) *", r" \1 ", text).replace("ϵ", "ε")
    return re.sub(r"(?<=[^\s(\[])([-+=·×]) (?=\S)", r" \1 ", text)


@cache
def _known_macros() -> "LatexContextDb":
    """What the library would put together anew for every formula, in a third of the time that it takes."""
    from pylatexenc.latexwalker import get_default_latex_context_db

    return get_default_latex_context_db()


@cache
def _converter() -> "LatexNodes2Text":
    from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

    def fraction(above: str, below: str) -> str:
        return f"{_grouped(above)}/{_grouped(below)}"

    def over(node: Any, l2tobj: Any) -> str:
        above, below = (l2tobj.nodelist_to_text([argument]).strip() for argument in node.nodeargd.argnlist[:2])
        return fraction(above, below)

    def root(node: Any, l2tobj: Any) -> str:
        return f"√{_grouped(l2tobj.nodelist_to_text([node.nodeargd.argnlist[-1]]).strip())}"

    context = get_default_latex_context_db()
    context.add_context_category(
        "kb",
        prepend=True,
        macros=[
            *(MacroTextSpec(name, simplify_repl=over) for name in ("frac", "tfrac", "dfrac")),
            MacroTextSpec("sqrt", simplify_repl=root),
            MacroTextSpec("|", simplify_repl="‖"),
            MacroTextSpec("quad", simplify_repl="  "),
        ],
    )
    return LatexNodes2Text(latex_context=context, math_mode="text", keep_braced_groups=False)


def _grouped(text: str) -> str:
    """Parentheses around whatever is more than one symbol."""
    is_wrapped = text.startswith("(") and text.endswith(")") and text.count("(") == 1
    # No and Lm are the categories of raised and lowered digits and letters: xₖ² is still one symbol.
    is_symbol = text.isdecimal() or all(unicodedata.category(char) in ("No", "Lm") for char in text[1:])
    return text if is_wrapped or is_symbol else f"({text})"


def _raise_scripts(latex: str) -> str:
    """Write ``^`` and ``_`` with their arguments as Unicode: the converter would drop the braces and their meaning."""
    out: list[str] = []
    at = 0
    while at < len(latex):
        char = latex[at]
        if char == "\\" and at + 1 < len(latex):
            end = _end_of_argument(latex, at)
            out.append(latex[at:end])
            at = end
        elif char in "^_" and at + 1 < len(latex):
            if out and re.fullmatch(r"\\[a-zA-Z]+", out[-1]):
                out.append("{}")  # ends the macro's name: the converter takes a raised letter for a part of it
            start = at + 1
            while start < len(latex) and latex[start] == " ":
                start += 1
            end = _end_of_argument(latex, start)
            argument = latex[start:end]
            if argument.startswith("{") and argument.endswith("}"):
                argument = argument[1:-1]
            out.append(_script(char, readable(argument)) if argument.strip() else char)
            at = end
        else:
            out.append(char)
            at += 1
    return "".join(out)


def _end_of_argument(latex: str, start: int) -> int:
    """Where the group, the macro or the single character that starts here ends."""
    if start >= len(latex):
        return start
    if latex[start] == "{":
        depth = 0
        for at in range(start, len(latex)):
            depth += {"{": 1, "}": -1}.get(latex[at], 0)
            if depth == 0:
                return at + 1
        return len(latex)
    if latex[start] == "\\":
        end = start + 1
        while end < len(latex) and latex[end].isalpha():
            end += 1
        if latex[start:end] in ("\\text", "\\mathrm", "\\mathbf", "\\mathcal", "\\textit"):
            return _end_of_argument(latex, end)
        return max(end, min(start + 2, len(latex)))
    return start + 1


def _script(mark: str, text: str) -> str:
    """Raised or lowered text, in Unicode's own characters where all of it has them."""
    letters = RAISED if mark == "^" else LOWERED
    compact = text.replace(" ", "")
    if compact and letters.keys() >= set(compact):
        return "".join(letters[char] for char in compact)
    # A comma keeps its place inside parentheses; a brace would vanish in the converter.
    return f"{mark}{text}" if len(text) == 1 else f"{mark}({text})"
