"""Every key of the session and of the address, with its type and default value.

Nothing else in pages/ and digitrec/ui names a key by a string (tests/ui/test_state.py checks the source for that).
The names of bound keys and of parameters, and the labels of their options, are part of links that people have shared:
they must not change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import streamlit as st

from digitrec.datasets.synthetic.samples import WIDTH
from digitrec.reading.numbers.readers import SUITED
from digitrec.ui.canvas.history import CanvasState

if TYPE_CHECKING:
    from digitrec.ink.drawings import Drawing
    from digitrec.reading.numbers.edits import Change
    from digitrec.ui.draw.details import Case

T = TypeVar("T")
ANY = "any"  # a filter that is off


@dataclass(frozen=True)
class Key(Generic[T]):
    """A value of the session, or an element of the page identified by its key.

    Attributes
    ----------
    name : in the session; for style sheets and scripts, the element's class is "st-key-" and the name.
    default : the value if none was set.
    persists : whether a widget keeps its value while other pages are shown.
    is_bound : whether a widget's value is part of the address, under its name.
    """

    name: str
    default: T
    persists: bool = False
    is_bound: bool = False

    def get(self) -> T:
        """The value in the session state, or the default."""
        value: T = st.session_state.get(self.name, self.default)
        return value

    def set(self, value: T) -> None:
        """Set the value in the session state."""
        st.session_state[self.name] = value

    def setdefault(self, value: T) -> T:
        """The session's value; set to this one if there is none."""
        kept: T = st.session_state.setdefault(self.name, value)
        return kept

    def pop(self) -> T:
        """Remove and return the session's value."""
        value: T = st.session_state.pop(self.name, self.default)
        return value

    def sent(self, what: str) -> Any:
        """What the component or chart with this key has sent under this name; None if nothing."""
        return (st.session_state.get(self.name) or {}).get(what)

    def of(self, *things: object) -> Key[T]:
        """A key derived from this one, for one of several things, by their names or numbers."""
        return Key("-".join(map(str, (self.name, *things))), self.default, self.persists, self.is_bound)

    @property
    def widget(self) -> dict[str, Any]:
        """A widget's arguments: its key, and how long and where its value is kept."""
        kept: dict[str, Any] = {"key": self.name}
        if self.persists:
            kept["persist_state"] = "session"
        if self.is_bound:
            kept["bind"] = "query-params"
        return kept


@dataclass(frozen=True)
class Parameter:
    """A query parameter of the address that is not bound to a widget."""

    name: str

    def get(self) -> str:
        """Its value; empty if there is none."""
        return st.query_params.get(self.name, "")

    def set(self, value: str) -> None:
        """Write it into the address; an empty value removes it."""
        if value:
            st.query_params[self.name] = value
        elif self.name in st.query_params:
            del st.query_params[self.name]


def _element(name: str) -> Key[None]:
    """An element without a value."""
    return Key(name, None)


# Every page
PAGE_SHOWN = Key[str | None]("page_shown", None)  # the page of the last run
CODE = _element("code")  # of the functions shown

# Models
MODEL = Key[str | None]("model", None, persists=True, is_bound=True)  # the model in use; None: the shipped one
NUMBER_MODEL = Key("number_model", SUITED, persists=True, is_bound=True)  # SUITED, PIECE_BY_PIECE or a model's name
MODELS = _element("models")  # the table, by the number of changes to the list of models
MODELS_CHANGED = Key("models_changed", 0)
MODEL_PROBLEM = Key[str | None]("model_problem", None)
MODEL_ADDED = Key[str | None]("added", None)
MODEL_DELETED = Key[str | None]("deleted", None)
PACK = _element("pack")
PAIR = Key[str | None]("pair", None)  # of models to compare
AGAINST = Key("against", "epoch")  # the x axis of the curves
COMPARED = _element("compared")  # a chart, by column of the history
KEY_FIGURES = _element("key-figures")
CARD_CHART = _element("card")  # by subject
READERS = _element("readers")
DRAWING_VERSION = Key("drawing_version", "Preprocessed")  # of the drawings that networks are compared on
SIDE_BY_SIDE = _element("side-by-side")

