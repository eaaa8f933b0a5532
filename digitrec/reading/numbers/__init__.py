"""From the ink of a written number to its digits.

ink -> components -> cuts -> digits read one by one        ink -> a strip -> one sweep of a network for numbers
"""

from digitrec.reading.numbers.readers import NumberReader, load_number_reader

__all__ = ["NumberReader", "load_number_reader"]
