"""Parsing an entry: a small state machine over Markdown blocks, with a message for every wrong turn."""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from kb.deck.item import Item, Kind, Wording
from kb.deck.manifest import Deck
from kb.deck.markdown import Reading, read_markdown, split_lines, walk
from kb.deck.text import SOURCES, Block, Span, Text, plain
from kb.errors import Complaint

PITFALLS = {"en": "Pitfalls", "zh": "易错点"}
QUIZ = "Quiz"

ANSWER_FENCES = ("python", "python illustration", "text")
QUIZ_FENCES = ("python proof", "python predict", "python answer", "python right", "python wrong")

MAX_GIST_SENTENCES = 3
MIN_ALIASES = 3

_TITLE = re.compile(r"^(\d+)\. +(\S.*)$")
_ID = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")


@dataclass(frozen=True, slots=True)
class Front:
    """The front matter of an entry."""

    area: str = ""
    level: int = 2
    tags: tuple[str, ...] = ()
    related: tuple[int, ...] = ()
    aliases: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One language's file of an entry, parsed."""

    language: str
    number: int | None
    """The number in its title."""
    front: Front | None
    """None in a translation."""
    text: Text | None
    """None if there is no title or no gist."""
    drafts: tuple["Draft", ...]
    """The items, as far as this language tells them."""
    complaints: tuple[Complaint, ...]


@dataclass(slots=True)
class Draft:
    """An item while it is being read from one language's file."""

    id: str
    line: int
    question: list[Block] = field(default_factory=list)
    options: Block | None = None
    scripts: dict[str, list[str]] = field(default_factory=dict)
    explanation: list[Block] = field(default_factory=list)
    has_rule: bool = False

    @property
    def keyed(self) -> bool:
        """Whether the list, the block or the line that holds the key's place has been read."""
        return bool(self.options or self.has_rule or any(kind != "proof" for kind in self.scripts))


def parse_page(source: str, path: str, language: str, deck: Deck) -> Page:
    """Parse one language's file of an entry.

    Every violation of the format becomes a complaint, all of them in one run; what can be read is read all the same.
    Never raises.
    """
    return _Parser(source, path, language, deck).parse()


