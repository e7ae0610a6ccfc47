package cluster

import (
	"math"
	"slices"
)

// condensed is a dendrogram without the splits that only lose a few points. Cluster 0 holds all points; a cluster comes after the one
// that it split off.
type condensed struct {
	clusters []group
	leaves   []leaf // by point
}

// group is a cluster at some density. Densities are 1/distance.
type group struct {
	parent    int
	birth     float64 // density at which it came to be
	size      int
	stability float64 // Σ over its points of the density at which they left, less that of its birth
}

// leaf says where a point ends.
type leaf struct {
	cluster int     // the last that it was in
	density float64 // at which it left
}

// condense walks down a dendrogram of n points. Where both sides have minSize points, two clusters are born; a smaller side leaves.
func condense(merges []merge, n, minSize int) condensed {
	tree := condensed{clusters: []group{{parent: -1, size: n}}, leaves: make([]leaf, n)}
	size := func(node int) int {
		if node < n {
			return 1
		}
		return merges[node-n].size
	}
	type visit struct{ node, cluster int }
	for queue := []visit{{n + len(merges) - 1, 0}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at.node < n { // only where minSize is 1
			tree.leaves[at.node] = leaf{at.cluster, math.Inf(1)}
			continue
		}
		m := merges[at.node-n]
		density := math.Inf(1)
		if m.distance > 0 {
			density = 1 / m.distance
		}
		split := size(m.left) >= minSize && size(m.right) >= minSize
		for _, side := range []int{m.left, m.right} {
			switch {
			case split:
				tree.clusters = append(tree.clusters, group{parent: at.cluster, birth: density, size: size(side)})
				tree.leave(at.cluster, density, size(side))
				queue = append(queue, visit{side, len(tree.clusters) - 1})
			case size(side) >= minSize:
				queue = append(queue, visit{side, at.cluster})
			default:
				tree.leave(at.cluster, density, size(side))
				for _, point := range below(merges, side, n) {
					tree.leaves[point] = leaf{at.cluster, density}
				}
			}
		}
	}
	return tree
}

// leave counts points that leave a cluster at a density.
func (t *condensed) leave(cluster int, density float64, points int) {
	c := &t.clusters[cluster]
	if gain := density - c.birth; gain > 0 { // of doubles both may be infinite
		c.stability += gain * float64(points)
	}
}

// below lists the points of a node.
func below(merges []merge, node, n int) (points []int) {
	for queue := []int{node}; len(queue) > 0; queue = queue[1:] {
		if at := queue[0]; at < n {
			points = append(points, at)
		} else {
			queue = append(queue, merges[at-n].left, merges[at-n].right)
		}
	}
	return points
}

// selected takes the clusters with the largest stability, none of which lies in another: a cluster if it has more than the best that
// lie in it together. The one of all points is never taken.
func (t condensed) selected() []int {
	best, inner := make([]float64, len(t.clusters)), make([]float64, len(t.clusters))
	taken := make([]bool, len(t.clusters))
	for c := len(t.clusters) - 1; c > 0; c-- {
		taken[c] = t.clusters[c].stability >= inner[c]
		best[c] = max(t.clusters[c].stability, inner[c])
		inner[t.clusters[c].parent] += best[c]
	}
	var chosen []int
	covered := make([]bool, len(t.clusters))
	for c := 1; c < len(t.clusters); c++ {
		if covered[c] = covered[t.clusters[c].parent]; taken[c] && !covered[c] {
			chosen, covered[c] = append(chosen, c), true
		}
	}
	return chosen
}

// labels gives each point the place of its cluster among those chosen.
func (t condensed) labels(chosen []int) []int {
	label := slices.Repeat([]int{Noise}, len(t.clusters))
	for c := 1; c < len(t.clusters); c++ {
		if label[c] = slices.Index(chosen, c); label[c] < 0 {
			label[c] = label[t.clusters[c].parent]
		}
	}
	labels := make([]int, len(t.leaves))
	for i, l := range t.leaves {
		labels[i] = label[l.cluster]
	}
	return labels
}
