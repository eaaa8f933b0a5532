"""Connectionist temporal classification (CTC): answers along a strip to the digits of a number, and their loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.strips import LONGEST

BLANK = 10  # the answer "no digit here", beside 0 to 9
LEAST = 1e-7  # of a probability, as Keras has it


@dataclass(frozen=True, eq=False)
class Decoded:
    """What the answers to a strip say.

    Attributes
    ----------
    text : digits, left to right.
    frames : (k,) where each is answered most clearly, 0 to 63.
    probabilities : (k, 10) float32, of each digit at that frame; each row sums to 1.
    """

    text: str
    frames: NDArray[np.intp]
    probabilities: NDArray[np.float32]


def decode(answers: NDArray[np.float32]) -> Decoded:
    """The likeliest answer of each frame, repeated ones once, blanks left out (Graves and others, 2006).

    Parameters
    ----------
    answers : (64, 11) float32, a row a frame, each sums to 1; the last column is for no digit.
    """
    best: NDArray[np.intp] = answers.argmax(axis=1)
    edges = [0, *(np.flatnonzero(np.diff(best)) + 1), len(best)]
    runs = [(start, end) for start, end in pairwise(edges) if best[start] != BLANK]
    frames = np.array([start + answers[start:end, best[start]].argmax() for start, end in runs], np.intp)
    digits = answers[frames, :BLANK]
    text = "".join(str(best[frame]) for frame in frames.tolist())
    return Decoded(text, frames, digits / np.maximum(digits.sum(axis=1, keepdims=True), 1e-9))


def encode(texts: Sequence[str]) -> NDArray[np.int32]:
    """Numbers of up to 8 digits as (n, 8) int32; -1 where there is none."""
    rows = np.full((len(texts), LONGEST), -1, np.int32)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = [int(digit) for digit in text]
    return rows


def ctc_loss(answers: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float64]:
    """CTC in NumPy: how unlikely answers make numbers, in nats: the sum over all ways to say a number in 64 frames.

    Connectionist temporal classification (Graves and others, 2006), by its forward recursion.

    Parameters
    ----------
    answers : (n, 64, 11) float32, a row a frame, each sums to 1.
    texts : n numbers of up to 8 digits.

    Returns
    -------
    (n,) float64.
    """
    n, states = len(texts), 2 * LONGEST + 1  # a blank before, between and behind the digits
    said = np.full((n, states), BLANK)
    said[:, 1::2] = np.where(encode(texts) < 0, BLANK, encode(texts))
    skips = np.zeros((n, states), bool)  # from a digit to the next one, unless it is the same
    skips[:, 3::2] = said[:, 3::2] != said[:, 1:-2:2]
    logs = np.log(np.maximum(np.asarray(answers, np.float64), LEAST))
    score = np.full((n, states), -np.inf)
    score[:, 0] = logs[:, 0, BLANK]
    score[:, 1] = np.take_along_axis(logs[:, 0], said[:, 1:2], axis=1)[:, 0]
    for frame in range(1, logs.shape[1]):
        stepped, jumped = np.full((2, n, states), -np.inf)
        stepped[:, 1:] = score[:, :-1]
        jumped[:, 2:] = np.where(skips[:, 2:], score[:, :-2], -np.inf)
        score = np.logaddexp(np.logaddexp(score, stepped), jumped) + np.take_along_axis(logs[:, frame], said, axis=1)
    ends = 2 * np.array([len(text) for text in texts])[:, None]
    behind = np.take_along_axis(score, ends, axis=1)
    last = np.where(ends > 0, np.take_along_axis(score, np.maximum(ends - 1, 0), axis=1), -np.inf)
    return -np.logaddexp(behind, last)[:, 0]
