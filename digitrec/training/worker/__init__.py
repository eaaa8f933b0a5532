"""The worker that trains; with `shipped`, the only part of digitrec that loads TensorFlow. The app never imports it.

recipe, data -> network -> fitting -> model folder
"""
