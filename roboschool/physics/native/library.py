"""The native library: where it is, what its structures look like, and how it gets at Bullet."""

import ctypes
import functools
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, c_double, c_int, c_ssize_t, c_void_p
from pathlib import Path

from roboschool.errors import InvalidInput
from roboschool.physics.output import redirect_native_output

with redirect_native_output():
    import pybullet as bullet

SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
PATH = Path(__file__).with_name(f"step{SUFFIX}")
PLUGIN = "_roboschool"  # what the names of the plugin's functions end with
SUBMIT = "b3SubmitClientCommandAndWaitStatus"
FUNCTIONS = (  # in the order of `struct bullet`
    "b3JointControlCommandInit2",
    "b3JointControlSetDesiredForceTorque",
    "b3InitStepSimulationCommand",
    "b3RequestActualStateCommandInit",
    "b3RequestActualStateCommandComputeLinkVelocity",
    "b3RequestActualStateCommandComputeForwardKinematics",
    "b3GetStatusActualState",
    "b3GetLinkState",
    "b3InitRequestContactPointInformation",
    "b3GetContactPointInformation",
    SUBMIT,
    "b3JointControlSetDesiredVelocity",
    "b3JointControlSetKd",
    "b3JointControlSetMaximumForce",
    "b3CollisionFilterCommandInit",
    "b3SetCollisionFilterPair",
    "b3LoadStateCommandInit",
    "b3LoadStateSetStateId",
    "b3CreatePoseCommandInit",
    "b3CreatePoseCommandSetQ",
    "b3CreatePoseCommandSetQdots",
    "b3CreatePoseCommandSetBasePosition",
    "b3CreatePoseCommandSetBaseOrientation",
    "b3InitClosestDistanceQuery",
    "b3SetClosestDistanceFilterBodyA",
    "b3SetClosestDistanceFilterBodyB",
    "b3SetClosestDistanceThreshold",
    "b3SubmitClientCommand",
    "b3ApplyExternalForceCommandInit",
    "b3ApplyExternalForce",
)
COLUMNS = (  # of a robot's row, behind those of its trunk
    "q",
    "qd",
    "passive_q",
    "passive_qd",
    "foot_contacts",
    "foot_obstacle_contacts",
    "body_contact",
    "foot_forces",
    "link_forces",
    "upright",
    "link_heights",
    "trunk_height",
)
ACTS, PASSES, READS, COMPUTES = 1, 2, 4, 8  # what is done in a step
REWINDS, PLACES = 1, 2  # and before it, if an episode begins
FIXED, PLANAR, ROOT, LINK = range(4)  # what a trunk is
STILL, FREE, HINGED = range(3)  # what a prop is
LATE = 2  # feedback of a robot whose actuators are late; 1 of one with others that need feedback
NO_LINK = -2
MOMENT = 0.001  # [s]
REFUSALS = {-1: "a world has been closed", -2: "another thread steps one of the worlds"}
INTS, DOUBLES = POINTER(c_int), POINTER(c_double)


class NoNativeBackend(InvalidInput):
    """The native library cannot be used here; the message says why."""


class Columns(ctypes.Structure):
    """`struct columns`: where the quantities of a `BodyState` begin in its row."""

    _fields_ = [(name, c_int) for name in (*COLUMNS, "end")]


class Robot(ctypes.Structure):
    """`struct robot`."""

    _fields_ = [
        *((name, c_int) for name in ("body", "trunk", "trunk_link", "is_tilted", "height_link", "feedback")),
        *((name, c_int) for name in ("side_u", "steering_q", "driven", "passive", "feet", "clear")),
        *((name, c_int) for name in ("heights", "measured")),
        *((name, INTS) for name in ("driven_q", "driven_u", "passive_q", "passive_u")),
        *((name, INTS) for name in ("foot_links", "clear_feet", "height_links", "measured_links")),
        ("track_q", c_int * 3),
        ("track_u", c_int * 3),
        ("command", c_int),
        ("sums", c_int),
        ("link_sums", c_int),
        *((name, c_int) for name in ("measures_feet", "is_fixed", "positions", "speeds")),
        ("at", Columns),
        ("tilted", c_double * 4),
        ("min_height", c_double),
        ("tilt", c_double),
        ("standing_height", c_double),
        ("home", c_double * 2),
        ("heading", c_double * 2),
        ("blown", c_int),
        ("pushed", c_int * 2),
        ("forces", c_double * 3 * 2),
    ]


