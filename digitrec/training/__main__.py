"""`python -m digitrec.training FOLDER`: the worker process of a run."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets with a page of text

from digitrec.training.worker import work

if __name__ == "__main__":
    sys.exit(work(Path(sys.argv[1])))
