package gradalign

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// authors are the authors' options for BERT with mu_max = 0.5, which makes numbers easy to work out.
var authors = Options{Variant: Authors, MuMax: 0.5, Epochs: 6, FirstMixingEpoch: 1, MinAuxLoss: 0.4, MinAuxNorm: 5e-7}

func TestMu(t *testing.T) {
	paper := Options{Variant: Paper, MuMax: 0.5, Epochs: 6, FirstMixingEpoch: 1}
	llama := Options{Variant: Authors, MuMax: 0.5, Epochs: 5}
	tests := []struct {
		options Options
		epoch   int
		want    float64
	}{
		{authors, 0, 0}, {authors, 1, 0}, {authors, 2, 0.1}, {authors, 5, 0.4}, // 0.5 (e-1) / 5
		{llama, 0, 0}, {llama, 1, 0.1}, {llama, 4, 0.4}, // 0.5 e / 5
		{paper, 0, 0}, {paper, 1, 0.1}, {paper, 5, 0.5}, // 0.5 e / 5
		{Options{Variant: Authors, MuMax: 0.5, Epochs: 1, FirstMixingEpoch: 1}, 0, 0},
		{Options{Variant: Paper, MuMax: 0.5, Epochs: 1}, 0, 0},
		{Options{Variant: Authors, MuMax: 0, Epochs: 5}, 4, 0},
		{Options{Variant: Always, MuMax: 0.5, Epochs: 5}, 4, 0},
	}
	for _, test := range tests {
		if got := test.options.Mu(test.epoch); math.Abs(got-test.want) > 1e-15 {
			t.Errorf("%+v, epoch %d: got %v, want %v", test.options, test.epoch, got, test.want)
		}
	}
}

// TestAlign has two tensors with results worked out by hand.
//
//	g = (3, -4), gc = (-2, 0): <g,gc> = -6, ||gc||^2 = 4, ga = 1.5 gc = (-3, 0)
//	g = (1, 1, 2), gc = (0, 2, 1): <g,gc> = 4, ||gc||^2 = 5, ga = 0.8 gc = (0, 1.6, 0.8)
//	whole: <g,gc> = -2, ||gc||^2 = 9, ga = 2/9 gc
func TestAlign(t *testing.T) {
	meanNorm := (2 + math.Sqrt(5)) / 2
	tests := []struct {
		name    string
		options Options
		epoch   int
		auxLoss float64
		want    [2][]float32
		mu      float64
		full    float64
	}{
		{"high auxiliary loss: fully aligned, in a mixing epoch too", authors, 5, 0.41,
			[2][]float32{{-3, 0}, {0, 1.6, 0.8}}, 0.4, 1},
		{"auxiliary loss at the threshold: mixed", authors, 5, 0.4, // 0.6 ga + 0.4 g
			[2][]float32{{-0.6, -1.6}, {0.4, 1.36, 1.28}}, 0.4, 0},
		{"first mixing epoch: mixed with mu = 0", authors, 1, 0.1,
			[2][]float32{{-3, 0}, {0, 1.6, 0.8}}, 0, 0},
		{"before the first mixing epoch: unchanged", authors, 0, 0.1,
			[2][]float32{{3, -4}, {1, 1, 2}}, 0, 0},
		{"no mixing at all: unchanged", Options{Variant: Authors, Epochs: 5, MinAuxLoss: 0.4}, 4, 0.1,
			[2][]float32{{3, -4}, {1, 1, 2}}, 0, 0},
		{"Llama: no threshold for the loss", Options{Variant: Authors, Epochs: 5, MinAuxNorm: 5e-7}, 4, 0.1,
			[2][]float32{{-3, 0}, {0, 1.6, 0.8}}, 0, 1},
		{"small auxiliary gradients: mixed", Options{Variant: Authors, MuMax: 0.5, Epochs: 6, FirstMixingEpoch: 1, MinAuxNorm: 2.2}, 5, 9,
			[2][]float32{{-0.6, -1.6}, {0.4, 1.36, 1.28}}, 0.4, 0},
		{"always, no auxiliary loss is too low", Options{Variant: Always, MuMax: 0.5, Epochs: 6, MinAuxLoss: 0.4, MinAuxNorm: 9}, 5, 0,
			[2][]float32{{-3, 0}, {0, 1.6, 0.8}}, 0, 1},
		{"paper, first epoch", Options{Variant: Paper, MuMax: 0.5, Epochs: 6}, 0, 0.1,
			[2][]float32{{-4.0 / 9, 0}, {0, 4.0 / 9, 2.0 / 9}}, 0, 1},
		{"paper, last epoch, high auxiliary loss", Options{Variant: Paper, MuMax: 0.5, Epochs: 6}, 5, 9, // (ga + g) / 2
			[2][]float32{{1.5 - 2.0/9, -2}, {0.5, 0.5 + 2.0/9, 1 + 1.0/9}}, 0.5, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := [][]float32{{3, -4}, {1, 1, 2}}
			c := [][]float32{{-2, 0}, {0, 2, 1}}
			stats := Align(test.options, test.epoch, test.auxLoss, g, c)
			for i := range g {
				for j := range g[i] {
					if math.Abs(float64(g[i][j]-test.want[i][j])) > 2e-7 {
						t.Fatalf("got %v, want %v", g, test.want)
					}
				}
			}
			if math.Abs(stats.Mu-test.mu) > 1e-15 || stats.FullyAligned != test.full || math.Abs(stats.AuxNorm-meanNorm) > 1e-12 {
				t.Errorf("got %+v, want mu %v, fully aligned %v, norm %v", stats, test.mu, test.full, meanNorm)
			}
			if !slices.Equal(c[0], []float32{-2, 0}) || !slices.Equal(c[1], []float32{0, 2, 1}) {
				t.Errorf("the auxiliary gradients were changed: %v", c)
			}
		})
	}
}

