"""Drill: a session at the terminal."""

import os
import sys
import threading
from collections.abc import Callable
from random import Random

from kb.deck.item import Kind
from kb.errors import KbError, UsageError
from kb.screen.keys import END, ENTER, ESCAPE, read_key
from kb.screen.layout import Line, Style, code_lines, diff_lines, lay_out, pieces, wrap
from kb.screen.render import failure_lines, key_line, language_text, run_summary, style_for, time_text
from quiz.desk import Desk
from quiz.examiner import Examiner
from quiz.grade import Grade
from quiz.schedule import Memory, Rating
from quiz.session import Agenda, Answered, Question, Session
from quiz.wish import Wish, plan_session

RATINGS = {Rating.AGAIN: "again", Rating.HARD: "hard", Rating.GOOD: "good", Rating.EASY: "easy"}
"""What the ratings are called."""

HELP = {
    "s": "skip: ask it another time",
    "h": "hint: the gist first, then the first line of a solution; the answer then counts as hard",
    "e": "write the lines in $EDITOR",
    "g": "give up: see a solution",
    "l": "the question in the deck's other language",
    "o": "open the entry",
    "r": "run the proof, or the snippet",
    "1-4": "after the answer: rate it yourself, from again to easy",
    "u": "undo: take the last answer back and ask it again",
    "q": "quit; every answer is saved",
}
"""What every key does; behind a colon where a line is typed."""


class Leave(Exception):  # noqa: N818 a wish of the learner's, no error
    """The learner ends the session."""


class Undo(Exception):  # noqa: N818
    """The learner takes the last answer back."""


