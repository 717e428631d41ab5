"""The frame in which Bullet tells where a body is: at the centre of mass of its root, along the axes of its inertia."""

import functools

from lxml import etree

from roboschool.physics.checkpoint import Quaternion, Triple
from roboschool.physics.output import redirect_native_output
from roboschool.robots.urdf import Model
from roboschool.scratch import scratch_path

with redirect_native_output():
    import pybullet as bullet


def root_frame(model: Model) -> tuple[Triple, Quaternion]:
    """Return the position [m] and the orientation of that frame in the frame of the root.

    Raises:
        RuntimeError: Bullet has no client left in this process.
    """
    root = etree.fromstring(model.text.encode())
    link = next(link for link in root.findall("link") if link.get("name") == model.root)
    return _ask(str(etree.tostring(link.find("inertial"), encoding="unicode")), model.fixed)


@functools.lru_cache(maxsize=256)
def _ask(inertial: str, fixed: bool) -> tuple[Triple, Quaternion]:
    """Let Bullet load a link that has nothing else, in a client of its own."""
    text = f'<robot name="root"><link name="root">{inertial}</link></robot>'
    with scratch_path(text.encode()) as path, redirect_native_output():
        client = bullet.connect(bullet.DIRECT)
        if client < 0:
            raise RuntimeError("Bullet has no room for another client in this process; close some")
        try:
            bullet.setPhysicsEngineParameter(enableFileCaching=0, physicsClientId=client)
            flags = bullet.URDF_USE_INERTIA_FROM_FILE
            body = bullet.loadURDF(path, useFixedBase=fixed, flags=flags, physicsClientId=client)
            position, orientation = bullet.getDynamicsInfo(body, -1, physicsClientId=client)[3:5]
        finally:
            bullet.disconnect(client)
    return position, orientation