class _Parser:
    def __init__(self, source: str, path: str, language: str, deck: Deck) -> None:
        self.lines = [line.rstrip("\r\n") for line in split_lines(source)]
        self.path = path
        self.language = language
        self.deck = deck
        self.is_primary = language == deck.languages[0]
        self.complaints: list[Complaint] = []
        self.reading: Reading = read_markdown(source)

    def complain(self, line: int, message: str) -> None:
        self.complaints.append(Complaint(self.path, line, message))

    def parse(self) -> Page:
        for line, message in self.reading.complaints:
            self.complain(line, message)
        front = self.parse_front()
        answer, quiz = self.split()
        number, text = self.parse_answer(answer)
        drafts = self.parse_quiz(quiz)
        return Page(self.language, number, front, text, tuple(drafts), tuple(sorted(set(self.complaints))))

    # Front matter

    def parse_front(self) -> Front | None:
        raw = self.reading.front_matter
        if not self.is_primary:
            if raw is not None:
                self.complain(1, f"front matter in a translation; it belongs into {self.deck.languages[0]}.md alone")
            return None
        if raw is None:
            self.complain(1, "no front matter; begin with --- area, level, tags, related, aliases, errors ---")
            return Front()
        try:
            table = yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 both are safe
        except (yaml.YAMLError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or error
            line = mark.line + 2 if mark else 1
            self.complain(line, f"the front matter is not YAML: {problem}; quote the value")
            return Front()
        if not isinstance(table, dict):
            self.complain(1, "the front matter is no table; write area: ..., level: ..., one a line")
            return Front()
        for key in table.keys() - set(Front.__slots__):
            self.complain(self.front_line(str(key)), f"unknown key {key!r}; known are {', '.join(Front.__slots__)}")
        for key in Front.__slots__:
            if key not in table and (self.deck.complete or key in ("area", "level")):
                self.complain(1, f"no {key} in the front matter; add it")
        return Front(
            area=self.front_area(table.get("area", "")),
            level=self.front_level(table.get("level", 2)),
            tags=self.front_list(table, "tags", str),
            related=self.front_list(table, "related", int),
            aliases=self.front_aliases(table),
            errors=self.front_list(table, "errors", str),
        )

    def front_line(self, key: str) -> int:
        return next((at for at, line in enumerate(self.lines, 1) if line.startswith(f"{key}:")), 1)

    def front_area(self, area: Any) -> str:
        if self.deck.areas and area not in self.deck.areas:
            known = ", ".join(self.deck.areas)
            self.complain(self.front_line("area"), f"unknown area {area!r}; the deck's are {known}")
        return str(area)

    def front_level(self, level: Any) -> int:
        if type(level) is int and 1 <= level <= 3:
            return level
        self.complain(self.front_line("level"), f"level is {level!r}; give 1 (basic), 2 or 3 (advanced)")
        return 2

    def front_list(self, table: dict[Any, Any], key: str, kind: type) -> tuple[Any, ...]:
        values = table.get(key) or []
        if not isinstance(values, list):
            self.complain(self.front_line(key), f"{key} is no list; write [one, two]")
            return ()
        good = [value for value in values if type(value) is kind]
        if len(good) < len(values):
            bad = next(value for value in values if type(value) is not kind)
            what = "numbers" if kind is int else "texts (quote what looks like a number)"
            self.complain(self.front_line(key), f"{bad!r} in {key}; give {what}")
        if len(set(good)) < len(good):
            self.complain(self.front_line(key), f"{key} names something twice; once is enough")
        return tuple(dict.fromkeys(good))

    def front_aliases(self, table: dict[Any, Any]) -> tuple[str, ...]:
        aliases: tuple[str, ...] = self.front_list(table, "aliases", str)
        if self.deck.complete and len(aliases) < MIN_ALIASES:
            do = "give the acronym, the name in the other language, the API name"
            self.complain(
                self.front_line("aliases"), f"{len(aliases)} aliases, at least {MIN_ALIASES} are needed; {do}"
            )
        return aliases

    # Answer

    def split(self) -> tuple[list[Block], list[Block]]:
        """The blocks before and after ``## Quiz``."""
        blocks = list(self.reading.blocks)
        for at, block in enumerate(blocks):
            if block.kind == "heading" and block.info == "2" and block.text == QUIZ:
                return blocks[:at], blocks[at + 1 :]
        if self.deck.complete:
            self.complain(len(self.lines), f"no ## {QUIZ}; add it as the last section")
        return blocks, []

    def parse_answer(self, blocks: list[Block]) -> tuple[int | None, Text | None]:
        for block in walk(tuple(blocks)):
            if block.kind == "code" and block.info not in ANSWER_FENCES:
                self.complain(block.line, f"unknown info string {block.info!r}; use {', '.join(ANSWER_FENCES)}")
        if not blocks:
            self.complain(1, "no title; write # NN. A question that a person would ask")
            return None, None
        title, *rest = blocks
        if title.kind != "heading" or title.info != "1":
            self.complain(title.line, "the text does not begin with a title; write # NN. A question")
            return None, None
        number, question = self.parse_title(title)
        if not rest or rest[0].kind != "paragraph":
            self.complain(title.end, "no gist after the title; write one paragraph that answers the question")
            return number, None
        gist, *body = rest
        self.check_gist(gist)
        self.check_sections(body)
        last = body[-1].end if body else gist.end
        markdown = "\n".join(self.lines[title.line - 1 : last]) + "\n"
        return number, Text(self.language, question, gist, tuple(body), markdown)

    def parse_title(self, block: Block) -> tuple[int | None, str]:
        found = _TITLE.match(block.text)
        if not found:
            self.complain(block.line, f"the title {block.text!r} has no number; write # NN. A question")
            return None, block.text
        return int(found[1]), found[2]

    def check_gist(self, gist: Block) -> None:
        links = [span for span in gist.spans if span.style == "link" and span.source == "snippet.py"]
        if self.deck.complete and not links:
            self.complain(gist.line, "the gist has no link to the snippet; end it with [`snippet.py`](snippet.py)")
        words = plain(tuple(Span("x") if span.style in ("code", "formula") else span for span in gist.spans))
        # The sentence that holds the link answers nothing and does not count.
        sentences = [part for part in _SENTENCE_END.split(words) if part.strip() and "snippet.py" not in part]
        if self.deck.complete and len(sentences) > MAX_GIST_SENTENCES:
            count = len(sentences)
            self.complain(
                gist.line, f"the gist has {count} sentences, {MAX_GIST_SENTENCES} at most; move the rest below"
            )

    def check_sections(self, body: list[Block]) -> None:
        pitfalls, sources = (names.get(self.language, names["en"]) for names in (PITFALLS, SOURCES))
        seen: list[str] = []
        for block in body:
            if block.kind == "heading":
                if block.info == "1":
                    self.complain(block.line, "a second title; use ## for sections")
                elif block.info == "2":
                    seen.append(block.text)
                    self.check_order(block, seen, pitfalls, sources)
            elif not seen:
                self.complain(block.line, "text between the gist and the first section; give it a ## heading")
                seen.append("")
        if self.deck.complete:
            line = body[-1].end if body else len(self.lines)
            for needed in (pitfalls, sources):
                if needed not in seen:
                    self.complain(line, f"no ## {needed}; add it before ## {QUIZ}")

    def check_order(self, block: Block, seen: list[str], pitfalls: str, sources: str) -> None:
        name = block.text
        if seen.count(name) > 1:
            self.complain(block.line, f"a second section {name!r}; give each a name of its own")
        elif name != sources and sources in seen:
            self.complain(block.line, f"{name!r} after {sources!r}; only ## {QUIZ} may follow it")
        elif name not in (pitfalls, sources) and pitfalls in seen:
            self.complain(block.line, f"{name!r} after {pitfalls!r}; move it before")

    # Quiz

    def parse_quiz(self, blocks: list[Block]) -> list[Draft]:
        drafts: list[Draft] = []
        for block in blocks:
            if block.kind == "heading" and block.info == "3":
                self.start_item(block, drafts)
            elif block.kind == "heading" and block.info in "12":
                self.complain(block.line, f"the section {block.text!r} after ## {QUIZ}; the quiz comes last")
            elif not drafts:
                self.complain(block.line, f"text between ## {QUIZ} and the first item; an item begins with ### its-id")
            else:
                self.add_to_item(block, drafts[-1])
        for draft in drafts:
            self.check_item(draft)
        return drafts

    def start_item(self, block: Block, drafts: list[Draft]) -> None:
        if not _ID.match(block.text):
            self.complain(block.line, f"{block.text!r} is no id; write it in-kebab-case")
        if block.text == "recall":
            self.complain(block.line, "the id recall is taken by the card that every entry has; choose another")
        if any(draft.id == block.text for draft in drafts):
            self.complain(block.line, f"a second item {block.text!r}; give each an id of its own")
        drafts.append(Draft(block.text, block.line))

    def add_to_item(self, block: Block, draft: Draft) -> None:
        inner = walk(block.children)
        for code in [block, *inner] if block.kind == "code" else inner:
            if code.kind == "code" and code.info not in ANSWER_FENCES + (QUIZ_FENCES if code is block else ()):
                known = ", ".join((*ANSWER_FENCES, *QUIZ_FENCES))
                self.complain(code.line, f"unknown info string {code.info!r} here; use {known}")
        is_options = block.kind == "list" and any(item.info for item in block.children)
        if is_options and draft.options is None and not draft.keyed:
            draft.options = block
        elif is_options:
            self.complain(block.line, f"a second list of options in {draft.id!r}; an item has one key")
        elif block.kind == "code" and block.info in QUIZ_FENCES:
            if not self.is_primary:
                do = "leave it out and put a line --- in its place (a proof is left out alone)"
                self.complain(block.line, f"a quiz code block in a translation; {do}")
            draft.scripts.setdefault(block.info.removeprefix("python "), []).append(block.text)
        elif block.kind == "rule":
            if self.is_primary or draft.keyed:
                self.complain(block.line, "a line --- that stands for nothing; it marks a translation's code, once")
            draft.has_rule = True
        else:
            (draft.explanation if draft.keyed else draft.question).append(block)

    def check_item(self, draft: Draft) -> None:
        if not draft.question:
            self.complain(draft.line, f"item {draft.id!r} asks nothing; write the question after its heading")
        if draft.keyed and not draft.explanation:
            self.complain(draft.line, f"item {draft.id!r} explains nothing; say why the key is right")
        keys: list[str] = [kind for kind in ("predict", "answer", "right") if kind in draft.scripts]
        if draft.options:
            keys.insert(0, "a task list")
        if len(keys) > 1:
            self.complain(draft.line, f"item {draft.id!r} has {' and '.join(keys)}; an item is of one kind")
        for kind in ("predict", "answer", "proof"):
            if len(draft.scripts.get(kind, [])) > 1:
                self.complain(draft.line, f"item {draft.id!r} has several {kind} blocks; put them into one")
        if "wrong" in draft.scripts and "right" not in draft.scripts:
            self.complain(
                draft.line, f"item {draft.id!r} has wrong solutions and no right one; add python right blocks"
            )
        if draft.options:
            self.check_options(draft, draft.options)

    def check_options(self, draft: Draft, options: Block) -> None:
        texts = []
        for option in options.children:
            if not option.info:
                self.complain(option.line, "an option without [ ] or [x]; mark it")
            if len(option.children) != 1 or option.children[0].kind != "paragraph":
                self.complain(option.line, "an option that is more than one paragraph; put the code into the question")
            texts.append(option.children[0].text if option.children else "")
        marks = [option.info == "x" for option in options.children]
        if len(marks) < 2:
            self.complain(options.line, f"item {draft.id!r} has one option; give at least two")
        if not any(marks):
            self.complain(options.line, f"item {draft.id!r} has no right option; mark it [x]")
        if all(marks) and len(marks) > 1:
            self.complain(
                options.line, f"item {draft.id!r} has right options alone; add one that people wrongly believe"
            )
        if len(set(texts)) < len(texts):
            self.complain(options.line, f"item {draft.id!r} has the same option twice; change one")


def join_items(number: int, pages: dict[str, Page], paths: dict[str, str]) -> tuple[tuple[Item, ...], list[Complaint]]:
    """Make items of what each language says of them; the first page is the primary language's.

    Whatever differs between languages (ids, their order, kinds, marks) is a complaint about the translation.
    """
    complaints: list[Complaint] = []
    (primary, page), *translations = pages.items()
    matched: dict[str, dict[str, Draft]] = {draft.id: {primary: draft} for draft in page.drafts}
    ids = [draft.id for draft in page.drafts]
    for language, translation in translations:
        theirs = [draft.id for draft in translation.drafts]
        line = translation.drafts[0].line if translation.drafts else 0
        complaints += [
            Complaint(paths[language], line, f"item {missing!r} is missing; translate it")
            for missing in ids
            if missing not in theirs
        ]
        for draft in translation.drafts:
            if draft.id not in matched:
                what = f"item {draft.id!r} is not in the primary language; add it there or take it out"
                complaints.append(Complaint(paths[language], draft.line, what))
                continue
            complaints += _differences(matched[draft.id][primary], draft, paths[language])
            matched[draft.id][language] = draft
        if sorted(ids) == sorted(theirs) and ids != theirs:
            first = next(theirs[at] for at in range(len(ids)) if ids[at] != theirs[at])
            complaints.append(Complaint(paths[language], line, f"item {first!r} stands elsewhere; keep the order"))
    items = []
    for name, drafts in matched.items():
        draft = drafts[primary]
        items.append(
            Item(
                entry=number,
                id=name,
                kind=_kind(draft),
                wordings={language: _wording(one) for language, one in drafts.items()},
                marks=tuple(option.info == "x" for option in draft.options.children) if draft.options else (),
                code="".join(draft.scripts.get("predict", draft.scripts.get("answer", []))[:1]),
                proof="".join(draft.scripts.get("proof", [])[:1]),
                right=tuple(draft.scripts.get("right", [])),
                wrong=tuple(draft.scripts.get("wrong", [])),
                line=draft.line,
            )
        )
    return tuple(items), complaints


def _differences(ours: Draft, theirs: Draft, path: str) -> list[Complaint]:
    """What an item's translation says otherwise than the original."""
    ours_marks, theirs_marks = (
        [option.info for option in draft.options.children] if draft.options else [] for draft in (ours, theirs)
    )
    found = []
    if ours_marks != theirs_marks:
        found.append("has other options or marks than the original; keep their number, order and marks")
    needs_rule = any(kind in ours.scripts for kind in ("predict", "answer", "right"))
    if needs_rule and not theirs.has_rule:
        found.append("lacks the line --- in the place of its code; add it between question and explanation")
    if theirs.has_rule and not needs_rule:
        found.append("has a line --- though there is no code in the original; take it out")
    return [Complaint(path, theirs.line, f"item {theirs.id!r} {message}") for message in found]


def _kind(draft: Draft) -> Kind:
    if draft.options:
        return Kind.CHOICE
    if "right" in draft.scripts:
        return Kind.CODE
    if "predict" in draft.scripts:
        return Kind.PREDICT
    return Kind.ANSWER if "answer" in draft.scripts else Kind.RECALL


def _wording(draft: Draft) -> Wording:
    question, explanation = draft.question, draft.explanation
    if not draft.keyed:
        # A recall card of text alone: its first paragraph asks, the rest answers.
        question, explanation = question[:1], question[1:]
    options = draft.options.children if draft.options else ()
    return Wording(
        question=tuple(question),
        options=tuple(option.children[0].spans if option.children else () for option in options),
        explanation=tuple(explanation),
    )
