"""The thirteen environments of Roboschool v1: what each is, and every rule of the new ones that has a number."""

import dataclasses
import math

import gymnasium
import numpy as np
import pytest
from task_values import DT, observe, positions_of, speeds_of, upright_state, weighted_terms

import roboschool
from roboschool.games import pong
from roboschool.mdp.effects import Launch, Placement
from roboschool.mdp.game import AgentStats, GameState, GameUpdate
from roboschool.mdp.record import Record
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.robots.robot import load_robot
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.sensors.joint_scaling import JointScaling
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.flagrun import FlagMemory, Flagrun
from roboschool.tasks.flagrun_harder import EPISODES, FlagrunHarder, HarderMemory
from roboschool.tasks.reach import Reach

CATALOGUE = {  # id: steps, threshold, observation, action, seconds of a timestep, substeps
    "InvertedPendulum": (1000, 950.0, 5, 1, DT, 1),
    "InvertedPendulumSwingup": (1000, 800.0, 5, 1, DT, 1),
    "InvertedDoublePendulum": (1000, 9100.0, 9, 1, DT, 1),
    "Reacher": (150, 18.0, 9, 2, DT, 1),
    "Hopper": (1000, 2500.0, 15, 3, DT, 4),
    "Walker2d": (1000, 2500.0, 22, 6, DT, 4),
    "HalfCheetah": (1000, 3000.0, 26, 6, DT, 4),
    "Ant": (1000, 2500.0, 28, 8, DT, 4),
    "Humanoid": (1000, 3500.0, 44, 17, DT, 4),
    "HumanoidFlagrun": (1000, 2000.0, 44, 17, DT, 4),
    "HumanoidFlagrunHarder": (1000, None, 44, 17, DT, 4),
    "AtlasForwardWalk": (1000, None, 70, 30, DT, 8),
    "Pong": (1000, None, 13, 2, DT, 4),
}
POLES = ["inverted_pendulum", "inverted_pendulum_swingup", "inverted_double_pendulum"]


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("form", ["roboschool/{}-v1", "Roboschool{}-v1"])
def test_what_each_id_is(name: str, form: str) -> None:
    steps, threshold, seen, joints, timestep, substeps = CATALOGUE[name]
    spec = gymnasium.spec(form.format(name))
    assert (spec.max_episode_steps, spec.reward_threshold) == (steps, threshold)
    env = gymnasium.make(form.format(name))
    assert env.observation_space.shape == (seen,)
    assert env.action_space.shape == (joints,)
    assert (env.action_space.low.min(), env.action_space.high.max()) == (-1.0, 1.0)
    scene = env.unwrapped.scene
    assert (scene.timestep, scene.substeps, scene.steps) == (timestep, substeps, steps)
    assert scene.iterations == (20 if name == "AtlasForwardWalk" else 5)
    assert env.observation_space.dtype == env.action_space.dtype == np.float32
    env.close()


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_loop_of_2017(name: str) -> None:
    """Two lines differ from 2017: the import, and the five values of a step (and the two of a reset)."""
    import gymnasium as gym

    env = gym.make(f"Roboschool{name}-v1")
    score, frame = 0.0, 0
    obs, _ = env.reset()
    while 1:
        a = env.action_space.sample()
        obs, r, done, cut, _ = env.step(a)
        score += r
        frame += 1
        if done or cut or frame == 200:
            break
    assert np.isfinite(obs).all()
    assert np.isfinite(score)
    assert frame == env.spec.max_episode_steps or done or frame == 200
    env.close()


@pytest.mark.parametrize(
    ("robot", "mass"),
    [("inverted_pendulum", 15.491), ("inverted_double_pendulum", 18.869), ("paddle", 0.8482), ("reacher", 0.0754)],
)
def test_masses(robot: str, mass: float) -> None:
    assert load_robot(robot).mass == pytest.approx(mass, abs=0.002)


def begun(name: str, seed: int = 0, **changes: object) -> Simulation:
    simulation = Simulation(dataclasses.replace(load_scene(name), **changes))
    simulation.reset({0: seed})
    return simulation


def act(simulation: Simulation, *numbers: float) -> None:
    simulation.step([np.broadcast_to(np.array(numbers, float), group.shape) for group in simulation.groups])


def states_of(name: str) -> tuple[Scene, Task, State, State]:
    """A scene, its first task, and two states in which the robot stands: before a step and after it."""
    scene = load_scene(name)
    task = scene.agents[0].task
    return scene, task, upright_state(scene, task), upright_state(scene, task)


def scaled_joints(state: State, task: Task) -> np.ndarray:
    """Positions of joints, -1 to 1 between their limits (joint,)."""
    return JointScaling(task.robot).positions(state.q)[0, 0]


HOME = Placement((0.0, 0.0), 0.0, ())


def begin(task: Task, memory: Record, rng: np.random.Generator) -> Placement:
    """Begin an episode at home, and write what is remembered."""
    return task.reset(HOME, memory, rng)


