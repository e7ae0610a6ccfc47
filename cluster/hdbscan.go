package cluster

import (
	"cmp"
	"math"
	"slices"

	"mslora/internal/hint"
)

// Noise is the label of a point that is in no cluster.
const Noise = -1

// HDBSCAN finds the dense groups of points (Campello, Moulavi and Sander 2013): labels from 0, or Noise. The distance of two
// points counts as no less than that of either to its minSamples-th neighbour. A group of fewer than minSize points is no cluster. Of the
// clusters that nest in each other those are taken that persist longest over all densities (excess of mass), and never all points. A point that holds two
// clusters together at just the distance of its minSamples-th neighbour goes with one of them by the order of the points.
func HDBSCAN(points [][]float64, minSamples, minSize, threads int) ([]int, error) {
	if len(points) <= minSamples {
		return nil, hint.New("give more texts, or a smaller number of samples", "%d points have no %d neighbours each", len(points), minSamples)
	}
	nearest := Nearest(points, minSamples+1, threads)
	core := make([]float64, len(points))
	for i, n := range nearest {
		core[i] = n[minSamples].Distance
	}
	tree := condense(dendrogram(spanningTree(points, core)), len(points), minSize)
	return tree.labels(tree.selected()), nil
}

// edge of a tree over points.
type edge struct {
	a, b   int
	length float64
}

// spanningTree gives the n − 1 edges of a minimum spanning tree under mutual reachability, the shortest first (Prim's algorithm).
func spanningTree(points [][]float64, core []float64) []edge {
	n := len(points)
	nearest, from, in := make([]float64, n), make([]int, n), make([]bool, n)
	for i := range nearest {
		nearest[i] = math.Inf(1)
	}
	edges := make([]edge, 0, n-1)
	for at := 0; len(edges) < n-1; {
		in[at] = true
		next := -1
		for i, p := range points {
			if in[i] {
				continue
			}
			if d := max(core[at], core[i], math.Sqrt(squaredDistance(points[at], p))); d < nearest[i] {
				nearest[i], from[i] = d, at
			}
			if next < 0 || nearest[i] < nearest[next] {
				next = i
			}
		}
		edges = append(edges, edge{from[next], next, nearest[next]})
		at = next
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Compare(a.length, b.length) })
	return edges
}

// merge joins two nodes of a dendrogram. Node i < n is a point, node n + m what merge m has made.
type merge struct {
	left, right int
	distance    float64
	size        int // points below it
}

// dendrogram joins along edges, the shortest first.
func dendrogram(edges []edge) []merge {
	n := len(edges) + 1
	parent := make([]int, n+len(edges))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	merges := make([]merge, len(edges))
	size := func(node int) int {
		if node < n {
			return 1
		}
		return merges[node-n].size
	}
	for m, e := range edges {
		a, b := root(e.a), root(e.b)
		merges[m] = merge{a, b, e.length, size(a) + size(b)}
		parent[a], parent[b] = n+m, n+m
	}
	return merges
}
