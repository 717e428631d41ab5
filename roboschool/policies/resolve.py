"""Resolves a policy: from its name or an object to a policy that fits its agent, or to a path that holds anywhere.

A name is "still", "random" or "scripted", a scene that comes with a policy, a file, or "module:Class". Only a class
runs code, and only when the policy is made.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from roboschool.errors import InvalidInput, check_choice, describe_error
from roboschool.paths import as_path, list_names, policies
from roboschool.plugins import find_class
from roboschool.policies.interface import Interface, describe_difference
from roboschool.policies.network import SUFFIX, NetworkPolicy, read_network
from roboschool.policies.policy import AnyPolicy, Policy, Random, Still, check_policy

STILL, RANDOM, SCRIPTED = "still", "random", "scripted"  # "scripted" is the policy that the scene names for the agent
WORDS = (STILL, RANDOM, SCRIPTED)


def resolve_policy(given: AnyPolicy, agent: Interface, scripted: str = "", where: str = "") -> Policy:
    """Return a policy of an agent, given an object or a name.

    Args:
        given: an object, or a name as `resolve_path` takes it.
        agent: what the agent observes and drives.
        scripted: the policy that the scene names for this agent; empty for none.
        where: what an error begins with.

    Raises:
        InvalidInput: the object is not a policy, or there is none of that name, or it does not fit the agent.
    """
    if isinstance(given, str | os.PathLike):
        policy = make_policy(resolve_path(os.fspath(given), scripted, where), len(agent.actuators), where)
    else:
        policy = check_policy(given, where)
    check_fit(policy, agent, where)
    return policy


def resolve_path(written: str, scripted: str = "", where: str = "") -> str:
    """Return a policy's name in a form that holds in any folder: a word, an absolute path, or "module:Class".

    Nothing is read or imported.

    Args:
        written: "still", "random" or "scripted", a scene that comes with a policy, a file, or "module:Class".
        scripted: the policy that the scene names for the agent; empty for none.
        where: what an error begins with.

    Raises:
        InvalidInput: there is no such policy.
    """
    begin = where + ": " * bool(where)
    if written == SCRIPTED:
        if not scripted:
            raise InvalidInput(f"{begin}the scene names no policy for this agent, so {SCRIPTED!r} is none")
        written = scripted
    if written in WORDS:
        return written
    _refuse_source(written, begin)
    if is_class(written):
        return written
    with_scenes = policies()
    if written not in with_scenes and Path(written).suffix != SUFFIX and not os.path.isfile(written):
        check_choice(written, [*WORDS, *with_scenes, *list_names(Path(written).parent, SUFFIX)], "policy", where)
    return str(as_path(with_scenes.get(written, written)))


def load_policy(written: str | os.PathLike[str]) -> Policy:
    """Return a policy by the scene it comes with, by the path of its file, or as "package.module:Class".

    No code of a file runs: it holds numbers only, written by `NetworkPolicy.save`. A class is made without arguments;
    its module may also be in the current folder.

    Raises:
        InvalidInput: the file is missing, too large, not safetensors, or not a policy; or there is no such class.
    """
    path = resolve_path(os.fspath(written))
    if path in WORDS:
        raise InvalidInput(f"policy {path!r}: it needs to know its agent; give it where an agent is played")
    return make_policy(path, 0)


def check_fit(policy: Policy, agent: Interface, where: str = "") -> None:
    """Check that a network was trained with the observations and the actions that an agent has.

    The sizes must be the same, and so must the names and their order if the network knows them.

    Raises:
        InvalidInput: they are not; the message begins with `where` and has the file of the network and the names.
    """
    if not isinstance(policy, NetworkPolicy):
        return
    trained = policy.interface
    faults = [
        *_misfit("observes", len(policy.mean), "numbers", trained.fields if trained else None, agent.fields),
        *_misfit("drives", policy.joints, "actuators", trained.actuators if trained else None, agent.actuators),
    ]
    if policy.discrete != agent.discrete:
        kinds = "a number for each actuator", "one of several choices"
        faults.append(f"returns {kinds[policy.discrete]}, and the agent takes {kinds[agent.discrete]}")
    if faults:
        begin = "".join(f"{part}: " for part in (where, policy.file) if part)
        raise InvalidInput(f"{begin}the policy {'; it '.join(faults)}")


def _misfit(verb: str, size: int, what: str, trained: Sequence[str] | None, found: Sequence[str]) -> Iterator[str]:
    """Yield how a network does not fit an agent on one side, if it does not."""
    difference = "" if trained is None else describe_difference(trained, found)
    names = f": {difference}" if difference else ""
    if size != len(found):
        yield f"{verb} {size} {what}, and the agent has {len(found)}{names}"
    elif difference:
        yield f"{verb} other {what} than the agent has{names}"


def is_class(written: str) -> bool:
    """Return whether a policy is written as a class, "module:Class"."""
    return ":" in written and not os.path.exists(written)


def search_path() -> list[str]:
    """Return where the modules of policies are looked for: also in the current folder."""
    return [*sys.path, os.getcwd()]


def find_module(name: str, folders: list[str]) -> Path | None:
    """Return the file of a module in some folders, without importing a package that it is in."""
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    for folder in folders:
        place = Path(folder or ".", *parts)
        for path in (place.with_name(place.name + ".py"), place / "__init__.py"):
            if os.path.isfile(path):
                return path
    return None


def make_policy(path: str, joints: int, where: str = "") -> Policy:
    """Return the policy that `resolve_path` has named, for an agent with a number of joints.

    Raises:
        InvalidInput: the file is missing or wrong, or there is no such class; the message begins with `where`.
    """
    if path == STILL:
        return Still(joints)
    if path == RANDOM:
        return Random(joints)
    begin = where + ": " * bool(where)
    if not is_class(path):
        try:
            return read_network(path)
        except InvalidInput as error:
            raise InvalidInput(f"{begin}{error}") from None
    module = path.partition(":")[0]
    here = os.getcwd()
    if module not in sys.modules and not find_module(module, sys.path) and find_module(module, [here]):
        sys.path.append(here)  # to stay: worker processes get our path
    cls: Any = find_class(begin, "policy", path, {}, object)
    try:
        made = cls()
    except (Exception, SystemExit) as error:  # a user's class may raise anything
        raise InvalidInput(
            f"{begin}policy {path!r} cannot be made without arguments: {describe_error(error)}"
        ) from error
    return check_policy(made, f"{begin}policy {path!r}")


def _refuse_source(written: str, begin: str) -> None:
    """Refuse the path of a Python file.

    Raises:
        InvalidInput: it is one; the message begins with `begin` and says how its class is written.
    """
    base, _, name = written.partition(":")
    path = Path(base)
    in_a_folder = bool(name and path.name) and path.parent != Path()
    if path.suffix != ".py" and not (in_a_folder and os.path.isfile(path.with_suffix(".py"))):
        return
    file = path.with_suffix(".py")
    here = as_path(file.parent) == Path.cwd()
    place = "" if here else f" in the folder {file.parent}, or with that in PYTHONPATH"
    raise InvalidInput(f"{begin}policy {written!r}: write {path.stem}:{name or 'Class'}{place}")
