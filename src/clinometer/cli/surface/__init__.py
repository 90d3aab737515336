"""The commands `surface …`: from photographs to a mesh."""

from __future__ import annotations

import os

import typer

from clinometer.cli.surface.demo import demo_command
from clinometer.cli.surface.looks import eval_command, mesh_command, view_command
from clinometer.cli.surface.making import poses_command, synth_command
from clinometer.cli.surface.studies import ablate_command, study_command
from clinometer.cli.surface.training import train_command

__all__ = ["surface"]

# Before torch is loaded: threads of OpenMP that wait for each other by spinning stall
# where other programs want the processors, too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

surface = typer.Typer(
    no_args_is_help=True,
    help="Surfaces from photographs, trained through numerical gradients.",
    epilog="Exit status: 0 done, 2 stopped before the end, 3 bad input.",
)

surface.command("demo")(demo_command)
surface.command("poses")(poses_command)
surface.command("train")(train_command)
surface.command("mesh")(mesh_command)
surface.command("eval")(eval_command)
surface.command("view")(view_command)
surface.command("synth")(synth_command)
surface.command("study")(study_command)
surface.command("ablate")(ablate_command)