# Canvas
WRITING = Key("writing", "A digit", persists=True, is_bound=True)  # a digit or a number
SHEET_SHOWN = Key[int | None]("sheet_shown", None)  # the width of the last run's canvas, in pixels
STATE = Key("state", CanvasState())  # the content of a canvas, by its width
CANVAS = Key[Any]("canvas", None)  # the component, by width and mount
LIVE = Key[Any]("live", None)  # its companion, by the same
PAPER = _element("paper-canvas")  # the container of the canvas, by which its companion finds it
TOOL = Key("tool", ":material/edit: Pen", persists=True)
PEN_WIDTH = Key("pen_width", round(WIDTH), persists=True)  # pixels
SAMPLE_NOTE = Key[tuple[tuple[int, int], str] | None]("sample_note", None)  # a canvas's width and revision; a text
DETAILS = Key[str | None]("details", None)  # the open tab
HEAD, SIDES, TOOLS = _element("draw-head"), _element("draw-sides"), _element("draw-tools")  # parts of the page
BOARD, VERDICT, NEXT = _element("draw-board"), _element("draw-verdict"), _element("draw-next")
SESSION = Key("session", "")  # a name for the session, by which the browser knows whether the server is still the same
WEIGHTS = Key[Any]("weights", None)  # the element that gives the browser the model
WEIGHTS_HELD = Key("weights_held", "")  # the key of the model whose weights the browser has
COURIER = Key[Any]("courier", None)  # by width and mount of the canvas
STAGE, CHAIN = Key[Any]("stage", None), _element("chain")
PROJECTOR = Parameter("projector")  # larger type, and nothing but canvas, verdict and network
PROJECT = _element("project")
CASE: Key[Case | None] = Key("case", None)  # what the tabs are about; None without ink
RESTED = _element("rested")

# A drawing in the address
DRAWING, NUMBER, IMAGE = Parameter("drawing"), Parameter("number"), Parameter("image")
OPENED_LINK = Key[str | None]("opened_link", None)
IN_ADDRESS: Key[Drawing | None] = Key("in_address", None)  # the drawing that is in the address
IS_TOO_LONG = Key("too_long", False)  # for the address

# A number
NUMBER_PICKED = Key("number_picked", 0)  # the index of a digit
NUMBER_CHANGES: Key[tuple[Change, ...]] = Key("number_changes", ())  # the user's edits
NUMBER_NAMED = Key[int | None]("number_named", None)  # the value that the user set for the selected digit

# A photograph
PHOTOGRAPH_WAY = Key("photograph_way", "Upload")
PHOTOGRAPH = _element("photograph")
PHOTOGRAPH_SAMPLE = Key("photograph_sample", False)  # whether the sample was asked for
PASTED = Key[Any]("pasted", None)

# A file of digits
FILE = Key[Any]("file_of_digits", None)
FILE_SAMPLE = Key("file_sample", False)  # whether the sample was asked for
CORRECTIONS = Key[dict[str, dict[int, int]]]("corrections", {})  # a file's fingerprint -> row -> digit
ANSWERS_TABLE = Key[Any]("answers_table", None)  # of the file and rows shown
FILE_ORDER = Key("file_order", "least confident first")
FILE_DIGIT = Key("file_digit", ANY)
FILE_UNSURE = Key("file_unsure", False)
FILE_PAGE = Key("file-page", 1)  # by number of pages
FILE_PROBLEM = Key[str | None]("file_problem", None)
FILE_ADDED = Key[str | None]("file_added", None)  # a fingerprint

# The data
SOURCE = Key[str | None]("source", None, persists=True, is_bound=True)
SPLIT = Key("split", "train", persists=True, is_bound=True)
WRITER = Key[int | None]("writer", None, persists=True, is_bound=True)
UPLOAD = Key[Any]("upload", None)
UPLOAD_PROBLEM = Key[str | None]("upload_problem", None)
PICKED_IMAGE = Key[tuple[str, str, int] | None]("picked_image", None)  # a dataset's name, its part, an image's index
PLACE = Parameter("place")  # the index of the selected image
PICKED = _element("picked")  # the selected image in full, which the gallery scrolls to
PAGE = Key("page", 1, is_bound=True)  # of a gallery

# Labels
LABEL_ORDER = Key("label_order", "digit", is_bound=True)
SOME = Key[int | None]("some", None, is_bound=True)  # a subset of this many images
LABEL_SEED = Key("label_seed", 0, is_bound=True)

# Samples
DIGITS = Key[list[int]]("digits", [], persists=True, is_bound=True)
ORDER = Key("order", "random", persists=True, is_bound=True)
SEED = Key("seed", 0, is_bound=True)
SHOWN = Key("shown", 100, persists=True, is_bound=True)  # images per page
GALLERY, NEIGHBOURS = Key[Any]("gallery", None), Key[Any]("neighbours", None)
NUMBERS = _element("numbers")  # scrolls sideways on a phone

