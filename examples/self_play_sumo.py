"""Learns ant_sumo against its own past with Stable-Baselines3: python examples/self_play_sumo.py --steps 5_000_000

The learner begins as an imitation of the scene's scripted opponent, in a small ring that grows. All its opponents are
of its own past, from that imitation on; they are in the folder --out. If the script is interrupted, the same command
goes on from there. At the end `policy.safetensors` and `policy.json` are there, too.

Needs stable-baselines3, tensorboard and tqdm.
"""

import argparse
import json
import platform
import time
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecMonitor, VecNormalize
from torch import nn
from tqdm import tqdm

import roboschool
from roboschool.envs.sb3 import SB3VecEnv, Snapshots, policy_of
from roboschool.evaluation import evaluate

SCENE = "ant_sumo"
LESSONS = (  # share of the steps, radius of the ring [m]; the robots begin 1 m from its middle
    (0.12, (1.3, 2.0)),
    (0.20, (1.3, 2.8)),
    (0.28, (1.5, 3.6)),
    (0.40, (2.0, 4.5)),
)
HINTS = {"push": 5.0, "centre": 0.0, "standing": 0.0, "effort": -0.02}  # how the learner's dense terms are weighted
SCRIPT = 0.9  # share of the episodes against the imitation of the script; without, all soon stand still

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name, default, text in (
    ("--steps", 5_000_000, "steps of the learner, in all"),
    ("--out", Path("runs/self_play_sumo"), "folder for what is learned; the same command goes on from what it holds"),
    ("--seed", 1, "seed of the networks, the actions and the first episodes"),
    ("--copies", 32, "copies of the environment that are stepped together"),
    ("--workers", 0, "processes that share the copies; 0: none but this one"),
    ("--watch", 60_000, "steps of the scripted opponents, to be imitated"),
    ("--games", 20, "seeds of the final games, each played on both sides"),
    ("--episodes", 100, "whole episodes in the final score"),
):
    parser.add_argument(name, type=type(default), default=default, help=f"{text} (default: {default})")


class Sumo(SB3VecEnv):
    """A ring whose clock is part of the game: the observation shows it, and a draw is a loss, not an interruption."""

    def step_wait(self):
        observation, reward, done, infos = super().step_wait()
        for row in np.flatnonzero(done):
            infos[row]["TimeLimit.truncated"] = False
        return observation, reward, done, infos


