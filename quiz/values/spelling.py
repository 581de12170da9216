"""Spelling: the many signs for one thing become one, before a text is read."""

import re
import unicodedata

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_SUPERSCRIPT = re.compile(r"(?<=[\d)])[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_DASH = re.compile(r"[−‒–—﹣](?=\s*[\d.(∞]|\s*inf|无)")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("✕✖⨯·∙⋅", "×"),
        **dict.fromkeys("“”„‟«»「」『』‘’", '"'),
        "÷": "/",
        "⁄": "/",
        "∕": "/",
        "、": ",",
        "。": ".",
        "【": "[",
        "】": "]",
        "〔": "[",
        "〕": "]",
        "∶": ":",
        "∞": "inf",
    }
)
_LEADING = re.compile(
    r"(?:(?:[=≈≃∼~>:]|(?:about|approximately|approx\.?|roughly|around)\s|大约|约等于|约|第(?=\s*\d)"
    r"|(?:(?:the\s+)?answer(?:\s+is)?|it\s+is|it's|equals|答案(?:是|为)?|[一总]?共|等于|是|为)(?=[\s:=]*[-+.\d(\[]))[\s,]*)+",
    re.I,
)
_TRAILING = " \t\r\n.!?;"
_FOLD = re.compile(r"(?<=\d)-(?=fold\b)", re.I)
_OF_A_HUNDRED = re.compile(r"百分之\s*([\d.]+)")
_CLASS = re.compile(r"<class ['\"]([\w.]+)['\"]>")
_ASIDE = re.compile(r",\s*(?:grad_fn=<[^<>]{0,80}>|dtype=[\w.]+|device=(?:'[^']*'|\"[^\"]*\")|requires_grad=\w+)")
_RAISED = re.compile(
    r"(?:(?:it|raises?|throws?|gives?|an?)\s+|(?:抛出|报错|报|引发)\s*){0,4}"
    r"((?:\w+\.){0,8}\w*(?:error|exception|warning))(?:\s*[:(].*)?",
    re.I | re.S,
)
"""An error's class, with its message or without."""


def folded(text: str) -> str:
    """A text in plain signs: full-width ones, typographic quotes, dashes, raised digits and what stands around a
    value (backticks, a full stop, "about") are those that the reader knows, or gone."""
    text = _INVISIBLE.sub("", text).replace("`", " ")
    text = _SUPERSCRIPT.sub(lambda found: f"^({unicodedata.normalize('NFKC', found[0])})", text)
    text = _DASH.sub("-", unicodedata.normalize("NFKC", text)).translate(_SIGNS)
    text = text.strip().rstrip(_TRAILING)
    if found := _LEADING.match(text):
        text = text[found.end() :]
    text = _ASIDE.sub("", _CLASS.sub(r"\1", _OF_A_HUNDRED.sub(r"\1%", _FOLD.sub(" ", text))))
    found = _RAISED.fullmatch(text.strip("\"' "))
    return found[1] if found else text
