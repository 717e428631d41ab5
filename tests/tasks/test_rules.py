"""The rules of Roboschool v1 that have a number, and those that were mended."""

import dataclasses
import math

import gymnasium
import numpy as np
import pytest
from task_values import observe, positions_of, speeds_of, upright_state, weighted_terms

import roboschool
from roboschool.mdp.state import State
from roboschool.robots.robot import load_robot
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.blank_state import blank_state
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.run import Run

FIVE = ["hopper", "walker2d", "half_cheetah", "ant", "humanoid"]
SIZES = dict(zip(FIVE, [(15, 3), (22, 6), (26, 6), (28, 8), (44, 17)], strict=True))
MASSES = dict(zip(FIVE, [15.820, 23.677, 38.188, 182.176, 42.116], strict=True))
THRESHOLDS = dict(zip(FIVE, [2500.0, 2500.0, 3000.0, 2500.0, 3500.0], strict=True))
TORQUES = {
    "hopper": [75] * 3,
    "walker2d": [40, 40, 12] * 2,
    "half_cheetah": [108, 81, 54, 126, 54, 27],
    "ant": [250] * 8,
    "humanoid": [41] * 3 + [41, 41, 123, 82] * 2 + [30.75] * 6,
}
IDS = {"hopper": "Hopper", "walker2d": "Walker2d", "half_cheetah": "HalfCheetah", "ant": "Ant", "humanoid": "Humanoid"}


def quiet(name: str) -> Simulation:
    """A simulation that starts in the rest pose, straight ahead."""
    scene = load_scene(name)
    agents = tuple(dataclasses.replace(agent, noise=0.0, yaw=0.0) for agent in scene.agents)
    simulation = Simulation(dataclasses.replace(scene, agents=agents))
    simulation.reset({0: 0})
    return simulation


def still(simulation: Simulation) -> list[np.ndarray]:
    return [np.zeros((*group.active.shape, len(group.robot.joints))) for group in simulation.groups]


@pytest.mark.parametrize("name", FIVE)
def test_sizes(name: str) -> None:
    env = roboschool.AgentEnv(name)
    assert (env.observation_space.shape[0], env.action_space.shape[0]) == SIZES[name]
    assert env.action_space.low.min() == -1.0
    assert env.action_space.high.max() == 1.0


@pytest.mark.parametrize("name", FIVE)
@pytest.mark.parametrize("form", ["roboschool/{}-v1", "Roboschool{}-v1"])
def test_ids_carry_threshold_and_time_limit(name: str, form: str) -> None:
    spec = gymnasium.spec(form.format(IDS[name]))
    assert spec.reward_threshold == THRESHOLDS[name]
    assert spec.max_episode_steps == 1000


@pytest.mark.parametrize("name", FIVE)
def test_masses(name: str) -> None:
    assert load_robot(name).mass == pytest.approx(MASSES[name], abs=0.01)


@pytest.mark.parametrize("name", FIVE)
def test_bullet_has_the_masses_too(name: str) -> None:
    import pybullet

    simulation = quiet(name)
    body, client = simulation.worlds[0].bodies[0], simulation.worlds[0].client
    count = pybullet.getNumJoints(body.id, physicsClientId=client)
    first = 0 if body.robot.fixed else -1
    mass = sum(pybullet.getDynamicsInfo(body.id, link, physicsClientId=client)[0] for link in range(first, count))
    assert mass == pytest.approx(MASSES[name], abs=0.01)
    simulation.close()


@pytest.mark.parametrize("name", FIVE)
def test_torques_in_order_of_action(name: str) -> None:
    assert list(load_robot(name).torque) == TORQUES[name]


def test_time() -> None:
    scene = load_scene("ant")
    assert (scene.timestep, scene.substeps, scene.steps) == (0.0165, 4, 1000)


@pytest.mark.parametrize("name", FIVE)
def test_rest_pose_is_within_the_limits_whatever_the_noise(name: str) -> None:
    robot, scene = load_robot(name), load_scene(name)
    for joint, rest in zip(robot.joints, robot.pose, strict=True):
        assert joint.lower <= rest - scene.agents[0].noise
        assert rest + scene.agents[0].noise <= joint.upper