def update(task: Task, previous: State, state: State, seed: int = 0) -> tuple[Record, list[Launch]]:
    """What a task remembers of its one agent after a step, and what it launches."""
    made = task.update(previous, state, np.ones((1, 1), bool), [np.random.default_rng(seed)])
    return made.memory.at((0, 0)), list(made.launches)


# --- pendula ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "force"), [(POLES[0], 100.0), (POLES[1], 100.0), (POLES[2], 200.0)])
def test_carts_are_pushed_along_a_metre_each_way(name: str, force: float) -> None:
    robot = load_scene(name).agents[0].robot
    assert robot.torque == (force,)
    assert (robot.joints[0].lower, robot.joints[0].upper) == (-1.0, 1.0)
    assert not load_scene(name).ground


@pytest.mark.parametrize(("name", "angle"), [(POLES[0], 0.0), (POLES[1], math.pi), (POLES[2], 0.0)])
def test_poles_begin_within_a_tenth_of_a_radian(name: str, angle: float) -> None:
    simulation = begun(name)
    leans = []
    for _ in range(50):
        simulation.reset({0: None})
        state = simulation.groups[0].state
        assert (state.q[0, 0].tolist(), state.qd[0, 0].tolist()) == ([0.0], [0.0]), "the cart stands in the middle"
        leans += state.passive_q[0, 0].tolist()
    assert np.abs(np.array(leans) - angle).max() <= 0.1
    assert np.ptp(leans) > 0.15
    simulation.close()


def test_pendulum_sees_cart_and_pole() -> None:
    scene, task, _, state = states_of("inverted_pendulum")
    state.q[:], state.qd[:] = 0.3, speeds_of(task.robot, -2.0)
    state.passive_q[:], state.passive_qd[:] = 0.1, 7.0
    assert observe(scene, task, state)[0, 0] == pytest.approx([0.3, -2.0, math.cos(0.1), math.sin(0.1), 7.0])


def test_cart_speed_is_metres_a_second() -> None:
    simulation = begun("inverted_pendulum")
    act(simulation, 0.5)
    act(simulation, 0.5)
    before = simulation.groups[0].observation[0, 0].copy()
    act(simulation, 0.5)
    after = simulation.groups[0].observation[0, 0]
    assert (after[0] - before[0]) / DT == pytest.approx(after[1], rel=1e-3)
    simulation.close()


@pytest.mark.parametrize(("lean", "over"), [(0.19, False), (0.21, True), (-0.21, True)])
def test_pendulum_falls_at_a_fifth_of_a_radian_and_is_paid_one_either_way(lean: float, over: bool) -> None:
    scene, task, previous, state = states_of("inverted_pendulum")
    state.passive_q[:] = lean
    assert bool(task.terminated(state)) is over
    assert weighted_terms(scene, task, previous, np.zeros((1, 1, 1)), state) == {"alive": 1.0}


def test_swing_up_pays_the_cosine_and_never_ends() -> None:
    scene, task, previous, state = states_of("inverted_pendulum_swingup")
    for lean in (math.pi, 1.0, 0.0, 40.0):
        state.passive_q[:] = lean
        terms = weighted_terms(scene, task, previous, np.zeros((1, 1, 1)), state)
        assert terms["height"].item() == pytest.approx(math.cos(lean))
        assert not task.terminated(state)


def test_a_hanging_pole_really_hangs() -> None:
    simulation = begun("inverted_pendulum_swingup")
    act(simulation, 0.0)
    assert simulation.groups[0].rewards.total[0, 0] < -0.99
    simulation.close()


def test_upright_double_pendulum_pays_what_roboschool_paid() -> None:
    scene, task, previous, state = states_of("inverted_double_pendulum")
    idle = np.zeros((1, 1, 1))
    assert sum(weighted_terms(scene, task, previous, idle, state).values()) == pytest.approx(9.36)
    state.q[:] = 0.5
    assert sum(weighted_terms(scene, task, previous, idle, state).values()) == pytest.approx(9.36 - 0.01 * 0.25)


@pytest.mark.parametrize(("lean", "over"), [(0.6, False), (0.7, True)])
def test_double_pendulum_ends_when_its_tip_is_a_metre_high(lean: float, over: bool) -> None:
    _, task, _, state = states_of("inverted_double_pendulum")
    state.passive_q[..., 0] = lean  # the tip as Roboschool has it: 0.9 cos + 0.3
    assert (0.9 * math.cos(lean) + 0.3 <= 1.0) is over
    assert bool(task.terminated(state)) is over


