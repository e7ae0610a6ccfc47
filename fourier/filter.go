package fourier

import (
	"math"
	"slices"

	"mslora/internal/parallel"
)

// Kernel is the shape of the low-pass filter over distances between embeddings.
type Kernel string

const (
	// Authors is exp(-d / (2 delta)), which the authors' code computes.
	Authors Kernel = "authors"
	// Paper is exp(-d^2 / (2 delta)), the Gaussian of Eq. 12.
	Paper Kernel = "paper"
)

// Kernels are all kernels.
var Kernels = []Kernel{Authors, Paper}

// at is the weight of a text at a distance, 1 at distance 0.
func (k Kernel) at(distance, width float64) float64 {
	if k == Paper {
		distance *= distance
	}
	return math.Exp(-distance / (2 * width))
}

// PaperWidth is the width delta that the paper's figures have.
const PaperWidth = 4.0

// Widths are the 25 widths delta of the authors' code, from 2 to 8 in equal steps. PaperWidth is one of them.
func Widths() []float64 {
	widths := make([]float64, 25)
	for i := range widths {
		widths[i] = 2 + float64(i)*(8-2)/24
	}
	return widths
}

// Distances gives the Euclidean distances [n][n] between n vectors. Where two have different lengths, the shorter one counts as if
// it ended with zeros.
func Distances(vectors [][]float32, threads int) [][]float64 {
	distances := make([][]float64, len(vectors))
	for i := range distances {
		distances[i] = make([]float64, len(vectors))
	}
	parallel.For(threads, len(vectors), func(i int) {
		for j := range i {
			d := distance(vectors[i], vectors[j])
			distances[i][j], distances[j][i] = d, d
		}
	})
	return distances
}

func distance(a, b []float32) float64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	var sums [4]float64 // side by side, as the processor adds
	common, rest := b[:len(a)], b[len(a):]
	for i, x := range a {
		d := float64(x - common[i])
		sums[i&3] += d * d
	}
	for i, x := range rest {
		sums[i&3] += float64(x) * float64(x)
	}
	return math.Sqrt(sums[0] + sums[1] + sums[2] + sums[3])
}

// Filter is a low-pass filter over n texts: the kernel of each pair, every row divided by its sum (C_i of Eq. 12).
type Filter struct {
	rows [][]float32 // [n][n], each row sums to 1
}

// NewFilter makes the filter of a width from distances [n][n].
func NewFilter(distances [][]float64, kernel Kernel, width float64, threads int) Filter {
	rows := make([][]float32, len(distances))
	parallel.For(threads, len(rows), func(i int) {
		weights, sum := make([]float64, len(rows)), 0.0
		for j, d := range distances[i] {
			weights[j] = kernel.at(d, width)
			sum += weights[j]
		}
		rows[i] = make([]float32, len(rows))
		for j, w := range weights {
			rows[i][j] = float32(w / sum)
		}
	})
	return Filter{rows}
}

// Split divides a mapping y [n][classes] into y = low + high, where low = G y. As rows of G sum to 1, high is the sum over j of
// G_ij (y_i - y_j), which is how it is computed: the high part of a constant mapping is exactly 0.
func (f Filter) Split(y [][]float64) (low, high [][]float64) {
	low, high = make([][]float64, len(y)), make([][]float64, len(y))
	for i, row := range f.rows {
		own, difference := y[i], make([]float64, len(y[i]))
		for j, weight := range row {
			w, other := float64(weight), y[j]
			for class, value := range own {
				difference[class] += w * (value - other[class])
			}
		}
		low[i], high[i] = slices.Clone(own), difference
		for class, value := range difference {
			low[i][class] -= value
		}
	}
	return low, high
}
