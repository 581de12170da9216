"""What is said of an item that was buried, suspended or flagged, or of which that was taken back."""

from kb.screen.layout import Line, wrap
from kb.screen.messages import Speech
from quiz.log.event import Marking


def marking_lines(item: str, marking: Marking, is_on: bool, say: Speech, width: int) -> list[Line]:
    """That an item is marked now, or not any more; and what takes it back."""
    match marking:
        case Marking.BURY:
            text = say("{item} is not asked before tomorrow", item=item) if is_on else say("{item} is asked", item=item)
        case Marking.SUSPEND if is_on:
            text = say("{item} is never asked again; kb suspend {item} --off takes that back", item=item)
        case Marking.SUSPEND:
            text = say("{item} is asked again", item=item)
        case Marking.FLAG if is_on:
            text = say("{item} is flagged; kb list --flagged names what is", item=item)
        case Marking.FLAG:
            text = say("{item} is not flagged any more", item=item)
    return wrap([(text, "warn" if is_on else "")], width)
