"""Writes fourier/testdata/reference.json: the measures of package fourier, computed with numpy from their definitions
(method: Wu et al. 2024, Eqs. 1, 2, 12 and 13), on random embeddings, labels and probabilities.

    .deps/export/bin/python tools/fourier_fixture.py
"""

import json
import pathlib

import numpy as np

WIDTHS = np.linspace(2, 8, 25)
KERNELS = {"authors": lambda d, delta: np.exp(-d / (2 * delta)), "paper": lambda d, delta: np.exp(-(d**2) / (2 * delta))}


def mean_norm(rows):
    return np.linalg.norm(rows, axis=1).mean()


def measures(vectors, truth, y, kernel):
    longest = max(len(v) for v in vectors)
    padded = np.stack([np.pad(v, (0, longest - len(v))) for v in vectors])
    distances = np.linalg.norm(padded[:, None] - padded[None], axis=2)
    result = []
    for delta in WIDTHS:
        g = KERNELS[kernel](distances, delta)
        g /= g.sum(axis=1, keepdims=True)
        y_low, t_low = g @ y, g @ truth
        y_high, t_high = y - y_low, truth - t_low
        constant = (truth == truth[0]).all()  # then t_high is 0, but for rounding
        result.append([
            mean_norm(y_low) / mean_norm(y), mean_norm(y_high) / mean_norm(y), mean_norm(y_low - t_low) / mean_norm(t_low),
            None if constant else mean_norm(y_high - t_high) / mean_norm(t_high),
        ])
    return result


def case(name, random, texts, classes, labels):
    lengths = 3 * random.integers(1, 6, texts)
    vectors = [random.normal(0, 0.9, n).astype(np.float32) for n in lengths]
    logits = random.normal(0, 2, (texts, classes)).astype(np.float32)
    exponential = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    y = exponential / exponential.sum(axis=1, keepdims=True)
    exact = [v.astype(np.float64) for v in vectors]
    return {
        "name": name, "classes": classes, "labels": labels,
        "vectors": [[float(x) for x in v] for v in vectors], "y": y.tolist(),
        "measures": {kernel: measures(exact, np.eye(classes)[labels], y, kernel) for kernel in KERNELS},
    }


random = np.random.default_rng(5)
cases = [
    case("clean", random, 14, 3, [int(i) for i in random.integers(0, 3, 14)]),
    case("backdoor", random, 9, 2, [1] * 9),
]
path = pathlib.Path(__file__).parent.parent / "fourier" / "testdata" / "reference.json"
path.write_text(json.dumps(cases) + "\n")