def test_double_pendulum_sees_the_upper_pole_where_bullet_has_it() -> None:
    import pybullet

    simulation = begun("inverted_double_pendulum")
    for _ in range(15):
        act(simulation, 0.7)
    world = simulation.worlds[0]
    link = pybullet.getLinkState(world.bodies[0].id, world.bodies[0].links["pole_2"], 0, 1, world.client)[0]
    seen = simulation.groups[0].observation[0, 0]
    assert seen[2] == pytest.approx(link[0], abs=1e-6)
    cost = -0.01 * link[0] ** 2 - (link[2] + 0.3 - 2.0) ** 2
    assert simulation.groups[0].rewards.by_name(0, 0)["distance_cost"] == pytest.approx(cost, abs=1e-6)
    relative_angle = simulation.groups[0].state.passive_q[0, 0, 1]
    assert seen[6] == pytest.approx(math.cos(relative_angle), abs=1e-6)
    simulation.close()


@pytest.mark.parametrize(
    ("name", "mean", "within"),
    [(POLES[0], 24.0, 6.0), (POLES[1], -900.0, 90.0), (POLES[2], 293.0, 75.0), ("reacher", -12.0, 6.0)],
)
def test_random_actions_earn_about_what_they_did(name: str, mean: float, within: float) -> None:
    env, rng, returns = roboschool.AgentEnv(name), np.random.default_rng(0), []
    for seed in range(15):
        env.reset(seed=seed)
        total, done = 0.0, False
        while not done:
            _, reward, terminated, truncated, _ = env.step(rng.uniform(-1, 1, env.action_space.shape))
            total, done = total + reward, terminated or truncated
        returns.append(total)
    assert np.mean(returns) == pytest.approx(mean, abs=within)
    env.close()


# --- reacher ---------------------------------------------------------------------------------------------------------


def test_reacher_is_weightless_and_weak() -> None:
    scene = load_scene("reacher")
    assert scene.gravity == 0.0
    assert scene.agents[0].robot.torque == (0.05, 0.05)
    assert scene.agents[0].robot.joints[0].lower is None, "the shoulder turns for ever"
    assert (scene.agents[0].robot.joints[1].lower, scene.agents[0].robot.joints[1].upper) == (-3.0, 3.0)


def test_targets_lie_where_the_fingertip_gets_and_the_arm_begins_anywhere() -> None:
    simulation = begun("reacher")
    targets, turns, elbows = [], [], []
    for _ in range(300):
        simulation.reset({0: None})
        group = simulation.groups[0]
        targets.append(math.hypot(*group.state.memory.target[0, 0]))
        shoulder, elbow = scaled_joints(group.state, group.task)
        turns.append(shoulder)
        elbows.append(elbow)
        assert math.hypot(*group.state.position[0, 0, :2]) <= 0.2101
    assert 0.02 <= min(targets) < 0.04
    assert 0.20 < max(targets) <= 0.21
    assert (min(turns), max(turns)) == pytest.approx((-math.pi, math.pi), abs=0.1)
    assert (min(elbows), max(elbows)) == pytest.approx((-1.0, 1.0), abs=0.05)
    simulation.close()


def test_reacher_sees_the_raw_angle_and_the_way_to_its_fingertip() -> None:
    simulation = begun("reacher")
    for _ in range(40):
        act(simulation, 1.0, 0.2)
    group = simulation.groups[0]
    seen, (shoulder, elbow) = group.observation[0, 0], group.state.q[0, 0].tolist()
    tip = 0.1 * np.exp(1j * shoulder) + 0.11 * np.exp(1j * (shoulder + elbow))
    assert seen[2:4] == pytest.approx([tip.real - seen[0], tip.imag - seen[1]], abs=1e-5)
    assert seen[4:6] == pytest.approx([math.cos(shoulder), math.sin(shoulder)], abs=1e-6)
    assert seen[7] == pytest.approx(elbow / 3.0, abs=1e-6)
    before = shoulder
    act(simulation, 1.0, 0.2)
    assert 0.1 * (group.state.q[0, 0, 0] - before) / DT == pytest.approx(group.observation[0, 0, 6], rel=1e-3)
    simulation.close()


def test_reacher_pays_for_coming_nearer_and_costs() -> None:
    scene, task, previous, state = states_of("reacher")
    assert isinstance(task, Reach)
    previous.memory.target[:] = state.memory.target[:] = (0.1, 0.0)
    previous.position[..., 0], state.position[..., 0] = 0.2, 0.15
    state.qd[:] = (5.0, -2.5)  # [rad/s]; the fastest is 10 rad/s
    terms = weighted_terms(scene, task, previous, np.array([[[1.0, -0.5]]]), state)
    assert {name: round(float(term[0, 0]), 9) for name, term in terms.items()} == {
        "progress": 5.0,
        "electricity": -0.1 * (0.5 + 0.125),
        "stall": -0.01 * 1.5,
        "limits": 0.0,
    }
    assert not task.terminated(state)


@pytest.mark.parametrize(("elbow", "cost"), [(0.98, 0.0), (0.995, -0.1), (1.02, -0.1), (-1.02, -0.1)])
def test_elbow_at_its_limit_costs_also_beyond_it(elbow: float, cost: float) -> None:
    scene, task, previous, state = states_of("reacher")
    state.q[:] = positions_of(task.robot, (1.0, elbow))  # a shoulder has no limit to be at
    assert weighted_terms(scene, task, previous, np.zeros((1, 1, 2)), state)["limits"].item() == cost


