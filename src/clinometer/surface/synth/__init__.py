"""Synthetic scenes, made on the fly: pictures of meshes and solids whose true surface
is known.
"""