@pytest.mark.parametrize("name", FIVE)
def test_stands_without_a_drop(name: str) -> None:
    simulation = quiet(name)
    group = simulation.groups[0]
    height = group.state.position[0, 0, 2]
    assert height == pytest.approx(group.robot.standing_height, abs=0.001)
    assert group.observation[0, 0, 0] == pytest.approx(0.0, abs=0.001)
    simulation.step(still(simulation))
    assert group.state.foot_contacts.any(), "a foot stands on the ground from the first step"
    assert group.state.position[0, 0, 2] == pytest.approx(height, abs=0.004)
    simulation.close()


@pytest.mark.parametrize("name", FIVE)
def test_noise_never_puts_a_robot_into_or_over_the_ground(name: str) -> None:
    import pybullet

    simulation = Simulation(load_scene(name))
    for seed in range(10):
        simulation.reset({0: seed})
        world = simulation.worlds[0]
        points = pybullet.getClosestPoints(world.bodies[0].id, world.ground, 1.0, physicsClientId=world.client)
        assert min(point[8] for point in points) == pytest.approx(0.0, abs=1e-6)
    simulation.close()


@pytest.mark.parametrize("name", FIVE)
def test_first_steps_without_torque_pay_the_alive_bonus_alone(name: str) -> None:
    simulation = quiet(name)
    group = simulation.groups[0]
    simulation.step(still(simulation))
    terms = group.rewards.by_name(0, 0)
    assert list(terms) == ["alive", "progress", "electricity", "stall", "limits", "collision"]
    assert terms["alive"] == (2.0 if name == "humanoid" else 1.0)
    assert terms["electricity"] == terms["stall"] == terms["limits"] == terms["collision"] == 0.0
    assert abs(terms["progress"]) < 0.02
    assert group.rewards.total[0, 0] == pytest.approx(sum(terms.values()))
    simulation.close()


def state_of(name: str) -> tuple[Scene, Run, State]:
    """A scene, its task, and a state in which the robot stands."""
    scene = load_scene(name)
    task = scene.agents[0].task
    assert isinstance(task, Run)
    return scene, task, upright_state(scene, task)


def test_progress_is_the_speed_along_x() -> None:
    scene, task, previous = state_of("ant")
    _, _, state = state_of("ant")
    state.position[..., 0] = 3.0 * 0.0165
    terms = weighted_terms(scene, task, previous, np.zeros((1, 1, 8)), state)
    assert terms["progress"] == pytest.approx(3.0)


@pytest.mark.parametrize(("name", "electricity", "stall"), [("ant", -2.0, -0.1), ("humanoid", -8.5, -0.425)])
def test_electricity_and_stall(name: str, electricity: float, stall: float) -> None:
    scene, task, state = state_of(name)
    joints = len(task.robot.joints)
    state.qd[:] = speeds_of(task.robot, -0.5)
    terms = weighted_terms(scene, task, state, np.full((1, 1, joints), 0.4), state)
    assert terms["electricity"] == pytest.approx(electricity * 0.4 * 0.5)
    assert terms["stall"] == pytest.approx(stall * 0.4**2)


def test_electricity_and_stall_are_those_of_the_torque_applied_not_the_torque_asked_for() -> None:
    simulation, other = quiet("hopper"), quiet("hopper")
    simulation.step([np.full((1, 1, 3), 50.0)])
    other.step([np.ones((1, 1, 3))])
    terms, expected = (each.groups[0].rewards.by_name(0, 0) for each in (simulation, other))
    assert terms["electricity"] == expected["electricity"] < 0.0
    assert terms["stall"] == expected["stall"] == pytest.approx(-0.1)
    simulation.close()
    other.close()


def test_joints_at_their_limit_cost() -> None:
    scene, task, state = state_of("hopper")
    state.q[:] = positions_of(task.robot, [0.995, -0.995, 0.985])
    assert weighted_terms(scene, task, state, np.zeros((1, 1, 3)), state)["limits"] == pytest.approx(-0.4)


def test_feet_that_touch_something_else_cost() -> None:
    scene, task, state = state_of("ant")
    state.foot_obstacle_contacts[0, 0] = [1, 0, 1, 0]
    assert weighted_terms(scene, task, state, np.zeros((1, 1, 8)), state)["collision"] == pytest.approx(-2.0)


