"""Scenes of robots that nobody has drawn: trees of any shape with any motors. And the comparison of two backends."""

from pathlib import Path

import numpy as np

from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation

MOST_LINKS = 7
MOTORS = (  # rows of a card
    "{name} = {{ kind = 'position', kp = {gain:.4g}, kd = {damping:.4g}, scale = 0.7 }}",
    "{name} = {{ kind = 'velocity', kd = {damping:.4g}, speed = 5.0 }}",
    "{name} = {{ kind = 'torque' }}",
)
RAIL = (("prismatic", "1 0 0", "-50"), ("prismatic", "0 0 1", "-50"), ("continuous", "0 1 0", ""))  # of a planar robot


def random_scene(folder: Path, seed: int) -> Scene:
    """Return a scene of one or two robots, sometimes with a cube, whose files are written into a folder."""
    rng = np.random.default_rng(seed)
    agents = []
    for number in range(rng.integers(1, 3)):
        name = f"body{number}"
        _write_robot(folder, name, rng)
        agents.append(
            f'[[agent]]\nname = "{name[:-1]}_{number}"\nrobot = "{name}.toml"\ntask = {{ name = "run" }}\n'
            f"position = [{0.6 * number}, 0.0]\nyaw = [-180.0, 180.0]\n"
        )
    cube = '[[prop]]\nname = "cube"\nmodel = "cube"\nposition = [0.3, 0.3, 2.0]\n' if rng.random() < 0.5 else ""
    (folder / "strange.toml").write_text(
        f'summary = "Strange bodies."\nsubsteps = {rng.integers(1, 5)}\nground = {str(rng.random() < 0.9).lower()}\n'
        f"{''.join(agents)}{cube}"
    )
    return load_scene(folder / "strange.toml")


def _write_robot(folder: Path, name: str, rng: np.random.Generator) -> None:
    kind = rng.choice(["free", "fixed", "planar"], p=[0.6, 0.25, 0.15])
    parts, joints, links = [], [], ["root"]
    parts.append(_link("root", rng) if kind == "free" else '<link name="root"/>')
    if kind == "planar":
        for number, (slide, axis, low) in enumerate(RAIL):
            links.append(f"rail_{number}")
            parts.append(_link(links[-1], rng))
            parts.append(_joint(f"track_{number}", links[-2], links[-1], slide, axis, "0 0 0", low))
    trunk = links[-1] if kind == "planar" else ""
    for number in range(rng.integers(1, MOST_LINKS)):
        child, joint = f"link_{number}", f"joint_{number}"
        parent = links[-1] if kind == "planar" and not number else str(rng.choice(links[-3:]))
        what = str(rng.choice(["revolute", "continuous", "prismatic", "fixed"], p=[0.5, 0.15, 0.2, 0.15]))
        what = "revolute" if not number else what
        axis = " ".join(f"{x:.3f}" for x in rng.uniform(-1, 1, 3))
        links.append(child)
        parts.append(_link(child, rng))
        parts.append(_joint(joint, parent, child, what, axis, " ".join(f"{x:.3f}" for x in rng.uniform(-0.3, 0.3, 3))))
        if what != "fixed":
            joints.append((joint, what))
    (folder / f"{name}.urdf").write_text(f'<robot name="{name}">\n{"".join(parts)}</robot>')
    solid = [link for link in links if link != "root" or kind == "free"]
    feet = [str(link) for link in rng.permutation(solid)[: rng.integers(0, 3)]]
    rows = [_motor(joint, what, rng) for joint, what in joints if joint == "joint_0" or rng.random() < 0.8]
    endless = [joint for joint, what in joints if what == "continuous"]
    (folder / f"{name}.toml").write_text(
        f'model = "{name}.urdf"\ntrunk = "{trunk or rng.choice(solid)}"\nfeet = {feet}\nstanding_height = 1.5\n'
        f"continuous = {[joint for joint in endless if any(row.startswith(joint) for row in rows)]}\n"
        f"self_collision = {str(rng.random() < 0.3).lower()}\n[actuators]\n" + "\n".join(rows) + "\n"
        f'[upright]\nmin_height = 0.4\ntilt = 60.0\nclear = {feet[:1]}\nlink = "{rng.choice(solid)}"\n'
    )


