"""Loads models into Bullet."""

from roboschool.errors import InvalidInput
from roboschool.physics.output import redirect_native_output
from roboschool.robots.urdf import Model, without_visuals
from roboschool.scratch import scratch_path

with redirect_native_output():
    import pybullet as bullet


def load_model(client: int, model: Model, self_collision: bool) -> int:
    """Load a URDF that has been checked.

    Raises:
        InvalidInput: Bullet refuses it; its own words are in the message.
    """
    flags = bullet.URDF_USE_INERTIA_FROM_FILE
    if self_collision:
        flags |= bullet.URDF_USE_SELF_COLLISION | bullet.URDF_USE_SELF_COLLISION_EXCLUDE_ALL_PARENTS
    with (
        scratch_path(without_visuals(model.text).encode()) as path,
        redirect_native_output() as said,
    ):  # the client caches no files
        try:
            return int(bullet.loadURDF(path, useFixedBase=model.fixed, flags=flags, physicsClientId=client))
        except bullet.error:
            raise InvalidInput(f"{model.path}: Bullet cannot load it: {said()}") from None
