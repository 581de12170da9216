"""``kb optimize``: the schedule fitted to the learner's own log."""

from kb.cli.opening import open_desk
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError

EXAMPLES = {
    "kb optimize": "after some 200 reviews",
}


def command(as_json: Json = False, deck: DeckDir = None, lang: Lang = None) -> None:
    """Fit the schedule to your own log; the default stays unless the fit predicts your later answers better."""
    import gc

    from quiz.fit import ENOUGH, count_reviews, fit

    gc.enable()  # a log of years is replayed
    desk = open_desk(deck, lang)
    histories = desk.log.histories()
    count = count_reviews(histories.values())
    if count < ENOUGH:
        raise KbError(
            "{count} {count:review is|reviews are} too few to fit anything to",
            "come back with {enough}; the default schedule serves until then",
            count=count,
            enough=ENOUGH,
        )
    found = fit(histories)
    parameters = found.parameters if found.is_better else ()
    if parameters != desk.log.parameters:
        desk.log.set_parameters(parameters)
    if as_json:
        from dataclasses import asdict

        show_json({**asdict(found), "kept": "fitted" if found.is_better else "default"})
    else:
        from quiz.stats_lines import fit_lines

        desk.out.print(fit_lines(found, found.is_better, desk.out.width, desk.say))