# --- flagrun ---------------------------------------------------------------------------------------------------------


def test_flags_of_the_first_step_are_straight_ahead_every_other_time() -> None:
    task = load_scene("humanoid_flagrun").agents[0].task
    rng, memory, flags = np.random.default_rng(0), FlagMemory.blank(), []
    for _ in range(2000):
        assert begin(task, memory, rng) == HOME
        assert memory.timer == 150.0
        flags.append(memory.goal.copy())
    goals = np.array(flags)
    straight = goals[:, 1] == 0.0
    assert straight.mean() == pytest.approx(0.5, abs=0.04)
    assert (goals[straight, 0].min(), goals[straight, 0].max()) == pytest.approx((13.125, 26.25), abs=0.1)
    assert np.abs(goals[~straight]).max(axis=0) == pytest.approx([13.125, 6.25], abs=0.1)


@pytest.mark.parametrize(
    ("timer", "distance", "moves"), [(2.0, 5.0, False), (1.0, 5.0, True), (100.0, 1.01, False), (100.0, 0.99, True)]
)
def test_flag_moves_when_it_is_reached_or_its_time_is_up(timer: float, distance: float, moves: bool) -> None:
    _, task, previous, state = states_of("humanoid_flagrun")
    assert isinstance(task, Flagrun)
    state.memory.goal[:], state.memory.timer[:] = (distance, 0.0), timer
    memory, launches = update(task, previous, state, seed=1)
    assert bool(memory.goal[0] != distance) is moves
    assert memory.timer == (150.0 if moves else timer - 1.0)
    assert (np.abs(memory.goal) <= [13.125, 6.25]).all()
    assert not launches
    assert (state.memory.goal[0, 0].tolist(), state.memory.timer.item()) == ([distance, 0.0], timer), "it is a copy"
    unmoved = task.update(previous, state, np.zeros((1, 1), bool), []).memory
    assert unmoved.goal[0, 0, 0] == distance, "those who do not take part draw nothing"


def test_a_new_flag_is_no_jump_in_the_reward() -> None:
    """Progress is toward the flag that stood during the step."""
    scene, task, previous, state = states_of("humanoid_flagrun")
    previous.memory.goal[:], previous.memory.timer[:] = (10.0, 0.0), 1.0
    state.memory.goal[:], state.memory.timer[:] = (-8.0, 3.0), 150.0
    state.position[..., 0] = 2.0 * DT
    terms = weighted_terms(scene, task, previous, np.zeros((1, 1, 17)), state)
    assert terms["progress"].item() == pytest.approx(2.0)


@pytest.mark.parametrize("yaw", [0.0, 2.0, -3.0])
def test_flag_is_seen_at_its_angle_from_the_heading(yaw: float) -> None:
    scene, task, _, state = states_of("humanoid_flagrun")
    state.world_x_direction[:] = (-math.sin(yaw), math.cos(yaw))
    state.position[..., :2] = (1.0, 2.0)
    state.memory.goal[:] = (4.0, -3.0)
    angle = math.atan2(-5.0, 3.0) - yaw
    assert observe(scene, task, state)[0, 0, 1:3] == pytest.approx([math.sin(angle), math.cos(angle)])


def test_flagrun_electricity_is_half_the_humanoids() -> None:
    for name, electricity, stall in (("humanoid", -8.5, -0.425), ("humanoid_flagrun", -4.25, -0.425)):
        scene, task, previous, state = states_of(name)
        state.qd[:] = speeds_of(task.robot, 1.0)
        terms = weighted_terms(scene, task, previous, np.ones((1, 1, 17)), state)
        assert (terms["electricity"].item(), terms["stall"].item()) == pytest.approx((electricity, stall))


def test_flags_are_seen_in_pictures() -> None:
    simulation = begun("humanoid_flagrun")
    (marker,) = simulation.markers()
    x, y = simulation.groups[0].state.memory.goal[0, 0]
    assert (marker.position, marker.radius) == ((x, y, 0.2), 0.2)
    assert marker.colour == (255, 128, 128)
    simulation.close()


# --- flagrun, harder -------------------------------------------------------------------------------------------------


def harder() -> tuple[Scene, FlagrunHarder, State, State]:
    scene, task, *states = states_of("humanoid_flagrun_harder")
    assert isinstance(task, FlagrunHarder)
    assert task.needs.link_heights == ("pelvis",)
    for state in states:
        state.memory.goal[:], state.memory.timer[:] = (10.0, 0.0), 100.0
        state.link_heights[:] = 0.9
    return scene, task, *states


def poses_chosen(memory: HarderMemory, draws: int) -> list[int]:
    """The poses in which episodes begin that all follow on the same outcomes."""
    task, rng, poses = load_scene("humanoid_flagrun_harder").agents[0].task, np.random.default_rng(0), []
    for _ in range(draws):
        chosen = memory.copy()
        begin(task, chosen, rng)
        poses.append(int(chosen.pose))
    return poses


