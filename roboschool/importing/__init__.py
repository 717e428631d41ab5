"""Any URDF in: read tolerantly, repaired, its meshes converted, a report of every change. It may import physics."""
