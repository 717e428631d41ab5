"""Trains the ant with Stable-Baselines3: python examples/train_sb3.py [STEPS]"""

import sys

import gymnasium as gym
from stable_baselines3 import PPO

import roboschool  # noqa: F401 - registers the ids

env = gym.make("roboschool/Ant-v1")
model = PPO("MlpPolicy", env, n_steps=256, verbose=1)
model.learn(total_timesteps=int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
model.save("ant_sb3")
