"""Drill: a session at the terminal."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from kb.desk import Desk
from kb.errors import KbError, UsageError
from kb.keys import END, ENTER, ESCAPE, read_key
from kb.layout import Line, Style, code_lines, lay_out, pieces, wrap
from kb.render import failure_lines, language_text, run_summary, style_for, time_text
from quiz.examiner import Examiner
from quiz.grade import Grade
from quiz.item import Kind
from quiz.schedule import Memory, Rating
from quiz.session import Card, Question, Session, all_cards, plan, propose

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Wish:
    """What the learner wants to be asked."""

    words: list[str]
    """Numbers or words that find entries; all if empty."""
    only_new: bool
    limit: int
    kind: str | None
    area: str | None
    level: int | None


class Leave(Exception):  # noqa: N818 a wish of the learner's, no error
    """The learner ends the session."""


class Undo(Exception):  # noqa: N818
    """The learner takes the last answer back."""


def wished_cards(desk: Desk, wish: Wish) -> list[Card]:
    """The items that fit a wish.

    Raises:
        UsageError: an unknown kind or area, a word that finds nothing, or nothing that fits.
    """
    if wish.kind is not None and wish.kind not in list(Kind):
        raise UsageError(f"no kind {wish.kind!r}", f"choose {', '.join(Kind)}")
    if wish.area is not None and wish.area not in desk.library.deck.areas:
        raise UsageError(f"no area {wish.area!r}", f"the deck has {', '.join(desk.library.deck.areas)}")
    numbers = set(desk.entries_for(wish.words)) if wish.words else set(desk.library.by_number)
    heads = desk.library.by_number
    cards = [
        card
        for card in all_cards(desk.library)
        if card.number in numbers
        and wish.kind in (None, str(card.kind))
        and wish.area in (None, heads[card.number].area)
        and wish.level in (None, heads[card.number].level)
    ]
    if not desk.torch and any(card.kind is Kind.CODE for card in cards):
        cards = [card for card in cards if card.kind is not Kind.CODE]
        text = desk.say("torch is not installed: questions whose answers are run are left out")
        desk.err.print([[(f"kb: {text}", "warn")]])
    if not cards:
        raise UsageError(desk.say("no item matches"), "kb quiz without options asks what is due")
    return cards


def plan_session(desk: Desk, wish: Wish, now: float) -> list[Card]:
    """What to ask now. Entries that are named are asked also where nothing of them is due."""
    levels = {head.number: head.level for head in desk.library.heads}
    return plan(
        wished_cards(desk, wish),
        desk.progress.memories(),
        levels,
        now,
        wish.limit,
        only_new=wish.only_new,
        also_early=bool(wish.words),
    )


def drill(desk: Desk, wish: Wish, as_json: bool, random: Random, clock: Callable[[], float]) -> int:
    """Hold a session; returns the exit code."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not as_json and not is_terminal:
        raise UsageError("kb quiz asks at a terminal", "use kb quiz --json to drive it from a program")
    cards = plan_session(desk, wish, clock())
    session = Session(desk.library, desk.progress, cards, random, clock)
    with Examiner(desk.records) as examiner:
        if as_json:
            from quiz.wire import serve_session

            return serve_session(desk, session, examiner, sys.stdin, sys.stdout)
        return Drill(desk, session, examiner).run()