def test_three_poses_begin_on_the_ground() -> None:
    import pybullet

    simulation, poses = begun("humanoid_flagrun_harder"), {}
    for _ in range(40):
        simulation.reset({0: None})
        state, world = simulation.groups[0].state, simulation.worlds[0]
        points = pybullet.getClosestPoints(world.bodies[0].id, world.ground, 1.0, physicsClientId=world.client)
        assert min(point[8] for point in points) == pytest.approx(0.0, abs=1e-6)
        poses[int(state.memory.pose.item())] = state.position[0, 0, 2], state.roll_pitch[0, 0, 1]
    assert poses[0][0] > 1.2
    assert poses[1][0] < 0.45
    assert poses[2][0] < 0.45
    simulation.close()


@pytest.mark.parametrize(("pose", "pitch"), [(0, 0.0), (1, math.pi / 2 - 0.05), (2, 1.5 * math.pi - 0.15)])
def test_pitch_of_each_pose(pose: int, pitch: float) -> None:
    task = load_scene("humanoid_flagrun_harder").agents[0].task
    pitches = []
    for seed in range(40):
        memory = HarderMemory.blank()
        memory.history[:] = 1.0  # all mastered
        memory.history[pose] = -1.0  # but this
        pitches.append(begin(task, memory, np.random.default_rng(seed)).pitch)
        assert (pitches[-1] == pitch) is bool(memory.pose == pose)
    assert pitches.count(pitch) > 25, "the pose that fails is chosen most"


def test_failure_rates_choose_the_pose() -> None:
    """Rate = 1 - mastered / (1 + episodes): 1 - 9/11, 1 - 5/11, 1 for one never tried."""
    memory = HarderMemory.blank()
    memory.history[:] = [[*[1.0] * 9, -1.0], [*[1.0] * 5, *[-1.0] * 5], [0.0] * 10]
    weights = np.array([2 / 11, 6 / 11, 1.0])
    shares = np.bincount(poses_chosen(memory, 4000)) / 4000
    assert shares == pytest.approx(weights / weights.sum(), abs=0.03)


@pytest.mark.parametrize(("step", "ground", "noted"), [(1000.0, 0.0, 1.0), (400.0, 170.0, -1.0), (400.0, 3.0, 0.0)])
def test_outcomes_are_noted_for_the_pose_they_began_in(step: float, ground: float, noted: float) -> None:
    task = load_scene("humanoid_flagrun_harder").agents[0].task
    memory = HarderMemory.blank()
    memory.step[...], memory.ground_steps[...], memory.pose[...] = step, ground, 1.0
    begin(task, memory, np.random.default_rng(0))
    assert memory.history.shape == (3, EPISODES)
    assert memory.history[1, -1] == noted
    assert np.count_nonzero(memory.history) == abs(noted)


def test_a_seed_forgets_the_outcomes_and_a_plain_reset_keeps_them() -> None:
    simulation = begun("humanoid_flagrun_harder")
    simulation.set_memory(0, step=1000.0)
    simulation.reset({0: None})
    assert np.count_nonzero(simulation.groups[0].state.memory.history) == 1
    simulation.reset({0: 5})
    assert np.count_nonzero(simulation.groups[0].state.memory.history) == 0
    simulation.close()


@pytest.mark.parametrize(
    ("pose", "height", "before", "after"),
    [(1, 0.79, 3.0, 4.0), (1, 0.81, 3.0, 2.0), (1, 0.81, 0.0, 0.0), (0, 0.79, 0.0, 10_000.0), (0, 0.81, 0.0, 0.0)],
)
def test_steps_on_the_ground_are_counted(pose: int, height: float, before: float, after: float) -> None:
    _, task, previous, state = harder()
    state.position[..., 2] = height
    state.memory.pose[:], state.memory.ground_steps[:] = pose, before
    assert update(task, previous, state)[0].ground_steps == after


@pytest.mark.parametrize(("ground", "over"), [(169.0, False), (170.0, True), (10_000.0, True)])
def test_170_steps_on_the_ground_end_it(ground: float, over: bool) -> None:
    scene, task, previous, state = harder()
    state.memory.ground_steps[:] = ground
    assert bool(task.terminated(state)) is over
    alive = weighted_terms(scene, task, previous, np.zeros((1, 1, 17)), state)["alive"].item()
    assert (alive == -1.0) is over


@pytest.mark.parametrize(
    ("torso", "pelvis", "bonus"), [(0.0, 0.0, 0.5), (0.2, 0.1, 0.5 + 1.5 * 0.17 / 0.7), (1.2, 0.9, 2.0)]
)
def test_the_bonus_for_being_alive_leaks_with_height(torso: float, pelvis: float, bonus: float) -> None:
    scene, task, previous, state = harder()
    state.position[..., 2], state.link_heights[:] = torso, pelvis
    previous.position[..., 2], previous.link_heights[:] = 0.0, 0.0
    terms = weighted_terms(scene, task, previous, np.zeros((1, 1, 17)), state)
    assert terms["alive"].item() == pytest.approx(bonus)
    assert terms["rise"].item() == pytest.approx(100.0 * (bonus - 0.5)), "getting up pays up to 150, once"


