"""Bodies made of numbers: shapes, their URDF, and families of bodies. It imports `robots`."""
