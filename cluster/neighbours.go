package cluster

import (
	"cmp"
	"math"
	"slices"

	"mslora/internal/parallel"
)

// Neighbour is a point as another one sees it.
type Neighbour struct {
	Point    int
	Distance float64 // Euclidean
}

// Nearest gives each point [d] its k nearest, the nearest first: itself, at distance 0, and k − 1 others. Of points at one distance the
// one with the lower index comes first. It compares all pairs. k is at most the number of points.
func Nearest(points [][]float64, k, threads int) [][]Neighbour {
	all := make([][]Neighbour, len(points))
	parallel.For(threads, len(points), func(i int) {
		heap := make([]Neighbour, 0, k+1) // the farthest first
		for j, q := range points {
			d := squaredDistance(points[i], q)
			if j == i {
				d = -1 // before its doubles
			}
			if len(heap) == k && d >= heap[0].Distance {
				continue
			}
			heap = append(heap, Neighbour{j, d})
			rise(heap)
			if len(heap) > k {
				last := len(heap) - 1
				heap[0] = heap[last]
				heap = heap[:last]
				sink(heap)
			}
		}
		slices.SortFunc(heap, func(a, b Neighbour) int { return cmp.Or(cmp.Compare(a.Distance, b.Distance), a.Point-b.Point) })
		for n := range heap {
			heap[n].Distance = math.Sqrt(max(0, heap[n].Distance))
		}
		all[i] = heap
	})
	return all
}

// farther orders a heap.
func farther(a, b Neighbour) bool {
	return a.Distance > b.Distance || a.Distance == b.Distance && a.Point > b.Point
}

// rise and sink put the last, or the first, of a heap in its place.
func rise(heap []Neighbour) {
	for i := len(heap) - 1; i > 0 && farther(heap[i], heap[(i-1)/2]); i = (i - 1) / 2 {
		heap[i], heap[(i-1)/2] = heap[(i-1)/2], heap[i]
	}
}

func sink(heap []Neighbour) {
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < len(heap) && farther(heap[child+1], heap[child]) {
			child++
		}
		if child >= len(heap) || !farther(heap[child], heap[i]) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

func squaredDistance(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += (v - b[i]) * (v - b[i])
	}
	return sum
}
