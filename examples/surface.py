"""A surface from photographs: trained, judged, and its mesh in a file.

The photographs are made here, twelve of 48 x 48 pixels, and the training is short, so
that it takes seconds; the numbers are those of a rough draft.
"""

from clinometer.surface import Settings, evaluate, mesh_of, scene_named, train
from clinometer.surface.mesh.file import save
from clinometer.surface.synth.studio import Studio


def main():
    studio = Studio(views=12, held_out=2, size=48, samples=2)
    scene = scene_named("creature", studio)
    training = train(scene, Settings(iterations=150, rays=256, threads=1))
    trained = training.trained()

    print(evaluate(trained, scene, resolution=128))
    mesh = mesh_of(trained, 128)
    print(save(mesh.in_world(trained.frame), "out/surface.ply"))


if __name__ == "__main__":
    main()
