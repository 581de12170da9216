"""The quiz of an entry: what follows ``## Quiz`` in each language's file, read into drafts, and the drafts joined."""

import re
from collections.abc import Mapping, Sequence

from kb.deck.front_matter import Complain
from kb.deck.item import RECALL, Item, Wording
from kb.deck.kind import PROOF, Draft, Kinds, Trouble
from kb.deck.markdown import walk
from kb.deck.text import Block
from kb.errors import Complaint, Message

_ID = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")


class QuizSection:
    """Reads one file's items; what an item consists of tells its kind, and each kind knows what its items need."""

    def __init__(self, is_primary: bool, kinds: Kinds, text_fences: tuple[str, ...], complain: Complain) -> None:
        """Take what holds for the file.

        Args:
            is_primary: whether it is the primary language's, which holds all code and keys.
            kinds: that an item may be of.
            text_fences: info strings of code that may stand in any text.
            complain: is told lines, from 1, and messages.
        """
        self.is_primary = is_primary
        self.kinds = kinds
        self.text_fences = text_fences
        self.quiz_fences = (
            *(f"python {fence}" for fence in (PROOF, *(fence for kind in kinds.values() for fence in kind.fences))),
            *(f"text {fence}" for kind in kinds.values() for fence in kind.lists),
        )
        self.complain = complain

    def read(self, blocks: list[Block]) -> list[Draft]:
        """The items of the blocks, each as far as this language tells it."""
        drafts: list[Draft] = []
        ids: set[str] = set()
        for block in blocks:
            if block.kind == "heading" and block.info == "3":
                self.start_item(block, drafts, ids)
            elif block.kind == "heading" and block.info in "12":
                self.complain(block.line, "the section {text!r} after ## Quiz; the quiz comes last", text=block.text)
            elif not drafts:
                self.complain(block.line, "text between ## Quiz and the first item; an item begins with ### its-id")
            else:
                self.add_to_item(block, drafts[-1])
        for draft in drafts:
            self.check_item(draft)
        return drafts

    def start_item(self, block: Block, drafts: list[Draft], ids: set[str]) -> None:
        if not _ID.match(block.text):
            self.complain(block.line, "{text!r} is no id; write it in-kebab-case", text=block.text)
        if block.text == RECALL:
            self.complain(
                block.line,
                "the id {id} is taken by the card that every entry has; choose another",
                id=RECALL,
            )
        if block.text in ids:
            self.complain(block.line, "a second item {text!r}; give each an id of its own", text=block.text)
        ids.add(block.text)
        drafts.append(Draft(block.text, block.line))

    def add_to_item(self, block: Block, draft: Draft) -> None:
        inner = walk(block.children)
        for code in [block, *inner] if block.kind == "code" else inner:
            if code.kind == "code" and code.info not in self.text_fences + (self.quiz_fences if code is block else ()):
                known = ", ".join((*self.text_fences, *self.quiz_fences))
                self.complain(code.line, "unknown info string {info!r} here; use {known}", info=code.info, known=known)
        is_options = block.kind == "list" and any(item.info for item in block.children)
        if is_options and draft.options is None and not draft.keyed:
            draft.options = block
        elif is_options:
            self.complain(block.line, "a second list of options in {id!r}; an item has one key", id=draft.id)
        elif block.kind == "code" and block.info in self.quiz_fences:
            if not self.is_primary:
                self.complain(
                    block.line,
                    "a quiz code block in a translation; leave it out and put a line --- in its place (a proof is left"
                    " out alone)",
                )
            draft.scripts.setdefault(block.info.partition(" ")[2], []).append(block.text)
        elif block.kind == "rule":
            if self.is_primary or draft.keyed:
                self.complain(block.line, "a line --- that stands for nothing; it marks a translation's code, once")
            draft.has_rule = True
        else:
            if block.kind == "quote" and draft.keyed:
                self.complain(block.line, "a quotation after the key of {id!r}; a hint stands before it", id=draft.id)
            (draft.explanation if draft.keyed else draft.question).append(block)

    def check_item(self, draft: Draft) -> None:
        for hint in draft.hints:
            if not hint.children:
                self.complain(hint.line, "an empty hint in {id!r}; write one or take the > out", id=draft.id)
        if len(draft.question) == len(draft.hints):
            self.complain(draft.line, "item {id!r} asks nothing; write the question after its heading", id=draft.id)
        if draft.keyed and not draft.explanation:
            self.complain(draft.line, "item {id!r} explains nothing; say why the key is right", id=draft.id)
        keys = [kind.key for kind in self.kinds.values() if kind.fits(draft) and kind.key]
        if len(keys) > 1:
            self.complain(
                draft.line, "item {id!r} has {keys}; an item is of one kind", id=draft.id, keys=" and ".join(keys)
            )
        if len(draft.scripts.get(PROOF, [])) > 1:
            self.complain(
                draft.line,
                "item {id!r} has several {fence} blocks; put them into one",
                id=draft.id,
                fence=PROOF,
            )
        for kind in self.kinds.values():
            for line, message in kind.complaints(draft):
                self.complain(line, message)


