"""Pages: a deck as a site that needs no server: a page for each entry in every language, and one that lists them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from kb.deck.address import Address
from kb.deck.entry import Entry
from kb.deck.manifest import Deck
from kb.exchange.deck_cards import AskedCard, cards_of
from kb.exchange.html_text import SAFE, Form, html_of, python_html, spans_html
from kb.exchange.site.curve_picture import curve_picture
from kb.exchange.site.site_folder import site_folder
from kb.exchange.site.site_index import site_index
from kb.places import builtin_deck
from kb.screen.language import area_name, language_text
from kb.screen.messages import Speech
from kb.verify.record import Record

NAMES = {"en": "English", "zh": "中文"}
"""What a language calls itself."""

PLAYED = ("choice", "predict", "answer")

SCRIPT_WORDS = {
    "search": "search",
    "copy": "copy",
    "copied": "copied",
    "hits": "{count} found",
    "none": "nothing found",
    "right": "right",
    "wrong": "not right",
    "check": "check",
    "answer": "the answer",
}
"""What the script says, by what it calls it."""

WITHOUT_SCRIPT = "[data-language][hidden] { display: revert !important; } header form, .item form { display: none; }"
"""What pages look like where scripts do not run: every language, no search, answers folded."""

_ENTRY = re.compile(r"^\.\./([^/]+)/[^/]+\.md(#.*)?$")


class Site:
    """A deck on its way into pages."""

    def __init__(
        self,
        deck: Deck,
        records: Sequence[Record],
        keys: dict[tuple[int, str, str], str],
        version: str,
    ) -> None:
        """Take what holds for every page.

        Args:
            deck: whose entries they are.
            records: what verifications wrote down.
            keys: of the questions, see ``kb.verify.record.keys_of``.
            version: of this program, for the foot of the pages.
        """
        self.deck = deck
        self.keys = keys
        self.version = version
        self.says = {language: Speech(language) for language in deck.languages}
        self.records = {
            (one.entry, one.sha256): one for one in records if one.what == "snippet" and one.outcome == "passed"
        }

    def write(self, target: Path, entries: Iterable[tuple[Entry, str]], synonyms: Iterable[Sequence[str]]) -> int:
        """Write the whole site; an earlier one is replaced, and pages that only that had go.

        Args:
            target: its folder, see ``site_folder``.
            entries: with the recorded output of each.
            synonyms: groups of terms that mean the same, for the search.

        Returns:
            How many entries there are.
        """
        kept: list[tuple[Entry, str]] = []
        bodies: list[tuple[str, str]] = []
        with site_folder(target) as add:
            for entry, output in entries:
                bodies.append((self.file(entry), self.entry_body(entry, output)))
                kept.append((entry, self.file(entry)))
            index = site_index(kept, synonyms)
            for name, text in index.files.items():
                add(name, text)
            for name, body in bodies:
                add(name, self.shell(body, index.sizes))
            add("index.html", self.shell(self.list_body([entry for entry, _ in kept]), index.sizes))
            for name in ("site.css", "site.js"):
                add(name, package_files("kb.exchange.site").joinpath(name).read_text(encoding="utf-8"))
        return len(kept)

    def file(self, entry: Entry) -> str:
        """The name of an entry's page."""
        return f"{entry.summary.folder}.html"

    def each(self, texts: Mapping[str, str], tag: str = "span") -> str:
        """A text in every language, of which the pages show one."""
        first = self.deck.languages[0]
        parts = []
        for language in self.deck.languages:
            text = texts.get(language) or texts.get(first) or next(iter(texts.values()), "")
            hidden = "" if language == first else " hidden"
            parts.append(f'<{tag} lang="{language}" data-language="{language}"{hidden}>{text}</{tag}>')
        return "".join(parts)

    def told(self, message: str, /, **values: object) -> str:
        """What the program says, in every language."""
        return self.each({language: escape(say(message, **values)) for language, say in self.says.items()})

    def shell(self, body: str, sizes: Mapping[str, int]) -> str:
        """A whole page around what it holds; its script finds the index's sizes in it."""
        languages = self.deck.languages
        home = self.each({one: escape(language_text(self.deck.titles, one) or self.deck.name) for one in languages})
        switch = self.switch() if len(languages) > 1 else ""
        words = {
            one: {name: say(text, count="{count}") for name, text in SCRIPT_WORDS.items()}
            for one, say in self.says.items()
        }
        titles = re.search(r"<h1>(.*?)</h1>", body, re.DOTALL)
        title = re.sub(r"<[^>]+>", "", _first_language(titles[1], languages[0])) if titles else self.deck.name
        data = "".join(f' data-{name}="{size}"' for name, size in sizes.items())
        return f"""<!DOCTYPE html>
<html lang="{languages[0]}" data-languages="{" ".join(languages)}"{data}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="site.css">
<noscript><style>{WITHOUT_SCRIPT}</style></noscript>
</head>
<body>
<a class="skip" href="#main">{self.told("to the text")}</a>
<header>
<a class="home" href="index.html">{home}</a>
<form role="search">
<input type="search" id="search" aria-label="search" aria-controls="found" autocomplete="off">
<ul class="found" id="found"></ul>
<p class="status" id="status" role="status"></p>
</form>
{switch}
</header>
<main id="main">
{body}
</main>
<footer><p>kb {escape(self.version)}</p></footer>
<script type="application/json" id="words">{_script_json(words)}</script>
<script src="site.js"></script>
</body>
</html>
"""

    def switch(self) -> str:
        """Buttons that choose the language."""
        buttons = []
        for language in self.deck.languages:
            pressed = str(language == self.deck.languages[0]).lower()
            name = NAMES.get(language, language)
            facts = f'lang="{language}" value="{language}" aria-pressed="{pressed}"'
            buttons.append(f'<button type="button" {facts}>{name}</button>')
        return f'<div class="languages" role="group" aria-label="Language">{"".join(buttons)}</div>'

    def list_body(self, entries: Sequence[Entry]) -> str:
        """All topics by chapter."""
        languages = self.deck.languages
        heading = self.each({one: escape(language_text(self.deck.titles, one) or self.deck.name) for one in languages})
        parts = [f"<h1>{heading}</h1>"]
        left = list(entries)
        for chapter in self.deck.chapters:
            own = [entry for entry in left if chapter.first <= entry.number <= chapter.last]
            if own:
                name = self.each({one: escape(language_text(chapter.titles, one)) for one in languages})
                parts += [f"<h2>{name}</h2>", self.topics(own)]
                left = [entry for entry in left if not chapter.first <= entry.number <= chapter.last]
        if left:
            parts.append(self.topics(left))
        return "\n".join(parts)

    def topics(self, entries: Sequence[Entry]) -> str:
        """Entries as a list of links."""
        rows = []
        for entry in entries:
            title = self.each({one: escape(text.title) for one, text in entry.texts.items()})
            rows.append(f'<li><span class="number">{entry.number}</span><a href="{self.file(entry)}">{title}</a></li>')
        return '<ul class="topics">\n' + "\n".join(rows) + "\n</ul>"

    def entry_body(self, entry: Entry, output: str) -> str:
        """One entry: its answer in every language, its script, what that printed, its questions."""
        parts = [
            f"<h1>{self.each({one: f'{entry.number}. {escape(text.title)}' for one, text in entry.texts.items()})}</h1>"
        ]
        parts.append(f'<p class="facts">{self.facts(entry)}</p>')
        for at, language in enumerate(self.deck.languages):
            text = entry.text(language)
            hidden = "" if at == 0 else " hidden"
            answer = html_of(text.blocks, self.form())
            parts.append(f'<article lang="{text.language}" data-language="{language}"{hidden}>\n{answer}\n</article>')
        if entry.snippet:
            code = _code(entry.snippet.shown, "python")
            address = Address(folder="" if self.deck.path == builtin_deck() else self.deck.path.name)
            command = f"<p>kb run{escape(address.of(entry.number))}</p>"
            parts.append(f'<h2 id="snippet">{self.told("The script")}</h2>\n{command}\n{code}')
        if output.strip():
            parts.append(f"<h2>{self.told('What it printed')}</h2>\n{_code(output, 'text')}\n{curve_picture(output)}")
        if questions := list(self.questions(entry)):
            parts += [f"<h2>{self.told('Questions')}</h2>", *questions]
        return "\n".join(part for part in parts if part)

    def facts(self, entry: Entry) -> str:
        """Area, level, tags, and how it stands with torch."""
        summary = entry.summary
        area = self.each({one: escape(area_name(self.deck, summary.area, one)) for one in self.deck.languages})
        facts = [area, self.told("level {level}", level=summary.level), escape(", ".join(summary.tags))]
        if entry.snippet and (record := self.records.get((entry.number, entry.snippet.sha256))):
            told = self.told("verified with torch {torch} on {device}", torch=record.torch, device=record.device)
            facts.append(f'<span class="good">✓ {told}</span>')
        return " · ".join(fact for fact in facts if fact)

    def questions(self, entry: Entry) -> Iterator[str]:
        """The questions that a page can grade."""
        by_language = {one: {card.id: card for card in cards_of(entry, one, self.keys)} for one in self.deck.languages}
        for card in by_language[self.deck.languages[0]].values():
            if card.kind in PLAYED:
                yield self.question({one: cards.get(card.id, card) for one, cards in by_language.items()}, card)

    def question(self, cards: Mapping[str, AskedCard], first: AskedCard) -> str:
        """One question: what is asked, the form that grades it, and the answer folded away."""
        form, name = self.form(), f"q-{first.id}"
        asked = self.each({one: html_of(card.question, form) for one, card in cards.items()}, "div")
        code = _code(first.code, "python") if first.code else ""
        explained = self.each({one: html_of(card.explanation, form) for one, card in cards.items()}, "div")
        if first.kind == "choice":
            kind = "radio" if sum(first.marks) == 1 else "checkbox"
            rows = []
            for at, mark in enumerate(first.marks):
                text = self.each({one: spans_html(card.options[at], form) for one, card in cards.items()})
                rows.append(
                    f'<label><input type="{kind}" name="{name}" value="{int(mark)}"><span>{text}</span></label>'
                )
            field = f'<fieldset aria-labelledby="{name}">{"".join(rows)}</fieldset>'
            right = "".join(
                f"<li>{self.each({one: spans_html(card.options[at], form) for one, card in cards.items()})}</li>"
                for at, mark in enumerate(first.marks)
                if mark
            )
            key = f"<ul>{right}</ul>"
        else:
            field = f'<p><input type="text" aria-labelledby="{name}" autocomplete="off" spellcheck="false"></p>'
            key = f"<p><code>{escape(first.key, quote=False)}</code></p>"
        data = f' data-key="{escape(first.key)}"' if first.key else ""
        return f"""<section class="item">
<div id="{name}">{asked}</div>
{code}
<form hidden{data}>
{field}
<p><button type="submit" data-say="check">check</button> <output aria-live="polite"></output></p>
</form>
<details><summary data-say="answer">the answer</summary>
{key}
{explained}
</details>
</section>"""

    def form(self) -> Form:
        """How the blocks of this deck become HTML."""
        return Form(_mathml, _address, _code)


