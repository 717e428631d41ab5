"""What Roboschool runs on."""

import json

import click

from roboschool import system_info
from roboschool.physics.selection import default_backend

PACKAGES = ("roboschool", "pybullet", "numpy", "gymnasium", "pettingzoo")


def print_info(as_json: bool) -> None:
    """Print versions, computer and backend, line by line or as JSON."""
    backend, why = default_backend()
    facts = {
        **system_info.versions(PACKAGES),
        "system": system_info.system(),
        "processor": system_info.processor(),
        "cores": system_info.cores(),
        "backend": f"{backend} ({why})" if why else backend,
    }
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    else:
        for name, fact in facts.items():
            click.echo(f"{name:<12}{fact}")
