package cluster

import (
	"math"

	"mslora/internal/parallel"
)

// link says how surely two points belong together, in one direction: each pair has two links of one strength, above 0, at most 1.
type link struct {
	from, to int
	strength float64
}

// fuzzyLinks gives the fuzzy union of the points' neighbourhoods: a + b − a·b of what either says of the other, in the order of the
// points. A point is sure of its nearest neighbour, and of the others the less, the farther they are.
func fuzzyLinks(nearest [][]Neighbour, threads int) []link {
	mean, count := 0.0, 0.0
	for _, n := range nearest {
		for _, v := range n {
			mean += v.Distance
			count++
		}
	}
	mean /= count
	strengths := make([][]float64, len(nearest)) // by point and its neighbours
	parallel.For(threads, len(nearest), func(i int) { strengths[i] = membership(nearest[i], mean) })
	said := make([]map[int]float64, len(nearest))
	for i, n := range nearest {
		said[i] = make(map[int]float64, len(n))
		for k, v := range n {
			if v.Point != i && strengths[i][k] > 0 {
				said[i][v.Point] = strengths[i][k]
			}
		}
	}
	rows := make([][]link, len(nearest))
	for i, n := range nearest {
		for _, v := range n {
			a, is := said[i][v.Point]
			if !is {
				continue
			}
			b, both := said[v.Point][i]
			rows[i] = append(rows[i], link{i, v.Point, a + b - a*b})
			if !both {
				rows[v.Point] = append(rows[v.Point], link{v.Point, i, a})
			}
		}
	}
	var links []link
	for _, row := range rows {
		links = append(links, row...)
	}
	return links
}

// What umap-learn's smooth_knn_dist has.
const (
	bisections     = 64
	sumTolerance   = 1e-5
	leastBandwidth = 1e-3 // of the mean distance
)

// membership gives e^(−max(0, d − ρ)/σ) of a point's neighbours: ρ is the distance to the nearest that is no double, and σ such that they
// add up to log2 of their number. mean is the mean distance of all points' neighbours.
func membership(nearest []Neighbour, mean float64) []float64 {
	nearby, own := 0.0, 0.0
	for _, n := range nearest {
		own += n.Distance / float64(len(nearest))
		if nearby == 0 {
			nearby = n.Distance
		}
	}
	low, high, bandwidth := 0.0, math.Inf(1), 1.0
	target := math.Log2(float64(len(nearest)))
	for range bisections {
		sum := 0.0
		for _, n := range nearest[1:] {
			sum += math.Exp(-max(0, n.Distance-nearby) / bandwidth)
		}
		if math.Abs(sum-target) < sumTolerance {
			break
		}
		if sum > target {
			high = bandwidth
		} else {
			low = bandwidth
		}
		if bandwidth = (low + high) / 2; math.IsInf(high, 1) {
			bandwidth = 2 * low
		}
	}
	if nearby > 0 {
		bandwidth = max(bandwidth, leastBandwidth*own)
	} else {
		bandwidth = max(bandwidth, leastBandwidth*mean)
	}
	strengths := make([]float64, len(nearest))
	for k, n := range nearest {
		strengths[k] = math.Exp(-max(0, n.Distance-nearby) / bandwidth)
	}
	return strengths
}
