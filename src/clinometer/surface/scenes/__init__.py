"""Scenes: photographs with cameras, from files of other programs or made on the fly."""
