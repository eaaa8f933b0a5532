"""Numbers and digits in words, the same on every page and in the terminal."""

LEVELS = ((0.99, "Certain"), (0.9, "Confident"), (0.75, "Fairly confident"), (0.0, "Probably"))
HIGHEST, ABOVE = 0.999, "> 99.9 %"  # a probability above that is given as this


def in_words(confidence: float) -> str:
    """A probability, 0 to 1, in words."""
    return next(words for least, words in LEVELS if confidence >= least)


def in_percent(confidence: float) -> str:
    """A probability, 0 to 1, in percent, never rounded up to 100."""
    return ABOVE if confidence > HIGHEST else f"{100 * confidence:.1f} %"


def in_seconds(seconds: float) -> str:
    """A remaining time in the units that people use: 4 s, 2 min, 1 h 20 min."""
    whole = max(1, round(seconds))
    if whole < 90:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{minutes} min" if not hours else f"{hours} h {minutes} min" if minutes else f"{hours} h"


def with_article(digit: int) -> str:
    """A digit with its indefinite article: a 7, an 8."""
    return f"an {digit}" if digit == 8 else f"a {digit}"


def percent(proportion: float, digits: int = 1) -> str:
    """A proportion, 0 to 1, in percent."""
    return f"{100 * proportion:.{digits}f} %"