def _address(target: str) -> str:
    if target == "snippet.py":
        return "#snippet"
    if found := _ENTRY.match(target):
        return f"{found[1]}.html"
    return target if target.startswith(SAFE) else ""


@lru_cache(maxsize=20_000)
def _mathml(latex: str, is_block: bool) -> str:
    """A formula as MathML, which browsers show without a script; its LaTeX where that cannot be made."""
    from latex2mathml.converter import convert  # deferred: one command needs it

    try:
        made: str = convert(latex, display="block" if is_block else "inline")
    except Exception:  # the library raises what it likes for what it does not know
        words = f"<code>{escape(latex, quote=False)}</code>"
        return f"<p>{words}</p>" if is_block else words
    return f'<div class="wide" tabindex="0">{made}</div>' if is_block else made


def _code(code: str, info: str) -> str:
    words = python_html(code) if info.startswith("python") else escape(code.rstrip("\n"), quote=False)
    return f'<div class="code"><pre tabindex="0"><code>{words}</code></pre></div>'


def _script_json(value: Any) -> str:
    """JSON that nothing can end but its own mark."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _first_language(html: str, language: str) -> str:
    found = re.search(rf'<span lang="{language}"[^>]*>(.*?)</span>', html, re.DOTALL)
    return found[1] if found else html
