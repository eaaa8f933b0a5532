"""A recipe as a short program in plain Keras that trains the same network.

The programs import what Keras lacks from `digitrec.training`, whose names are stable.
"""

from collections.abc import Callable

from digitrec.ink.strips import FRAMES
from digitrec.networks.architectures import (
    ARCHITECTURES,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Frames,
    Layer,
    MaxPooling,
    Normalisation,
    Sharing,
)
from digitrec.training.recipe import Recipe
from digitrec.training.validation import NUMBERS

Part = Callable[[Recipe], list[str]]
SCALES = {
    "raw": [],
    "unit": ["layers.Rescaling(1 / 255)"],
    "standardised": ["layers.Rescaling(1 / x.std(), -x.mean() / x.std())"],
    "unit-norm": ["layers.UnitNormalization(axis=1)"],
}
SOFTMAX = 'activation="softmax"'
END_OF_BATCHES = ["    def on_epoch_begin(self):", "        self.epoch += 1", ""]
OPTIMISERS = {
    "adam": "Adam(RATE, beta_2={beta!r}{more})",
    "adamw": "AdamW(RATE, weight_decay={decay!r}, beta_2={beta!r}{more})",
    "sgd": "SGD(RATE{more})",
}


def as_code(recipe: Recipe) -> str:
    """Convert a recipe to a program. With the same data and libraries, its first epoch has the same loss."""
    begin: list[Part] = [_imports, _data, _batches]
    if _reads_numbers(recipe):
        begin = [_number_imports, _number_data, _number_batches]
    return "\n\n".join("\n".join(part(recipe)) for part in (*begin, _model, _fit))


def _reads_numbers(recipe: Recipe) -> bool:
    return ARCHITECTURES[recipe.network].reads == "number"


def _imports(recipe: Recipe) -> list[str]:
    lines = ["import math", "", "import keras", "import numpy as np", "from keras import layers"]
    if recipe.validation and not recipe.by_writer:
        lines.append("from sklearn.model_selection import train_test_split")
    if recipe.augmentation is not None:
        lines.append("from digitrec.training import Augmentation, augment")
    return [*lines, "from digitrec import load_dataset"]


def _data(recipe: Recipe) -> list[str]:
    first = "" if recipe.images is None else f"[:{recipe.images}]"
    lines = [
        f"data = load_dataset({recipe.source!r})",
        f"images, labels = data.train.images{first}, data.train.labels{first}",
    ]
    if not recipe.validation:
        lines += ["x, y = images, labels", "x_val, y_val = data.test.images, data.test.labels"]
    elif recipe.by_writer:
        lines += [
            f"writers = data.train.writers{first}",
            f"shuffled = np.random.default_rng({recipe.split_seed}).permutation(np.unique(writers))",
            f"for_validation = np.isin(writers, shuffled[: max(1, round({recipe.validation!r} * len(shuffled)))])",
            "x, y = images[~for_validation], labels[~for_validation]",
            "x_val, y_val = images[for_validation], labels[for_validation]",
        ]
    else:
        lines += [
            "_, places = train_test_split(",
            f"    np.arange(len(images)), test_size={recipe.validation!r}, random_state={recipe.split_seed}",
            ")",
            "for_validation = np.isin(np.arange(len(images)), places)",
            "x, y = images[~for_validation], labels[~for_validation]",
            "x_val, y_val = images[for_validation], labels[for_validation]",
        ]
    return lines


def _number_imports(_: Recipe) -> list[str]:
    return [
        "import math",
        "",
        "import keras",
        "from keras import layers, ops",
        "from digitrec import load_dataset",
        "from digitrec.training import Recipe, compose_strips, encode, image_writers, split_for",
    ]


def _number_data(recipe: Recipe) -> list[str]:
    return [
        f"data = load_dataset({recipe.source!r})",
        "recipe = Recipe(  # how to split the digits that numbers are composed of",
        f"    images={recipe.images}, validation={recipe.validation!r}, by_writer={recipe.by_writer},",
        f"    split_seed={recipe.split_seed}, batch_size={recipe.batch_size},",
        ")",
        "parts = split_for(recipe, data)",
        "writers = image_writers(parts.train)",
        f"validation = compose_strips(image_writers(parts.validation), {NUMBERS}, [{recipe.split_seed}, 0])",
    ]


