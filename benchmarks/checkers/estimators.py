"""scikit-learn's gradients as questions: losses, linear models, Gaussian processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from sklearn._loss import loss as losses
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process import kernels as gp
from sklearn.linear_model._linear_loss import LinearModelLoss

__all__ = ["Estimated", "estimated"]

ROWS = 12


@final
@dataclass(frozen=True, eq=False)
class Estimated:
    """A function of an array with scikit-learn's gradient of it."""

    name: str
    f: Callable[[Any], Any]
    x: np.ndarray
    gradient: Callable[[Any], Any]


def _targets(name: str, random: np.random.Generator) -> np.ndarray:
    if "Binomial" in name or "Exponential" in name:
        return random.integers(0, 2, ROWS).astype(np.float64)
    if "Multinomial" in name:
        return random.integers(0, 3, ROWS).astype(np.float64)
    return np.abs(random.normal(size=ROWS)) + 0.1


def _losses() -> Iterator[Estimated]:
    made = [
        losses.HalfSquaredError(),
        losses.AbsoluteError(),
        losses.PinballLoss(quantile=0.3),
        losses.HuberLoss(quantile=0.9, delta=0.5),
        losses.HalfPoissonLoss(),
        losses.HalfGammaLoss(),
        losses.HalfTweedieLoss(power=1.5),
        losses.HalfTweedieLossIdentity(power=1.5),
        losses.HalfBinomialLoss(),
        losses.ExponentialLoss(),
        losses.HalfMultinomialLoss(n_classes=3),
    ]
    for seed, size in enumerate((0.3, 1.0, 20.0)):
        for loss in made:
            name = type(loss).__name__
            random = np.random.default_rng([seed, len(name)])
            y = _targets(name, random)
            shape = (ROWS, 3) if "Multinomial" in name else (ROWS,)
            x = size * random.normal(size=shape)
            if "Identity" in name:
                x = np.abs(x) + 0.1

            def f(x: Any, loss: Any = loss, y: np.ndarray = y) -> Any:
                return loss.loss(y, np.ascontiguousarray(x)).sum()

            def gradient(x: Any, loss: Any = loss, y: np.ndarray = y) -> Any:
                return loss.gradient(y, np.ascontiguousarray(x))

            yield Estimated(f"{name}, size {size:g}", f, x, gradient)


def _linear(loss: Any, seed: int) -> Estimated:
    random = np.random.default_rng([7, seed])
    X, y = random.normal(size=(ROWS, 4)), _targets(type(loss).__name__, random)
    model = LinearModelLoss(base_loss=loss, fit_intercept=True)

    def answer(x: Any) -> Any:
        return model.loss_gradient(np.asfortranarray(x), X, y, l2_reg_strength=0.3)

    return Estimated(
        f"linear model, {type(loss).__name__}",
        lambda x: answer(x)[0],
        random.normal(size=(3, 5) if loss.is_multiclass else (5,)),
        lambda x: answer(x)[1],
    )


def _processes() -> Iterator[Estimated]:
    random = np.random.default_rng(9)
    X, y = random.normal(size=(10, 2)), random.normal(size=10)
    for kernel in (
        gp.RBF([1.0, 2.0]) + gp.WhiteKernel(0.1),
        gp.ConstantKernel(2.0) * gp.Matern(1.5, nu=1.5) + gp.WhiteKernel(0.2),
        gp.RationalQuadratic() + gp.WhiteKernel(0.1),
        gp.DotProduct() + gp.WhiteKernel(0.3),
    ):
        process = GaussianProcessRegressor(kernel, optimizer=None).fit(X, y)
        likelihood = process.log_marginal_likelihood

        def gradient(x: Any, likelihood: Any = likelihood) -> Any:
            return likelihood(x, eval_gradient=True)[1]

        yield Estimated(f"process, {kernel}", likelihood, kernel.theta + 0.1, gradient)


def estimated() -> list[Estimated]:
    """All of them."""
    linear = [
        losses.HalfBinomialLoss(),
        losses.HalfPoissonLoss(),
        losses.HalfMultinomialLoss(n_classes=3),
    ]
    models = [_linear(loss, seed) for seed, loss in enumerate(linear)]
    return [*_losses(), *models, *_processes()]
