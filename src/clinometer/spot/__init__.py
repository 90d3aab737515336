"""Spot checks of a training: every k steps, a gradient against two forward passes."""

from clinometer.spot.finding import Spot
from clinometer.spot.lightning import lightning_callback
from clinometer.spot.spotcheck import SpotCheck
from clinometer.spot.trainer import transformers_callback

__all__ = ["Spot", "SpotCheck", "lightning_callback", "transformers_callback"]
