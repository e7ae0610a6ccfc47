package gradalign

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestUnite(t *testing.T) {
	rows, auxRows := []int32{2, 5, 9}, []int32{0, 5, 7}
	values, aux := []float32{1, 2, 3, 4, 5, 6}, []float32{-1, -2, -3, -4, -5, -6}
	union, g, c := Unite(2, rows, values, auxRows, aux)
	if !slices.Equal(union, []int32{0, 2, 5, 7, 9}) {
		t.Errorf("the union is %v", union)
	}
	if !slices.Equal(g, []float32{0, 0, 1, 2, 3, 4, 0, 0, 5, 6}) || !slices.Equal(c, []float32{-1, -2, 0, 0, -3, -4, -5, -6, 0, 0}) {
		t.Errorf("got %v and %v", g, c)
	}
	if !slices.Equal(rows, []int32{2, 5, 9}) || !slices.Equal(values, []float32{1, 2, 3, 4, 5, 6}) {
		t.Error("the inputs were changed")
	}
	if union, g, c := Unite(3, nil, nil, nil, nil); len(union)+len(g)+len(c) != 0 {
		t.Errorf("nothing with nothing is %v %v %v", union, g, c)
	}
}

// table is the gradient of some rows of a table: sparse, and as the full tensor.
func table(random *rand.Rand, height, width int, low, high int32) (rows []int32, values []float32, full []float64) {
	full = make([]float64, height*width)
	for row := low; row < high; row++ {
		if random.IntN(3) == 0 {
			continue
		}
		rows = append(rows, row)
		for i := range width {
			value := float32(random.NormFloat64())
			values = append(values, value)
			full[int(row)*width+i] = float64(value)
		}
	}
	return rows, values, full
}

// The aligned rows of two tables must be what Eqs. 7 and 8 give for the full tensors, in float64: some rows
// stand in both gradients, some in one, and the rest of the table stays zero.
func TestAlignTablesEqualsDense(t *testing.T) {
	const height, width = 40, 7
	for _, name := range []string{Authors, Paper} {
		for epoch, mu := range map[int]float64{0: 0, 5: 0.4} {
			var rule Rule = authors{muMax: 0.5, mixFrom: 1, minAuxLoss: 0.4}
			auxLoss := 0.1 // mixed
			if epoch == 0 {
				auxLoss = 9 // fully aligned
			}
			if name == Paper {
				rule = paper{0.5}
				if epoch == 5 {
					mu = 0.5
				}
			}
			t.Run(fmt.Sprintf("%s/epoch %d", name, epoch), func(t *testing.T) {
				random := rand.New(rand.NewPCG(11, uint64(epoch)))
				var unions [][]int32
				var grads, aux [][]float32
				var fullG, fullC [][]float64
				for range 2 {
					rows, values, full := table(random, height, width, 0, 25)
					auxRows, auxValues, auxFull := table(random, height, width, 10, 33)
					union, g, c := Unite(width, rows, values, auxRows, auxValues)
					unions, grads, aux = append(unions, union), append(grads, g), append(aux, c)
					fullG, fullC = append(fullG, full), append(fullC, auxFull)
				}
				alignStep(t, rule, epoch, 6, auxLoss, grads, aux)
				want := denseAlign(fullG, fullC, mu, name == Paper)
				for i, union := range unions {
					got := make([]float64, height*width)
					for place, row := range union {
						for j := range width {
							got[int(row)*width+j] = float64(grads[i][place*width+j])
						}
					}
					for j := range got {
						if math.Abs(got[j]-want[i][j]) > 1e-6 {
							t.Fatalf("table %d, row %d: got %v, the formula gives %v", i, j/width, got[j], want[i][j])
						}
					}
				}
			})
		}
	}
}

// denseAlign is Eqs. 7 and 8 written down for full tensors, each by itself or all as one vector.
func denseAlign(g, c [][]float64, mu float64, whole bool) [][]float64 {
	dots, squares := make([]float64, len(g)), make([]float64, len(g))
	var dot, square float64
	for i := range g {
		for j := range g[i] {
			dots[i] += g[i][j] * c[i][j]
			squares[i] += c[i][j] * c[i][j]
		}
		dot += dots[i]
		square += squares[i]
	}
	result := make([][]float64, len(g))
	for i := range g {
		factor := math.Abs(dots[i]) / squares[i]
		if whole {
			factor = math.Abs(dot) / square
		}
		for j := range g[i] {
			result[i] = append(result[i], (1-mu)*factor*c[i][j]+mu*g[i][j])
		}
	}
	return result
}

func TestUnitePanics(t *testing.T) {
	for name, call := range map[string]func(){
		"width":   func() { Unite(2, []int32{1}, []float32{1, 2, 3}, nil, nil) },
		"order":   func() { Unite(1, []int32{2, 1}, []float32{1, 2}, nil, nil) },
		"repeats": func() { Unite(1, nil, nil, []int32{1, 1}, []float32{1, 2}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
