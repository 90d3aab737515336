"""Why a gradient is wrong, as a value: named causes, with evidence and advice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import final

from clinometer.check.verdict import Verdict

__all__ = ["Cause", "Diagnosis", "Power"]


@final
class Cause(Enum):
    """What can be wrong with a gradient: a word, a sentence, and what to look at.

    The word is stable, for JSON and tests; each has a planted example and a healthy
    twin in the tests.
    """

    word: str
    sentence: str
    advice: str

    def __new__(cls, word: str, sentence: str, advice: str) -> Cause:
        """A member whose value is its word."""
        member = object.__new__(cls)
        member._value_ = word
        member.word, member.sentence, member.advice = word, sentence, advice
        return member

    SIGN = (
        "sign",
        "the sign is flipped",
        "look for a subtraction taken the wrong way round, or a minus lost in the "
        "chain rule",
    )
    FACTOR = (
        "factor",
        "off by a constant factor",
        "look for a constant of the chain rule, a power's exponent, or a mean that was "
        "not divided by its count",
    )
    MISSING_TERM = (
        "missing-term",
        "a term is missing or too much",
        "look for a part of f whose derivative is not in the gradient, or the other "
        "way round",
    )
    MISSING_REGULARISER = (
        "missing-regulariser",
        "a term proportional to x is missing or too much, as of a regulariser",
        "compare penalty and gradient: weight * ||x||**2 has the derivative "
        "2 * weight * x",
    )
    NONE = (
        "none",
        "no gradient arrives: None",
        "look for a detach, a None returned by backward, or a path of x around the "
        "graph",
    )
    ZERO = (
        "zero",
        "the gradient is zero where f changes",
        "look for a detach or stop_gradient, a mask that covers everything, or zeros "
        "returned in place of a derivative",
    )
    NO_DEPENDENCE = (
        "no-dependence",
        "a gradient is claimed where f does not change",
        "look for an argument that f ignores, or a gradient written into the wrong "
        "slot",
    )
    SWAPPED = (
        "swapped",
        "the gradients of two arguments are swapped",
        "compare the order of backward's results with that of forward's arguments",
    )
    TRANSPOSED = (
        "transposed",
        "the gradient is transposed, or its axes are permuted",
        "look at the order of the factors in matrix products, and at permute and "
        "reshape",
    )
    PERMUTED = (
        "permuted",
        "entries stand in the wrong places",
        "look at the indices: an offset by one, a roll, an order not undone",
    )
    REDUCTION = (
        "reduction",
        "sum and mean are confused, or an axis",
        "look at the reductions over that axis, in f and in its gradient",
    )
    BROADCAST = (
        "broadcast",
        "the gradient is constant along an axis where it should not be, or was not "
        "summed over a broadcast axis",
        "sum the incoming gradient over exactly those axes that forward broadcast",
    )
    COTANGENT_IGNORED = (
        "cotangent-ignored",
        "the incoming gradient is not used",
        "multiply by the incoming gradient in backward",
    )
    COTANGENT_NONLINEAR = (
        "cotangent-nonlinear",
        "the incoming gradient is squared, made positive, or clipped",
        "backward must be linear in the incoming gradient: look for abs, clamp, a "
        "square, or a factor used twice",
    )
    STRIDES = (
        "strides",
        "the result depends on how an array lies in memory",
        "call .contiguous() on the incoming gradient and the inputs, or use their "
        "strides",
    )
    DUPLICATES = (
        "duplicates",
        "repeated indices overwrite each other instead of adding up",
        "accumulate: index_add_, scatter_add, np.add.at, x.at[i].add",
    )
    TAIL = (
        "tail",
        "wrong in the last, incomplete block only",
        "look at the mask or bound of the last tile of the kernel",
    )
    SPECIAL_POINTS = (
        "special-points",
        "right except at special values of x",
        "look at the branch taken there: zeros, ties, bounds, saturation",
    )
    BRANCH = (
        "branch",
        "wrong on one side of a threshold only",
        "compare the conditions in f and in its gradient",
    )
    KINK_INSIDE = (
        "kink-inside",
        "a kink: the claimed value is a valid subgradient",
        "nothing is wrong; move x off the kink to see more",
    )
    KINK_OUTSIDE = (
        "kink-outside",
        "a kink: the claimed value lies outside the slopes to the left and right",
        "at a kink return a value between the two slopes",
    )
    MODES = (
        "modes",
        "forward and reverse mode disagree",
        "one of jvp and vjp is not the transpose of the other: compare the two rules",
    )
    SECOND_ORDER = (
        "second-order",
        "first derivatives are right, second ones are not",
        "make backward differentiable itself: no detached or cached intermediate, no "
        "missing path through saved values",
    )
    CONJUGATED = (
        "conjugated",
        "the complex conjugate of the gradient",
        "check the convention: torch returns the conjugate Wirtinger derivative, JAX "
        "its conjugate",
    )
    NOT_REPEATABLE = (
        "not-repeatable",
        "equal calls give different results",
        "fix random seeds and state; look for races and uninitialised memory",
    )
    STATE = (
        "state",
        "the result depends on other calls, or on changes after the forward pass",
        "keep what backward needs in ctx.save_for_backward, not on self or in a buffer "
        "that is reused",
    )
    FORWARD = (
        "forward",
        "the value of the rule's own forward differs from that of the plain function",
        "compare the forward of the rule with the function it replaces",
    )
    PRECISION = (
        "precision",
        "right but for digits that are lost to rounding",
        "look for a cast to a coarser dtype or to integers, and for what cancels; "
        "accumulate in float64",
    )
    FORM = (
        "form",
        "the gradient has the wrong form",
        "return one array of the right shape and dtype for each argument",
    )
    NOT_FINITE = (
        "not-finite",
        "the gradient holds NaN or infinities",
        "look for 0/0, log(0), sqrt at 0, and for where() with an invalid branch",
    )
    ENTRIES = (
        "entries",
        "single entries are wrong",
        "look at what is special about these places",
    )
    UNEXPLAINED = (
        "unexplained",
        "wrong, in no pattern known here",
        "derive the formula anew for one of the entries listed",
    )
    NOISE = (
        "noise",
        "cannot tell: f does not show its slope well enough",
        "compute f without cancellation, tighten its tolerances, or fix its seed",
    )
    TOLERANCE = (
        "tolerance",
        "cannot tell: the claim is off by as little as f jumps about",
        "tighten the tolerance at which f stops, so that its own slope is exact",
    )
    STEPS = (
        "steps",
        "cannot tell: f moves in steps, as one that rounds its result",
        "let f return all its digits",
    )
    EDGE = (
        "edge",
        "x lies at the edge of f's domain; one-sided steps were used",
        "move x into the domain to see more",
    )


@final
@dataclass(frozen=True)
class Diagnosis:
    """One cause, where it shows, and what shows it.

    path : leaf of x, or module or rule, that it is about; "" for the whole.
    where : which part of it, in words: "everywhere", "rows 3 and 7", "entry 5".
    verdict : DIFFERS, CANNOT_TELL, or AGREES for a remark.
    evidence : one sentence with the numbers that show it.
    source : where in the user's code to look, "file.py:12, in backward"; or None.
    """

    cause: Cause
    path: str
    where: str
    verdict: Verdict
    evidence: str
    source: str | None = None

    def __str__(self) -> str:
        place = f"{self.path} {self.where}".strip()
        lines = [f"{place}: {self.cause.sentence}" if place else self.cause.sentence]
        lines.append(f"  {self.evidence}")
        if self.source:
            lines.append(f"  {self.source}")
        return "\n".join([*lines, f"  {self.cause.advice}"])

    def as_dict(self) -> dict[str, str | None]:
        """The diagnosis in types that JSON knows."""
        return {
            "cause": self.cause.word,
            "sentence": self.cause.sentence,
            "path": self.path,
            "where": self.where,
            "verdict": self.verdict.value,
            "evidence": self.evidence,
            "source": self.source,
            "advice": self.cause.advice,
        }


@final
@dataclass(frozen=True)
class Power:
    """What the check would have seen in a leaf.

    smallest : smallest error of one entry, relative to the leaf's largest derivative
        times size, that would have been called different; +inf if none would.
    probability : with which it would have been, for the random directions drawn.
    """

    path: str
    smallest: float
    probability: float