class Drill:
    """Shows questions, takes answers, shows what became of them."""

    def __init__(self, desk: Desk, session: Session, examiner: Examiner) -> None:
        self.desk = desk
        self.session = session
        self.examiner = examiner
        self.say = desk.say
        self.out = desk.out
        self.hints = 0
        self.keys: tuple[tuple[str, str], ...] = ()

    def run(self) -> int:
        """Ask until nothing is left or the learner leaves."""
        code = 0
        try:
            if not self.session.left:
                self.nothing_due()
            while question := self.session.next():
                try:
                    self.ask(question)
                except Undo:
                    self.undo()
        except Leave:
            pass
        except KeyboardInterrupt:
            code = 130
        self.out.print([[]])
        self.summary()
        return code

    # Showing

    def style(self, number: int) -> Style:
        return style_for(self.out, self.say, number, self.desk.library.by_number)

    def print(self, *lines: Line) -> None:
        self.out.print(lines)

    def hint_line(self, *keys: tuple[str, str]) -> None:
        """The keys that work now, at the bottom."""
        self.keys = keys
        line: Line = []
        for key, what in keys:
            if line:
                line.append((" · ", "dim"))
            line += [(key, "strong"), (f" {self.say(what)}", "dim")]
        self.out.print(wrap(line, self.out.width))

    def nothing_due(self) -> None:
        memories = self.desk.progress.memories().values()
        self.print([(self.say("nothing is due"), "good")])
        if memories:
            wait = max(60.0, min(memory.due for memory in memories) - self.session.clock())
            self.print([(self.say("the next is due in {time}", time=time_text(wait, self.say)), "dim")])

    def show_question(self, question: Question) -> None:
        card, style = question.card, self.style(question.card.number)
        title = language_text(question.entry.head.titles, self.say.language)
        state = "once more" if question.is_again else "new" if question.is_new else "due"
        left = self.say("{left} left", left=self.session.left)
        width = style.width
        self.print([], [("─" * min(width, 60), "dim")])
        head = f"{card.number}. {title}" if card.kind is not Kind.RECALL else f"{card.number}."
        self.out.print(wrap([(head, "dim"), (f"  {self.say(state)} · {left}", "dim")], width))
        self.print([])
        wording = question.wording(self.say.language)
        self.out.print(lay_out(wording.question, style))
        if card.kind is Kind.PREDICT:
            self.print([])
            self.out.print(code_lines(question.item.code, "python", style))
        if card.kind is Kind.CHOICE:
            self.print([])
            for place, option in enumerate(question.order, 1):
                self.out.print(wrap(pieces(wording.options[option], style), width, f"  {place}  "))
        if card.kind is Kind.CODE:
            self.show_hole(question, style)
        self.print([])

    def show_hole(self, question: Question, style: Style) -> None:
        """The snippet around the hole, with dots in its place."""
        snippet = question.entry.snippet
        hole = snippet.hole(question.item.id) if snippet else None
        if snippet is None or hole is None:
            return
        lines = snippet.source.splitlines()
        # Never into another hole: its solution is another question's key.
        others = [other for other in snippet.holes if other.name != hole.name]
        first = max([0, hole.first - 9, *(other.end + 1 for other in others if other.end < hole.first)])
        last = min([len(lines), hole.end + 13, *(other.first - 1 for other in others if other.first > hole.end)])
        before, after = lines[first : hole.first - 1], lines[hole.end + 1 : last]
        shown = "\n".join([*before, f"{hole.indent}...", *after])
        self.print([])
        self.out.print(code_lines(shown, "python", style))
        self.print([], [("  ... ", "strong"), (self.say("your lines run here, in place of the dots"), "dim")])

    # Asking

    def ask(self, question: Question) -> None:
        self.hints = 0
        self.show_question(question)
        self.examiner.prepare(question)
        started = self.session.clock()
        match question.item.kind:
            case Kind.CHOICE:
                given = self.ask_choice(question)
            case Kind.RECALL:
                self.ask_recall(question, started)
                return
            case Kind.CODE:
                self.ask_code(question, started)
                return
            case _:
                given = self.ask_value(question)
        if given is None:
            self.session.skip()
            return
        grade = self.examiner.grade(question, given)
        if grade.form_only:
            self.print([(self.say("almost: only the form differs; once more"), "warn")])
            self.hints += 1
            again = self.ask_value(question)
            if again is not None:
                given, grade = again, self.examiner.grade(question, again)
        self.finish(question, given, grade, started)

    def ask_choice(self, question: Question) -> str | None:
        count = len(question.order)
        is_several = sum(question.item.marks) > 1
        chosen: set[int] = set()
        keys = [(f"1-{count}", "toggle" if is_several else "choose")]
        keys += [("Enter", "confirm")] if is_several else []
        if is_several:
            self.print([(self.say("choose all that apply"), "dim")])
        self.hint_line(*keys, ("s", "skip"), ("l", "language"), ("u", "undo"), ("q", "quit"))
        while True:
            key = self.key(question)
            if key == "s":
                return None
            if key.isdecimal() and 1 <= int(key) <= count:
                chosen ^= {int(key)}
                if not is_several:
                    break
                self.out.write("\r\x1b[2K  " + " ".join(str(place) for place in sorted(chosen)))
                self.out.stream.flush()
            elif key == ENTER and chosen:
                self.print([])
                break
        return ", ".join(str(place) for place in sorted(chosen))

    def key(self, question: Question) -> str:
        """The next key that is not one of those that work everywhere."""
        while True:
            key = read_key()
            if key in ("q", END):
                raise Leave
            if key == "u":
                raise Undo
            if key == "l":
                self.switch_language(question)
            elif key == "o":
                self.open_entry(question)
            else:
                return key

    def ask_value(self, question: Question) -> str | None:
        self.hint_line(
            ("Enter", "confirm"), (":s", "skip"), (":h", "hint"), (":l", "language"), (":u", "undo"), (":q", "quit")
        )
        while True:
            given = self.line(f"{self.say('Your answer')} > ")
            if given == ":s":
                return None
            if self.command(given, question):
                continue
            if given.strip():
                return given.strip()
            self.print([(self.say("an answer is empty"), "warn")])

    def line(self, prompt: str) -> str:
        """A typed line. Ctrl-D leaves."""
        # Loading readline gives input() its editing keys.
        import readline  # noqa: F401

        try:
            return input(prompt)
        except EOFError:
            raise Leave from None

    def command(self, given: str, question: Question) -> bool:
        """Whether a typed line was a command, which is then done."""
        match given.strip():
            case ":q":
                raise Leave
            case ":u":
                raise Undo
            case ":l":
                self.switch_language(question)
            case ":o":
                self.open_entry(question)
            case ":h":
                self.show_hint(question)
            case _:
                return False
        return True

    def ask_code(self, question: Question, started: float) -> None:
        tries = 0
        lines = ""
        while True:
            keys = [
                ("Enter Enter", "confirm"),
                (":e", "$EDITOR"),
                (":h", "hint"),
                (":s", "skip"),
                (":g", "give up"),
                (":q", "quit"),
            ]
            self.hint_line(*keys)
            given = self.code_input(lines)
            if given.strip() == ":s":
                self.session.skip()
                return
            if given.strip() == ":g":
                self.finish(question, "", Grade(False), started)
                return
            if self.command(given, question):
                continue
            if not given.strip():
                self.print([(self.say("an answer is empty"), "warn")])
                continue
            lines = given
            self.print([(self.say("checking") + " …", "dim")])
            grade = self.examiner.grade(question, given)
            if grade.correct:
                self.hints += tries
                self.finish(question, given, grade, started)
                return
            tries += 1
            self.show_rejection(question, given, grade)

    def code_input(self, before: str) -> str:
        from quiz.editor import edit_lines, type_lines

        given = type_lines(self.say("Your lines"), before)
        if given is None:
            raise Leave
        if given.strip() != ":e":
            return given
        try:
            return edit_lines(before or "\n", os.environ)
        except KbError as error:
            self.print([(f"kb: {error}", "warn")])
            return before

    def show_rejection(self, question: Question, given: str, grade: Grade) -> None:
        snippet = question.entry.snippet
        self.print([("✗ ", "bad"), (grade.note or (grade.run.reason if grade.run else ""), "")])
        if snippet and grade.run:
            self.out.print(failure_lines(grade.run, snippet.filled(question.item.id, given), self.out))
        self.print([])

    def ask_recall(self, question: Question, started: float) -> None:
        self.print([(self.say("Recall the answer, then press a key."), "dim")])
        self.hint_line(("Enter", "next"), ("s", "skip"), ("l", "language"), ("q", "quit"))
        key = self.key(question)
        if key == "s":
            self.session.skip()
            return
        self.out.print(lay_out(question.wording(self.say.language).explanation, self.style(question.card.number)))
        self.print([], [(self.say("how well did you know it?"), "strong")])
        ratings = [self.say(text) for text in ("1 not at all", "2 barely", "3 well", "4 easily")]
        self.print([(" · ".join(ratings), "dim")])
        while (key := self.key(question)) not in ("1", "2", "3", "4"):
            pass
        rating = Rating(int(key))
        seconds = self.session.clock() - started
        memory = self.session.answer(question, key, None, rating, rating, seconds)
        self.show_next(memory)

    # After the answer

    def finish(self, question: Question, given: str, grade: Grade, started: float) -> None:
        rating = propose(grade.correct, self.hints > 0)
        seconds = self.session.clock() - started
        key = self.examiner.key(question)
        memory = self.session.answer(question, given, grade.correct, rating, rating, seconds)
        self.show_grade(question, given, grade, key)
        self.show_next(memory)
        self.hint_line(("Enter", "next"), ("r", "run the proof"), ("o", "open the entry"), ("u", "undo"), ("q", "quit"))
        while (pressed := self.key(question)) not in (ENTER, " ", "n", ESCAPE):
            if pressed == "r":
                self.run_proof(question)

    def show_grade(self, question: Question, given: str, grade: Grade, key: str) -> None:
        style = self.style(question.card.number)
        self.print([])
        if grade.correct:
            self.print([(f"✓ {self.say('right')}", "good")])
        else:
            self.print(
                [(f"✗ {self.say('wrong')}", "bad"), (f"  {given}" if question.item.kind is not Kind.CODE else "", "")]
            )
        if question.item.kind is Kind.CODE:
            self.print([(self.say("a solution") + ":", "dim")])
            self.out.print(code_lines(key, "python", style))
        elif question.item.kind is Kind.CHOICE:
            if not grade.correct:
                self.show_right_options(question, style)
        else:
            self.print([(self.say("right answer") + ": ", "dim"), (key, "strong")])
        self.print([])
        self.out.print(lay_out(question.wording(self.say.language).explanation, style))
        self.print([])

    def show_right_options(self, question: Question, style: Style) -> None:
        """Each right option, with its place: the learner need not scroll up to see what was meant."""
        options = question.wording(self.say.language).options
        label = self.say("right answer") + ": "
        for place, option in enumerate(question.order, 1):
            if question.item.marks[option]:
                self.out.print(
                    wrap([(label, "dim"), (f"{place}  ", "strong"), *pieces(options[option], style)], style.width)
                )

    def show_next(self, memory: Memory) -> None:
        wait = memory.due - self.session.clock()
        self.print([(self.say("next review in {time}", time=time_text(max(60.0, wait), self.say)), "dim")])

    def show_hint(self, question: Question) -> None:
        """First the gist, then the first line of a solution."""
        self.hints += 1
        style = self.style(question.card.number)
        text = question.entry.text(self.say.language)
        if self.hints > 1 and question.item.kind is Kind.CODE and question.entry.snippet:
            first = question.entry.snippet.solution(question.item.id).splitlines()[0]
            self.out.print(code_lines(first, "python", style))
        else:
            self.out.print(lay_out((text.gist,), style))

    def run_proof(self, question: Question) -> None:
        job = self.examiner.proof(question)
        if job is None:
            self.print([(self.say("nothing to run"), "warn")])
            return
        self.out.print(code_lines(job.source or "", "python", self.style(question.card.number)))
        self.print([])

        def show(_: str, text: str) -> None:
            self.out.write(text)
            self.out.stream.flush()

        done = self.examiner.run(job, show)
        source = job.source or (question.entry.snippet.source if question.entry.snippet else "")
        self.out.print(run_summary(done, source, self.out, self.say))

    def open_entry(self, question: Question) -> None:
        from kb.render import entry_page

        desk = self.desk
        self.out.page(entry_page(question.card.number, desk.library, desk.records, desk.torch, self.out, self.say))

    def switch_language(self, question: Question) -> None:
        """Go on in the next of the deck's languages: the question and its keys again, in that one."""
        from kb.messages import Speech

        languages = self.desk.library.deck.languages
        self.say = Speech(languages[(languages.index(self.say.language) + 1) % len(languages)])
        self.show_question(question)
        self.hint_line(*self.keys)

    def undo(self) -> None:
        card = self.session.undo()
        text = self.say("taken back: {item}", item=card.key) if card else self.say("nothing to take back")
        self.print([(text, "warn")])

    def summary(self) -> None:
        answered = self.session.answered
        if not answered:
            self.print([(self.say("nothing was answered"), "dim")])
            return
        right = sum(review.rating is not Rating.AGAIN for _, review, _ in answered)
        self.print([(self.say("{count} answered, {right} right", count=len(answered), right=right), "strong")])
        soonest = min(memory.due for memory in self.desk.progress.memories().values()) - self.session.clock()
        self.print([(self.say("the next is due in {time}", time=time_text(max(60.0, soonest), self.say)), "dim")])


