"""Writes into the JSON file of every shipped policy what it observes and drives, and its score over 100 fresh episodes.

python assets/score.py           # all of it
python assets/score.py --names   # only what it observes and drives
"""

import json
import sys
from dataclasses import asdict

from roboschool import NetworkPolicy, load_scene, paths
from roboschool.evaluation import evaluate
from roboschool.policies.network import read_network

for name, path in sorted(paths.policies().items()):
    card_path = path.with_suffix(".json")
    card = json.loads(card_path.read_text())
    scene = load_scene(name)
    names = asdict(scene.interface(scene.agents[0]))
    if "--names" not in sys.argv:
        card |= asdict(evaluate(NetworkPolicy(read_network(path).tensors), scene))
        print(name, card, flush=True)
    card_path.write_text(json.dumps(card | names, indent=2) + "\n")
