"""Where a gradient is wrong: entries, rows and blocks of large arrays.

`road` sets about one array; `gauge` learns how few evaluations tell a difference there,
`search` draws coded directions until the places are named, `cause` reads a cause off
them, and `joint` finds the faulty one among many arrays.
"""
