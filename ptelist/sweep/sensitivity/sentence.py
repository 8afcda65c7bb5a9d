"""Which parameter moves a figure most, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output import numbers, sentence

if TYPE_CHECKING:
    from ptelist.engine.ledger import Term
    from ptelist.sweep.sensitivity.sensitivity import Sensitivity, Trial


def headline(tornado: Sensitivity) -> str:
    """Return what the figure is, and the change of one parameter that moves it furthest."""
    figure = tornado.figure
    said = f"{figure.name} is {sentence.amount(figure, figure.unit)}"
    if not tornado.effects:
        return f"{said}; no parameter moves it alone, at the values tried."
    effect = tornado.effects[0]
    trial = max(effect.trials, key=_reach)
    words = sentence.difference(trial.change, figure.unit, sentence.part(trial.change))
    verb = "may make it" if trial.change.low <= 0 <= trial.change.high else "makes it"
    than = "" if trial.against is figure else f" than {_without_a_run(trial.against)}"
    return f"{said}; {effect.axis} moves it most: {trial.label} instead of {effect.base} {verb} {words}{than}."


def _without_a_run(term: Term) -> str:
    return f"the {numbers.term(term)} that it is without what a run told"


def _reach(trial: Trial) -> int:
    return max(abs(trial.change.low), abs(trial.change.high))
