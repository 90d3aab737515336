"""L-BFGS for functions with noise: the noise measured, and allowed for in every step.

Source: Xie, Byrd & Nocedal 2020, SIAM J. Optim. 30, 182-209; Shi, Xie, Byrd & Nocedal
2022, SIAM J. Optim. 32, 29-55.
"""

from clinometer.descend.noisy.door import noise_aware_lbfgs

__all__ = ["noise_aware_lbfgs"]
