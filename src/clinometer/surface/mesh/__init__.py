"""From a field to a mesh: extracted near the zero set, finished, written to a file.

`extract` asks the field where it is close to zero, marches over those cells only
(`near`, `blocks`, `march`, with the table of `cases`) and cuts the surface at the ball
that is the scene's box (`cut`). `finish` takes parts, crops, colours, closes holes and
decimates; `mesh` is the value that travels, and `file` writes and reads it.
"""
