"""Page: one language's file of an entry, read by a small state machine with a message for every wrong turn."""

import re
from collections import Counter
from dataclasses import dataclass

from kb.deck.front_matter import Front, read_front
from kb.deck.kind import Draft, Kinds
from kb.deck.manifest import Deck
from kb.deck.markdown import Reading, read_markdown, walk
from kb.deck.quiz_section import QuizSection
from kb.deck.text import PITFALLS, SOURCES, Block, Span, Text, bare_lines, blocks_text, plain
from kb.errors import Complaint, Message

QUIZ = "Quiz"

ANSWER_FENCES = ("python", "python illustration", "text")

MAX_GIST_SENTENCES = 3

_TITLE = re.compile(r"^(\d{1,9})\. +(\S.*)$")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")


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
    drafts: tuple[Draft, ...]
    """The items, as far as this language tells them."""
    complaints: tuple[Complaint, ...]


def parse_page(source: str, path: str, language: str, deck: Deck, kinds: Kinds) -> Page:
    """Parse one language's file of an entry.

    Every violation of the format becomes a complaint, all of them in one run; what can be read is read all the same.

    Args:
        source: the file's text.
        path: of the file, for the complaints.
        language: of the file.
        deck: whose rules hold.
        kinds: of items that the quiz may hold.
    """
    return _Parser(source, path, language, deck).parse(kinds)


class _Parser:
    """Reads the front matter and the answer, and hands what follows ``## Quiz`` on."""

    def __init__(self, source: str, path: str, language: str, deck: Deck) -> None:
        self.lines = bare_lines(source)
        self.path = path
        self.language = language
        self.deck = deck
        self.is_primary = language == deck.languages[0]
        self.complaints: list[Complaint] = []
        self.reading: Reading = read_markdown(source)

    def complain(self, line: int, message: str, /, **values: object) -> None:
        self.complaints.append(Complaint(self.path, line, Message(message, **values)))

    def parse(self, kinds: Kinds) -> Page:
        for line, message in self.reading.complaints:
            self.complain(line, message)
        front = self.parse_front()
        answer, quiz = self.split()
        number, text = self.parse_answer(answer)
        drafts = QuizSection(self.is_primary, kinds, ANSWER_FENCES, self.complain).read(quiz)
        return Page(self.language, number, front, text, tuple(drafts), tuple(sorted(set(self.complaints))))

    def parse_front(self) -> Front | None:
        raw = self.reading.front_matter
        if not self.is_primary:
            if raw is not None:
                self.complain(
                    1,
                    "front matter in a translation; it belongs into {language}.md alone",
                    language=self.deck.languages[0],
                )
            return None
        if raw is None:
            self.complain(1, "no front matter; begin with --- area, level, tags, related, aliases, errors ---")
            return Front()
        return read_front(raw, self.deck, self.complain)

    def split(self) -> tuple[list[Block], list[Block]]:
        """The blocks before and after ``## Quiz``."""
        blocks = list(self.reading.blocks)
        for at, block in enumerate(blocks):
            if block.kind == "heading" and block.info == "2" and block.text == QUIZ:
                return blocks[:at], blocks[at + 1 :]
        if self.deck.complete:
            self.complain(len(self.lines), "no ## {quiz}; add it as the last section", quiz=QUIZ)
        return blocks, []

    def parse_answer(self, blocks: list[Block]) -> tuple[int | None, Text | None]:
        for block in walk(tuple(blocks)):
            if self.deck.complete and block.kind == "code" and block.info not in ANSWER_FENCES:
                self.complain(
                    block.line,
                    "unknown info string {info!r}; use {known}",
                    info=block.info,
                    known=", ".join(ANSWER_FENCES),
                )
        if not blocks:
            self.complain(1, "no title; write # NN. A question that a person would ask")
            return None, None
        title, *rest = blocks
        if title.kind != "heading" or title.info != "1":
            self.complain(title.line, "the text does not begin with a title; write # NN. A question")
            return None, None
        number, question = self.parse_title(title)
        if (not rest or rest[0].kind != "paragraph") and self.deck.complete:
            self.complain(title.end, "no gist after the title; write one paragraph that answers the question")
            return number, None
        gist = _gist(rest) or Block("paragraph", (Span(question),), line=title.line, end=title.end)
        body = rest[1:] if rest and rest[0] is gist else rest
        self.check_gist(gist)
        self.check_sections(body)
        last = body[-1].end if body else gist.end
        markdown = "\n".join(self.lines[title.line - 1 : last]) + "\n"
        return number, Text(self.language, question, gist, tuple(body), markdown)

    def parse_title(self, block: Block) -> tuple[int | None, str]:
        found = _TITLE.match(block.text)
        if not found:
            self.complain(block.line, "the title {text!r} has no number; write # NN. A question", text=block.text)
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
                gist.line,
                "the gist has {count} sentences, {most} at most; move the rest below",
                count=count,
                most=MAX_GIST_SENTENCES,
            )

    def check_sections(self, body: list[Block]) -> None:
        pitfalls, sources = (names.get(self.language, names["en"]) for names in (PITFALLS, SOURCES))
        seen: Counter[str] = Counter()
        for block in body:
            if block.kind == "heading":
                if block.info == "1":
                    self.complain(block.line, "a second title; use ## for sections")
                elif block.info == "2":
                    seen[block.text] += 1
                    self.check_order(block, seen, pitfalls, sources)
            elif not seen and self.deck.complete:
                self.complain(block.line, "text between the gist and the first section; give it a ## heading")
                seen[""] += 1
        if self.deck.complete:
            line = body[-1].end if body else len(self.lines)
            for needed in (pitfalls, sources):
                if needed not in seen:
                    self.complain(line, "no ## {needed}; add it before ## {quiz}", needed=needed, quiz=QUIZ)

    def check_order(self, block: Block, seen: Counter[str], pitfalls: str, sources: str) -> None:
        name = block.text
        if seen[name] > 1:
            self.complain(block.line, "a second section {name!r}; give each a name of its own", name=name)
        elif name != sources and sources in seen:
            self.complain(
                block.line,
                "{name!r} after {sources!r}; only ## {quiz} may follow it",
                name=name,
                sources=sources,
                quiz=QUIZ,
            )
        elif name not in (pitfalls, sources) and pitfalls in seen:
            self.complain(block.line, "{name!r} after {pitfalls!r}; move it before", name=name, pitfalls=pitfalls)


def _gist(blocks: list[Block]) -> Block | None:
    """The block that answers: a paragraph as a rule, in notes whatever comes first and is more than a heading. None if
    nothing has a word in it."""
    spoken = [block for block in blocks if blocks_text((block,)).strip()]
    return next((block for block in spoken if block.kind != "heading"), spoken[0] if spoken else None)
