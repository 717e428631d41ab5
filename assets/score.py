"""Writes into the JSON file of every shipped policy what it observes and drives, and its score over 100 fresh episodes.

python assets/score.py           # all of it
python assets/score.py --names   # only what it observes and drives
"""

import json
import sys
from dataclasses import asdict

from roboschool import NetworkPolicy, paths
from roboschool.envs.foreign import interface_of, open_scene
from roboschool.evaluation import evaluate
from roboschool.policies.network import read_network

for name, path in sorted(paths.policies().items()):
    card_path = path.with_suffix(".json")
    card = json.loads(card_path.read_text())
    scene = open_scene(name)
    names = asdict(interface_of(scene))
    if "--names" not in sys.argv:
        policy = NetworkPolicy(read_network(path).tensors, discrete=names["discrete"])
        card |= asdict(evaluate(policy, scene))
        print(name, card, flush=True)
    card_path.write_text(json.dumps(card | names, indent=2) + "\n")