@pytest.mark.parametrize(("height", "progress", "electricity"), [(0.79, 0.0, -0.4), (1.2, 2.0, -1.0)])
def test_crawling_pays_nothing_and_costs_less(height: float, progress: float, electricity: float) -> None:
    scene, task, previous, state = harder()
    state.position[..., 2] = previous.position[..., 2] = height
    state.position[..., 0] = 2.0 * DT
    state.qd[:] = speeds_of(task.robot, 1.0)
    terms = weighted_terms(scene, task, previous, np.ones((1, 1, 17)), state)
    assert terms["progress"].item() == pytest.approx(progress)
    assert terms["electricity"].item() == pytest.approx(electricity)
    assert terms["stall"].item() == pytest.approx(-0.425)


def launches_at(step: float, ground: float = 0.0, seed: int = 0) -> list[Launch]:
    _, task, previous, state = harder()
    state.velocity[:] = (3.0, 0.0, 0.0)
    state.memory.step[:], state.memory.ground_steps[:], state.memory.pose[:] = step - 1, ground, 1.0
    return update(task, previous, state, seed)[1]


def test_cube_is_launched_every_30_steps_after_the_hundredth_at_robots_that_stand() -> None:
    assert [step for step in range(300) if launches_at(float(step))] == [120, 150, 180, 210, 240, 270]
    assert not launches_at(150.0, ground=5.0)


def test_how_the_cube_flies() -> None:
    for seed in range(20):
        (launch,) = launches_at(150.0, seed=seed)
        assert launch.prop == "cube"
        speed = math.dist(launch.velocity, (0.0, 0.0, 0.0))
        assert 18.0 < speed < 32.0
        aim = np.array([0.0, 0.0, load_robot("humanoid").standing_height])
        way = aim - launch.position
        assert way[2] == pytest.approx(-1.0)
        assert math.hypot(way[0], way[1]) == pytest.approx(4.0, abs=3.0 * 4.0 / 20.0)
        assert np.dot(way, launch.velocity) / np.linalg.norm(way) / speed > 0.97


def test_the_world_launches_the_cube_the_task_asks_for() -> None:
    simulation = begun("humanoid_flagrun_harder")
    model = load_scene("humanoid_flagrun_harder").props[0].model
    assert model.links[0].mass == 1.2
    assert simulation.worlds[0].props()[0][:3] == pytest.approx((-1.5, 0.0, 0.05))
    while simulation.groups[0].state.position[0, 0, 2] < 0.8:  # begin on its feet
        simulation.reset({0: None})
    simulation.set_memory(0, step=119.0)
    act(simulation, *[0.0] * 17)
    speed = np.linalg.norm(simulation.worlds[0].props()[0][3:])
    assert 18.0 < speed < 32.0
    simulation.close()


# --- pong ------------------------------------------------------------------------------------------------------------


def game(toward: float = 0.0) -> pong.Pong:
    made = load_scene("pong").game
    assert isinstance(made, pong.Pong)
    return dataclasses.replace(made, toward=toward)


def updated(
    before: tuple[float, ...], after: tuple[float, ...], timer: float = 100.0, rally: float = 0.0, toward: float = 0.0
) -> GameUpdate:
    """What the game makes of a step that brings the ball from one place to another."""
    sizes = {"agents": 2, "props": 1, "bodies": 3, "memory": pong.PongMemory, "agent_stats": AgentStats}
    states = [GameState.blank(1, **sizes) for _ in range(2)]
    for state, place in zip(states, (before, after), strict=True):
        state.props.array[:], state.steps_left[:] = place, 500.0
        state.memory.rally[:], state.memory.timer[:], state.memory.way[:] = rally, timer, 1.0
    return game(toward).update(*states, np.ones(1, bool), [np.random.default_rng(0)])


def ball(x: float, y: float = 0.0, vx: float = 0.0, vy: float = 0.0) -> tuple[float, ...]:
    return (x, y, 0.0, vx, vy, 0.0, 1.0, 0.0, 0.0)


def test_the_table() -> None:
    scene = load_scene("pong")
    paddle = scene.agents[0].robot
    assert [(joint.lower, joint.upper) for joint in paddle.joints] == [(-0.3, 0.3), (-1.1, 1.1)]
    assert [agent.position for agent in scene.agents] == [(-1.3, 0.0), (1.3, 0.0)]
    assert scene.props[0].model.links[-1].mass == pytest.approx(0.0654, abs=1e-4)
    for model in (paddle.model, scene.props[0].model):
        assert 'restitution value="0.5"' in model.text


