"""Synthetic scenes, made on the fly: pictures of meshes and solids of known surface.

`scenes.mesh_scene` and `scenes.solid_scene` take pictures as a `studio.Studio` says,
`named.scene_named` has solids ready by name, `save.save_scene` writes a scene as files.
A solid (`solids`) becomes a mesh whose vertices lie on it (`truth`); rays through the
pixels meet the mesh (`casting`), what they meet has a colour (`albedo`) and is lit
(`light`), and the mean of a pixel's rays is the pixel (`pictures`).
"""