class Prop(ctypes.Structure):
    """`struct prop`."""

    _fields_ = [
        *((name, c_int) for name in ("body", "kind", "link")),
        ("tilted", c_double * 4),
        ("still", c_double * 9),
    ]


class Tile(ctypes.Structure):
    """`struct tile`."""

    _fields_ = [
        ("heights", c_void_p),
        *((name, c_int) for name in ("along", "aside")),
        *((name, c_double) for name in ("x", "y", "cell")),
    ]


class Mover(ctypes.Structure):
    """`struct mover`."""

    _fields_ = [("body", c_int), ("joints", c_int), ("joints_u", INTS), ("rate", c_double), ("strength", c_double)]


class Placement(ctypes.Structure):
    """`struct placement`."""

    _fields_ = [
        ("position", c_double * 2),
        *((name, c_double) for name in ("yaw", "pitch", "lift")),
        ("joints", DOUBLES),
    ]


class History(ctypes.Structure):
    """`struct history`."""

    _fields_ = [("numbers", c_void_p), *((name, c_ssize_t) for name in ("count", "room", "steps"))]


class World(ctypes.Structure):
    """`struct world`."""

    _fields_ = [
        ("bullet", c_void_p),
        ("client", c_void_p),
        *((name, c_int) for name in ("calls", "agents", "props", "ground", "level", "bodies", "has_feet")),
        ("numbers", INTS),
        ("robots", POINTER(Robot)),
        ("prop_bodies", POINTER(Prop)),
        ("foot_sums", DOUBLES),
        ("pair_sums", DOUBLES),
        ("link_sums", DOUBLES),
        ("last_substeps", INTS),
        *((name, c_int) for name in ("feet", "measured", "start", "movers")),
        ("moving", POINTER(Mover)),
        ("begins", c_int),
        ("placements", POINTER(Placement)),
        ("tile", Tile),
        ("history", History),
        ("sound", c_int),
        ("user", c_int),
    ]


class Rows(ctypes.Structure):
    """`struct rows`."""

    _fields_ = [("data", c_void_p), ("stride", c_ssize_t)]


class Kernel(ctypes.Structure):
    """`struct kernel`."""

    _fields_ = [("operations", c_void_p), ("count", c_int), ("agents", c_int), ("observation", c_void_p)]


class Party(ctypes.Structure):
    """`struct party`."""

    _fields_ = [
        ("agents", c_int),
        *((name, c_void_p) for name in ("acting", "active", "terminated", "counted", "ended")),
    ]


class Reading(ctypes.Structure):
    """`struct reading`."""

    _fields_ = [
        *((name, c_int) for name in ("kind", "at", "count", "bins")),
        ("reach", c_double),
        ("columns", INTS),
        *((name, c_int) for name in ("chosen", "hidden")),
    ]


class Seat(ctypes.Structure):
    """`struct seat`."""

    _fields_ = [("state", Rows), *((name, c_int) for name in ("upright", "props", "others", "contacts"))]


class Gathering(ctypes.Structure):
    """`struct gathering`."""

    _fields_ = [
        *((name, c_int) for name in ("agents", "props", "moving")),
        ("substeps", c_double),
        *((name, Rows) for name in ("bodies", "before", "upright", "prop_bodies", "props_before", "sums")),
        ("seats", POINTER(Seat)),
    ]


