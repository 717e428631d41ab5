import gymnasium as gym
import numpy as np

import roboschool

env = gym.make("roboschool/Ant-v1")  # one robot: a Gymnasium Env
observation, info = env.reset(seed=0)
observation, reward, terminated, truncated, info = env.step(env.action_space.sample())

envs = gym.make_vec("roboschool/Ant-v1", num_envs=64, num_workers=2)  # 64 copies, in two processes
envs.reset(seed=0)
observations, rewards, *_ = envs.step(envs.action_space.sample())  # the same bits with any number of them

world = roboschool.parallel_env("race", lanes=["hopper", "ant", "ant"])  # many robots: a PettingZoo ParallelEnv
observations, infos = world.reset(seed=0)
observations, rewards, *_ = world.step({agent: world.action_space(agent).sample() for agent in world.agents})

policy = roboschool.load_policy("ant")  # anything with reset(seed) and act(observation)
red = roboschool.AgentEnv("ants", agent="ant_0", opponents={"ant_1": policy})  # one robot, policies play others
red.reset(seed=0)

lobby = roboschool.Lobby("ants")  # one Env per thread, one world: it moves when all have acted
seats = [lobby[agent] for agent in ("ant_0", "ant_1", "ant_2", "ant_3")]

state = red.get_state()  # the whole world; from it all go on alike, to the bit
seen = []
for _ in range(2):
    red.set_state(state)
    seen.append(red.step(np.zeros(8))[0])
assert (seen[0] == seen[1]).all()