# Pixels
AVERAGE_OF = Key("average_of", "average", is_bound=True)
FIRST, SECOND = Key("first", 4, is_bound=True), Key("second", 9, is_bound=True)  # digits to compare
SCALING = Key("scaling", "unit", is_bound=True)
VALUES = _element("values")  # a chart, before or after scaling

# Map
MAP_SEES = Key("map_sees", "what the network sees", is_bound=True)
MAP_BY = Key("map_by", "t-SNE", is_bound=True)
MAP_SIZE = Key("map_size", 3000, is_bound=True)
MAP, PLANE = _element("map"), _element("plane")  # the container of the chart, and the chart
HOVER, PIN = _element("hover"), _element("pin")  # by chart
NEAR, SELECTED = Key[Any]("near", None), Key[Any]("selected", None)

# Augmentation and composed numbers
AUGMENT = Key("augment", 0.0, is_bound=True)  # by setting
AUGMENT_SEED = Key("augment_seed", 0)
AUGMENTED = Key("augmented", 0)  # the index of the image, by number of images
AUGMENTED_FROM = Key[tuple[str, str, int] | None]("augmented_from", None)  # the selected image that was used last
COMPOSED = Key[Any]("number", None, is_bound=True)  # by setting
COMPOSED_SEED = Key("numbers_seed", 0)

# Mistakes
EXAMINED = Key[str | None]("examined", None, persists=True, is_bound=True)
EXAMINED_PART = Key("examined_part", "test", is_bound=True)
VIEW = Key("view", "Mistakes", is_bound=True)
AS_PERCENTAGES = Key("as_shares", False, persists=True)
ERRORS_ONLY = Key("errors_alone", True, persists=True)
CELLS = Key[Any]("cells", None)
ANSWERS = Key("answers", "wrong", persists=True, is_bound=True)
IS_A, READ_AS = (Key(name, ANY, persists=True, is_bound=True) for name in ("is_a", "read_as"))
ANSWERS_BY = Key("answers_by", "largest loss", persists=True, is_bound=True)
BY_WRITER = Key[int | None]("by_writer", None, persists=True, is_bound=True)
INK = Key("ink", (0, 60), persists=True, is_bound=True)
SLANT = Key("slant", (-60, 60), persists=True, is_bound=True)
MISTAKES, REFUSED = Key[Any]("mistakes", None), Key[Any]("refused", None)
GROUPS_BY = Key("groups_by", "digit", is_bound=True)
GROUPS = _element("groups")
RELIABILITY, CONFIDENCES, COVERAGE = _element("reliability"), _element("confidences"), _element("coverage")
THRESHOLD = Key("threshold", 0.0)  # percent, by kind and by the model's threshold
DOWNLOAD = _element("download")  # by file
ONE = Key[str | None]("one", None)  # the open tab

# Label errors
SUSPECTS = Key("suspects", 1)  # the page, of how many there are
JUDGED = Key[str | None]("judge", None)  # a verdict, of an image
SEE = _element("see")  # an image in full
HELD_OUT = Key[str | None]("held_out", None)  # the dataset for which cross-validation was asked for
JUDGE_NOTE = Key[str | None]("judge_note", None)
JUDGE_PROBLEM = Key[str | None]("judge_problem", None)

# Training
NEW_RUN = _element("new")  # the form, by number of runs
NETWORK = Key[str | None]("network", None, persists=True, is_bound=True)
LAYERS_SHOWN, LAYERS = _element("its-layers"), _element("layers")  # the container of the layers' picture, the picture
SETTING = Key[Any]("setting", None)  # of a recipe, by network and name
RUN = Key[str | None]("run", None, persists=True, is_bound=True)
RUN_PROBLEM = Key[str | None]("run_problem", None)
KEPT = Key[tuple[str, str] | None]("kept", None)  # a run's name, and the name of the model saved from it
STOP = _element("stop")
CURVE = _element("curve")  # by metric
EPOCH = Key("epoch", 1)  # shown, by run
CONFUSION = _element("confusion")

# Robustness
ROBUST_MODELS = Key[list[str]]("robust_models", [], is_bound=True)
CORRUPTION = Key[str | None]("corruption", None, is_bound=True)
AND_CORRUPTION = Key[str | None]("and", None)  # by the first corruption
STRENGTHS, VERDICTS = _element("strengths"), _element("verdicts")
