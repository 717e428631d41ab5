# make race   install, and let the shipped robots race
# make test   install, lint, type-check, and run the whole suite
# make test-extras   install other people's trainers apart, and run the examples and the slow tests there
# make sanitize  test the native libraries with AddressSanitizer and UndefinedBehaviorSanitizer, then with ThreadSanitizer
# make fuzz   damage every kind of file and message, and read it: ten minutes, two processes
# make docs   write docs/environments.md, card.md, randomization.md, sensors.md, pictures, and the README's animation
# make robots  import the robots of other people's packages, and write docs/robots.md (an hour, 3 GB)
# make bench  measure speed, beside other packages (minutes)
# make speed  measure it at length, and write docs/speed.json, docs/speed.md and its pictures (ten minutes)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN = .venv/bin

.PHONY: race test test-extras sanitize lint fuzz robots bench speed docs clean

race: .venv/race
	$(BIN)/roboschool race --video race.mp4

test: .venv/test lint
	$(BIN)/pytest -n 2

test-extras: .venv-extras/test .venv/test
	ROBOSCHOOL_EVERY_SCENE=1 .venv-extras/bin/pytest tests/extras tests/envs/test_conformance.py
	$(BIN)/pytest -n 2 -m slow
	ROBOSCHOOL_EVERY_SCENE=1 .venv-extras/bin/pytest tests/physics tests/simulation tests/workers -k 'scene or episode'

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy roboschool roboschool_pytest.py
	$(BIN)/lint-imports

fuzz: .venv/test
	PYTHONPATH=tests $(BIN)/python -m fuzz

CC ?= cc
library_of = $(shell $(CC) -print-file-name=lib$(1).so)

# What is left in place are the plain libraries, whatever the tests say. Bullet frees the heights of a replaced terrain by
# `delete`, which it made by `new[]`: that mismatch is its own.
sanitize: .venv/test
	trap '$(BIN)/python hatch_build.py' EXIT; set -e; export ASAN_OPTIONS=detect_leaks=0:alloc_dealloc_mismatch=0 TSAN_OPTIONS=halt_on_error=1; \
	CFLAGS='-g -fsanitize=address,undefined -fno-sanitize-recover=undefined' $(BIN)/python hatch_build.py; \
	LD_PRELOAD='$(call library_of,asan) $(call library_of,ubsan)' $(BIN)/pytest -s tests/physics tests/simulation/test_trace.py tests/rendering/test_ray_caster.py; \
	CFLAGS='-g -fsanitize=thread' $(BIN)/python hatch_build.py; \
	LD_PRELOAD='$(call library_of,tsan)' $(BIN)/pytest -s tests/physics/test_native.py tests/workers/test_threads.py tests/rendering/test_ray_caster.py \
		-k 'of_one_backend or change_no_bit or number_of_threads'

# The robots, and nothing of what they need to run elsewhere.
ROBOTS = example-robot-data jvrc-description upkie-description airo-models icub-models hello-robot-stretch-urdf \
	dexmate-urdf fourier-robot-descriptions orca-arm robot-properties-fingers

robots: .venv-robots/robots
	.venv-robots/bin/python tools/robots.py

RUNNERS = hopper walker2d half_cheetah ant humanoid

bench: .venv/bench
	$(BIN)/roboschool bench $(RUNNERS) --peers --rounds 5

speed: .venv/bench
	$(BIN)/roboschool bench $(RUNNERS) --peers --copies 16 --resets 10000 --shape 32 --rounds 5 --json > docs/speed.json
	$(BIN)/roboschool bench --from docs/speed.json --markdown --plot docs/pictures > docs/speed.md

SCENES = $(basename $(notdir $(wildcard scenes/*.toml)))
AT_atlas_forward_walk = 0.2
AT_ant_run_to_goal = 0.6
AT_ant_sumo = 0.6
AT_humanoid_flagrun = 2.72
AT_humanoid_flagrun_harder = 2.07
AT_humanoid_run_to_goal = 0.6
AT_humanoid_sumo = 0.6
AT_inverted_pendulum_swingup = 0.7
AT_kick_and_defend = 1.0
AT_mixed_sumo = 0.6
AT_reacher = 0.2
AT_rover_drive = 0.5
AT_arm_reach_pose = 0.5
AT_ant_stand = 0.5
AT_you_shall_not_pass = 0.6

docs: .venv/race
	$(BIN)/roboschool list --markdown > docs/environments.md
	$(BIN)/roboschool list --card > docs/card.md
	$(BIN)/roboschool list --randomize > docs/randomization.md
	$(BIN)/roboschool list --sensors > docs/sensors.md
	mkdir -p build
	$(BIN)/roboschool match trained=ant_sumo scripted --scene ant_sumo --seed 6 -o build/match.rsmatch
	$(BIN)/roboschool replay build/match.rsmatch --picture docs/pictures/match.png --at 3.2
	$(BIN)/roboschool film mixed_sumo --seed 3 --size 480x300 --video docs/mixed_sumo.webp
	$(BIN)/roboschool film examples/seeing_dog.toml --hud --seed 1 --size 720x450 --picture docs/pictures/sensors.png --at 0.4
	$(foreach scene,$(SCENES),$(BIN)/roboschool film $(scene) --picture docs/pictures/$(scene).png --at $(or $(AT_$(scene)),1.4) &&) true

BUILT_FROM = pyproject.toml hatch_build.py $(wildcard roboschool/*/native/*.[ch])

.venv/pip:
	$(PYTHON) -m venv .venv
	touch $@

.venv/race: .venv/pip $(BUILT_FROM)
	$(BIN)/pip install --quiet --editable '.[video]'
	touch $@

.venv/bench: .venv/pip $(BUILT_FROM)
	$(BIN)/pip install --quiet --editable '.[bench]'
	touch $@

.venv/test: .venv/pip $(BUILT_FROM)
	$(BIN)/pip install --quiet --editable '.[video,train,test]'
	@command -v Xvfb >/dev/null && command -v bwrap >/dev/null && $(BIN)/python -c 'import tkinter' 2>/dev/null || \
	{ apt-get update && apt-get install --yes xvfb python3-tk bubblewrap; } >/dev/null 2>&1 || \
	echo "no Xvfb, bubblewrap or tkinter: tests of windows, or of policies in bubblewrap, will be skipped"
	touch $@

.venv-extras/test: $(BUILT_FROM)
	$(PYTHON) -m venv .venv-extras
	.venv-extras/bin/pip install --quiet --editable '.[trainers]'
	touch $@

.venv-robots/robots: pyproject.toml
	$(PYTHON) -m venv .venv-robots
	.venv-robots/bin/pip install --quiet --editable '.[import]'
	.venv-robots/bin/pip install --quiet --no-deps $(ROBOTS)
	touch $@

clean:
	rm -rf .venv .venv-extras .venv-robots build dist .mypy_cache .ruff_cache .pytest_cache
