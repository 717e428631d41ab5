"""What a task may ask of the world: where a robot begins, a body to be thrown, a mark to be shown. Data, no deeds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    """Where an agent's robot begins an episode; its lowest point touches the ground."""

    position: tuple[float, float]  # [m]
    yaw: float  # heading [rad]
    joints: tuple[float, ...]  # in action order [rad, or m for a slide]
    loose: tuple[float, ...] = ()  # of joints without a motor; near zero if empty [rad, or m]
    pitch: float = 0.0  # of the trunk [rad]


@dataclass(frozen=True)
class Launch:
    """Takes a prop somewhere and lets it fly on."""

    world: int
    prop: str
    position: tuple[float, float, float]  # [m]
    velocity: tuple[float, float, float]  # [m/s]


@dataclass(frozen=True)
class Mark:
    """A ball that is seen in pictures and nowhere else."""

    position: tuple[float, float, float]  # [m]
    radius: float  # [m]
    colour: tuple[int, int, int] = (255, 128, 128)  # red, green, blue
