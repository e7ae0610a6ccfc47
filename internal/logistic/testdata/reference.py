"""Writes reference.json: logistic regressions by scikit-learn for Fit to be compared with.

pip: numpy scikit-learn. Run in this folder: python reference.py
"""
import json

import numpy as np
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(7)
rows = np.round(random.normal(size=(60, 8)) * (random.random((60, 8)) < 0.5), 3)
labels = (rows @ random.normal(size=8) + random.normal(size=60) > 0.3).astype(int)
weights = np.round(random.uniform(0.1, 3, size=60), 2)
soft = np.round(np.clip(labels * 0.8 + random.uniform(0, 0.2, size=60), 0, 1), 2)

cases = []
for strength in (0.03, 1.0, 30.0):
    for name, target, weight in (("labels", labels, np.ones(60)), ("weights", labels, weights), ("soft", soft, weights)):
        # A soft target is the row twice: once with either label, weighted by its share.
        twice = np.concatenate([rows, rows])
        model = LogisticRegression(C=strength, tol=1e-12, max_iter=10000)
        model.fit(twice, np.repeat([1, 0], 60), sample_weight=np.concatenate([weight * target, weight * (1 - target)]))
        cases.append({"name": name, "strength": strength, "target": [float(t) for t in target], "weight": weight.tolist(),
                      "weights": model.coef_[0].tolist(), "intercept": float(model.intercept_[0])})
with open("reference.json", "w") as file:
    json.dump({"rows": rows.tolist(), "cases": cases}, file)
    file.write("\n")