def _begin_batches(recipe: Recipe, learned: str) -> list[str]:
    return [
        f"SEED, BATCH, EPOCHS, RATE = {recipe.seed}, {recipe.batch_size}, {recipe.epochs}, {recipe.learning_rate!r}",
        "",
        "",
        "class Batches(keras.utils.PyDataset):",
        "    epoch = -1",
        "",
        "    def __len__(self):",
        f"        return math.ceil(len({learned}) / BATCH)",
        "",
        "    def __getitem__(self, step):",
    ]


def _number_batches(recipe: Recipe) -> list[str]:
    return [
        *_begin_batches(recipe, "parts.train"),
        "        size = min(BATCH, len(parts.train) - step * BATCH)",
        "        numbers = compose_strips(writers, size, [SEED, max(0, self.epoch), step])",
        '        return numbers.strips[..., None].astype("float32"), encode(numbers.texts)',
        "",
        *END_OF_BATCHES,
        "",
        "def ctc(digits, answers):  # digits (n, 8), padded with -1; answers (n, 64, 11), the last for blank",
        '    digits = ops.cast(digits, "int32")',
        '    lengths = ops.sum(ops.cast(digits >= 0, "int32"), axis=1)',
        "    frames = ops.full_like(lengths, 64)",
        "    logits = ops.log(answers + 1e-7)",
        "    return ops.ctc_loss(ops.maximum(digits, 0), logits, lengths, frames, mask_index=10)",
        "",
    ]


def _batches(recipe: Recipe) -> list[str]:
    lines = [
        *_begin_batches(recipe, "x"),
        "        epoch = max(0, self.epoch)  # Keras requests some batches before the first epoch",
        "        order = np.random.default_rng([SEED, epoch]).permutation(len(x))",
        "        chosen = order[step * BATCH : (step + 1) * BATCH]",
        '        batch = x[chosen].astype("float32")',
    ]
    if recipe.augmentation is not None:
        change = f"batch = augment(batch, {recipe.augmentation}, np.random.default_rng([SEED, epoch, step]))"
        lines += [
            *([f"        if epoch < EPOCHS - {recipe.clean_epochs}:"] if recipe.clean_epochs else []),
            f"        {'    ' * bool(recipe.clean_epochs)}{change}",
        ]
    return [
        *lines,
        "        return batch[..., None], np.eye(10)[y[chosen]]",
        "",
        *END_OF_BATCHES,
    ]


def _model(recipe: Recipe) -> list[str]:
    is_short = recipe.precision == "bfloat16"
    policy = ['keras.config.set_dtype_policy("mixed_bfloat16")'] if is_short else []
    lines = [
        "keras.utils.set_random_seed(SEED)",
        *policy,
        "model = keras.Sequential([",
        f"    keras.Input((28, {ARCHITECTURES[recipe.network].width}, 1)),",
    ]
    parts = [
        *SCALES[recipe.scaling],
        *(part for layer in ARCHITECTURES[recipe.network].layers for part in _layer(layer)),
    ]
    if is_short:
        parts = [part.replace(SOFTMAX, f'{SOFTMAX}, dtype="float32"') for part in parts]
    return [*lines, *(f"    {part}," for part in parts), "])"]


def _layer(layer: Layer) -> list[str]:  # noqa: PLR0911  one for each kind of layer
    match layer:
        case Convolution(filters, size, padding, activation):
            return [f'layers.Conv2D({filters}, {size}, padding="{padding}", {_ending(activation)})']
        case Normalisation(momentum):
            return [f"layers.BatchNormalization(momentum={momentum:g})", "layers.ReLU()"]
        case MaxPooling(size):
            return [f"layers.MaxPooling2D({size})"]
        case Dropout(rate):
            return [f"layers.Dropout({rate:g})"]
        case Flatten():
            return ["layers.Flatten()"]
        case Dense(units, activation):
            return [f"layers.Dense({units}, {_ending(activation)})"]
        case Sharing():
            kernel = "keras.initializers.Constant(np.vstack([np.eye(10), np.full(10, 0.1)]))"
            return [f'layers.Dense(10, use_bias=False, trainable=False, dtype="float32", kernel_initializer={kernel})']
        case Frames(units):
            return [f"layers.Reshape(({FRAMES}, -1))", f'layers.Dense({units}, activation="softmax")']


