"""Settings of a training: their defaults, and those with which the policy of a scene was trained."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from roboschool.paths import policies
from roboschool.policies.network import CARD_SUFFIX
from roboschool.readers import read_json
from roboschool.schema import Bounds, Size, convert

STEPS = 3_000_000  # where no preset says how many


@dataclass(frozen=True)
class Settings:
    """The numbers of the recipe. The JSON file beside a policy holds those it was trained with."""

    envs: Annotated[int, Bounds(1, 4096)] = 64  # rows that act together: copies of the scene, times learning agents
    rollout: Annotated[int, Bounds(2, 100_000)] = 64  # steps of each row between two updates
    hidden: Annotated[tuple[Annotated[int, Bounds(1, 1024)], ...], Size(1, 4)] = (128, 64)  # layers of both networks
    epochs: Annotated[int, Bounds(1, 100)] = 10  # passes over the steps of an update at most
    minibatches: Annotated[int, Bounds(1, 1024)] = 4  # parts of each pass, with a gradient step for each
    lr: Annotated[float, Bounds(0.0, 1.0, above=True)] = 3e-4  # learning rate at the start
    lr_end: Annotated[float, Bounds(0.0, 1.0)] = 0.1  # at the end, as a fraction of `lr`; it changes evenly
    gamma: Annotated[float, Bounds(0.0, 1.0)] = 0.99  # discount of the reward in each step
    lam: Annotated[float, Bounds(0.0, 1.0)] = 0.95  # lambda of generalised advantage estimation
    clip: Annotated[float, Bounds(0.0, 1.0, above=True)] = 0.2  # how far an update may change a probability
    target_kl: Annotated[float, Bounds(0.0, 10.0, above=True)] = 0.03  # KL divergence at which an update stops early
    entropy: Annotated[float, Bounds(0.0, 1.0)] = 0.0  # weight of the entropy of the actions in the loss
    log_std: Annotated[float, Bounds(-5.0, 2.0)] = -0.7  # logarithm of the standard deviation of the first actions
    log_std_end: Annotated[float, Bounds(-5.0, 2.0)] | None = None  # of the last, reached evenly; None: it is learned
    weights: dict[str, float] = field(default_factory=dict)  # of reward terms in training; scores have the scene's own
    variants: dict[str, Annotated[int, Bounds(1, 10**6)]] = field(default_factory=dict)  # by axis: 0 to this, exclusive
    start: str = ""  # the policy to begin with: a scene's, or a file; empty: a random one


@dataclass(frozen=True)
class Recipe:
    """How a policy was trained."""

    settings: dict[str, Any] | None = None  # None: by another recipe
    scene: str = ""  # its name, or the path of its file
    options: dict[str, Any] = field(default_factory=dict)  # override keys of the scene's file
    steps: int = 0  # planned; 0: unknown


@dataclass(frozen=True)
class Trained:
    """The keys that are read of a policy's JSON file."""

    recipe: Recipe = Recipe()
    scene: str = ""  # its id
    steps: int = STEPS


def preset(scene: str) -> tuple[dict[str, Any], int]:
    """Return the settings and the number of steps with which the policy of a scene was trained, or the defaults.

    Raises:
        InvalidInput: its JSON file cannot be read, or has an unknown or wrong setting.
    """
    policy = policies().get(scene)
    card = None if policy is None else policy.with_suffix(CARD_SUFFIX)
    if card is None or not card.is_file():
        return asdict(Settings()), STEPS
    trained: Trained = read_json(card, Trained)
    if trained.recipe.settings is None:
        return asdict(Settings()), STEPS
    return asdict(make_settings(trained.recipe.settings, f"{card}: recipe.settings")), trained.steps


def make_settings(given: Mapping[str, Any], where: str) -> Settings:
    """Return settings; those not given have their defaults.

    Raises:
        InvalidInput: one is unknown or wrong; the message begins with `where` and tells all faults.
    """
    settings: Settings = convert(dict(given), Settings, where)
    return settings
