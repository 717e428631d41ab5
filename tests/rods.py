"""Rods that hang below each other, to be compared with what is worked out by hand."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pybullet

from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation

MASS, LENGTH, OWN = 2.0, 0.5, 0.2  # of the rod: [kg], from the hinge to its centre [m], inertia about that [kg m2]
INERTIA = OWN + MASS * LENGTH**2  # about the hinge
GRAVITY = 9.8
EFFORT, SPEED = 50.0, 6.0  # of the hinge in the URDF [N m], [rad/s]
DT = 0.0165 / 4  # a substep of the usual scene [s]
INERTIAL = '<inertial><origin xyz="0 0 {z}"/><mass value="{mass}"/><inertia ixx="{i}" iyy="{i}" izz="{i}"/></inertial>'
LINK = INERTIAL.format(z=-LENGTH, mass=MASS, i=OWN)
JOINT = """<joint name="{name}" type="revolute"><parent link="{parent}"/><child link="{child}"/><origin xyz="0 0 {z}"/>
<axis xyz="0 1 0"/><limit lower="-2" upper="2" effort="50" velocity="6"/><dynamics damping="{damping}"/></joint>"""


def rod(folder: Path, actuators: str, pose: float = 0.0, damping: float = 0.0, links: int = 1) -> Path:
    """Write rods that hang below each other from the world, with their card, and return the path of a scene of it."""
    names = ["base", *(f"rod_{number}" for number in range(links))]
    joints = [
        JOINT.format(name=f"hinge_{n}", parent=names[n], child=names[n + 1], z=-2 * LENGTH * (n > 0), damping=damping)
        for n in range(links)
    ]
    bodies = [f'<link name="{name}">{LINK}</link>' for name in names[1:]]
    (folder / "rod.urdf").write_text(f'<robot name="rod"><link name="base"/>{"".join([*bodies, *joints])}</robot>')
    (folder / "rod.toml").write_text(
        f'model = "rod.urdf"\ntrunk = "rod_0"\nstanding_height = 0.0\n{actuators}\n'
        f"[pose]\nhinge_0 = {math.degrees(pose)}\n"
    )
    path = folder / "swing.toml"
    path.write_text(
        'summary = "A rod swings."\nground = false\n'
        '[[agent]]\nname = "rod_0"\nrobot = "rod.toml"\nnoise = 0.0\ntask = { name = "run" }\n'
    )
    return path


def undamped(path: Path, worlds: int = 1, gravity: float = GRAVITY) -> Simulation:
    """Return a simulation in which nothing brakes a link but its joint; Bullet brakes all a little."""
    simulation = Simulation(dataclasses.replace(load_scene(path), gravity=gravity), worlds)
    for world in simulation.worlds:
        for link in (-1, *world.bodies[0].joints):
            pybullet.changeDynamics(
                world.bodies[0].id, link, linearDamping=0.0, angularDamping=0.0, physicsClientId=world.client
            )
    simulation.reset(dict.fromkeys(range(worlds), 0))
    return simulation


def act(simulation: Simulation, *actions: float) -> tuple[float, float]:
    """Let a timestep pass and return position and speed of the first joint."""
    simulation.activate_all()
    simulation.step([np.broadcast_to(actions, simulation.groups[0].shape)])
    return joint(simulation)


def joint(simulation: Simulation, number: int = 0) -> tuple[float, float]:
    body = simulation.worlds[0].bodies[0]
    position, speed, *_ = pybullet.getJointState(body.id, body.driven[number], simulation.worlds[0].client)
    return position, speed


def integrate(q: float, v: float, torque: float, damping: float = 0.0, gravity: float = GRAVITY) -> tuple[float, float]:
    """Return position and speed of the rod a substep later, as worked out by hand."""
    v += DT * (torque - MASS * gravity * LENGTH * math.sin(q) - damping * v) / INERTIA
    return q + DT * v, v
