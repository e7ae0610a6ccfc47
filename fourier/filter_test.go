package fourier

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(a, b, tolerance float64) bool { return a == b || math.Abs(a-b) <= tolerance }

func TestWidths(t *testing.T) {
	widths := Widths()
	if len(widths) != 25 || widths[0] != 2 || widths[8] != PaperWidth || widths[24] != 8 {
		t.Errorf("%v", widths)
	}
}

func TestDistances(t *testing.T) {
	// 3-4-5 triangles; the empty vector is the origin, and (3) ends with a zero.
	got := Distances([][]float32{{3}, {0, 4}, {}, {3, 4, 12}}, 2)
	want := [][]float64{{0, 5, 3, math.Sqrt(160)}, {5, 0, 4, math.Sqrt(153)}, {3, 4, 0, 13}, {math.Sqrt(160), math.Sqrt(153), 13, 0}}
	for i := range want {
		for j := range want {
			if !near(got[i][j], want[i][j], 1e-12) {
				t.Errorf("distance of %d and %d is %v, want %v", i, j, got[i][j], want[i][j])
			}
		}
	}
}

// Two texts of different labels, at a distance of 8 ln 2, with width 4: their weight is 1/2 for each other and 1 for themselves,
// so G is ((2/3, 1/3), (1/3, 2/3)). The Gaussian gives the same at a distance whose square is 8 ln 2.
func TestSplitByHand(t *testing.T) {
	for kernel, d := range map[Kernel]float64{Authors: 8 * math.Ln2, Paper: math.Sqrt(8 * math.Ln2)} {
		filter := NewFilter([][]float64{{0, d}, {d, 0}}, kernel, 4, 1)
		low, high := filter.Split([][]float64{{1, 0}, {0, 1}})
		for i, want := range [][]float64{{2. / 3, 1. / 3}, {1. / 3, 2. / 3}} {
			for class, w := range want {
				sign := 1.0
				if i != class {
					sign = -1
				}
				if !near(low[i][class], w, 1e-7) || !near(high[i][class], sign/3, 1e-7) {
					t.Errorf("%s: text %d class %d: low %v, high %v", kernel, i, class, low[i][class], high[i][class])
				}
			}
		}
	}
}

// random draws n vectors of up to 8 values and a mapping of them.
func random(n, classes int) (vectors [][]float32, y [][]float64) {
	source := rand.New(rand.NewPCG(1, uint64(n)))
	for range n {
		vector := make([]float32, 1+source.IntN(8))
		for i := range vector {
			vector[i] = float32(source.NormFloat64())
		}
		row := make([]float64, classes)
		for i := range row {
			row[i] = source.Float64()
		}
		vectors, y = append(vectors, vector), append(y, row)
	}
	return vectors, y
}

// Against the sum of Eq. 12 as it is written, one pair of texts after the other.
func TestSplitAgainstDirectSum(t *testing.T) {
	vectors, y := random(23, 3)
	for _, kernel := range Kernels {
		for _, width := range []float64{2, 4, 8} {
			low, high := NewFilter(Distances(vectors, 2), kernel, width, 2).Split(y)
			for i := range vectors {
				norm, sum := 0.0, make([]float64, 3)
				for j := range vectors {
					square := 0.0
					for k := range 8 {
						var a, b float64
						if k < len(vectors[i]) {
							a = float64(vectors[i][k])
						}
						if k < len(vectors[j]) {
							b = float64(vectors[j][k])
						}
						square += (a - b) * (a - b)
					}
					weight := math.Exp(-square / (2 * width))
					if kernel == Authors {
						weight = math.Exp(-math.Sqrt(square) / (2 * width))
					}
					norm += weight
					for class := range sum {
						sum[class] += weight * y[j][class]
					}
				}
				for class := range sum {
					if want := sum[class] / norm; !near(low[i][class], want, 1e-6) || !near(high[i][class], y[i][class]-want, 1e-6) {
						t.Errorf("%s, width %v, text %d: low %v, want %v; high %v", kernel, width, i, low[i][class], want, high[i][class])
					}
				}
			}
		}
	}
}

func TestFilterProperties(t *testing.T) {
	vectors, y := random(40, 2)
	vectors[7] = vectors[3] // two equal texts
	for _, kernel := range Kernels {
		for _, width := range Widths() {
			filter := NewFilter(Distances(vectors, 1), kernel, width, 1)
			for i, row := range filter.rows {
				sum := 0.0
				for _, weight := range row {
					sum += float64(weight)
				}
				if !near(sum, 1, 1e-6) || row[i] <= 0 {
					t.Errorf("%s, width %v: row %d sums to %v", kernel, width, i, sum)
				}
			}
			low, high := filter.Split(y)
			for i := range y {
				for class, value := range y[i] {
					if !near(low[i][class]+high[i][class], value, 1e-15) {
						t.Fatalf("%s, width %v: low and high of text %d are not the whole", kernel, width, i)
					}
				}
			}
			if !near(low[3][0], low[7][0], 1e-6) {
				t.Errorf("%s, width %v: equal texts have low parts %v and %v", kernel, width, low[3][0], low[7][0])
			}
			constant := make([][]float64, len(y))
			for i := range constant {
				constant[i] = []float64{0.1, 0.9}
			}
			if _, high := filter.Split(constant); meanNorm(high) != 0 {
				t.Errorf("%s, width %v: a constant mapping has a high part of norm %v", kernel, width, meanNorm(high))
			}
		}
	}
}

// A wide filter takes the mean of all texts for the low part, a narrow one the text itself.
func TestFilterLimits(t *testing.T) {
	vectors, y := random(10, 2)
	mean := 0.0
	for _, row := range y {
		mean += row[0] / 10
	}
	for _, kernel := range Kernels {
		distances := Distances(vectors, 1)
		wide, _ := NewFilter(distances, kernel, 1e9, 1).Split(y)
		narrow, _ := NewFilter(distances, kernel, 1e-9, 1).Split(y)
		for i := range y {
			if !near(wide[i][0], mean, 1e-6) || !near(narrow[i][0], y[i][0], 1e-6) {
				t.Errorf("%s: text %d of %v: wide %v, want %v; narrow %v", kernel, i, y[i][0], wide[i][0], mean, narrow[i][0])
			}
		}
	}
}
