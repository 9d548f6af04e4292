"""Keras on TensorFlow: a `tf.function` of loss and gradients, as Keras' own training makes one."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

from .. import inputs
from ..work import NotThere, Prepared, Work
from .keras_common import answer, build, epoch

VERSIONS = {"Keras": keras.__version__, "TensorFlow": tf.__version__}


def use_threads(threads: int) -> None:
    """Set both of TensorFlow's pools; possible before it has run anything."""
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def prepare(work: Work) -> Prepared:
    if work.task == "step":
        raise NotThere("not part of this comparison")
    return epoch(work) if work.task == "epoch" else _layer(work)


def _layer(work: Work) -> Prepared:
    layer = build(work)
    x = tf.constant(inputs.sequences(work))
    scale = tf.constant(inputs.output_weights(work)) if work.every_output else 1.0

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, training=True)
            loss = tf.reduce_sum(outputs * scale)
        return outputs, tape.gradient(loss, [x, *layer.trainable_variables])

    def run():
        outputs, gradients = step()
        return outputs.numpy(), gradients[0].numpy()

    return Prepared(run, answer(work, *run()))
