"""Drill: a session at the terminal."""

import sys
from collections.abc import Callable
from random import Random

from kb.errors import INTERRUPTED, KbError, Message, UsageError
from kb.screen.keys import END, ENTER, ESCAPE
from kb.screen.layout import Line, lay_out, wrap
from kb.screen.messages import Speech, time_text
from quiz.asking import Asking
from quiz.attempt import Attempt
from quiz.board import Board, Leave
from quiz.commands import GiveUp, LeftOut, Moment, Redo, Skip, Undo
from quiz.desk import Desk
from quiz.examiner import Examiner, NoKey, start_thread
from quiz.grade import Grade
from quiz.kinds.kind import Reply
from quiz.kinds.table import KINDS, is_any_run
from quiz.log.event import Marking
from quiz.marker import Marked
from quiz.marking_lines import marking_lines
from quiz.plan import Agenda, Card
from quiz.ratings import name_of, next_lines
from quiz.schedule import Memory, Rating
from quiz.session import Question, Session
from quiz.stats import memories_of
from quiz.undo_lines import answer_text, given_lines, taken_lines
from quiz.wish import Wish, plan_session


def drill(
    desk: Desk,
    wish: Wish,
    as_json: bool,
    random: Random,
    clock: Callable[[], float],
    stopwatch: Callable[[], float],
) -> int:
    """Hold a session; returns the exit code. For the dice and the clocks see ``Session``."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not as_json and not is_terminal:
        raise UsageError("kb quiz asks at a terminal", "use kb quiz --json to drive it from a program")
    desk.log.make_ready()  # where answers cannot be kept none is asked for
    agenda = plan_session(desk, wish, clock())
    session = Session(desk.library, desk.log, agenda.cards, random, clock, stopwatch)
    with Examiner(desk.records, desk.sees_trust) as examiner:
        if as_json:
            from quiz.wire import serve_session

            return serve_session(desk, session, examiner, sys.stdin.buffer, sys.stdout)
        return Drill(desk, session, examiner, agenda, wish).run()


class Drill:
    """Asks one question after the other, and shows what became of each answer."""

    def __init__(self, desk: Desk, session: Session, examiner: Examiner, agenda: Agenda, wish: Wish) -> None:
        self.desk = desk
        self.session = session
        self.examiner = examiner
        self.agenda = agenda
        self.wish = wish
        self.board = Board(desk.out, desk.say, session.stopwatch)
        self.open: dict[tuple[Card, bool, tuple[int, ...]], Attempt] = {}
        """Of the questions that are not answered yet: hints that were given count, and stay, when one comes back."""

    def run(self) -> int:
        """Ask until nothing is left or the learner leaves; returns the exit code."""
        code = 0
        try:
            with self.board:
                self.announce()
                self.ask_all()
        except Leave:
            pass
        except KeyboardInterrupt:
            code = INTERRUPTED
        self.board.out.print([[], *summary_lines(self.desk, self.session, self.board.say)])
        return code

    def ask_all(self) -> None:
        """Ask until nothing is left."""
        is_after_wish = False
        while True:
            while question := self.session.next():
                before, is_after_wish = is_after_wish, True
                try:
                    self.ask(question, before)
                    is_after_wish = False
                except LeftOut:
                    pass
                except Skip:
                    self.session.skip()
                except Undo:
                    self.undo()
                except Redo:
                    self.redo()
                except NoKey as error:  # no answer to it can be graded: it is left out, and the others are asked
                    self.board.tell(error)
                    self.session.skip()
            if not self.goes_on():
                break

    def announce(self) -> None:
        """What the session is about, where that is not plain."""
        board, say, agenda, now = self.board, self.board.say, self.agenda, self.session.clock()
        if agenda.is_flood:
            text = say("a long pause: what is due is spread over some days; {today} of it today", today=agenda.today)
            board.show(wrap([(text, "warn")], board.out.width))
        if self.wish.words or self.wish.only_new or (agenda.due and agenda.today):
            return
        memories = memories_of(self.desk.library, self.desk.log, now)
        if not memories:
            return
        if agenda.due:
            board.print([(say("today's share is done"), "good")])
        else:
            board.print([(say("nothing is due"), "good")])
            wait = min(memory.due for memory in memories) - now
            board.print([(say("the next is due in {time}", time=time_text(wait, say)), "dim")])
        if agenda.cards:
            board.print([(say("here are new ones"), "dim")])
        else:
            board.show(wrap([(say("kb quiz NUMBER asks any entry at once"), "dim")], board.out.width))

    def goes_on(self) -> bool:
        """Whether the learner wants more of what is due today, where there is more."""
        if self.wish.words or self.wish.only_new or self.wish.limit is not None:
            return False
        agenda = plan_session(self.desk, self.wish, self.session.clock())
        if not agenda.due or not agenda.today:
            return False
        board = self.board
        line: Line = [(board.say("{count} more {count:is|are} due today", count=agenda.today), "strong")]
        board.begin(lambda: board.print([], line))
        board.keys(("Enter", "go on"), ("q", "quit"))
        while (key := board.read_key()) not in (ENTER, " "):
            if key in ("q", END, ESCAPE):
                return False
        self.session.extend(agenda.cards)
        return True

    def ask(self, question: Question, is_after_wish: bool) -> None:
        """Ask one question, and write down and show what became of it.

        Args:
            question: the next one.
            is_after_wish: whether it stands there because another one was skipped or taken back: the key for that may
                still be held, and would do the same with this one.
        """
        kind = KINDS[question.item.kind]
        attempt = self.open.setdefault((question.card, question.is_again, question.order), Attempt())
        asking = Asking(
            *(self.desk, self.board, self.examiner, kind, question, self.session),
            *(self.mark, self.wish.in_editor, attempt),
        )
        self.board.begin(asking.show_question)
        started = self.session.stopwatch()
        kind.prepare(self.examiner, question)
        if is_any_run(self.session.kinds):
            self.examiner.warm()
        _load_ahead(self.session.kinds)
        if is_after_wish:
            self.board.settle()
        try:
            reply = kind.ask(asking)
        except GiveUp:
            reply = Reply("", Grade(False))
        seconds = self.session.stopwatch() - started
        if reply.grade is None:
            self.save(question, reply.given, None, reply.rating or Rating.AGAIN, seconds)
            self.show_next()
        else:
            self.finish(asking, reply, reply.grade, seconds)

    def finish(self, asking: Asking, reply: Reply, grade: Grade, seconds: float) -> None:
        """Save a graded answer, then show what became of it until the learner goes on."""
        question, session, board = asking.question, self.session, self.board
        solution = KINDS[question.item.kind].solution(self.examiner, question)
        rating = session.propose(question, grade.correct, asking.attempt.helps > 0, seconds)
        self.save(question, reply.given, grade.correct, rating, seconds)

        def show_grade() -> None:
            board.show(self.grade_lines(asking, reply.given, grade, solution))
            self.show_next()

        def show_everything() -> None:
            asking.show_question()
            show_grade()

        asking.moment = Moment.AFTER
        board.scene = show_everything
        show_grade()
        board.settle(may_repeat=False)
        self.offer_rating(asking)
        while (pressed := asking.key()) not in (ENTER, " "):
            if pressed in ("1", "2", "3", "4"):
                self.rate(asking, Rating(int(pressed)))
            elif len(pressed) == 1:
                asking.tell(board.say("{key} does nothing here; ? names what does", key=pressed))

    def offer_rating(self, asking: Asking) -> None:
        """Show the keys that work after an answer."""
        asking.offer(("Enter", "next"), ("1-4", "rate", "rate it: again, hard, good, easy"))

    def rate(self, asking: Asking, rating: Rating) -> None:
        """Correct the last answer's rating. A wrong answer that is to count as known is asked about: a stray digit
        would keep it from coming again."""
        board, last = self.board, self.session.answered[-1].review
        if last.correct is False and rating > last.rating:
            text = board.say("that was wrong; rate it {rating} all the same?", rating=name_of(rating))
            board.show(wrap([(text, "warn")], board.out.width))
            board.keys(("y", Message("rate it {rating}", rating=name_of(rating))), ("Enter", "leave it"))
            key = board.read_key()
            if key == END:
                raise Leave
            if key.lower() != "y":
                self.offer_rating(asking)
                return
        if self.session.amend(rating):
            self.show_next()
        self.offer_rating(asking)

    def save(self, question: Question, given: str, correct: bool | None, rating: Rating, seconds: float) -> Memory:
        """Write an answer down, as often as it takes: a disk that is full now may have room in a minute.

        Raises:
            Leave: the learner gives up, and the answer with it.
        """
        board = self.board
        while True:
            try:
                memory = self.session.answer(question, given, correct, rating, seconds)
                self.open.pop((question.card, question.is_again, question.order), None)
                return memory
            except KbError as error:
                board.tell(error)
            board.keys(("Enter", "try again"), ("q", "quit without this answer"))
            while (key := board.read_key()) != ENTER:
                if key in ("q", END):
                    raise Leave

    def grade_lines(self, asking: Asking, given: str, grade: Grade, solution: str) -> list[Line]:
        """Right or wrong, what would have been right, and why."""
        question, say, style = asking.question, self.board.say, asking.style
        verdict = (f"✓ {say('right')}", "good") if grade.correct else (f"✗ {say('wrong')}", "bad")
        return [
            [],
            [verdict],
            *KINDS[question.item.kind].grade_lines(question, given, grade, solution, say, style),
            [],
            *lay_out(question.item.wording(say.language).explanation, style),
            [],
        ]

    def show_next(self) -> None:
        """When the last answer's item comes again."""
        session, board = self.session, self.board
        last = session.answered[-1]
        comes_again = (last.card, True) in session.queue
        board.show(next_lines(last, comes_again, session.clock(), board.say, board.out.width))

    def mark(self, marking: Marking) -> bool:
        """Bury, suspend or flag the present item, or take that back, and say so; whether it is not to be asked any
        more. What cannot be written down has not happened, and is told."""
        try:
            marked = self.session.mark(marking)
        except KbError as error:
            self.board.tell(error)
            return False
        self.tell_of(marked)
        return marked is not None and marked.is_on and marking is not Marking.FLAG

    def tell_of(self, marked: Marked | None) -> None:
        """How an item is marked now."""
        if marked:
            item, board = marked.card.key, self.board
            board.show(marking_lines(item, marked.marking, marked.is_on, board.say, board.out.width))

    def undo(self) -> None:
        """Take the last answer back and say which, or the marking that came after it; an answer of an earlier session
        only if the learner says so."""
        board, log = self.board, self.session.log
        if marked := self.session.unmark():
            self.tell_of(marked)
        elif taken := self.session.undo():
            board.show(taken_lines(taken, board.say, board.out.width))
        elif earlier := log.last():
            board.print([(board.say("nothing to take back in this session"), "warn")])
            board.show(
                wrap(
                    [(board.say("the last answer before it: {answer}", answer=answer_text(earlier, board.say)), "")],
                    board.out.width,
                )
            )
            board.keys(("y", "take it back"), ("Enter", "leave it"))
            if board.read_key() == "y" and (taken := self.session.undo_earlier()):
                board.show(taken_lines(taken, board.say, board.out.width))
        else:
            board.print([(board.say("nothing to take back"), "warn")])

    def redo(self) -> None:
        """Let what was taken back last count again."""
        board = self.board
        given = self.session.redo()
        board.show(given_lines(given, board.say, board.out.width))


def summary_lines(desk: Desk, session: Session, say: Speech) -> list[Line]:
    """What was answered in a session, and what comes next."""
    answered, now, right = session.answered, session.clock(), session.progress.right
    if answered:
        lines: list[Line] = [[(say("{count} answered, {right} right", count=len(answered), right=right), "strong")]]
    else:
        lines = [[(say("nothing was answered"), "dim")]]
    memories = memories_of(desk.library, desk.log, now)
    if due := sum(memory.due <= now for memory in memories):
        lines.append([(say("{count} {count:is|are} due now", count=due), "dim")])
    elif answered and memories:
        wait = min(memory.due for memory in memories) - now
        lines.append([(say("the next is due in {time}", time=time_text(wait, say)), "dim")])
    return lines


def _load_ahead(kinds: set[str]) -> None:
    """Import, while the learner reads, what typing code needs: prompt_toolkit takes 100 ms."""

    def load() -> None:
        import prompt_toolkit  # noqa: F401
        import pygments.lexers.python  # noqa: F401

    if is_any_run(kinds):
        start_thread(load)
