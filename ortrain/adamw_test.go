package ortrain

import (
	"math"
	"math/rand/v2"
	"testing"

	"mslora/graphs"
)

// reference is AdamW as its paper writes it, in float64.
type reference struct{ p, m, v []float64 }

func (r *reference) step(a AdamW, g []float64, t int, rate float64) {
	for i := range r.p {
		r.m[i] = a.Beta1*r.m[i] + (1-a.Beta1)*g[i]
		r.v[i] = a.Beta2*r.v[i] + (1-a.Beta2)*g[i]*g[i]
		m := r.m[i] / (1 - math.Pow(a.Beta1, float64(t)))
		v := r.v[i] / (1 - math.Pow(a.Beta2, float64(t)))
		r.p[i] -= rate * a.WeightDecay * r.p[i]
		r.p[i] -= rate * m / (math.Sqrt(v) + a.Epsilon)
	}
}

func TestAdamWAgainstFormula(t *testing.T) {
	for _, test := range []struct {
		name  string
		size  int // sizes around the vector width and beyond one chunk
		decay float64
		scale float64
	}{{"one", 1, 0, 1}, {"tail", 13, 0, 0.5}, {"decay", 100, 0.1, 1}, {"chunks", chunk + 5, 0, 1}} {
		t.Run(test.name, func(t *testing.T) {
			a := DefaultAdamW
			a.WeightDecay = test.decay
			random := rand.New(rand.NewPCG(1, 2))
			p := &Parameter{Shape: []int64{int64(test.size)}, Data: make([]float32, test.size), M: make([]float32, test.size), V: make([]float32, test.size)}
			r := reference{make([]float64, test.size), make([]float64, test.size), make([]float64, test.size)}
			for i := range p.Data {
				p.Data[i] = float32(random.NormFloat64())
				r.p[i] = float64(p.Data[i])
			}
			for step := 1; step <= 10; step++ {
				g, scaled := make([]float32, test.size), make([]float64, test.size)
				for i := range g {
					g[i] = float32(random.NormFloat64())
					scaled[i] = float64(g[i]) * test.scale
				}
				a.Step([]*Parameter{p}, &Gradients{Values: [][]float32{g}, Rows: [][]int32{nil}}, step, 1e-2, test.scale, 2)
				r.step(a, scaled, step, 1e-2)
			}
			for i := range p.Data {
				if d := math.Abs(float64(p.Data[i]) - r.p[i]); d > 2e-6 {
					t.Fatalf("value %d is %v, the formula gives %v", i, p.Data[i], r.p[i])
				}
			}
		})
	}
}

// A table's rows must end as a dense update with zero gradients for the other rows leaves them.
func TestAdamWTableEqualsDense(t *testing.T) {
	const rows, width = 40, 6
	for _, decay := range []float64{0, 0.1} {
		a := DefaultAdamW
		a.WeightDecay = decay
		random := rand.New(rand.NewPCG(3, 4))
		makeParameter := func(table string) *Parameter {
			return &Parameter{Shape: []int64{rows, width}, Data: make([]float32, rows*width), M: make([]float32, rows*width), V: make([]float32, rows*width), Table: table, touched: make([]bool, rows)}
		}
		table, dense := makeParameter(graphs.WordTable), makeParameter("")
		for i := range table.Data {
			table.Data[i] = float32(random.NormFloat64())
			dense.Data[i] = table.Data[i]
		}
		for step := 1; step <= 8; step++ {
			index := make([]int64, 12)
			for i := range index {
				index[i] = int64(random.IntN(rows / 2)) // the upper half is never touched
			}
			gradient := make([]float32, len(index)*width)
			for i := range gradient {
				gradient[i] = float32(random.NormFloat64())
			}
			touched, values := embeddingRows(index, gradient, width)
			full := make([]float32, rows*width)
			for token, row := range index {
				for i := range width {
					full[int(row)*width+i] += gradient[token*width+i]
				}
			}
			a.Step([]*Parameter{table}, &Gradients{Values: [][]float32{values}, Rows: [][]int32{touched}}, step, 1e-2, 1, 2)
			a.Step([]*Parameter{dense}, &Gradients{Values: [][]float32{full}, Rows: [][]int32{nil}}, step, 1e-2, 1, 2)
		}
		for i := range table.Data {
			if d := math.Abs(float64(table.Data[i] - dense.Data[i])); d > 1e-6 {
				t.Fatalf("decay %v, row %d: %v, dense %v", decay, i/width, table.Data[i], dense.Data[i])
			}
		}
	}
}

func TestClip(t *testing.T) {
	for _, test := range []struct {
		gradients [][]float32
		norm      float64
	}{
		{[][]float32{{3}, {4}}, 5},
		{[][]float32{{0, 0}, nil}, 0},
		{[][]float32{{0.3, 0, 0, 0, 0.4}}, 0.5},
	} {
		norm := globalNorm(test.gradients, 2)
		if math.Abs(norm-test.norm) > 1e-6 {
			t.Errorf("norm of %v is %v, want %v", test.gradients, norm, test.norm)
		}
		want := 1.0
		if test.norm > 1 {
			want = 1 / (test.norm + 1e-6)
		}
		if factor := clipFactor(norm, 1); math.Abs(factor-want) > 1e-7 {
			t.Errorf("clip factor at norm %v is %v, want %v", norm, factor, want)
		}
	}
	// A vector of more than one chunk, against the closed form.
	long := make([]float32, 3*chunk+7)
	for i := range long {
		long[i] = 0.01
	}
	if norm, want := globalNorm([][]float32{long}, 3), float64(float32(0.01))*math.Sqrt(float64(len(long))); math.Abs(norm/want-1) > 1e-12 {
		t.Errorf("norm %v, want %v", norm, want)
	}
}

func BenchmarkAdamW(b *testing.B) {
	const n = 10_000_000
	p := &Parameter{Shape: []int64{n}, Data: make([]float32, n), M: make([]float32, n), V: make([]float32, n)}
	g := &Gradients{Values: [][]float32{make([]float32, n)}, Rows: [][]int32{nil}}
	for i := range n {
		g.Values[0][i] = float32(i%7) - 3
	}
	b.SetBytes(28 * n) // reads p, g, m, v; writes p, m, v
	for t := 1; b.Loop(); t++ {
		DefaultAdamW.Step([]*Parameter{p}, g, t, 1e-5, 1, 2)
	}
}
