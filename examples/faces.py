import gymnasium as gym
import numpy as np

import roboschool

# one robot: a Gymnasium Env
env = gym.make("roboschool/Ant-v1")
observation, info = env.reset(seed=0)
observation, reward, terminated, truncated, info = env.step(env.action_space.sample())

# 64 environments in two worker processes; the number of workers or threads changes speed, never results
envs = gym.make_vec("roboschool/Ant-v1", num_envs=64, num_workers=2)
envs.reset(seed=0)
observations, rewards, *_ = envs.step(envs.action_space.sample())
envs.close()

# several robots in one world: a PettingZoo ParallelEnv
world = roboschool.parallel_env("race", lanes=["hopper", "ant", "ant"])
observations, infos = world.reset(seed=0)
observations, rewards, *_ = world.step({agent: world.action_space(agent).sample() for agent in world.agents})

# one robot of several; policies control the others
policy = roboschool.load_policy("ant")  # any object with reset(seed) and act(observation)
red = roboschool.AgentEnv("ants", agent="ant_0", opponents={"ant_1": policy})
red.reset(seed=0)

# save and restore a world: it continues exactly as before
state = red.get_state()
first, *_ = red.step(np.zeros(8))
red.set_state(state)
again, *_ = red.step(np.zeros(8))
assert (first == again).all()

# one Env per thread, one world: a step is taken when all agents have acted
lobby = roboschool.Lobby("ants")
seats = [lobby[agent] for agent in ("ant_0", "ant_1", "ant_2", "ant_3")]
