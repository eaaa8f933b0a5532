"""The folder of a training run on disk, and the processes that fill it."""