def join_items(
    number: int, drafts: Mapping[str, Sequence[Draft]], paths: Mapping[str, str], kinds: Kinds
) -> tuple[tuple[Item, ...], list[Complaint]]:
    """Make items of what each language says of them.

    Whatever differs between languages (ids, their order, kinds, marks) is a complaint about the translation.

    Args:
        number: the entry's.
        drafts: by language; the primary one comes first.
        paths: of the files, by language.
        kinds: that an item may be of.
    """
    complaints: list[Complaint] = []
    (primary, originals), *translations = drafts.items()
    matched: dict[str, dict[str, Draft]] = {draft.id: {primary: draft} for draft in originals}
    for language, translated in translations:
        complaints += [Complaint(paths[language], *trouble) for trouble in _unmatched(originals, translated)]
        for draft in translated:
            if draft.id in matched:
                found = _differences(matched[draft.id][primary], draft)
                complaints += [Complaint(paths[language], draft.line, message) for message in found]
                matched[draft.id][language] = draft
    items = [_item(number, drafts_of_item, primary, kinds) for drafts_of_item in matched.values()]
    return tuple(items), complaints


def _item(number: int, drafts: Mapping[str, Draft], primary: str, kinds: Kinds) -> Item:
    draft = drafts[primary]
    kind = next((kind for kind in kinds.values() if kind.fits(draft)), kinds[RECALL])
    return Item(
        entry=number,
        id=draft.id,
        kind=kind.name,
        wordings={language: _wording(one) for language, one in drafts.items()},
        proof="".join(draft.scripts.get(PROOF, [])[:1]),
        line=draft.line,
        **kind.fields(draft),
    )


def _unmatched(originals: Sequence[Draft], translated: Sequence[Draft]) -> Trouble:
    """Items that a translation lacks, has beside the original's, or has in another order."""
    ours, theirs = [draft.id for draft in originals], [draft.id for draft in translated]
    own, there = set(ours), set(theirs)
    line = translated[0].line if translated else 0
    for missing in ours:
        if missing not in there:
            yield line, Message("item {missing!r} is missing; translate it", missing=missing)
    for draft in translated:
        if draft.id not in own:
            yield (
                draft.line,
                Message("item {id!r} is not in the primary language; add it there or take it out", id=draft.id),
            )
    if sorted(ours) == sorted(theirs) and ours != theirs:
        first = next(theirs[at] for at in range(len(ours)) if ours[at] != theirs[at])
        yield line, Message("item {first!r} stands elsewhere; keep the order", first=first)


def _differences(ours: Draft, theirs: Draft) -> list[Message]:
    """What an item's translation says otherwise than the original."""
    ours_marks, theirs_marks = (
        [option.info for option in draft.options.children] if draft.options else [] for draft in (ours, theirs)
    )
    found = []
    if ours_marks != theirs_marks:
        found.append("item {id!r} has other options or marks than the original; keep their number, order and marks")
    if len(ours.hints) != len(theirs.hints):
        found.append("item {id!r} has {count} {count:hint|hints} (> ...), the original {needed}; keep their number")
    if ours.has_code_key and not theirs.has_rule:
        found.append("item {id!r} lacks the line --- in the place of its code; add it between question and explanation")
    if theirs.has_rule and not ours.has_code_key:
        found.append("item {id!r} has a line --- though there is no code in the original; take it out")
    counts = {"count": len(theirs.hints), "needed": len(ours.hints)}
    return [Message(template, id=theirs.id, **counts) for template in found]


def _wording(draft: Draft) -> Wording:
    hints, explanation = draft.hints, draft.explanation
    apart = {id(hint) for hint in hints}
    question = [block for block in draft.question if id(block) not in apart]
    if not draft.keyed:
        # A recall card of text alone: its first paragraph asks, the rest answers.
        question, explanation = question[:1], question[1:]
    options = draft.options.children if draft.options else ()
    return Wording(
        question=tuple(question),
        options=tuple(option.children[0].spans if option.children else () for option in options),
        explanation=tuple(explanation),
        hints=tuple(hint.children for hint in hints if hint.children),
    )