@pytest.mark.parametrize(
    ("name", "height", "lean", "over"),
    [
        ("hopper", 0.81, 0.99, False),
        ("hopper", 0.79, 0.0, True),
        ("hopper", 1.2, 1.01, True),
        ("walker2d", 0.81, -0.99, False),
        ("walker2d", 0.79, 0.0, True),
        ("walker2d", 1.2, -1.01, True),
        ("half_cheetah", 0.1, 0.99, False),
        ("half_cheetah", 0.6, 1.01, True),
        ("ant", 0.27, 1.5, False),
        ("ant", 0.25, 0.0, True),
        ("humanoid", 0.79, 1.5, False),
        ("humanoid", 0.77, 0.0, True),
    ],
)
def test_fallen(name: str, height: float, lean: float, over: bool) -> None:
    robot = load_robot(name)
    feet = [0.0] * len(robot.feet)
    assert robot.is_upright(height, 0.0, lean, feet) is not over


@pytest.mark.parametrize(("foot", "over"), [(0, False), (1, True), (2, True), (3, False), (4, True), (5, True)])
def test_half_cheetah_falls_on_its_shins_and_thighs(foot: int, over: bool) -> None:
    robot = load_robot("half_cheetah")
    feet = [float(other == foot) for other in range(6)]
    assert robot.is_upright(robot.standing_height, 0.0, 0.0, feet) is not over


@pytest.mark.parametrize("name", FIVE)
def test_falling_ends_the_episode_and_costs_one(name: str) -> None:
    scene, task, state = state_of(name)
    idle = np.zeros((1, 1, len(task.robot.joints)))
    assert not task.terminated(state).item()
    assert weighted_terms(scene, task, state, idle, state)["alive"] == (2.0 if name == "humanoid" else 1.0)
    state.upright[:] = 0.0
    assert task.terminated(state).item()
    assert weighted_terms(scene, task, state, idle, state)["alive"] == -1.0


def test_observation_layout() -> None:
    scene, task, state = state_of("ant")
    state.position[..., 2] = task.robot.standing_height + 0.25
    state.world_x_direction[0, 0] = [0.6, 0.8]
    state.velocity[0, 0] = [1.0, 2.0, 3.0]
    state.roll_pitch[0, 0] = [0.1, -0.2]
    joints = np.arange(16).reshape(8, 2) / 4  # position and speed of each
    state.q[:], state.qd[:] = positions_of(task.robot, joints[:, 0]), speeds_of(task.robot, joints[:, 1])
    state.foot_contacts[0, 0] = [1, 0, 0, 1]
    seen = observe(scene, task, state)[0, 0]
    assert seen[:8] == pytest.approx([0.25, 0.6, 0.8, 0.3, 0.6, 0.9, 0.1, -0.2])
    assert seen[8:24] == pytest.approx(np.arange(16) / 4)
    assert seen[24:] == pytest.approx([1, 0, 0, 1])
    state.velocity[0, 0, 0] = 1e3
    assert observe(scene, task, state).max() == 5.0


@pytest.mark.parametrize("yaw", [0.0, 0.5, -2.0])
def test_direction_of_x_and_velocity_are_seen_from_the_robot(yaw: float) -> None:
    """A robot turned left sees +x on its right."""
    for name in ("ant", "hopper"):
        scene = load_scene(name)
        agents = (dataclasses.replace(scene.agents[0], yaw=yaw, noise=0.0),)
        simulation = Simulation(dataclasses.replace(scene, agents=agents))
        simulation.reset({0: 0})
        group = simulation.groups[0]
        assert group.state.world_x_direction[0, 0] == pytest.approx([-math.sin(yaw), math.cos(yaw)])
        for _ in range(40):
            simulation.step([np.full((1, 1, len(group.robot.joints)), 0.5)])
        moved = (group.state.position - group.previous.position)[0, 0, :2] / 0.0165
        left, ahead = group.state.world_x_direction[0, 0]
        heading = math.atan2(-left, ahead)
        forward = moved[0] * math.cos(heading) + moved[1] * math.sin(heading)
        assert group.state.velocity[0, 0, 0] == pytest.approx(forward, abs=0.3)
        simulation.close()


def test_contacts_are_those_of_this_step() -> None:
    """Roboschool saw its feet one step late: an ant dropped on its feet must feel them in the step they land."""
    simulation = quiet("ant")
    group = simulation.groups[0]
    assert not group.observation[0, 0, -4:].any()
    simulation.step(still(simulation))
    assert group.observation[0, 0, -4:].tolist() == [1, 1, 1, 1]
    simulation.close()