// TestAlignZero has tensors where g, gc or both are zero, and one with orthogonal gradients.
func TestAlignZero(t *testing.T) {
	gradients := func() (g, c [][]float32) {
		return [][]float32{{1, 2}, {0, 0}, {0, 0}, {1, 0}}, [][]float32{{0, 0}, {3, 4}, {0, 0}, {0, 2}}
	}
	equal := func(got [][]float32, want ...[]float32) {
		t.Helper()
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("got %v, want %v", got, want)
				return
			}
		}
	}
	g, c := gradients()
	stats := Align(authors, 0, 9, g, c)
	equal(g, []float32{1, 2}, []float32{0, 0}, []float32{0, 0}, []float32{0, 0})
	if stats.FullyAligned != 0.25 || stats.AuxNorm != 7.0/4 {
		t.Errorf("authors, full: got %+v, want 1 of 4 tensors and the mean of 0, 5, 0, 2", stats)
	}
	g, c = gradients()
	Align(authors, 5, 0, g, c) // mu = 0.4
	equal(g, []float32{1, 2}, []float32{0, 0}, []float32{0, 0}, []float32{0.4, 0})

	g, c = gradients()
	Align(Options{Variant: Paper, MuMax: 0.5, Epochs: 2}, 1, 0, g, c) // <g,gc> = 0: half of g is left
	equal(g, []float32{0.5, 1}, []float32{0, 0}, []float32{0, 0}, []float32{0.5, 0})

	always := Options{Variant: Always}
	g, c = gradients()
	stats = Align(always, 0, 0, g, c) // what nothing trusted moves stands still
	equal(g, []float32{0, 0}, []float32{0, 0}, []float32{0, 0}, []float32{0, 0})
	if stats.FullyAligned != 0.25 || stats.AuxNorm != 7.0/4 {
		t.Errorf("always: got %+v, want 1 of 4 tensors and the mean of 0, 5, 0, 2", stats)
	}

	g, _ = gradients()
	none := [][]float32{{0, 0}, {0, 0}, {0, 0}, {0, 0}}
	for _, o := range []Options{authors, {Variant: Paper, MuMax: 0.5, Epochs: 2}} {
		if stats := Align(o, 1, 9, g, none); stats.FullyAligned != 0 || stats.AuxNorm != 0 {
			t.Errorf("%s, gc = 0: got %+v", o.Variant, stats)
		}
		equal(g, []float32{1, 2}, []float32{0, 0}, []float32{0, 0}, []float32{1, 0})
	}
	Align(always, 1, 0, g, none)
	equal(g, none...)
}

// TestAlignTiny has gradients whose squares are below the range of float32.
func TestAlignTiny(t *testing.T) {
	g, c := [][]float32{{3e-30, 4e-30}}, [][]float32{{1e-25, 0}}
	Align(Options{Variant: Authors, Epochs: 1}, 0, 9, g, c)
	if got := g[0][0]; math.Abs(float64(got)-3e-30) > 1e-36 || g[0][1] != 0 {
		t.Errorf("got %v, want 3e-30 and 0", g[0])
	}
}

func randomGradients(seed uint64, sizes []int) [][]float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	all := make([][]float32, len(sizes))
	for i, size := range sizes {
		all[i] = make([]float32, size)
		for j := range all[i] {
			all[i][j] = float32(rng.NormFloat64())
		}
	}
	return all
}

// TestAlignSameOnAnyCores compares one core with four, bit for bit, with lengths on all sides of the
// unrolled loop.
func TestAlignSameOnAnyCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	sizes := []int{1, 2, 3, 4, 5, 7, 8, 9, 1000, 4099, 2, 513}
	for _, variant := range []Variant{Authors, Paper} {
		o := authors
		o.Variant = variant
		var first [][]float32
		for _, cores := range []int{1, 4, 4, 4} {
			runtime.GOMAXPROCS(cores)
			g := randomGradients(1, sizes)
			Align(o, 5, 0.1, g, randomGradients(2, sizes))
			if first == nil {
				first = g
			}
			if fmt.Sprint(g) != fmt.Sprint(first) {
				t.Errorf("%s: %d cores gave another result than one", variant, cores)
			}
		}
	}
}

// TestProducts compares with plain sums.
func TestProducts(t *testing.T) {
	for n := range 20 {
		g, c := randomGradients(3, []int{n})[0], randomGradients(4, []int{n})[0]
		var dot, square float64
		for i := range g {
			dot += float64(g[i]) * float64(c[i])
			square += float64(c[i]) * float64(c[i])
		}
		if d, s := products(g, c); math.Abs(d-dot) > 1e-12 || math.Abs(s-square) > 1e-12 {
			t.Errorf("length %d: got %v and %v, want %v and %v", n, d, s, dot, square)
		}
	}
}

func TestAlignPanics(t *testing.T) {
	for name, call := range map[string]func(){
		"tensors": func() { Align(authors, 0, 1, [][]float32{{1}}, nil) },
		"lengths": func() { Align(authors, 0, 1, [][]float32{{1}}, [][]float32{{1, 2}}) },
		"variant": func() { Align(Options{Variant: "other"}, 0, 1, [][]float32{{1}}, [][]float32{{1}}) },
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

// BenchmarkAlignBERTBase aligns the gradients of BERT-base's LoRA and multi-scale modules.
func BenchmarkAlignBERTBase(b *testing.B) {
	sizes := slices.Repeat([]int{8 * 768}, 50)
	g, c := randomGradients(1, sizes), randomGradients(2, sizes)
	for b.Loop() {
		Align(authors, 5, 0.1, g, c)
	}
}
