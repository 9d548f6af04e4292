"""Keras on JAX: a jitted function of loss and gradients, as Keras' own training makes one."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
from jax import numpy as jnp

from .. import inputs
from ..work import NotThere, Prepared, Work
from .keras_common import answer, build, epoch

VERSIONS = {"Keras": keras.__version__, "JAX": jax.__version__}


def use_threads(threads: int) -> None:
    """Do nothing: XLA takes the cores that the process may use."""


def prepare(work: Work) -> Prepared:
    if work.task == "step":
        raise NotThere("not part of this comparison")
    return epoch(work) if work.task == "epoch" else _layer(work)


def _layer(work: Work) -> Prepared:
    layer = build(work)
    trained = [weight.value for weight in layer.trainable_variables]
    others = [weight.value for weight in layer.non_trainable_variables]
    x = jnp.asarray(inputs.sequences(work))
    scale = jnp.asarray(inputs.output_weights(work)) if work.every_output else 1.0

    def loss(trained, x, others):
        outputs, others = layer.stateless_call(trained, others, x, training=True)
        return (outputs * scale).sum(), (outputs, others)

    step = jax.jit(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))

    def run():
        nonlocal others
        (_, (outputs, others)), (_, gradient) = jax.block_until_ready(step(trained, x, others))
        return outputs, gradient

    return Prepared(run, answer(work, *run()))
