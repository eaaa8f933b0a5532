"""Reading a number in one pass of the sequence network, from left to right.

canvas -> `to_strip` -> LiteRT -> probabilities per frame -> `decode` -> ink assigned to digits -> `NumberReading`

In contrast to `numbers.segmentation`, digits are read before their boundaries are known (connectionist temporal
classification, CTC; Graves and others, 2006).
"""

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import InkError
from digitrec.ink.preprocessing import SIDE, find_ink, ink_to_image
from digitrec.ink.strips import FRAMES, WIDTH, to_column, to_strip
from digitrec.ink.types import Strokes
from digitrec.networks.card import Card, read_card, read_model_file
from digitrec.networks.ctc import BLANK, decode
from digitrec.networks.interpreters import Interpreters, answers, check_signature, signature
from digitrec.networks.registry import NUMBERS_NAME, find_model
from digitrec.reading.numbers.assignment import assign_ink, leave_out_specks
from digitrec.reading.numbers.results import FoundDigit, NumberReading
from digitrec.storage import StrPath

BATCH = 16  # strips per call


class SequenceReader:
    """Reads numbers with a model's .tflite file. Safe to call from several threads at once."""

    def __init__(self, content: bytes, card: Card) -> None:
        """Load the bytes of a .tflite file; ModelError if it is not a network for strips."""
        self.card = card
        self._interpreters = Interpreters(content, card.name, BATCH)
        with self._interpreters.borrow(1) as interpreter:
            check_signature(interpreter, card.name, (SIDE, WIDTH, 1), (FRAMES, BLANK + 1))

    def predict_proba(self, strips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Read (n, 28, 256) uint8 strips, ink 255 on 0: (n, 64, 11) float32, of ten digits and the blank per frame.

        Raises
        ------
        InkError, if `strips` has another shape or type.
        """
        strips = np.asarray(strips)
        if strips.dtype != np.uint8 or strips.ndim != 3 or strips.shape[1:] != (SIDE, WIDTH):
            raise InkError(
                f"Expected strips as uint8 of shape (n, {SIDE}, {WIDTH}), ink 255 on 0. "
                f"Received: shape {strips.shape}, dtype {strips.dtype}. Make them with `to_strip`."
            )
        size = 1 if len(strips) < BATCH else BATCH
        with self._interpreters.borrow(size) as interpreter:
            flat = answers(interpreter, strips, size, int(signature(interpreter)[1][0]["index"]))
        return flat.reshape(-1, FRAMES, BLANK + 1)

    @property
    def key(self) -> str:
        """The SHA-256 of its .tflite file."""
        return self.card.files.get("model.tflite", self.card.name)

    def is_unsure(self, probabilities: NDArray[np.float32]) -> bool:
        """Whether the highest of ten probabilities is below the model's threshold."""
        return float(probabilities.max()) < self.card.unsure_below

    def read(self, canvas: NDArray[np.uint8], strokes: Strokes | None = None) -> NumberReading:
        """Read a number, and find the ink of each of its digits.

        Parameters
        ----------
        canvas : (H, W) uint8, ink 255 on 0, or (H, W, 4) uint8 RGBA.
        strokes : in canvas pixels, if known; they help to assign ink to digits. The text does not depend on them.

        Raises
        ------
        InkError, if `canvas` is not such an array.
        """
        ink, specks = leave_out_specks(find_ink(canvas))
        if not ink.any():
            return NumberReading()
        strip = to_strip(ink)
        decoded = decode(self.predict_proba(strip.image[None])[0])
        if not decoded.text:
            return NumberReading((), specks)
        middles = [to_column(strip, int(frame)) for frame in decoded.frames]
        pieces = assign_ink(ink, middles, strokes)
        digits = [
            FoundDigit(piece.left, piece.top, piece.ink, ink_to_image(piece.ink), one, self.is_unsure(one))
            for piece, one in zip(pieces, decoded.probabilities, strict=True)
            if piece is not None  # if two digits were read in one thin line
        ]
        return NumberReading(tuple(digits), specks)


def load_sequence_reader(name_or_folder: StrPath = NUMBERS_NAME) -> SequenceReader:
    """Load the reader of a model by name or folder; the shipped model by default.

    Raises
    ------
    ModelError, if the folder, its card or its file is missing or damaged, or is not from digitrec.
    """
    folder = find_model(name_or_folder)
    card = read_card(folder)
    return SequenceReader(read_model_file(folder, "model.tflite", card), card)
