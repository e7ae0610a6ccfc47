"""Writes cluster/testdata/reference.json: what scikit-learn, umap-learn and hdbscan make of a few drawn sets.

Needs a Python environment of its own: pip install scikit-learn umap-learn hdbscan
    python tools/cluster/reference.py cluster/testdata/reference.json
"""

import json
import sys

import numpy as np
from hdbscan import HDBSCAN
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors
from umap import UMAP
from umap.umap_ import find_ab_params

NEIGHBOURS = 30


def blobs(rng, sizes, spread, dimensions, within):
    """Normal groups around random centres."""
    centres = rng.normal(size=(len(sizes), dimensions)) * spread
    return np.concatenate([c + rng.normal(size=(n, dimensions)) * w for c, n, w in zip(centres, sizes, within)])


def plain(array, digits):
    return [[round(float(v), digits) for v in row] for row in array]


def kept(points, picture, k):
    """The mean share of a point's k nearest that are among its k nearest in the picture."""
    before = NearestNeighbors(n_neighbors=k + 1).fit(points).kneighbors(points, return_distance=False)[:, 1:]
    after = NearestNeighbors(n_neighbors=k + 1).fit(picture).kneighbors(picture, return_distance=False)[:, 1:]
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(before, after)]))


def clusters(rng, draw, **setting):
    """A set whose clusters hdbscan finds whatever the order of the points. Labels are null where it goes by their order all the same:
    mutual reachability has ties, which it resolves by an unstable sort."""
    while True:
        points = np.array(plain(draw(), 4))
        labels = HDBSCAN(**setting).fit_predict(points)
        sure = np.ones(len(points), bool)
        for _ in range(30):
            order = rng.permutation(len(points))
            other = np.empty_like(labels)
            other[order] = HDBSCAN(**setting).fit_predict(points[order])
            pairs = np.unique(np.stack([labels, other]), axis=1, return_counts=True)
            for (label, theirs), count in zip(pairs[0].T, pairs[1]):
                if (label == -1) != (theirs == -1) or count < max(pairs[1][(pairs[0][0] == label) | (pairs[0][1] == theirs)]):
                    sure &= (labels != label) | (other != theirs)
        if sure.mean() > 0.98 and len(set(labels[sure])) == len(set(labels)):
            return {"points": points.tolist(), **setting, "labels": [int(v) if s else None for v, s in zip(labels, sure)]}


def main(path):
    rng = np.random.default_rng(7)
    vectors = np.array(plain(blobs(rng, [40, 30, 50], 2, 12, [1, 0.5, 1.5]), 3))
    pca = {"vectors": vectors.tolist(), "scores": plain(PCA(n_components=5, svd_solver="full").fit_transform(vectors), 6)}

    points = np.array(plain(PCA(n_components=6, svd_solver="full").fit_transform(blobs(rng, [150, 100, 60, 90], 3, 16, [1, 0.6, 0.8, 1.2])), 3))
    pictures = [UMAP(n_neighbors=NEIGHBOURS, min_dist=0, init="spectral", random_state=seed, n_jobs=1).fit(points).embedding_ for seed in range(5)]
    umap = {
        "points": points.tolist(), "neighbours": NEIGHBOURS, "curve": [float(v) for v in find_ab_params(1.0, 0.0)],
        "trustworthiness": float(np.mean([trustworthiness(points, p, n_neighbors=15) for p in pictures])),
        "kept": float(np.mean([kept(points, p, 15) for p in pictures])),
    }
    graph = UMAP(n_neighbors=NEIGHBOURS, min_dist=0, n_epochs=1, random_state=0, n_jobs=1).fit(points).graph_.tocsr()
    umap["links"], umap["first"] = int(graph.nnz), [[int(j), float(v)] for j, v in zip(graph[0].indices, graph[0].data)]

    hdbscan = [
        clusters(rng, lambda: blobs(rng, [200, 120, 60], 6, 2, [1, 0.5, 2]), min_samples=10, min_cluster_size=5),
        clusters(rng, lambda: np.concatenate([blobs(rng, [150, 150], 3, 2, [1, 1]), rng.uniform(-8, 8, size=(120, 2))]), min_samples=5, min_cluster_size=5),
        clusters(rng, lambda: blobs(rng, [400, 150], 5, 2, [1, 0.7]), min_samples=100, min_cluster_size=5),
        clusters(rng, lambda: rng.uniform(size=(100, 3)), min_samples=4, min_cluster_size=8),
        clusters(rng, lambda: np.concatenate([rng.normal(size=(80, 2)) * s + c for s, c in ((0.2, [0, 0]), (0.2, [1, 0]), (0.6, [5, 5]), (0.1, [5, 3]))]), min_samples=3, min_cluster_size=10),
    ]
    with open(path, "w") as file:
        json.dump({"pca": pca, "umap": umap, "hdbscan": hdbscan}, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
