"""What most people would write: test.csv in, submission.csv out. Its time and memory are measured beside digitrec's."""

import sys
import time

start = time.perf_counter()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

model_file, csv_file, out_file = sys.argv[1:]
loaded = time.perf_counter()
images = pd.read_csv(csv_file).to_numpy().reshape(-1, 28, 28, 1).astype("float32")
read = time.perf_counter()
digits = keras.models.load_model(model_file).predict(images, verbose=0).argmax(axis=1)
predicted = time.perf_counter()
pd.DataFrame({"ImageId": np.arange(1, len(digits) + 1), "Label": digits}).to_csv(out_file, index=False)
written = time.perf_counter()
print(loaded - start, read - loaded, predicted - read, written - predicted)
