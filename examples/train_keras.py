"""Trains the inverted pendulum with PPO in Keras 3 on TensorFlow: python examples/train_keras.py [STEPS]

Needs the extra `trainers`, in an environment of its own. Stops when the mean return of the last 20 episodes reaches the
threshold of the scene, and writes inverted_pendulum_keras.safetensors, which `roboschool.load_policy` reads.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # numpy's own threads compete with those that step the worlds

import sys

import gymnasium
import keras
import numpy as np
import tensorflow as tf

import roboschool

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
T, N, EPOCHS, MINIBATCHES = 64, 16, 8, 4
GAMMA, LAMBDA, CLIP, LR, SEED = 0.99, 0.95, 0.2, 2e-3, 0
THRESHOLD = roboschool.load_scene("inverted_pendulum").threshold or 0.0

tf.config.threading.set_intra_op_parallelism_threads(1)  # the network is small
tf.config.threading.set_inter_op_parallelism_threads(1)
keras.utils.set_random_seed(SEED)
env = gymnasium.make_vec("roboschool/InvertedPendulum-v1", num_envs=N, autoreset_mode="SameStep")
inputs, joints = env.single_observation_space.shape[0], env.single_action_space.shape[0]


def network(outputs: int) -> keras.Sequential:
    last = keras.layers.Dense(outputs, kernel_initializer=keras.initializers.Orthogonal(0.01))
    hidden = [keras.layers.Dense(size, activation="tanh") for size in (32, 32)]
    return keras.Sequential([keras.Input((inputs,)), *hidden, last])


actor, critic = network(joints), network(1)
log_std = keras.Variable(np.full(joints, -0.7, np.float32))
weights = [*actor.trainable_weights, *critic.trainable_weights, log_std]
optimiser = keras.optimizers.Adam(LR, global_clipnorm=0.5)
optimiser.build(weights)


def log_prob(observation, action):
    z = (action - actor(observation)) / keras.ops.exp(log_std)
    return -keras.ops.sum(0.5 * z**2 + log_std + 0.5 * np.log(2 * np.pi), axis=-1)


@tf.function
def act(observation, noise):
    action = actor(observation) + keras.ops.exp(log_std) * noise
    return action, log_prob(observation, action), critic(observation)[:, 0]


@tf.function(reduce_retracing=True)
def learn(observation, action, old, advantage, target):
    with tf.GradientTape() as tape:
        ratio = keras.ops.exp(log_prob(observation, action) - old)
        advantage = (advantage - keras.ops.mean(advantage)) / (keras.ops.std(advantage) + 1e-8)
        clipped = keras.ops.clip(ratio, 1 - CLIP, 1 + CLIP)
        gain = keras.ops.mean(keras.ops.minimum(ratio * advantage, clipped * advantage))
        loss = 0.5 * keras.ops.mean((critic(observation)[:, 0] - target) ** 2) - gain
    optimiser.apply(tape.gradient(loss, [weight.value for weight in weights]), weights)


random, finished, totals = np.random.default_rng(SEED), [], np.zeros(N)
observation, _ = env.reset(seed=SEED)
for taken in range(T * N, STEPS + 1, T * N):
    rows = []
    for _ in range(T):
        noise = random.standard_normal((N, joints), np.float32)
        action, logp, value = (x.numpy() for x in act(observation, noise))
        following, reward, terminated, truncated, info = env.step(action)
        done, reward, totals = terminated | truncated, 0.1 * reward, totals + reward
        for row in np.flatnonzero(truncated & ~terminated):  # the episode would have gone on
            reward[row] += GAMMA * float(critic(info["final_obs"][row][None])[0, 0])
        finished, totals = [*finished, *totals[done]][-20:], totals * ~done
        rows.append((observation, action, logp, value, reward, done))
        observation = following
    seen, actions, logps, values, rewards, dones = map(np.stack, zip(*rows, strict=True))
    value, ahead, advantages = act(observation, noise)[2].numpy(), np.zeros(N), np.zeros((T, N))
    for t in reversed(range(T)):
        ahead = rewards[t] + GAMMA * value * ~dones[t] - values[t] + GAMMA * LAMBDA * ahead * ~dones[t]
        advantages[t], value = ahead, values[t]
    samples = [x.reshape(T * N, *x.shape[2:]) for x in (seen, actions, logps, advantages, advantages + values)]
    for _ in range(EPOCHS):
        for chosen in np.array_split(random.permutation(T * N), MINIBATCHES):
            learn(*(tf.constant(x[chosen], tf.float32) for x in samples))
    mean = float(np.mean(finished)) if finished else float("nan")
    print(f"{taken} steps, mean return {mean:.1f}")
    if len(finished) == 20 and mean >= THRESHOLD:
        break
env.close()

tensors = {"mean": np.zeros(inputs), "scale": np.ones(inputs)}
for i, layer in enumerate(actor.layers):
    kernel, bias = layer.get_weights()
    tensors |= {f"layers.{i}.weight": kernel.T, f"layers.{i}.bias": bias}
roboschool.NetworkPolicy(tensors).save("inverted_pendulum_keras.safetensors")