def _link(name: str, rng: np.random.Generator) -> str:
    size = rng.uniform(0.05, 0.2, 3)
    shape = rng.choice(
        [
            f'<box size="{size[0]:.3f} {size[1]:.3f} {size[2]:.3f}"/>',
            f'<sphere radius="{size[0]:.3f}"/>',
            f'<capsule radius="{size[0]:.3f}" length="{size[1]:.3f}"/>',
            f'<cylinder radius="{size[0]:.3f}" length="{size[1]:.3f}"/>',
        ]
    )
    twist = " ".join(f"{x:.3f}" for x in rng.uniform(-1, 1, 3)) if rng.random() < 0.3 else "0 0 0"
    return (
        f'<link name="{name}"><inertial><origin xyz="{rng.uniform(-0.05, 0.05):.3f} 0 0" rpy="{twist}"/>'
        f'<mass value="{rng.uniform(0.5, 4.0):.3f}"/><inertia ixx="0.02" iyy="0.03" izz="0.025"/></inertial>'
        f"<collision><geometry>{shape}</geometry></collision></link>\n"
    )


def _joint(name: str, parent: str, child: str, kind: str, axis: str, origin: str, low: str = "-0.8") -> str:
    limit = f'<limit lower="{low}" upper="{low[1:]}" effort="20" velocity="8"/>' if kind[0] in "pr" else ""
    turn = f'<axis xyz="{axis}"/>' if kind != "fixed" else ""
    return (
        f'<joint name="{name}" type="{kind}"><origin xyz="{origin}"/><parent link="{parent}"/><child link="{child}"/>'
        f"{turn}{limit}</joint>\n"
    )


def _motor(joint: str, kind: str, rng: np.random.Generator) -> str:
    row = str(rng.choice(MOTORS)).format(name=joint, gain=rng.uniform(5, 50), damping=rng.uniform(0.1, 1.0))
    return row.replace(" }", ", effort = 15.0 }") if kind == "continuous" else row


class Twins:
    """The same scene with the reference and with the native backend, two worlds each, that do the same."""

    def __init__(self, scene: Scene) -> None:
        self.both = [Simulation(scene, 2, backend=name) for name in ("python", "native")]

    def reset(self, seeds: dict[int, int | None]) -> None:
        for simulation in self.both:
            simulation.reset(seeds)
        self.compare()

    def step(self, rng: np.random.Generator, reset: tuple[int, ...] = ()) -> None:
        actions = [rng.uniform(-1, 1, group.shape) for group in self.both[0].groups]
        for simulation in self.both:
            simulation.activate_all()
            simulation.step(actions, reset)
        self.compare()

    def swap(self) -> None:
        """Save world 0 of each, and load it into world 1 of the other."""
        one, two = self.both
        saved = [simulation.save(0) for simulation in self.both]
        one.load(saved[1], 1)
        two.load(saved[0], 1)
        self.compare()

    def compare(self) -> None:
        """Compare every number that physics writes, and what Bullet says, to the last bit."""
        one, two = self.both
        assert one.clock.diverged == two.clock.diverged
        for ours, theirs in zip((one.game, *one.groups), (two.game, *two.groups), strict=True):
            assert ours.state.array.tobytes() == theirs.state.array.tobytes()
        if not one.clock.diverged:
            assert [world.capture() for world in one.worlds] == [world.capture() for world in two.worlds]

    def live(self, seed: int, steps: int) -> None:
        """Go through two episodes with resets and a state that is saved and loaded, and begin anew if physics fails."""
        rng = np.random.default_rng(seed)
        self.reset({0: seed, 1: seed + 1})
        for step in range(steps):
            self.step(rng, reset=(1,) if step == steps // 3 else ())
            if broken := self.both[0].clock.diverged:
                self.reset(dict.fromkeys(broken))
            elif step == steps // 2:
                self.swap()

    def close(self) -> None:
        for simulation in self.both:
            simulation.close()
