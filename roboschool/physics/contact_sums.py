"""Contacts of all bodies of a world, added up over the substeps of a timestep."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

PAIR = 5  # numbers of a pair: substeps in which the two press on each other, sum of forces, sum of force vectors


class ContactSums:
    """Sums since the timestep began.

    Args:
        bodies: Bullet's number of each agent, then of each prop, then of the ground.
        feet: for each agent the places of its feet, by Bullet's number of the link.
        links: likewise of the links whose forces are wanted.
    """

    def __init__(
        self, bodies: Sequence[int], feet: Sequence[Mapping[int, int]], links: Sequence[Mapping[int, int]]
    ) -> None:
        self._numbers = {body: number for number, body in enumerate(bodies)}
        self._places, self._links = feet, links
        self.pairs = np.zeros((len(feet), len(bodies), PAIR))
        self.feet = [np.zeros(len(places)) for places in feet]  # sums of forces [N]
        self.links = [np.zeros((len(places), 3)) for places in links]  # likewise, with friction

    def clear(self) -> None:
        """Set all sums to zero."""
        for array in (self.pairs, *self.feet, *self.links):
            array[:] = 0.0

    def add(self, contacts: Sequence[Any]) -> None:
        """Add the contacts of a substep, as `getContactPoints` lists them."""
        agents, touching = len(self.feet), set()
        for contact in contacts:
            force, normal = contact[9], contact[7]
            if not force > 0.0:  # it does not press
                continue
            one, other = (self._numbers.get(contact[place]) for place in (1, 2))
            for own, its, link, sign in ((one, other, contact[3], 1.0), (other, one, contact[4], -1.0)):
                if own is None or own >= agents:
                    continue
                if link in self._places[own]:
                    self.feet[own][self._places[own][link]] += force
                if link in self._links[own]:
                    total = self.links[own][self._links[own][link]]
                    for axis in range(3):
                        along = force * normal[axis] + contact[10] * contact[11][axis] + contact[12] * contact[13][axis]
                        total[axis] += sign * along
                if its is None or its == own:
                    continue
                touching.add((own, its))
                self.pairs[own, its, 1] += force
                for axis in range(3):
                    self.pairs[own, its, 2 + axis] += force * (sign * normal[axis])
        for pair in touching:
            self.pairs[pair][0] += 1.0
