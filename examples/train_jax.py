"""Trains the inverted pendulum with PPO in JAX, Flax and Optax: python examples/train_jax.py [STEPS]

Needs the extra `trainers`, in an environment of its own. Stops when the mean return of the last 20 episodes reaches the
threshold of the scene, and writes inverted_pendulum_jax.safetensors, which `roboschool.load_policy` reads.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # numpy's and XLA's own threads compete with those that step the worlds
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import sys

import flax.linen as nn
import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import optax

import roboschool

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
T, N, EPOCHS, MINIBATCHES = 64, 16, 8, 4
GAMMA, LAMBDA, CLIP, LR, SEED = 0.99, 0.95, 0.2, 2e-3, 0
THRESHOLD = roboschool.load_scene("inverted_pendulum").threshold or 0.0

env = gymnasium.make_vec("roboschool/InvertedPendulum-v1", num_envs=N, autoreset_mode="SameStep")
joints = env.single_action_space.shape[0]


class Network(nn.Module):
    """Tanh layers."""

    outputs: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for size in (32, 32):
            x = nn.tanh(nn.Dense(size)(x))
        return nn.Dense(self.outputs, kernel_init=nn.initializers.orthogonal(0.01))(x)


actor, critic = Network(joints), Network(1)
first, second, key = jax.random.split(jax.random.key(SEED), 3)
blank = jnp.zeros(env.single_observation_space.shape)
weights = {"actor": actor.init(first, blank), "critic": critic.init(second, blank), "log_std": jnp.full(joints, -0.7)}
optimiser = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(LR))
moments = optimiser.init(weights)


@jax.jit
def act(weights, key, observation):
    key, now = jax.random.split(key)
    mean = actor.apply(weights["actor"], observation)
    action = mean + jnp.exp(weights["log_std"]) * jax.random.normal(now, mean.shape)
    return key, action, log_prob(weights, observation, action), critic.apply(weights["critic"], observation)[..., 0]


def log_prob(weights, observation, action):
    z = (action - actor.apply(weights["actor"], observation)) / jnp.exp(weights["log_std"])
    return -(0.5 * z**2 + weights["log_std"] + 0.5 * jnp.log(2 * jnp.pi)).sum(-1)


def loss_of(weights, observation, action, old, advantage, target):
    ratio = jnp.exp(log_prob(weights, observation, action) - old)
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    gain = jnp.minimum(ratio * advantage, jnp.clip(ratio, 1 - CLIP, 1 + CLIP) * advantage).mean()
    return 0.5 * ((critic.apply(weights["critic"], observation)[..., 0] - target) ** 2).mean() - gain


@jax.jit
def learn(weights, moments, *samples):
    slopes = jax.grad(loss_of)(weights, *samples)
    changes, moments = optimiser.update(slopes, moments)
    return optax.apply_updates(weights, changes), moments


random, finished, totals = np.random.default_rng(SEED), [], np.zeros(N)
observation, _ = env.reset(seed=SEED)
for taken in range(T * N, STEPS + 1, T * N):
    rows = []
    for _ in range(T):
        key, action, logp, value = act(weights, key, observation)
        following, reward, terminated, truncated, info = env.step(np.asarray(action))
        done, reward, totals = terminated | truncated, 0.1 * reward, totals + reward
        for row in np.flatnonzero(truncated & ~terminated):  # the episode would have gone on
            reward[row] += GAMMA * float(critic.apply(weights["critic"], info["final_obs"][row])[0])
        finished, totals = [*finished, *totals[done]][-20:], totals * ~done
        rows.append((observation, np.asarray(action), np.asarray(logp), np.asarray(value), reward, done))
        observation = following
    seen, actions, logps, values, rewards, dones = map(np.stack, zip(*rows, strict=True))
    value, ahead, advantages = np.asarray(act(weights, key, observation)[3]), np.zeros(N), np.zeros((T, N))
    for t in reversed(range(T)):
        ahead = rewards[t] + GAMMA * value * ~dones[t] - values[t] + GAMMA * LAMBDA * ahead * ~dones[t]
        advantages[t], value = ahead, values[t]
    samples = [x.reshape(T * N, *x.shape[2:]) for x in (seen, actions, logps, advantages, advantages + values)]
    for _ in range(EPOCHS):
        for chosen in np.array_split(random.permutation(T * N), MINIBATCHES):
            weights, moments = learn(weights, moments, *(x[chosen] for x in samples))
    mean = float(np.mean(finished)) if finished else float("nan")
    print(f"{taken} steps, mean return {mean:.1f}")
    if len(finished) == 20 and mean >= THRESHOLD:
        break
env.close()

layers = [weights["actor"]["params"][f"Dense_{i}"] for i in range(3)]
tensors = {"mean": np.zeros(blank.shape), "scale": np.ones(blank.shape)}
for i, layer in enumerate(layers):
    tensors |= {f"layers.{i}.weight": np.asarray(layer["kernel"]).T, f"layers.{i}.bias": np.asarray(layer["bias"])}
roboschool.NetworkPolicy(tensors).save("inverted_pendulum_jax.safetensors")
