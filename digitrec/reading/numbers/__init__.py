"""Reading written numbers.

ink -> components -> cuts -> digits read one by one        ink -> strip -> one pass of the sequence network
"""

from digitrec.reading.numbers.readers import NumberReader, load_number_reader

__all__ = ["NumberReader", "load_number_reader"]
