"""The commands of `python -m digitrec`: a module each, the same core as the app's."""
