"""Learn: a path through what a learner does not know yet. An entry in short, run, asked about, and the next."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, NamedTuple

from kb.deck.library import Library
from kb.errors import INTERRUPTED, KbError
from kb.screen.entry_lines import MAX_TEXT, entry_page, fitted, short_lines
from kb.screen.keys import END, ENTER, LEFT, RIGHT, key_lines
from kb.screen.language import switched
from kb.screen.layout import Line, flow, pad, wrap
from kb.screen.messages import Speech
from quiz.board import Board, Leave
from quiz.desk import Desk
from quiz.drill import Drill
from quiz.examiner import Examiner
from quiz.progress import Progress, State, next_on_path, path_through, progress_in
from quiz.session import Session
from quiz.wish import LIMIT, Wish, plan_cards, wished_cards

HELP = {
    "r": "run the snippet",
    "Enter": "be asked about the entry; every answer is saved at once",
    "o": "open the whole entry",
    "n": "the next entry",
    "p": "the entry before",
    "l": "the entry in the deck's other language",
    "q": "quit; kb learn goes on where you left off",
}
"""What every key does."""

KEYS = (
    *(("r", "run"), ("Enter", "be asked"), ("o", "open the entry"), ("n", "next entry"), ("p", "entry before")),
    *(("l", "language"), ("?", "help"), ("q", "quit")),
)


class Course(NamedTuple):
    """The entries that are gone through, in order, and how far the learner is with each."""

    library: Library
    path: list[int]
    progress: dict[int, Progress]

    @property
    def to_come(self) -> list[int]:
        """The entries that are not done."""
        return [number for number in self.path if self.progress[number].state is not State.DONE]

    def lines(self, limit: int, say: Speech, width: int) -> list[Line]:
        """What comes next, an entry a line."""
        numbers = self.to_come
        lines: list[Line] = []
        for number in numbers[:limit]:
            summary, progress = self.library.by_number[number], self.progress[number].text(say)
            facts = f"{number:>4}  {say('level {level}', level=summary.level)}  {pad(progress, 7)}"
            lines += wrap([(summary.title(say.language), "")], width, facts)
        if len(numbers) > limit:
            lines.append([(say("{count} more {count:entry|entries}", count=len(numbers) - limit), "dim")])
        return lines or [[(say(ALL_DONE), "good")]]

    def to_json(self, language: str) -> list[dict[str, Any]]:
        """The same, whole."""
        return [
            {**self.library.by_number[number].to_json(language), "progress": self.progress[number].to_json()}
            for number in self.to_come
        ]


ALL_DONE = "every entry is done; kb quiz asks what is due"


def course_of(desk: Desk, words: Iterable[str], now: float) -> Course:
    """The path through a deck, or through the entries that words name, in their order.

    Raises:
        UsageError: words name nothing, or it would be a guess.
    """
    named = desk.chosen(list(words)) if words else []
    progress = progress_in(desk.library, desk.log, now)
    return Course(desk.library, named or path_through(desk.library, progress), progress)


class Learning:
    """Shows one entry after the other at the terminal, and does with it what the learner asks for."""

    def __init__(
        self,
        desk: Desk,
        course: Course,
        run: Callable[[int], None],
        random: Random,
        clock: Callable[[], float],
        stopwatch: Callable[[], float],
    ) -> None:
        """Take what learning needs.

        Args:
            desk: the learner's.
            course: the entries.
            run: runs an entry's snippet, its output shown as it comes.
            random: the dice that shuffle options.
            clock: seconds since 1970.
            stopwatch: seconds since any moment, by a clock that nobody sets.
        """
        self.desk = desk
        self.path = course.path
        self.progress = course.progress
        self.run_snippet = run
        self.random = random
        self.clock = clock
        self.stopwatch = stopwatch
        self.board = Board(desk.out, desk.say)
        following = next_on_path(self.path, self.progress)
        self.place = 0 if following is None else self.path.index(following)
        """In the path, from 0."""

    @property
    def number(self) -> int:
        """The present entry's."""
        return self.path[self.place]

    def walk(self) -> int:
        """Go through the entries until the learner leaves; returns the exit code."""
        code = 0
        try:
            with Examiner(self.desk.records, self.desk.sees_trust) as examiner, self.board:
                if next_on_path(self.path, self.progress) is None:
                    self.board.show(wrap([(self.board.say(ALL_DONE), "good")], self.board.out.width))
                self.show_entry()
                while True:
                    self.act(self.board.read_key(), examiner)
        except Leave:
            pass
        except KeyboardInterrupt:
            code = INTERRUPTED
        self.board.out.print([[], *self.summary_lines()])
        return code

    def act(self, key: str, examiner: Examiner) -> None:
        """Do what a key is for.

        Raises:
            Leave: the key was that for leaving.
        """
        board = self.board
        if key in ("q", END):
            raise Leave
        if key in ("n", RIGHT):
            self.go(1)
        elif key in ("p", LEFT):
            self.go(-1)
        elif key in ("r", "o", ENTER, " "):
            try:
                {"r": self.run, "o": self.open_entry}.get(key, lambda: self.ask(examiner))()
            except KbError as error:
                board.tell(error)
                board.show_keys()
        elif key == "l":
            self.desk.say = board.say = switched(board.say, self.desk.library.deck.languages)
            board.redraw()
        elif key == "?":
            self.show_help()
            board.show_keys()

    def go(self, steps: int) -> None:
        """To another entry of the path; at its ends that is told."""
        place = self.place + steps
        if 0 <= place < len(self.path):
            self.place = place
            self.show_entry()
        else:
            say = self.board.say
            text = say("this is the last entry") if steps > 0 else say("this is the first entry")
            self.board.print([(text, "warn")])
            self.board.show_keys()

    def show_entry(self) -> None:
        """The present entry, and the keys."""
        self.board.begin(self.draw)
        self.board.keys(*KEYS)

    def draw(self) -> None:
        """Where on the path the learner is, and the entry in short: no more than the screen shows at once."""
        out, say = self.board.out, self.board.say
        width = min(out.width, MAX_TEXT)
        place = say("{place} of {count}", place=self.place + 1, count=len(self.path))
        level = say("level {level}", level=self.desk.library.summary(self.number).level)
        facts: list[Line] = [[(one, "dim")] for one in (place, level)]
        if progress := self.progress[self.number].text(say):
            facts.append([(progress, "good" if self.progress[self.number].state is State.DONE else "dim")])
        head: list[Line] = [[], [("─" * min(width, 60), "dim")], *flow(facts, width), []]
        below = len(key_lines(KEYS, say, out.width)) + 2
        page = short_lines(self.number, self.desk.library, out, say, self.desk.address)
        self.board.show([*head, *fitted(page, out.height - len(head) - below), []])

    def run(self) -> None:
        """The snippet, its output as it comes."""
        board = self.board
        try:
            with board.lent():
                self.run_snippet(self.number)
        except KeyboardInterrupt:  # before it ran
            board.print([(board.say("stopped"), "warn")])
        board.drop_keys()  # what was pressed meanwhile was meant for what is gone
        board.show_keys()

    def open_entry(self) -> None:
        """The whole entry, then the short one again."""
        desk, board = self.desk, self.board
        page = entry_page(self.number, desk.library, desk.records, desk.torch, board.out, board.say, desk.address)
        with board.lent():
            board.out.page(page)
        board.redraw()

    def ask(self, examiner: Examiner) -> None:
        """A short session about the entry: what is due or new; where nothing is, what was answered.

        Raises:
            KbError: no answer can be kept, or there is nothing to ask.
        """
        desk, now = self.desk, self.clock()
        desk.log.make_ready()
        wish = Wish([str(self.number)], False, LIMIT, None, None, None)
        cards, memories = wished_cards(desk, wish, now), desk.log.memories()
        open_ = [card for card in cards if card.key not in memories or memories[card.key].due <= now]
        agenda = plan_cards(desk, open_ or cards, now, LIMIT, also_early=True)
        session = Session(desk.library, desk.log, agenda.cards, self.random, self.clock, self.stopwatch)
        with self.board.lent():
            Drill(desk, session, examiner, agenda, wish).run()
        self.progress = progress_in(desk.library, desk.log, self.clock())
        self.show_entry()

    def show_help(self) -> None:
        """What every key does."""
        board = self.board
        lines: list[Line] = [[]]
        for key, what in HELP.items():
            lines += wrap([(board.say(what), "")], board.out.width, f"  {key:<6}")
        board.show([*lines, []])

    def summary_lines(self) -> list[Line]:
        """How far the learner is, and with what it goes on."""
        say, width = self.board.say, self.board.out.width
        done = sum(self.progress[number].state is State.DONE for number in self.path)
        count = say("{done} of {count} {count:entry|entries} done", done=done, count=len(self.path))
        following, deck = next_on_path(self.path, self.progress), self.desk.address.of()
        if following is None:
            return [[(count, "strong")]]
        title = f"{following}. {self.desk.library.summary(following).title(say.language)}"
        told = say("kb learn{deck} goes on with {title}", deck=deck, title=title)
        return [[(count, "strong")], *wrap([(told, "dim")], width)]
