"""Finding and reading every digit in a picture of a page.

picture -> contrast -> strokes without ruling -> components -> reading order -> digits
"""

from digitrec.reading.photographs.page import Page, find_digits, read_sheet

__all__ = ["Page", "find_digits", "read_sheet"]
