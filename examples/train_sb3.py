"""Trains the ant with Stable-Baselines3, on all cores: python examples/train_sb3.py [STEPS]"""

import os
import sys

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

from roboschool.envs.sb3 import SB3VecEnv

torch.set_num_threads(1)  # the network is small: more threads only wait for each other, and for the workers
env = VecMonitor(SB3VecEnv("ant", num_envs=16, num_workers=min(16, os.cpu_count() or 1)))
model = PPO("MlpPolicy", env, n_steps=128, batch_size=256, verbose=1)
model.learn(total_timesteps=int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
model.save("ant_sb3")
env.close()