def demonstrate(steps: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return observations (rows, n) and actions (rows, joints) of the scripted opponents while they are pushed."""
    rng = np.random.default_rng(seed)
    env = roboschool.ParallelEnv(SCENE)
    script = roboschool.load_policy(env.scene.agents[0].policy)
    seen, done = [], []
    observations, _ = env.reset(seed=seed)
    for _ in tqdm(range(steps), desc="watching the script"):
        actions = {name: script.act(row) for name, row in observations.items()}
        seen += observations.values()
        done += actions.values()
        observations, *_ = env.step({name: a + rng.normal(0.0, noise, a.shape) for name, a in actions.items()})
        if not env.agents:
            observations, _ = env.reset(options={"radius": (1.3, 4.5)})
    env.close()
    return np.array(seen), np.array(done)


def imitate(model: PPO, env: VecNormalize, steps: int, epochs: int, seed: int) -> None:
    """Fit the actor to the script's actions, and the normalisation to its observations."""
    seen, done = demonstrate(steps, 0.3, seed)
    env.obs_rms.update(seen)
    rows, goal = torch.from_numpy(env.normalize_obs(seen)).float(), torch.from_numpy(done).float()
    actor = nn.Sequential(*model.policy.mlp_extractor.policy_net, model.policy.action_net)
    optimiser = torch.optim.Adam(actor.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for _ in (bar := tqdm(range(epochs), desc="imitating it")):
        for batch in torch.randperm(len(rows)).split(512):
            loss = (actor(rows[batch]).clamp(-1.0, 1.0) - goal[batch]).square().mean()
            loss = loss + 0.01 * actor(rows[batch]).sub(goal[batch]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
        bar.set_postfix_str(f"error {float(loss):.4f}")


class Keep(BaseCallback):
    """Shows how far it is, and keeps the model so that an interrupted run can go on."""

    def __init__(self, out: Path, bar: tqdm) -> None:
        super().__init__()
        self.out, self.bar = out, bar
        self.results: list[float] = []

    def _on_step(self) -> bool:
        self.bar.update(self.training_env.num_envs)
        self.results += [info["result"] for info in self.locals["infos"] if "terminal_observation" in info]
        return True

    def _on_rollout_end(self) -> None:
        self.results = self.results[-200:]
        if self.results:
            won, lost = self.results.count(1.0) / len(self.results), self.results.count(-1.0) / len(self.results)
            self.bar.set_postfix_str(f"won {won:.2f} lost {lost:.2f}")
            self.logger.record("games/won", won)
            self.logger.record("games/lost", lost)
        save(self.model, self.out)


def save(model: PPO, out: Path) -> None:
    """Write the model and its normalisation, the model last."""
    model.get_vec_normalize_env().save(out / "normalise.pkl")
    model.save(out / "part.zip")
    (out / "part.zip").replace(out / "model.zip")


class Past(roboschool.OpponentPool):
    """Draws any earlier learner, but in most episodes the first, which imitates the script."""

    def draw(self, rng):
        return self.members[0] if rng.random() < SCRIPT else super().draw(rng)


args = parser.parse_args()
args.out.mkdir(parents=True, exist_ok=True)
torch.set_num_threads(1)
clock = time.time()
pool = Past(args.out / "pool")
scene = roboschool.load_scene(SCENE)
agents = tuple(replace(agent, task=replace(agent.task, weights=HINTS)) for agent in scene.agents)
copies = Sumo(replace(scene, agents=agents), args.copies, args.workers, opponents={"ant_1": pool})
copies.seed(args.seed)
if (args.out / "model.zip").exists():
    env = VecNormalize.load(str(args.out / "normalise.pkl"), VecMonitor(copies))
    model = PPO.load(args.out / "model.zip", env=env, device="cpu")
else:
    env = VecNormalize(VecMonitor(copies), gamma=0.995)
    model = PPO(
        "MlpPolicy",
        env,
        n_steps=4096 // args.copies,
        batch_size=1024,
        n_epochs=10,
        gamma=0.995,
        learning_rate=3e-4,
        target_kl=0.03,
        ent_coef=0.001,
        policy_kwargs={"net_arch": {"pi": [128, 64], "vf": [128, 64]}, "log_std_init": -1.0},
        tensorboard_log=str(args.out),
        seed=args.seed,
        device="cpu",
    )
    imitate(model, env, args.watch, epochs=60, seed=args.seed)
    pool.add(policy_of(model), step=0)
    save(model, args.out)

bar = tqdm(total=args.steps, initial=model.num_timesteps, unit="step", unit_scale=True, mininterval=2.0)
snapshots = Snapshots(pool, every=200_000, scene=SCENE, games=12, seed=args.seed)
until = 0.0
for share, radius in LESSONS:
    until += share * args.steps
    if until > model.num_timesteps:
        copies.set_options({"radius": radius})
        model.set_env(env, force_reset=True)
        model.learn(int(until) - model.num_timesteps, [Keep(args.out, bar), snapshots], reset_num_timesteps=False)
save(model, args.out)
bar.close()
env.close()

policy = policy_of(model)
policy.save(args.out / "policy.safetensors")
score = evaluate(policy, SCENE, args.episodes)
scripted, still = roboschool.payoff([policy, "scripted", "still"], SCENE, args.games)[0, 1:]
card = {
    "scene": scene.id,
    "seed": args.seed,
    "steps": model.num_timesteps,
    "wall_seconds": round(time.time() - clock),
    **asdict(score),
    **asdict(scene.interface(scene.agents[0])),  # names of what it observes and drives
    "result_against_scripted": round(float(scripted), 3),  # mean of 1 won, 0 drawn, -1 lost, on both sides
    "result_against_still": round(float(still), 3),
    "recipe": {"script": "examples/self_play_sumo.py", "scene": SCENE}
    | {k: v for k, v in vars(args).items() if k != "out"},
    "versions": {
        "roboschool": roboschool.__version__,
        **{name: version(name) for name in ("pybullet", "numpy", "torch", "stable-baselines3")},
    },
    "python": platform.python_version(),
}
(args.out / "policy.json").write_text(json.dumps(card, indent=2) + "\n")
print(json.dumps(card, indent=2))