def _ending(activation: str) -> str:
    return "use_bias=False" if activation == "later" else f'activation="{activation}"'


def _fit(recipe: Recipe) -> list[str]:
    more = f", use_ema=True, ema_momentum={recipe.ema_momentum!r}" if recipe.ema_momentum else ""
    optimiser = OPTIMISERS[recipe.optimiser].format(more=more, decay=recipe.weight_decay, beta=recipe.beta_2)
    loss, metrics = '"categorical_crossentropy"', '"accuracy"'
    validation = 'x_val[..., None].astype("float32"), np.eye(10)[y_val]'
    if _reads_numbers(recipe):
        loss, metrics = "ctc", ""
        validation = 'validation.strips[..., None].astype("float32"), encode(validation.texts)'
    if recipe.label_smoothing:
        metrics = f"{metrics}, {loss}"  # without label smoothing, to compare it with other losses
        loss = f"keras.losses.CategoricalCrossentropy(label_smoothing={recipe.label_smoothing!r})"
    callbacks = []
    if recipe.patience:
        callbacks.append(f"keras.callbacks.EarlyStopping(patience={recipe.patience}, restore_best_weights=True)")
    if recipe.reduce_lr_patience:
        callbacks.append(f"keras.callbacks.ReduceLROnPlateau(factor=0.5, patience={recipe.reduce_lr_patience})")
    if recipe.schedule == "a cycle an epoch" or recipe.has_clean_rate:
        callbacks.append("keras.callbacks.LambdaCallback(on_train_batch_begin=set_rate)")
    return [
        "batches = Batches()",
        *_schedule(recipe),
        f"optimizer = keras.optimizers.{optimiser}",
        f"model.compile(optimizer, {loss}, metrics=[{metrics}], jit_compile=False)",
        "history = model.fit(",
        "    batches,",
        "    epochs=EPOCHS,",
        "    shuffle=False,  # Batches shuffles",
        f"    validation_data=({validation}),",
        f"    callbacks=[{', '.join(callbacks)}],",
        ")",
        "model.summary()",
    ]


def _schedule(recipe: Recipe) -> list[str]:
    if recipe.schedule == "one-cycle" and not recipe.has_clean_rate:
        return _cycle("RATE", "len(batches) * EPOCHS", recipe)
    lines, rate, clean = [], "RATE", min(recipe.clean_epochs, recipe.epochs)
    if recipe.schedule == "one-cycle" and clean < recipe.epochs:
        lines = _cycle("cycle", f"len(batches) * (EPOCHS - {clean})", recipe)
        rate = "float(cycle(batches.epoch * len(batches) + step))"
    elif recipe.schedule == "a cycle an epoch":  # each peak is lower than the previous one
        lines, rate = _cycle("cycle", "len(batches)", recipe), "float(cycle(step)) / (batches.epoch + 1)"
    last = [
        f"    done = ((batches.epoch - EPOCHS + {clean}) * len(batches) + step) / len(batches) / {clean}",
        "    if done >= 0:  # of the clean epochs",
        f"        rate = {recipe.clean_learning_rate!r} * (1 + math.cos(math.pi * done)) / 2",
    ]
    if rate == "RATE" and not recipe.has_clean_rate:
        return []
    return [
        *lines,
        "",
        "",
        "def set_rate(step, logs):",
        f"    rate = {rate}",
        *(last if recipe.has_clean_rate else []),
        "    model.optimizer.learning_rate = rate",
        "",
        "",
    ]


def _cycle(name: str, steps: str, recipe: Recipe) -> list[str]:
    return [
        f"steps = {steps}",
        f"warmup = round(steps * {recipe.warmup!r})",
        f"{name} = keras.optimizers.schedules.CosineDecay(",
        "    0.0, steps - warmup, warmup_target=RATE, warmup_steps=warmup",
        ")",
    ]
