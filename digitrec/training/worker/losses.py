"""The loss of a network that reads numbers, in TensorFlow: connectionist temporal classification (Graves, 2006)."""

import tensorflow as tf

from digitrec.ink.strips import FRAMES
from digitrec.networks.ctc import BLANK, LEAST


def keras_ctc_loss(digits: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
    """Loss for Keras: CTC of (n, 64, 11) probabilities for (n, 8) digits, padded with -1: (n,), in nats per number."""
    digits = tf.cast(digits, tf.int32)
    places = tf.where(digits >= 0)
    labels = tf.SparseTensor(places, tf.gather_nd(digits, places), tf.shape(digits, tf.int64))
    lengths = tf.fill([tf.shape(digits)[0]], FRAMES)
    # TensorFlow's operation for sparse labels is three times as fast as that for dense labels.
    return tf.nn.ctc_loss(
        labels, tf.math.log(answers + LEAST), None, lengths, logits_time_major=False, blank_index=BLANK
    )


def whole_number_accuracy(digits: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
    """Whether all digits of each number are correct, (n,) bool, decoded as in `digitrec.networks.ctc.decode`."""
    best = tf.argmax(answers, axis=2, output_type=tf.int32)
    before = tf.pad(best[:, :-1], [[0, 0], [1, 0]], constant_values=BLANK)
    read = tf.ragged.boolean_mask(best, (best != before) & (best != BLANK)).to_tensor(-1, shape=[None, FRAMES])
    known = tf.pad(tf.cast(digits, tf.int32), [[0, 0], [0, FRAMES - tf.shape(digits)[1]]], constant_values=-1)
    return tf.reduce_all(read == known, axis=1)


whole_number_accuracy.__name__ = "accuracy"  # its name in Keras's logs
