"""The ground of a world: an infinite plane, or a heightfield that holds one tile of a terrain.

Bullet keeps some 600 bytes for each height of a shape, and takes seconds for a million of them. So it has one tile; its
heights are replaced when an episode draws another, and the body stays as it is.
"""

import numpy as np

from roboschool.bodies.terrain import Terrain
from roboschool.physics.output import redirect_native_output
from roboschool.scenes.scene import Scene

with redirect_native_output():
    import pybullet as bullet

NOWHERE = -1  # the ground of a scene that has none
NO_GROUP = 0  # no group of bodies collides with this one


class Ground:
    """The ground in a Bullet client.

    Args:
        client: that of the world.
        scene: whose ground it is.
    """

    def __init__(self, client: int, scene: Scene) -> None:
        self._client = client
        self.terrain = scene.info.terrain
        self.tile = 0
        self.level = self.body = NOWHERE  # the plane from which heights are measured; what is touched
        if scene.ground:
            plane = bullet.createCollisionShape(bullet.GEOM_PLANE, planeNormal=(0, 0, 1), physicsClientId=client)
            self.level = self.body = bullet.createMultiBody(0, plane, physicsClientId=client)
        if self.terrain is not None:
            bullet.setCollisionFilterGroupMask(self.level, -1, NO_GROUP, NO_GROUP, physicsClientId=client)
            self.body = self._build(self.terrain)

    def _build(self, terrain: Terrain) -> int:
        """Return the body of the first tile; its box is as high as all tiles are."""
        heights = terrain.heights[0].copy()
        low, high = float(terrain.heights.min()), float(terrain.heights.max())
        heights[0, 0], heights[-1, -1] = low, high  # Bullet's box is never measured again
        self._shape = self._send(heights, -1)
        speck = bullet.createVisualShape(bullet.GEOM_SPHERE, radius=0.01, physicsClientId=self._client)  # saves memory
        (x, y), z = (terrain.low + terrain.high) / 2.0, (low + high) / 2.0
        body: int = bullet.createMultiBody(
            0, self._shape, speck, basePosition=(float(x), float(y), z), physicsClientId=self._client
        )
        self._send(terrain.heights[0], self._shape)
        return body

    def _send(self, heights: np.ndarray, replaced: int) -> int:
        """Give Bullet the heights of a tile (y, x) for a new shape, -1, or for one that it has."""
        assert self.terrain is not None
        aside, along = heights.shape
        shape: int = bullet.createCollisionShape(
            bullet.GEOM_HEIGHTFIELD,
            meshScale=(self.terrain.cell, self.terrain.cell, 1.0),
            heightfieldData=heights.ravel().tolist(),
            numHeightfieldRows=along,
            numHeightfieldColumns=aside,
            replaceHeightfieldIndex=replaced,
            physicsClientId=self._client,
        )
        return shape

    def show(self, tile: int) -> None:
        """Let a tile be the ground; the contacts of all bodies must be dropped before the next step."""
        if self.terrain is not None and tile != self.tile:
            self._send(self.terrain.heights[tile], self._shape)
            self.tile = tile

    def measure(self, body: int) -> float:
        """Return how far a body reaches to the side from its root, as it is; 0 on a plane, where no one asks [m]."""
        if self.terrain is None:
            return 0.0
        x, y, _ = bullet.getBasePositionAndOrientation(body, self._client)[0]
        links = range(-1, bullet.getNumJoints(body, physicsClientId=self._client))
        boxes = [bullet.getAABB(body, link, self._client) for link in links]
        return float(
            max(abs(corner[axis] - here) for box in boxes for corner in box for axis, here in ((0, x), (1, y)))
        )

    def highest(self, x: float, y: float, radius: float) -> float:
        """Return the highest ground around a point [m]; 0 on a plane."""
        return 0.0 if self.terrain is None else self.terrain.highest(self.tile, x, y, radius)

    def height(self, x: float, y: float) -> float:
        """Return how high the ground is at a point [m]."""
        return 0.0 if self.terrain is None else self.terrain.height_at(self.tile, x, y)
