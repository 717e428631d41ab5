"""What holds a robot in its x-z plane."""

from roboschool.bodies.shapes import Body, Joint, Link

REACH = (-1000.0, 1000.0)  # [m]


def planar(name: str, trunk: Link) -> Body:
    """Return a robot held in its x-z plane by two slides and a hinge."""
    slide_x = Joint("slide_x", "world", Link("rail"), (0, 0, 0), (1, 0, 0), REACH, slide=True)
    slide_z = Joint("slide_z", "rail", Link("mast"), (0, 0, 0), (0, 0, 1), REACH, slide=True)
    return Body(name, Link("world"), [slide_x, slide_z, Joint("lean", "mast", trunk, (0, 0, 0), (0, 1, 0))])
