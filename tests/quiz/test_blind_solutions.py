"""What people hold for right who saw the questions alone is accepted, what they hold for wrong is rejected, or the
deck's checks and the judge are not worth much."""

from dataclasses import replace

from tests.quiz.blind import judge, judged, questions, solutions, stamp

LEAST_REJECTED = 0.97
"""Of the wrong solutions: one in a hundred is right after all, or wrong where no check of the snippet can see it."""


def test_every_solution_is_one_of_an_item() -> None:
    """With one of the two verdicts, a reason and lines; none stands there twice."""
    every = solutions()
    assert every
    for one in every:
        assert one.item in questions(), one
        assert one.verdict in ("right", "wrong"), one
        assert one.why.strip(), one
        assert one.lines.strip(), one
    assert len({(one.item, one.lines.strip()) for one in every}) == len(every)


def test_right_ones_are_accepted_and_wrong_ones_rejected() -> None:
    """All of the right ones, and nearly all of the wrong ones; what is recorded as judged so is not judged again."""
    every, known = solutions(), judged()
    open_ones = [one for one in every if stamp(one) not in known]
    grades = judge(open_ones)
    missed = [(one, grade) for one, grade in zip(open_ones, grades, strict=True) if not one.is_met_by(grade)]
    told = "\n".join(one.told(grade) for one, grade in missed)
    print(f"{len(every)} solutions, {len(open_ones)} of them not on record\n{told}")
    wrong = sum(one.verdict == "wrong" for one in every)
    accepted = sum(one.verdict == "wrong" for one, _ in missed)
    assert not any(one.verdict == "right" for one, _ in missed), told
    assert wrong - accepted >= LEAST_REJECTED * wrong, told


def test_what_changes_is_judged_again() -> None:
    """The stamp hangs on the lines, the verdict, and the snippet."""
    one = solutions()[0]
    other = next(other for other in solutions() if other.item != one.item)

    changed = [replace(one, lines=one.lines + "\n"), replace(one, verdict="other"), replace(one, item=other.item)]
    assert len({stamp(each) for each in [one, *changed]}) == 4
