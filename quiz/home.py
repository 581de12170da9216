"""Home: what bare kb shows. What is due, the streak, the next step."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kb.errors import KbError
from kb.screen.language import language_text
from kb.screen.layout import Line, wrap
from quiz.desk import Desk
from quiz.plan import all_cards, share_of_today
from quiz.progress import next_on_path, path_through, progress_by_entry
from quiz.stats import count_new, done_today, local_day, recent_days, waiting_memories


class Facts(NamedTuple):
    """What is known of a learner and a deck now."""

    due: int
    """Questions that are due."""
    today: int
    """How many of them are for today."""
    new: int
    """Questions never answered."""
    following: int | None
    """The next entry to learn; None if all are done."""
    is_fresh: bool
    """Whether nothing was ever answered."""


def facts_of(desk: Desk, now: float) -> Facts:
    """What home shows, computed."""
    cards, memories, marks = all_cards(desk.library), desk.log.memories(), desk.log.marks(local_day(now))
    due = sum(memory.due <= now for memory in waiting_memories(cards, memories, marks, now))
    progress = progress_by_entry(cards, memories, desk.log.known() if memories else set(), marks.suspended)
    following = next_on_path(path_through(desk.library, progress), progress)
    today = share_of_today(due, done_today(desk.log, now))
    return Facts(due, today, count_new(cards, memories, marks), following, not memories)


def home_json(desk: Desk, now: float) -> dict[str, Any]:
    """The same facts for ``--json``."""
    facts = facts_of(desk, now)
    days, in_a_row = recent_days(desk.log, now, 30)
    return {
        "entries": len(desk.library.summaries),
        "due": facts.due,
        "due_today": facts.today,
        "new": facts.new,
        "answered_today": days.get(local_day(now), 0),
        "streak": in_a_row,
        "next_entry": facts.following,
    }


def show_home(desk: Desk, now: float) -> None:
    """What is due, the streak, the next step."""
    say = desk.say
    title = language_text(desk.library.deck.titles, say.language)
    desk.out.print(
        [
            [
                (title, "heading"),
                (f"  {say('{count} {count:entry|entries}', count=len(desk.library.summaries))}", "dim"),
            ],
            [],
        ]
    )
    facts = facts_of(desk, now)
    days, in_a_row = recent_days(desk.log, now, 30)
    desk.out.print([[(say("{due} due, {new} new", due=facts.due, new=facts.new), "strong")]])
    if facts.today < facts.due:
        text = say("a long pause: what is due is spread over some days; {today} of it today", today=facts.today)
        desk.out.print([[(text, "dim")]])
    if days:
        count = days.get(local_day(now), 0)
        streak_text = say("streak: {days} {days:day|days}", days=in_a_row)
        desk.out.print([[(f"{say('answered today: {count}', count=count)} · {streak_text}", "dim")]])
    desk.out.print([[], *next_steps(desk, facts), [("kb --help", "dim")]])


def show_others(first: Desk, desks: Mapping[str, Desk], now: float) -> None:
    """What is due in the listed decks, a line each; one that cannot be read is told of, at the first desk."""
    for name, desk in desks.items():
        try:
            due = facts_of(desk, now).due
        except KbError as error:
            first.mention_unread(name, desk.deck_path, error)
            continue
        if due:
            desk.out.print([[(desk.say("{deck}: {due} due; kb quiz {deck}:", deck=name, due=due), "")]])


def next_steps(desk: Desk, facts: Facts) -> list[Line]:
    """What to do now: what is due before what is new; who never answered reads and runs first."""
    say, width, deck = desk.say, desk.out.width, desk.address.of()
    learn = ""
    if facts.following is not None:
        title = f"{facts.following}. {desk.title(facts.following)}"
        if facts.is_fresh:
            learn = say("kb learn{deck} begins with {title}", deck=deck, title=title)
        else:
            learn = say("kb learn{deck} goes on with {title}", deck=deck, title=title)
    if facts.due and facts.today:
        command, more = f"kb quiz{deck}", learn
    elif learn:
        command, more = f"kb learn{deck}", learn
    else:
        command, more = f"kb {'quiz' if facts.new else 'search'}{deck}", ""
    lines: list[Line] = [[(say("next: {command}", command=command), "")]]
    return [*lines, *(wrap([(more, "dim")], width) if more else [])]
