"""What a body is: URDF, mesh, card, kinematics. It imports `errors`, `paths` and `readers` only."""
