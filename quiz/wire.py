"""Wire: a session as one JSON object a line, so that an editor or a script can drive it.

Out: ``{"event": "question", "item": "61/id", "kind": ..., "question": ..., "options": [...], "code": ..., "left": 3}``.
In: ``{"answer": 2}``, ``{"answer": [1, 3]}``, ``{"answer": "text"}``, ``{"skip": true}``, ``{"undo": true}`` or
``{"quit": true}``. Out: ``{"event": "grade", "correct": ..., "key": ..., "explanation": ..., "due": ...}``, and at the
end ``{"event": "end", "answered": 5, "right": 4}``. What cannot be read is answered by ``{"event": "error"}``, and
the question stands.
"""

import json
from typing import Any, TextIO

from kb.block import Block, plain
from kb.desk import Desk
from kb.errors import KbError
from quiz.examiner import Examiner
from quiz.item import Kind
from quiz.schedule import Rating
from quiz.session import Question, Session, propose


def serve_session(desk: Desk, session: Session, examiner: Examiner, source: TextIO, target: TextIO) -> int:
    """Ask over the wire until nothing is left, the input ends, or it says quit. Returns the exit code."""

    def send(event: str, **values: Any) -> None:
        target.write(json.dumps({"schema": 1, "event": event, **values}, ensure_ascii=False) + "\n")
        target.flush()

    is_open = True
    while is_open and (question := session.next()):
        send("question", **_question(question, desk, session))
        started = session.clock()
        while True:
            line = source.readline()
            if not line:
                is_open = False
                break
            try:
                message = _message(line)
                if message.get("quit"):
                    is_open = False
                elif message.get("skip"):
                    session.skip()
                elif message.get("undo"):
                    card = session.undo()
                    send("undone", item=card.key if card else None)
                else:
                    send("grade", **_grade(question, message, session, examiner, started, desk))
                break
            except KbError as error:
                send("error", message=str(error))
    answered = session.answered
    right = sum(review.rating is not Rating.AGAIN for _, review, _ in answered)
    send("end", answered=len(answered), right=right)
    return 0


def _message(line: str) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise KbError(f"no JSON: {error}", 'send {"answer": ...}') from None
    if not isinstance(message, dict) or not message.keys() & {"answer", "skip", "undo", "quit"}:
        raise KbError(
            "no answer in the message", 'send {"answer": ...}, {"skip": true}, {"undo": true} or {"quit": true}'
        )
    return message


def _text(blocks: tuple[Block, ...]) -> str:
    return "\n\n".join(_text(block.children) if block.children else block.text for block in blocks)


def _question(question: Question, desk: Desk, session: Session) -> dict[str, Any]:
    wording = question.wording(desk.say.language)
    item, snippet = question.item, question.entry.snippet
    values: dict[str, Any] = {
        "item": item.key,
        "kind": str(item.kind),
        "question": _text(wording.question),
        "is_new": question.is_new,
        "left": session.left,
    }
    if item.kind is Kind.CHOICE:
        values["options"] = [plain(wording.options[option]) for option in question.order]
        values["several"] = sum(item.marks) > 1
    elif item.kind is Kind.PREDICT:
        values["code"] = item.code
    elif item.kind is Kind.CODE and snippet:
        values["code"] = snippet.filled(item.id, "...")
    return values


def _given(question: Question, answer: Any) -> str:
    """An answer as the examiner takes it.

    Raises:
        KbError: it does not fit the item's kind.
    """
    kind = question.item.kind
    if kind is Kind.CHOICE:
        places = answer if isinstance(answer, list) else [answer]
        count = len(question.order)
        if not places or not all(type(place) is int and 1 <= place <= count for place in places):
            raise KbError(f"{answer!r} names no option", f"give numbers from 1 to {count}")
        return ", ".join(str(place) for place in sorted(set(places)))
    if kind is Kind.RECALL:
        if type(answer) is not int or not 1 <= answer <= 4:
            raise KbError(f"{answer!r} is no rating", "give 1 (not at all) to 4 (easily)")
        return str(answer)
    if not isinstance(answer, str) or not answer.strip():
        raise KbError("the answer is empty", "give it as a text")
    return answer


def _grade(
    question: Question, message: dict[str, Any], session: Session, examiner: Examiner, started: float, desk: Desk
) -> dict[str, Any]:
    given = _given(question, message.get("answer"))
    values: dict[str, Any] = {"item": question.item.key}
    if question.item.kind is Kind.RECALL:
        correct, rating = None, Rating(int(given))
    else:
        grade = examiner.grade(question, given)
        correct, rating = grade.correct, propose(grade.correct, had_help=False)
        if grade.run and not grade.correct:
            values["reason"] = grade.note or grade.run.reason
        values["form_only"] = grade.form_only
    key = examiner.key(question)
    memory = session.answer(question, given, correct, rating, rating, session.clock() - started)
    explanation = _text(question.wording(desk.say.language).explanation)
    return {
        **values,
        "correct": correct,
        "key": key,
        "explanation": explanation,
        "rating": int(rating),
        "due": memory.due,
    }
