"""Text made safe for a page: escaped, printable, and kept in its own direction."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping

from clinometer.table import Json

__all__ = ["data", "isolated", "printable", "safe", "tag"]

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Characters that no page may hold, and those that turn the direction of what follows:
a file name must not be able to reorder the sentence it stands in."""


def printable(said: object) -> str:
    """A text without what no page may hold."""
    known = CONTROLS.sub("\ufffd", str(said))
    return known.encode("utf-8", "backslashreplace").decode("utf-8")


def safe(said: object) -> str:
    """A text as HTML: nothing in it is taken for markup, or for an attribute's end."""
    return html.escape(printable(said), quote=True)


def isolated(said: object) -> str:
    """A text of the user's as HTML, whose direction of writing stays its own."""
    return f"<bdi>{safe(said)}</bdi>"


def tag(name: str, inside: str, **attributes: object) -> str:
    """An element round HTML; attributes are escaped, class_ and data_x are spelled so.

    An attribute that is None is left out.
    """
    spelled = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{safe(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{spelled}>{inside}</{name}>"


def data(values: Mapping[str, Json], name: str) -> str:
    """Values for the page's script to read by that id; inert, whatever they hold."""
    inert = json.dumps(values, allow_nan=False)
    for sign in "<>&":
        inert = inert.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="{safe(name)}">{inert}</script>'
