"""The wire: a whole session of any lines."""

import atexit
import io
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kb.deck.library import Library
from quiz.desk import Desk
from quiz.examiner import Examiner
from quiz.kinds.table import all_kinds
from quiz.log.log import Log
from quiz.plan import Card, all_cards
from quiz.session import Session
from quiz.wire import serve_session
from tests.conftest import DECK, write_entry
from tests.fuzz.typing_strategies import RAW_LINES

KINDS = ("choice", "predict", "answer", "recall")
"""Those whose answers are not run: a worker for each of thousands of sessions would take hours."""


class Known(Examiner):
    """Knows the keys without running anything."""

    def prepare_key(self, item: Any) -> None:
        """Nothing need be done."""

    def key(self, item: Any) -> str:
        """Of the two items of the small deck that have one."""
        return {"printed": "3.0", "counted": "3"}[item.id]

    def proof(self, question: Any) -> None:
        """There is none."""


@cache
def opened() -> Desk:
    """The small deck, opened once. No fixture: whoever looks for failures by the hour has none."""
    deck = Path(tempfile.mkdtemp(prefix="kb-fuzz-"))
    atexit.register(shutil.rmtree, deck, ignore_errors=True)
    (deck / "deck.toml").write_text(DECK, encoding="utf-8")
    write_entry(deck)
    desk = Desk(all_kinds, deck, "en")
    desk.library = Library.open(deck, None, all_kinds)
    desk.records = ()
    return desk


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RAW_LINES, max_size=12), st.sampled_from(["utf-8", "ascii", "gbk"]), st.booleans())
@example([b'{"answer": 4}', b'{"answer": "\\ud800"}'], "ascii", False)
@example([b'{"skip": true}', b'{"answer": [1, 2]}', b'{"undo": true}', b'{"redo": true}'], "utf-8", True)
@example([b'{"answer": "3"}', b'{"cancel": true}', b'{"proof": true}', b'{"cancel": true}'], "utf-8", True)
@example([b'{"undo": "earlier"}', b'{"rating": 1}'], "utf-8", True)
def test_any_lines_are_a_session(lines: list[bytes], encoding: str, is_ended: bool) -> None:
    """Each line that is not empty is answered by one event, a skip by the next question; what is logged was graded."""
    desk = opened()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        log = Log(home / "progress", "small", home / "data", home / "cache", clock=lambda: 1000.0)
        cards: list[Card] = [card for card in all_cards(desk.library) if card.kind in KINDS]
        session = Session(desk.library, log, cards, Random(0), lambda: 1000.0, lambda: 0.0)
        raw = io.BytesIO()
        target = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
        source = io.BytesIO(b"\n".join(lines) + b"\n" * is_ended)
        with Known(()) as examiner:
            code = serve_session(desk, session, examiner, source, target)
        events = [json.loads(line) for line in raw.getvalue().decode(encoding).splitlines()]
        assert code == 0
        assert events[-1]["event"] == "end"
        kinds = [event["event"] for event in events]
        replies = [kind for kind in kinds if kind not in ("question", "done", "end")]
        said = [line for line in lines if line.decode("utf-8", "replace").removeprefix("\ufeff").strip()]
        turns = kinds.count("question") + kinds.count("done") - 1
        skipped = turns - sum(kind in ("grade", "undone", "redone", "rated") for kind in kinds)
        is_read = b"quit" not in b"".join(lines)
        if is_read and not set(kinds) & {"cancelled", "rated", "marked"}:
            assert len(said) == len(replies) + skipped
        graded = kinds.count("grade")
        counted = len(log.reviews())
        assert counted <= graded
        if not set(kinds) & {"undone", "redone"}:
            assert counted == graded == events[-1]["answered"]
        log.close()
