"""Home: what bare kb shows. What is due, the streak, the next step."""

from typing import Any

from kb.screen.language import language_text
from quiz.desk import Desk
from quiz.plan import all_cards, memories_of, share_of_today
from quiz.stats import done_today, local_day, recent_days


def home_json(desk: Desk, now: float) -> dict[str, Any]:
    """The same facts for ``--json``."""
    due, new, today = _counts(desk, now)
    days, in_a_row = recent_days(desk.log, now, 30)
    return {
        "entries": len(desk.library.summaries),
        "due": due,
        "due_today": today,
        "new": new,
        "answered_today": days.get(local_day(now), 0),
        "streak": in_a_row,
    }


def _counts(desk: Desk, now: float) -> tuple[int, int, int]:
    """How many questions are due, how many are new, and how many of the due ones are for today."""
    memories = desk.log.memories()
    due = sum(memory.due <= now for memory in memories_of(desk.library, memories))
    new = sum(card.key not in memories for card in all_cards(desk.library))
    return due, new, share_of_today(due, done_today(desk.log, now))


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
    due, new, today = _counts(desk, now)
    days, in_a_row = recent_days(desk.log, now, 30)
    desk.out.print([[(say("{due} due, {new} new", due=due, new=new), "strong")]])
    if today < due:
        text = say("a long pause: what is due is spread over some days; {today} of it today", today=today)
        desk.out.print([[(text, "dim")]])
    if days:
        count = days.get(local_day(now), 0)
        streak_text = say("streak: {days} {days:day|days}", days=in_a_row)
        desk.out.print([[(f"{say('answered today: {count}', count=count)} · {streak_text}", "dim")]])
    command = "kb quiz" if due or new else "kb search"
    desk.out.print([[], [(say("next: {command}", command=command), "")], [("kb --help", "dim")]])
