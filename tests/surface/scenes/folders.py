"""Scenes written as other programs write them, from cameras that are known exactly."""

import json
from dataclasses import dataclass

import numpy as np
from PIL import Image

SIZE = (64, 48)
K = np.array([[90.0, 0.0, 30.5], [0.0, 88.0, 25.25], [0.0, 0.0, 1.0]])
"""Of COLMAP's pixels, whose first covers 0 ... 1."""

MIDDLE = np.array([0.3, -0.2, 0.5])
"""Of the object, which no format's origin should be taken for."""

ASIDE = MIDDLE + np.array([0.1, -0.05, 0.1])
"""Of an object that the cameras do not look at in the middle."""

FLIP = np.diag([1.0, -1.0, -1.0, 1.0])
"""From OpenCV's camera axes to OpenGL's."""

HALF = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
"""From pixels whose centres are whole numbers to those of K."""


@dataclass(frozen=True, eq=False)
class Known:
    """Where a camera stands: a point X is seen at K (turn X + shift)."""

    name: str
    turn: np.ndarray
    shift: np.ndarray

    def see(self, points):
        """(N, 2) places in pixels of K."""
        seen = (points @ self.turn.T + self.shift) @ K.T
        return seen[:, :2] / seen[:, 2:]


def looking(place, at, name="a.png", up=(0.0, 0.0, 1.0)):
    """A camera at a place that looks at a point, upright."""
    z = (at - place) / np.linalg.norm(at - place)
    x = np.cross(z, up)
    x /= np.linalg.norm(x)
    turn = np.stack([x, np.cross(z, x), z])
    return Known(name, turn, -turn @ place)


def ring(count=6, distance=4.0, height=0.7):
    """Cameras round MIDDLE, none in one plane with two others and the middle."""
    angles = 2 * np.pi * np.arange(count) / count
    heights = height * (-1.0) ** np.arange(count)
    spots = np.stack([distance * np.cos(angles), distance * np.sin(angles), heights], 1)
    return [
        looking(MIDDLE + spot, MIDDLE, name=f"view{k:02d}.png")
        for k, spot in enumerate(spots)
    ]


def points(count=60, spread=0.5, seed=1):
    """(count, 3) points in a ball round MIDDLE, in view of all cameras of `ring`."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return MIDDLE + spread * rng.random((count, 1)) ** (1 / 3) * directions


def picture(path, *, size=SIZE, mode="RGB", colour=None):
    """Writes an image, by default of many greys, neither black nor white."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if colour is None:
        rows = np.linspace(60, 200, size[1])[:, None]
        values = np.broadcast_to(rows, (size[1], size[0])).astype(np.uint8)
        Image.fromarray(values).convert(mode).save(path)
    else:
        Image.new(mode, size, colour).save(path)


def frames_of(cameras):
    """Frames of a transforms.json."""
    frames = []
    for camera in cameras:
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = camera.turn.T, -camera.turn.T @ camera.shift
        frames.append(
            {
                "file_path": f"images/{camera.name}",
                "transform_matrix": (pose @ FLIP).tolist(),
            }
        )
    return frames


INTRINSICS = {
    "fl_x": K[0, 0],
    "fl_y": K[1, 1],
    "cx": K[0, 2],
    "cy": K[1, 2],
    "w": SIZE[0],
    "h": SIZE[1],
}


def write_transforms(folder, cameras, *, images=True, **meta):
    """nerfstudio's scene; meta overrides or adds to what stands at its top."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {**INTRINSICS, "frames": frames_of(cameras), **meta}
    content = {key: value for key, value in content.items() if value is not None}
    (folder / "transforms.json").write_text(json.dumps(content))
    for camera in cameras if images else ():
        picture(folder / "images" / camera.name)
    return folder


def write_middlebury(folder, cameras):
    folder.mkdir(parents=True, exist_ok=True)
    whole = np.linalg.inv(HALF) @ K
    lines = [str(len(cameras))]
    for camera in cameras:
        picture(folder / camera.name)
        numbers = [*whole.ravel(), *camera.turn.ravel(), *camera.shift]
        lines.append(" ".join([camera.name, *(f"{n:.17g}" for n in numbers)]))
    (folder / "object_par.txt").write_text("\n".join(lines) + "\n")
    return folder


def write_neus(folder, cameras, *, radius=0.9, factor=-3.0):
    """factor : what projections are multiplied with, for they say nothing of it."""
    folder.mkdir(parents=True, exist_ok=True)
    ball = np.diag([radius, radius, radius, 1.0])
    ball[:3, 3] = MIDDLE
    matrices = {}
    for k, camera in enumerate(cameras):
        picture(folder / "image" / f"{k:03d}.png")
        world = np.eye(4)
        view = np.column_stack([camera.turn, camera.shift])
        world[:3] = factor * np.linalg.inv(HALF) @ K @ view
        matrices |= {f"world_mat_{k}": world, f"scale_mat_{k}": ball}
    np.savez(folder / "cameras_sphere.npz", **matrices)
    return folder


def colmap_model(cameras, cloud, *, model="PINHOLE", parameters=None):
    """pycolmap's reconstruction; every image sees every point."""
    import pycolmap

    found = pycolmap.Reconstruction()
    given = [K[0, 0], K[1, 1], K[0, 2], K[1, 2]] if parameters is None else parameters
    found.add_camera_with_trivial_rig(
        pycolmap.Camera(
            camera_id=7, model=model, width=SIZE[0], height=SIZE[1], params=given
        )
    )
    for k, camera in enumerate(cameras, 1):
        image = pycolmap.Image(name=camera.name, camera_id=7, image_id=k)
        places = camera.see(cloud) if len(cloud) else []
        image.points2D = pycolmap.Point2DList([pycolmap.Point2D(at) for at in places])
        pose = pycolmap.Rigid3d(pycolmap.Rotation3d(camera.turn), camera.shift)
        found.add_image_with_trivial_frame(image, pose)
    for j, point in enumerate(cloud):
        track = pycolmap.Track()
        for k in range(1, len(cameras) + 1):
            track.add_element(k, j)
        found.add_point3D(point, track)
    return found


def write_colmap(folder, cameras, cloud=(), *, binary=True, **lens):
    model = folder / "sparse" / "0"
    model.mkdir(parents=True, exist_ok=True)
    found = colmap_model(cameras, np.asarray(cloud), **lens)
    if binary:
        found.write_binary(model)
    else:
        found.write_text(model)
    for camera in cameras:
        picture(folder / "images" / camera.name)
    return folder


def farthest_miss(scene, cameras, cloud, see=None):
    """Largest distance, in pixels, between a point and the ray through the place where
    its camera saw it.
    """
    from clinometer.surface.scenes import rays

    found = {view.name.rsplit("/", 1)[-1]: view for view in scene.views}
    worst = 0.0
    for k, camera in enumerate(cameras):
        view = found.get(camera.name) or found[f"{k:03d}.png"]
        places = camera.see(cloud) if see is None else see(camera, cloud)
        origins, directions = rays(view.camera, places[:, 0], places[:, 1])
        away = scene.frame.to_scene(cloud) - origins
        along = np.sum(away * directions, axis=1, keepdims=True)
        miss = np.linalg.norm(away - along * directions, axis=1) / along[:, 0]
        worst = max(worst, float(miss.max()) * max(view.camera.focal))
    return worst
