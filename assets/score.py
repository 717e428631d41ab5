"""Scores every shipped policy over 100 fresh episodes and writes that into its JSON file: python assets/score.py"""

import json
from dataclasses import asdict

from roboschool import load_policy, paths
from roboschool.evaluation import evaluate

for name, path in sorted(paths.policies().items()):
    card_path = path.with_suffix(".json")
    card = json.loads(card_path.read_text())
    score = asdict(evaluate(load_policy(path), name))
    print(name, score, flush=True)
    head = {key: card[key] for key in ("scene", "seed", "steps", "wall_seconds")}
    rest = {key: value for key, value in card.items() if key not in head and key not in score}
    card_path.write_text(json.dumps(head | score | rest, indent=2) + "\n")
