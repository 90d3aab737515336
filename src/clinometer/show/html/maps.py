"""Where in an array the wrong entries lie, as data that the page's script draws."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from clinometer.check import Finding, LeafSummary, Report
from clinometer.show.html.text import isolated, printable, safe, tag
from clinometer.table import Json, counted, plain

__all__ = ["map_data", "maps"]

MOST = 20_000
"""Entries of a leaf in its map at most, the worst first: about 1 MB of page."""

ARRAYS = 12
"""Arrays that have a map at most, those with the most wrong entries."""

BLOCKS = 500
"""Blocks of an array in its map at most."""

Entries: TypeAlias = dict[str, list[Finding]]


def maps(report: Report) -> str:
    """A frame for each array that can be drawn; the script fills them."""
    drawn = _drawn(report)
    return "".join(_frame(k, leaf, count) for k, (leaf, count) in enumerate(drawn))


def map_data(report: Report) -> list[Json]:
    """What the frames show: each array's shape, wrong blocks, and wrong entries."""
    entries = _entries(report.findings)
    return [_data(leaf, entries[leaf.path]) for leaf, _ in _drawn(report)]


def _entries(findings: Sequence[Finding]) -> Entries:
    """Findings on single entries, by leaf."""
    found: Entries = defaultdict(list)
    for finding in findings:
        if finding.index is not None and finding.verdict.value != "agrees":
            found[finding.path].append(finding)
    return found


def _drawn(report: Report) -> list[tuple[LeafSummary, int]]:
    """The arrays that have a map, and how many entries are marked in it."""
    entries = _entries(report.findings)
    drawn = [
        (leaf, len(entries[leaf.path]))
        for leaf in report.leaves
        if math.prod(leaf.shape) > 1 and (leaf.path in entries or leaf.blocks)
    ]
    return sorted(drawn, key=_worst)[:ARRAYS]


def _worst(drawn: tuple[LeafSummary, int]) -> tuple[bool, int]:
    """To sort by: arrays with wrong blocks first, then those with most entries."""
    leaf, count = drawn
    return not leaf.blocks, -count


def _data(leaf: LeafSummary, found: Sequence[Finding]) -> Json:
    return {
        "path": printable(leaf.path),
        "shape": list(leaf.shape),
        "every": leaf.entries >= math.prod(leaf.shape),
        "blocks": [[list(ends) for ends in block] for block in leaf.blocks[:BLOCKS]],
        "cells": [
            [
                _place(finding, leaf.shape),
                plain(finding.analytic),
                plain(finding.numerical),
                plain(finding.error),
                finding.verdict.value,
            ]
            for finding in found[:MOST]
        ],
    }


def _place(finding: Finding, shape: tuple[int, ...]) -> int:
    """Number of the entry in the order of memory."""
    assert finding.index is not None  # only these are gathered
    return int(np.ravel_multi_index(finding.index, shape))


def _marked(entries: int, blocks: int) -> str:
    """What a map marks, in words."""
    said = [counted(entries, "entry", "entries")] if entries or not blocks else []
    said += [counted(blocks, "block", "blocks")] if blocks else []
    return " and ".join(said)


def _frame(number: int, leaf: LeafSummary, count: int) -> str:
    """An empty map: its title, the ways to colour it, and where to draw."""
    modes = "".join(
        tag("option", safe(words), value=mode)
        for mode, words in (
            ("ratio", "claimed / measured"),
            ("bars", "distance from the measured slope, in bars"),
            ("verdict", "verdict"),
        )
    )
    rest = f", the worst {MOST:,} drawn" if count > MOST else ""
    whole = f"<p>Wrong: {isolated(leaf.where)}</p>" if leaf.where else ""
    size = math.prod(leaf.shape)
    return tag(
        "figure",
        f"<h3>{isolated(leaf.path)} <small>{safe(leaf.shape)} · "
        f"{safe(_marked(count, len(leaf.blocks)))} of {size:,} marked{rest}"
        f"</small></h3>{whole}"
        f'<div class="controls"><label>Colour <select class="mode">{modes}</select>'
        '</label> <label class="slices">Slice <select class="slice"></select></label>'
        "</div>"
        '<div class="plane"></div><p class="tip"></p><div class="scale"></div>',
        class_="map",
        data_map=number,
    )