def test_paddles_close_18_percent_of_a_gap_in_speed_each_step() -> None:
    simulation = begun("pong")
    speeds = []
    for _ in range(4):
        act(simulation, 0.0, 1.0)
        speeds.append(simulation.game.state.agents.velocity[0, 0, 1])
    for before, after in zip([0.0, *speeds], speeds, strict=False):
        assert (after - before) / (3.0 - before) == pytest.approx(1 - 0.95**4, abs=0.006)
    simulation.close()


@pytest.mark.parametrize(("vx", "points"), [(2.0, [0.02, 0.0]), (-3.0, [0.0, 0.03])])
def test_a_hit_pays_who_it_flies_away_from(vx: float, points: list[float]) -> None:
    step = updated(ball(0.0, vx=-vx), ball(0.0, vx=vx))
    assert step.rewards[0].tolist() == pytest.approx(points)
    assert step.memory.array[0].tolist() == [0.0, 1.0, 150.0, 1.0]
    assert step.agent_stats.score[0].tolist() == pytest.approx(points)
    assert not step.launches


@pytest.mark.parametrize(
    ("x", "rally", "points"),
    [(-1.66, 0.0, [-1.0, 0.0]), (-1.66, 1.0, [-1.0, 1.0]), (1.66, 0.0, [0.0, -1.0]), (1.66, 3.0, [1.0, -1.0])],
)
def test_a_miss_costs_one_and_pays_the_other_after_a_rally(x: float, rally: float, points: list[float]) -> None:
    vx = math.copysign(2.0, x)
    step = updated(ball(x, vx=vx), ball(x, vx=vx), rally=rally)
    assert step.rewards[0].tolist() == points
    (serve,) = step.launches
    assert serve.velocity[0] * x < 0.0, "the next serve goes to the winner"
    assert (step.memory.rally.item(), step.memory.timer.item()) == (0.0, 150.0)
    assert updated(ball(1.64, vx=2.0), ball(1.64, vx=2.0)).rewards[0].tolist() == [0.0, 0.0]


def serve_of(made: pong.Pong, rng: np.random.Generator) -> Launch:
    """How the ball flies when an episode begins."""
    (serve,) = made.reset(0, pong.PongMemory.blank(), AgentStats.blank(2), rng)
    return serve


def test_how_serves_fly() -> None:
    made, rng = game(), np.random.default_rng(0)
    serves = [serve_of(made, rng) for _ in range(2000)]
    positions, velocities = np.array([s.position for s in serves]), np.array([s.velocity for s in serves])
    assert (np.abs(velocities[:, 0]).min(), np.abs(velocities[:, 0]).max()) == pytest.approx((2.0, 2.5), abs=0.01)
    assert np.abs(velocities[:, 1]).max() == pytest.approx(2.0, abs=0.01)
    assert np.abs(positions[:, 1]).max() == pytest.approx(0.9, abs=0.01)
    assert (positions[:, 0] == 0.0).all()
    assert (velocities[:, 0] < 0.0).mean() == pytest.approx(0.5, abs=0.04)


def test_150_steps_without_a_hit_are_a_new_serve_the_same_way() -> None:
    assert not updated(ball(0.0, vx=2.0), ball(0.0, vx=2.0), timer=2.0).launches
    step = updated(ball(0.0, vx=2.0), ball(0.0, vx=2.0), timer=1.0)
    assert step.launches[0].velocity[0] > 0.0
    assert step.rewards[0].tolist() == [0.0, 0.0]
    assert step.memory.timer == 150.0


@pytest.mark.parametrize(
    ("y", "vy", "turns"), [(1.01, 1.0, True), (0.99, 1.0, False), (1.01, -1.0, False), (-1.01, -1.0, True)]
)
def test_the_ball_comes_back_from_the_sides(y: float, vy: float, turns: bool) -> None:
    launches = updated(ball(0.0, y, 2.0, vy), ball(0.0, y, 2.0, vy)).launches
    assert [launch.velocity[1] for launch in launches] == ([-vy] if turns else [])


def test_a_single_player_gets_all_serves() -> None:
    made = game().single_player(0)
    assert serve_of(made, np.random.default_rng(1)).velocity[0] < 0.0
    won = updated(ball(1.7, vx=2.0), ball(1.7, vx=2.0), toward=-1.0)
    assert won.memory.way == 1.0, "the way is that of the rules, not of the last point"
    env = roboschool.AgentEnv("pong")
    assert env.scene.game == made
    assert isinstance(env.opponents["paddle_1"], pong.Trainer)
    env.close()