@pytest.mark.parametrize("name", FIVE)
def test_tasks_are_blind_to_the_batch(name: str) -> None:
    """Rows alone give what rows together give."""
    scene = load_scene(name)
    task = scene.agents[0].task
    generator = np.random.default_rng(0)
    previous, state = blank_state(scene, task, 3, 2), blank_state(scene, task, 3, 2)
    for each in (previous, state):
        each.array[:] = generator.normal(0.5, 0.7, each.array.shape)
    state.upright[:] = generator.integers(0, 2, state.upright.shape)
    action = generator.uniform(-1, 1, (3, 2, len(task.robot.joints)))
    together = weighted_terms(scene, task, previous, action, state)
    seen, terminated = observe(scene, task, state), task.terminated(state)
    assert terminated.any()
    assert not terminated.all()
    for row in np.ndindex(3, 2):
        one, other = blank_state(scene, task), blank_state(scene, task)
        one.array[:], other.array[:] = previous.array[row], state.array[row]
        alone = weighted_terms(scene, task, one, action[row][None, None], other)
        assert list(alone) == list(together)
        for term, value in together.items():
            assert alone[term].item() == pytest.approx(value[row], rel=1e-12)
        assert (observe(scene, task, other)[0, 0] == seen[row]).all()
        assert task.terminated(other).item() == terminated[row]


@pytest.mark.parametrize("pair", [(a, b) for i, a in enumerate(FIVE) for b in FIVE[i:]], ids="-".join)
def test_robots_collide_with_each_other(pair: tuple[str, str]) -> None:
    """A robot moved toward another comes to touch it, and then pushes it where it would not go alone."""
    import pybullet

    rows = [load_scene(name).agents[0] for name in pair]

    def stand(*positions: float) -> Simulation:
        agents = tuple(
            dataclasses.replace(row, name=f"robot_{i}", position=(position, 0.0), noise=0.0, yaw=0.0)
            for i, (row, position) in enumerate(zip(rows, positions, strict=False))
        )
        simulation = Simulation(Scene("pair", "Two robots side by side.", agents))
        simulation.reset({0: 0})
        return simulation

    position, gap = 2.0, 0.0
    while position > 0.0:
        simulation = stand(0.0, position)
        world = simulation.worlds[0]
        first, second = (body.id for body in world.bodies)
        points = pybullet.getClosestPoints(first, second, 1.0, physicsClientId=world.client)
        gap = min((point[8] for point in points), default=1.0)
        if gap < -0.001:
            break
        simulation.close()
        position -= max(gap, 0.02)
    assert gap < -0.001
    alone = stand(0.0)
    for _ in range(10):
        simulation.step(still(simulation))
        alone.step(still(alone))
    assert not simulation.clock.diverged
    touched, untouched = (each.seats[0][0].state.position[0, 0] for each in (simulation, alone))
    assert np.abs(touched - untouched).max() > 1e-4
    simulation.close()
    alone.close()


@pytest.mark.parametrize(("name", "touches"), [("humanoid", True), ("ant", False), ("walker2d", False)])
def test_self_collision_is_as_the_card_says(name: str, touches: bool) -> None:
    import pybullet

    simulation = Simulation(load_scene(name))
    simulation.reset({0: 0})
    world, generator, count = simulation.worlds[0], np.random.default_rng(0), 0
    for _ in range(300):
        simulation.activate_all()
        simulation.step([generator.uniform(-1, 1, (1, 1, len(simulation.groups[0].robot.motors.effort[0, 0])))])
        body = world.bodies[0].id
        count += len(pybullet.getContactPoints(body, body, physicsClientId=world.client))
    assert (count > 0) is touches
    simulation.close()


def test_humanoid_starts_at_a_drawn_heading_and_the_others_straight() -> None:
    for name, widest in (("humanoid", math.pi / 16), ("ant", 0.0)):
        env = roboschool.AgentEnv(name)
        angles = [math.atan2(-seen[1], seen[2]) for seed in range(20) for seen, _ in [env.reset(seed=seed)]]
        assert max(map(abs, angles)) <= widest + 1e-6
        assert (max(angles) - min(angles) > widest) is (widest > 0.0)
        env.close()
