"""Training: recipe -> worker process -> run folder -> live curves -> model folder.

What stands here is light; TensorFlow is loaded in `worker` and `shipped` alone, which the app never imports.
"""