def test_both_players_see_the_same_table_from_their_sides() -> None:
    simulation = begun("pong")
    world = simulation.worlds[0]
    world.launch("ball", (0.4, 0.3, 0.0), (1.0, -0.5, 0.0))
    act(simulation, 0.5, 0.0)
    act(simulation, 0.5, 0.0)
    one, other = simulation.groups[0].observation[0].astype(float)
    assert one[:4] == pytest.approx(other[:4], abs=1e-5), "both went forward"
    assert one[4:8] == pytest.approx([-one[0], -one[1], 0.0, 0.0], abs=1e-4), "and so came nearer"
    assert one[8:12] == pytest.approx(-other[8:12], abs=1e-5), "the ball is on opposite sides"
    assert one[8] == pytest.approx(simulation.game.state.props.position[0, 0, 0] / 2.0, abs=1e-6)
    assert one[9] == pytest.approx(0.5 * simulation.game.state.props.velocity[0, 0, 0], abs=1e-6)
    assert one[10] == pytest.approx(simulation.game.state.props.position[0, 0, 1] / 1.1, abs=1e-6)
    assert one[12] == pytest.approx((149 - 150) / 150, abs=1e-6)
    simulation.close()


class Idle:
    """Does nothing."""

    def reset(self, seed: int | None = None) -> None: ...

    def act(self, observation: np.ndarray) -> np.ndarray:
        return np.zeros(2)


class Guess(Idle):
    """Acts at random."""

    def reset(self, seed: int | None = None) -> None:
        self.rng = np.random.default_rng(seed)

    def act(self, observation: np.ndarray) -> np.ndarray:
        return self.rng.uniform(-1, 1, 2)


@pytest.mark.slow
@pytest.mark.parametrize(("policy", "mean"), [(Idle(), -11.6), (Guess(), -13.1)])
def test_players_that_do_not_look_lose_as_they_did(policy: Idle, mean: float) -> None:
    env, returns = roboschool.AgentEnv("pong"), []
    for seed in range(8):
        seen, _ = env.reset(seed=seed)
        policy.reset(seed)
        total, done = 0.0, False
        while not done:
            seen, reward, terminated, done, info = env.step(policy.act(seen))
            assert not terminated
            total += reward
        assert info["score"] == pytest.approx(total)
        assert info["result"] == np.sign(total) if abs(total) > 0.5 else True
        returns.append(total)
    assert np.mean(returns) == pytest.approx(mean, abs=2.5)
    env.close()


# --- what is remembered ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["humanoid_flagrun", "humanoid_flagrun_harder", "pong", "reacher"])
def test_flags_counters_scores_and_outcomes_are_in_the_saved_state(name: str) -> None:
    """From the saved state all go on alike, over new flags, throws, serves, and the next episode's draw."""
    simulation = begun(name)
    rng = np.random.default_rng(0)
    for _ in range(100):
        simulation.step([rng.uniform(-1, 1, group.shape) for group in simulation.groups])
    saved = simulation.save()
    stories = []
    for _ in range(2):
        other = Simulation(load_scene(name))
        other.load(saved)
        rng, story = np.random.default_rng(1), []
        for step in range(220):
            other.activate_all()
            other.step([rng.uniform(-1, 1, group.shape) for group in other.groups])
            if step == 200:
                other.reset({0: None})
            story += [group.state.array.tobytes() + group.observation.tobytes() for group in other.groups]
            story.append(other.game.state.array.tobytes())
        stories.append(story)
        other.close()
    assert stories[0] == stories[1]
    simulation.close()


def test_copies_draw_flags_as_lone_worlds_do() -> None:
    """A copy that begins anew draws nothing for its neighbours, and they nothing for it."""
    scene: Scene = dataclasses.replace(load_scene("humanoid_flagrun"), steps=40)
    many = roboschool.VectorEnv(scene, 3)
    alone = [roboschool.VectorEnv(scene, 1) for _ in range(3)]
    many.reset(seed=7)
    for i, env in enumerate(alone):
        env.reset(seed=7 + i)
    rng = np.random.default_rng(0)
    for _ in range(120):
        actions = rng.uniform(-1, 1, (3, 17))
        seen = many.step(actions)[0]
        for i, env in enumerate(alone):
            assert (env.step(actions[i : i + 1])[0][0] == seen[i]).all()
    many.close()
    for env in alone:
        env.close()


# --- the stadium's race ----------------------------------------------------------------------------------------------


def test_three_lanes_are_drawn_from_five_entrants() -> None:
    scene = load_scene("stadium_race")
    assert [agent.position for agent in scene.agents] == [(0.0, 1.0), (0.0, 0.0), (0.0, -1.0)]
    assert scene.stadium == (27.0, 21.0)
    drawn = [[(a.name, a.policy) for a in load_scene("stadium_race", draw=seed).agents] for seed in range(80)]
    assert len({str(three) for three in drawn}) > 40
    assert {policy for three in drawn for _, policy in three} >= {"hopper", "humanoid", "humanoid_flagrun"}
    again = load_scene("stadium_race", draw=3)
    assert [agent.name for agent in again.agents] == [agent.name for agent in load_scene("stadium_race", draw=3).agents]
    kinds = {agent.robot.name for seed in range(40) for agent in load_scene("stadium_race", draw=seed).agents}
    assert kinds == {"hopper", "walker2d", "half_cheetah", "humanoid"}
