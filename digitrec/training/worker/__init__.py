"""The worker process that trains a run. Only this package and `shipped` load TensorFlow; the app never imports them.

recipe, data -> network -> fitting -> model folder
"""