def drill(desk: Desk, wish: Wish, as_json: bool, random: Random, clock: Callable[[], float]) -> int:
    """Hold a session; returns the exit code."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not as_json and not is_terminal:
        raise UsageError("kb quiz asks at a terminal", "use kb quiz --json to drive it from a program")
    agenda = plan_session(desk, wish, clock())
    session = Session(desk.library, desk.progress, agenda.cards, random, clock)
    try:
        with Examiner(desk.records) as examiner:
            if as_json:
                from quiz.wire import serve_session

                return serve_session(desk, session, examiner, sys.stdin, sys.stdout)
            return Drill(desk, session, examiner, agenda, wish).run()
    finally:
        if session.answered:
            desk.progress.back_up()


class Drill:
    """Shows questions, takes answers, shows what became of them."""

    def __init__(self, desk: Desk, session: Session, examiner: Examiner, agenda: Agenda, wish: Wish) -> None:
        self.desk = desk
        self.session = session
        self.examiner = examiner
        self.agenda = agenda
        self.wish = wish
        self.say = desk.say
        self.out = desk.out
        self.hints = 0
        self.keys: tuple[tuple[str, str], ...] = ()
        self.scene: Callable[[], None] = lambda: None
        self.rows = 0

    def run(self) -> int:
        """Ask until nothing is left or the learner leaves."""
        code = 0
        try:
            self.announce()
            while True:
                while question := self.session.next():
                    try:
                        self.ask(question)
                    except Undo:
                        self.undo()
                if not self.goes_on():
                    break
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
        self.show(lines)

    def show(self, lines: list[Line] | tuple[Line, ...]) -> None:
        """Print lines; before the first of what was not read yet scrolls away, wait for a key."""
        for line in lines:
            if self.rows >= self.out.height - 2:
                self.out.write(f"— {self.say('more')} —")
                self.out.stream.flush()
                key = read_key()
                self.out.write("\r\x1b[2K")
                if key in ("q", END):
                    raise Leave
                self.rows = 0
            self.out.print([line])
            self.rows += 1

    def hint_line(self, *keys: tuple[str, str]) -> None:
        """The keys that work now, at the bottom."""
        self.keys = keys
        self.out.print(wrap(key_line(keys, self.say), self.out.width))

    def redraw(self) -> None:
        """The present scene again: the terminal has another size, or the program was away."""
        self.rows = 0
        self.scene()
        self.hint_line(*self.keys)

    def announce(self) -> None:
        """What the session is about, where that is not plain."""
        agenda, now = self.agenda, self.session.clock()
        if agenda.is_flood:
            text = self.say(
                "a long pause: what is due is spread over some days; {today} of it today", today=agenda.today
            )
            self.show(wrap([(text, "warn")], self.out.width))
        if self.wish.words or self.wish.only_new or (agenda.due and agenda.today):
            return
        memories = self.desk.progress.memories().values()
        if not memories:
            return
        if agenda.due:
            self.print([(self.say("today's share is done"), "good")])
        else:
            self.print([(self.say("nothing is due"), "good")])
            wait = min(memory.due for memory in memories) - now
            self.print([(self.say("the next is due in {time}", time=time_text(wait, self.say)), "dim")])
        if agenda.cards:
            self.print([(self.say("here are new ones"), "dim")])
        else:
            self.show(wrap([(self.say("kb quiz NUMBER asks any entry at once"), "dim")], self.out.width))

    def goes_on(self) -> bool:
        """Whether the learner wants more of what is due today, where there is more."""
        if self.wish.words or self.wish.only_new or self.wish.limit is not None:
            return False
        now = self.session.clock()
        agenda = plan_session(self.desk, self.wish, now)
        if not agenda.due or not agenda.today:
            return False
        self.print([], [(self.say("{count} more are due today", count=agenda.today), "strong")])
        self.hint_line(("Enter", "go on"), ("q", "quit"))
        while (key := read_key()) not in (ENTER, " "):
            if key in ("q", END, ESCAPE):
                return False
        self.rows = 0
        self.session.extend(agenda.cards)
        return True

    def show_question(self, question: Question) -> None:
        card, style = question.card, self.style(question.card.number)
        title = language_text(question.entry.summary.titles, self.say.language)
        state = "once more" if question.is_again else "new" if question.is_new else "due"
        left = self.say("{left} left", left=self.session.left)
        width = style.width
        self.print([], [("─" * min(width, 60), "dim")])
        head = f"{card.number}. {title}" if card.kind is not Kind.RECALL else f"{card.number}."
        self.show(wrap([(head, "dim"), (f"  {self.say(state)} · {left}", "dim")], width))
        self.print([])
        wording = question.wording(self.say.language)
        self.show(lay_out(wording.question, style))
        if card.kind is Kind.PREDICT:
            self.print([])
            self.show(code_lines(question.item.code, "python", style))
        if card.kind is Kind.CHOICE:
            self.print([])
            for place, option in enumerate(question.order, 1):
                self.show(wrap(pieces(wording.options[option], style), width, f"  {place}  "))
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
        self.show(code_lines(shown, "python", style))
        self.print([], [("  ... ", "strong"), (self.say("your lines run here, in place of the dots"), "dim")])

    # Asking

    def ask(self, question: Question) -> None:
        self.hints = self.rows = 0
        self.scene = lambda: self.show_question(question)
        self.show_question(question)
        started = self.session.clock()
        upcoming = [card.kind for card, _ in self.session.queue]
        self.examiner.prepare(question, upcoming)
        _load_ahead(upcoming)
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
        self.hint_line(*keys, ("h", "hint"), ("s", "skip"), ("l", "language"), ("?", "help"), ("q", "quit"))
        while True:
            key = self.key(question)
            if key == "s":
                return None
            if key == "h":
                self.show_hint(question)
                self.hint_line(*self.keys)
            elif key.isdecimal() and 1 <= int(key) <= count:
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
            key = read_key(self.redraw)
            self.rows = 0
            if key in ("q", END):
                raise Leave
            if key == "u":
                raise Undo
            if key == "?":
                self.show_help()
                self.hint_line(*self.keys)
            elif key == "l":
                self.switch_language()
            elif key == "o":
                self.open_entry(question)
                self.redraw()
            else:
                return key

    def ask_value(self, question: Question) -> str | None:
        self.hint_line(
            *(("Enter", "confirm"), (":h", "hint"), (":s", "skip"), (":l", "language"), (":?", "help"), (":q", "quit"))
        )
        while True:
            given = self.line(f"{self.say('Your answer')} > ")
            if given.strip() == ":s":
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
        finally:
            self.rows = 0

    def command(self, given: str, question: Question) -> bool:
        """Whether a typed line was a command, which is then done."""
        match given.strip():
            case ":q":
                raise Leave
            case ":u":
                raise Undo
            case ":l":
                self.switch_language()
            case ":o":
                self.open_entry(question)
                self.redraw()
            case ":h":
                self.show_hint(question)
            case ":?":
                self.show_help()
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
                (":?", "help"),
                (":q", "quit"),
            ]
            self.hint_line(*keys)
            given = self.code_input(lines)
            if given.strip() == ":s":
                self.session.skip()
                return
            if given.strip() == ":g":
                self.finish(question, lines, Grade(False), started)
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
        from quiz.code_input import edit_lines, type_lines

        given = type_lines(self.say("Your lines"), before)
        self.rows = 0
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
        """Which check failed, with its values, and the learner's lines where they stand in the snippet."""
        snippet, width = question.entry.snippet, self.out.width
        self.show(wrap([("✗ ", "bad"), (grade.reason, "")], width))
        if snippet and grade.run:
            self.show(failure_lines(grade.run, snippet.filled(question.item.id, given), self.out))
        self.print([], [(self.say("your lines:"), "dim")])
        self.show(code_lines(given, "python", self.style(question.card.number)))
        self.print([])

    def ask_recall(self, question: Question, started: float) -> None:
        self.print([(self.say("Recall the answer, then press a key."), "dim")])
        self.hint_line(("Enter", "next"), ("s", "skip"), ("l", "language"), ("?", "help"), ("q", "quit"))
        key = self.key(question)
        if key == "s":
            self.session.skip()
            return

        def show_gist() -> None:
            self.show(lay_out(question.wording(self.say.language).explanation, self.style(question.card.number)))
            self.print([], [(self.say("how well did you know it?"), "strong")])

        def show_both() -> None:
            self.show_question(question)
            show_gist()

        self.scene = show_both
        show_gist()
        ratings = (("1", "not at all"), ("2", "barely"), ("3", "well"), ("4", "easily"))
        self.hint_line(*ratings, ("o", "open the entry"), ("r", "run the proof"), ("q", "quit"))
        while (key := self.key(question)) not in ("1", "2", "3", "4"):
            if key == "r":
                self.run_proof(question)
                self.hint_line(*self.keys)
        seconds = self.session.clock() - started
        memory = self.session.answer(question, key, None, Rating(int(key)), seconds)
        self.show_next(memory, Rating(int(key)))

    # After the answer

    def finish(self, question: Question, given: str, grade: Grade, started: float) -> None:
        """Save the answer, then show what became of it, until the learner goes on."""
        seconds = self.session.clock() - started
        key = self.examiner.key(question)
        rating = self.session.propose(question, grade.correct, self.hints > 0, seconds)
        self.session.answer(question, given, grade.correct, rating, seconds)

        def show_all() -> None:
            self.show_grade(question, given, grade, key)
            last = self.session.answered[-1]
            self.show_next(last.memory, last.review.rating)

        def show_everything() -> None:
            self.show_question(question)
            show_all()

        self.scene = show_everything
        show_all()
        self.hint_line(
            *(("Enter", "next"), ("1-4", "rate"), ("r", "run the proof"), ("o", "open the entry")),
            *(("u", "undo"), ("?", "help"), ("q", "quit")),
        )
        while (pressed := self.key(question)) not in (ENTER, " ", "n", ESCAPE):
            if pressed == "r":
                self.run_proof(question)
                self.hint_line(*self.keys)
            elif pressed in ("1", "2", "3", "4"):
                memory = self.session.amend(Rating(int(pressed)))
                if memory:
                    self.show_next(memory, Rating(int(pressed)))

    def show_grade(self, question: Question, given: str, grade: Grade, key: str) -> None:
        style = self.style(question.card.number)
        self.print([], [(f"✓ {self.say('right')}", "good") if grade.correct else (f"✗ {self.say('wrong')}", "bad")])
        match question.item.kind:
            case Kind.CODE:
                self.show_solution(given, key, grade.correct, style)
            case Kind.CHOICE:
                self.show_options(question, given, style)
            case _:
                if not grade.correct:
                    self.show(wrap([(self.say("your answer: "), "dim"), (given, "")], style.width))
                self.show(wrap([(self.say("right answer: "), "dim"), (key, "strong")], style.width))
        self.print([])
        self.show(lay_out(question.wording(self.say.language).explanation, style))
        self.print([])

    def show_solution(self, given: str, key: str, correct: bool, style: Style) -> None:
        """A solution; beside lines that did not pass, the way from them to it."""
        changes = diff_lines(given, key, (self.say("your lines"), self.say("a solution")), style.width)
        if given.strip() and changes and not correct:
            self.show(changes)
            return
        if given.strip():
            self.print([(self.say("your lines:"), "dim")])
            self.show(code_lines(given, "python", style))
        if changes:
            self.print([(self.say("a solution:"), "dim")])
            self.show(code_lines(key, "python", style))

    def show_options(self, question: Question, given: str, style: Style) -> None:
        """What was chosen and what is right, with their places: nobody need scroll up to see what was meant."""
        options = question.wording(self.say.language).options
        chosen = {int(word) for word in given.replace(",", " ").split()}
        for place, option in enumerate(question.order, 1):
            is_right = question.item.marks[option]
            if not is_right and place not in chosen:
                continue
            label = self.say("right answer: ") if is_right else self.say("your answer: ")
            line: Line = [
                (label, "good" if is_right else "bad"),
                (f"{place} · ", "strong"),
                *pieces(options[option], style),
            ]
            self.show(wrap(line, style.width))

    def show_next(self, memory: Memory, rating: Rating) -> None:
        wait = time_text(memory.due - self.session.clock(), self.say)
        text = self.say("next review in {time} (rated {rating})", time=wait, rating=self.say(RATINGS[rating]))
        self.print([(text, "dim")])

    def show_hint(self, question: Question) -> None:
        """First the gist, then the first line of a solution."""
        self.hints += 1
        style = self.style(question.card.number)
        text = question.entry.text(self.say.language)
        if self.hints > 1 and question.item.kind is Kind.CODE and question.entry.snippet:
            first = question.entry.snippet.solution(question.item.id).splitlines()[0]
            self.show(code_lines(first, "python", style))
        else:
            self.show(lay_out((text.gist,), style))
        self.print([])

    def show_help(self) -> None:
        """What every key does."""
        self.print([])
        for key, what in HELP.items():
            self.show(wrap([(self.say(what), "")], self.out.width, f"  {key:<4}"))
        self.show(wrap([(self.say("where a line is typed, a key stands behind a colon: :h"), "dim")], self.out.width))
        self.print([])

    def run_proof(self, question: Question) -> None:
        job = self.examiner.proof(question)
        if job is None:
            self.print([(self.say("nothing to run"), "warn")])
            return
        self.show(code_lines(job.source or "", "python", self.style(question.card.number)))
        self.print([])

        def show(_: str, text: str) -> None:
            self.out.write(text)
            self.out.stream.flush()

        done = self.examiner.run(job, show)
        source = job.source or (question.entry.snippet.source if question.entry.snippet else "")
        self.out.print(run_summary(done, source, self.out, self.say))

    def open_entry(self, question: Question) -> None:
        from kb.screen.render import entry_page

        desk = self.desk
        self.out.page(entry_page(question.card.number, desk.library, desk.records, desk.torch, self.out, self.say))

    def switch_language(self) -> None:
        """Go on in the next of the deck's languages: the scene and its keys again, in that one."""
        from kb.screen.messages import Speech

        languages = self.desk.library.deck.languages
        self.say = Speech(languages[(languages.index(self.say.language) + 1) % len(languages)])
        self.redraw()

    def undo(self) -> None:
        had = self.session.answered[-1] if self.session.answered else None
        card = self.session.undo()
        text = self.say("taken back: {item}", item=card.key) if card else self.say("nothing to take back")
        self.print([(text, "warn")])
        if card and had is None:
            self.show(wrap([(self.say("it was answered in an earlier session"), "dim")], self.out.width))

    def summary(self) -> None:
        answered: list[Answered] = self.session.answered
        now = self.session.clock()
        if not answered:
            self.out.print([[(self.say("nothing was answered"), "dim")]])
        else:
            right = sum(one.review.rating is not Rating.AGAIN for one in answered)
            text = self.say("{count} answered, {right} right", count=len(answered), right=right)
            self.out.print([[(text, "strong")]])
        memories = self.desk.progress.memories().values()
        if not memories:
            return
        due = sum(memory.due <= now for memory in memories)
        if due:
            self.out.print([[(self.say("{count} are due now", count=due), "dim")]])
        elif answered:
            soonest = min(memory.due for memory in memories) - now
            text = self.say("the next is due in {time}", time=time_text(soonest, self.say))
            self.out.print([[(text, "dim")]])


def _load_ahead(kinds: list[Kind]) -> None:
    """Import, while the learner reads, what the answer will need: fsrs takes 25 ms, prompt_toolkit 100."""

    def load() -> None:
        import fsrs  # noqa: F401

        if Kind.CODE in kinds:
            import prompt_toolkit  # noqa: F401
            import pygments.lexers.python  # noqa: F401

    threading.Thread(target=load, daemon=True).start()