def show_home(desk: Desk, now: float) -> None:
    """What is due, the streak, the next step."""
    say = desk.say
    heads = desk.library.heads
    title = language_text(desk.library.deck.titles, say.language)
    desk.out.print([[(title, "heading"), (f"  {say('{count} entries', count=len(heads))}", "dim")], []])
    memories = desk.progress.memories() if desk.places.progress.exists() else {}
    days = desk.progress.days() if desk.places.progress.exists() else []
    cards = all_cards(desk.library)
    due = sum(card.key in memories and memories[card.key].due <= now for card in cards)
    new = sum(card.key not in memories for card in cards)
    desk.out.print([[(say("{due} due, {new} new", due=due, new=new), "strong")]])
    local: set[tuple[int, ...]] = {time.localtime(at)[:3] for at in days}
    today = sum(time.localtime(at)[:3] == time.localtime(now)[:3] for at in days)
    streak = _streak(local, now)
    if days:
        streak_text = say("streak: {days} days", days=streak)
        desk.out.print([[(f"{say('answered today: {count}', count=today)} · {streak_text}", "dim")]])
    command = "kb quiz" if due or new else "kb search"
    desk.out.print([[], [(say("next: {command}", command=command), "")], [("kb --help", "dim")]])


def _streak(days: set[tuple[int, ...]], now: float) -> int:
    """How many days in a row up to today (or yesterday, while today is young) something was answered."""
    at = now if time.localtime(now)[:3] in days else now - DAY
    count = 0
    while time.localtime(at)[:3] in days:
        count += 1
        at -= DAY
    return count
