"""The ray caster in C, and its structures in Python."""