class Step(ctypes.Structure):
    """`struct step`."""

    _fields_ = [
        *((name, POINTER(Rows)) for name in ("commands", "agents")),
        *((name, Rows) for name in ("props", "contacts", "pairs")),
        ("kernels", POINTER(Kernel)),
        ("parties", POINTER(Party)),
        *((name, c_int) for name in ("kernel_count", "party_count")),
    ]


class Library:
    """The loaded library.

    Raises:
        NoNativeBackend: it is not there, or does not fit this package or this pybullet.
    """

    def __init__(self, path: Path = PATH) -> None:
        self.path = path
        if not path.is_file():
            raise NoNativeBackend(f"{path} is not there: it is compiled when Roboschool is installed")
        with _explained(f"{path} cannot be loaded", OSError, AttributeError):
            library = ctypes.CDLL(str(path))
            self.step, self.close = library.roboschool_step, library.roboschool_close
            self.compute, self.gather = library.roboschool_compute, library.roboschool_gather
        self.step.argtypes = [c_void_p, c_void_p, c_int, c_void_p, c_int, c_int]
        self.step.restype = self.close.restype = c_int
        self.close.argtypes = [c_void_p]
        self.compute.argtypes, self.compute.restype = [c_void_p, c_void_p, c_int], None
        self.gather.argtypes, self.gather.restype = [c_void_p, c_int], None
        with _explained(f"{bullet.__file__} lacks a function", OSError, AttributeError):
            functions = ctypes.CDLL(bullet.__file__)  # again the library that is loaded already
            found = [ctypes.cast(getattr(functions, name), c_void_p) for name in FUNCTIONS]
            self._sync, self._submit = functions.b3InitSyncBodyInfoCommand, getattr(functions, SUBMIT)
        self._sync.argtypes, self._sync.restype = [c_void_p], c_void_p
        self._submit.argtypes, self._submit.restype = [c_void_p, c_void_p], c_void_p
        self.functions = (c_void_p * len(FUNCTIONS))(*(function.value for function in found))
        own = [ctypes.sizeof(kind) for kind in (type(self.functions), Robot, Prop, World, Rows, Party, Step)]
        with _explained(f"{path} cannot be used", ValueError):
            version, *theirs = (c_int * (1 + len(own))).in_dll(library, "roboschool_layout")
        if own != theirs:
            raise NoNativeBackend(f"{path} was made from another version of Roboschool")
        if version != bullet.getAPIVersion():
            raise NoNativeBackend(f"{path} is for version {version} of Bullet, not {bullet.getAPIVersion()}")

    def find_handle(self, client: int) -> int:
        """Return the handle that Bullet's functions know a client by.

        It is valid until the client is freed.

        Raises:
            NoNativeBackend: Bullet does not give it.
        """
        with redirect_native_output() as said:
            plugin = bullet.loadPlugin(str(self.path), PLUGIN, physicsClientId=client)
            if plugin < 0:
                raise NoNativeBackend(f"Bullet does not take {self.path} as a plugin: {said()}")
        handle = c_void_p()
        bullet.executePluginCommand(plugin, f"{ctypes.addressof(handle):x}", physicsClientId=client)
        if not handle.value:
            raise NoNativeBackend(f"{self.path}: Bullet does not tell its client")
        return handle.value

    def free(self, world: World, client: int) -> None:
        """Free a client, once no other thread steps its world."""
        while not self.close(ctypes.addressof(world)):
            time.sleep(MOMENT)
        bullet.disconnect(client)

    def learn_bodies(self, handle: int) -> None:
        """Let a handle know the bodies of its client, without which Bullet tells it nothing of their links."""
        self._submit(handle, self._sync(handle))


@functools.cache
def load_library() -> Library:
    """Return the library, loaded once.

    Raises:
        NoNativeBackend: see `Library`.
    """
    return Library()


@contextmanager
def _explained(why: str, *kinds: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        raise NoNativeBackend(f"{why} ({error})") from None
