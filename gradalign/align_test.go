package gradalign

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// forBERT is the authors' rule for BERT with mu_max = 0.5, which makes numbers easy to work out.
var forBERT = authors{muMax: 0.5, mixFrom: 1, minAuxLoss: 0.4, minAuxNorm: 5e-7}

// alignStep is Align of finite gradients on two threads.
func alignStep(t testing.TB, rule Rule, epoch, epochs int, auxLoss float64, g, c [][]float32) Stats {
	t.Helper()
	stats, err := rule.Align(Step{Epoch: epoch, Epochs: epochs, AuxLoss: auxLoss, Threads: 2}, g, c)
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

func TestMu(t *testing.T) {
	llama := authors{muMax: 0.5}
	tests := []struct {
		rule interface {
			mu(epoch, epochs int) float64
		}
		epoch, epochs int
		want          float64
	}{
		{forBERT, 0, 6, 0}, {forBERT, 1, 6, 0}, {forBERT, 2, 6, 0.1}, {forBERT, 5, 6, 0.4}, // 0.5 (e-1) / 5
		{llama, 0, 5, 0}, {llama, 1, 5, 0.1}, {llama, 4, 5, 0.4}, // 0.5 e / 5
		{paper{0.5}, 0, 6, 0}, {paper{0.5}, 1, 6, 0.1}, {paper{0.5}, 5, 6, 0.5}, // 0.5 e / 5
		{authors{muMax: 0.5, mixFrom: 1}, 0, 1, 0},
		{paper{0.5}, 0, 1, 0},
		{authors{}, 4, 5, 0},
	}
	for _, test := range tests {
		if got := test.rule.mu(test.epoch, test.epochs); math.Abs(got-test.want) > 1e-15 {
			t.Errorf("%T%+v, epoch %d of %d: got %v, want %v", test.rule, test.rule, test.epoch, test.epochs, got, test.want)
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
		rule    Rule
		epoch   int
		auxLoss float64
		want    [2][]float32
		mu      float64
		full    float64
	}{
		{"high auxiliary loss: fully aligned, in a mixing epoch too", forBERT, 5, 0.41,
			[2][]float32{{-3, 0}, {0, 1.6, 0.8}}, 0.4, 1},
		{"auxiliary loss at the threshold: mixed", forBERT, 5, 0.4, // 0.6 ga + 0.4 g
			[2][]float32{{-0.6, -1.6}, {0.4, 1.36, 1.28}}, 0.4, 0},
		{"first mixing epoch: mixed with mu = 0", forBERT, 1, 0.1,
			[2][]float32{{-3, 0}, {0, 1.6, 0.8}}, 0, 0},
		{"before the first mixing epoch: unchanged", forBERT, 0, 0.1,
			[2][]float32{{3, -4}, {1, 1, 2}}, 0, 0},
		{"no mixing at all: unchanged", authors{minAuxLoss: 0.4}, 4, 0.1,
			[2][]float32{{3, -4}, {1, 1, 2}}, 0, 0},
		{"Llama: no threshold for the loss", authors{minAuxNorm: 5e-7}, 4, 0.1,
			[2][]float32{{-3, 0}, {0, 1.6, 0.8}}, 0, 1},
		{"small auxiliary gradients: mixed", authors{muMax: 0.5, mixFrom: 1, minAuxNorm: 2.2}, 5, 9,
			[2][]float32{{-0.6, -1.6}, {0.4, 1.36, 1.28}}, 0.4, 0},
		{"always, no auxiliary loss is too low", always{}, 5, 0,
			[2][]float32{{-3, 0}, {0, 1.6, 0.8}}, 0, 1},
		{"paper, first epoch", paper{0.5}, 0, 0.1,
			[2][]float32{{-4.0 / 9, 0}, {0, 4.0 / 9, 2.0 / 9}}, 0, 1},
		{"paper, last epoch, high auxiliary loss", paper{0.5}, 5, 9, // (ga + g) / 2
			[2][]float32{{1.5 - 2.0/9, -2}, {0.5, 0.5 + 2.0/9, 1 + 1.0/9}}, 0.5, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := [][]float32{{3, -4}, {1, 1, 2}}
			c := [][]float32{{-2, 0}, {0, 2, 1}}
			stats := alignStep(t, test.rule, test.epoch, 6, test.auxLoss, g, c)
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
	stats := alignStep(t, forBERT, 0, 6, 9, g, c)
	equal(g, []float32{1, 2}, []float32{0, 0}, []float32{0, 0}, []float32{0, 0})
	if stats.FullyAligned != 0.25 || stats.AuxNorm != 7.0/4 {
		t.Errorf("authors, full: got %+v, want 1 of 4 tensors and the mean of 0, 5, 0, 2", stats)
	}
	g, c = gradients()
	alignStep(t, forBERT, 5, 6, 0, g, c) // mu = 0.4
	equal(g, []float32{1, 2}, []float32{0, 0}, []float32{0, 0}, []float32{0.4, 0})

	g, c = gradients()
	alignStep(t, paper{0.5}, 1, 2, 0, g, c) // <g,gc> = 0: half of g is left
	equal(g, []float32{0.5, 1}, []float32{0, 0}, []float32{0, 0}, []float32{0.5, 0})

	g, c = gradients()
	stats = alignStep(t, always{}, 0, 6, 0, g, c) // what nothing trusted moves stands still
	equal(g, []float32{0, 0}, []float32{0, 0}, []float32{0, 0}, []float32{0, 0})
	if stats.FullyAligned != 0.25 || stats.AuxNorm != 7.0/4 {
		t.Errorf("always: got %+v, want 1 of 4 tensors and the mean of 0, 5, 0, 2", stats)
	}

	g, _ = gradients()
	none := [][]float32{{0, 0}, {0, 0}, {0, 0}, {0, 0}}
	for _, rule := range []Rule{forBERT, paper{0.5}} {
		if stats := alignStep(t, rule, 1, 2, 9, g, none); stats.FullyAligned != 0 || stats.AuxNorm != 0 {
			t.Errorf("%T, gc = 0: got %+v", rule, stats)
		}
		equal(g, []float32{1, 2}, []float32{0, 0}, []float32{0, 0}, []float32{1, 0})
	}
	alignStep(t, always{}, 1, 2, 0, g, none)
	equal(g, none...)
}

// TestAlignTiny has gradients whose squares are below the range of float32.
func TestAlignTiny(t *testing.T) {
	g, c := [][]float32{{3e-30, 4e-30}}, [][]float32{{1e-25, 0}}
	alignStep(t, authors{}, 0, 1, 9, g, c)
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

// TestAlignSameOnAnyThreads compares one thread with several, bit for bit, with lengths on all sides of the
// unrolled loop.
func TestAlignSameOnAnyThreads(t *testing.T) {
	sizes := []int{1, 2, 3, 4, 5, 7, 8, 9, 1000, 4099, 2, 513}
	for _, rule := range []Rule{forBERT, paper{0.5}, always{}} {
		var first [][]float32
		for _, threads := range []int{1, 2, 3, 4, 64} {
			g := randomGradients(1, sizes)
			if _, err := rule.Align(Step{Epoch: 5, Epochs: 6, AuxLoss: 0.1, Threads: threads}, g, randomGradients(2, sizes)); err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = g
			}
			if fmt.Sprint(g) != fmt.Sprint(first) {
				t.Errorf("%T: %d threads gave another result than one", rule, threads)
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
		if d, s := multiplyTensor(g, c); math.Abs(d-dot) > 1e-12 || math.Abs(s-square) > 1e-12 {
			t.Errorf("length %d: got %v and %v, want %v and %v", n, d, s, dot, square)
		}
	}
}

func TestAlignPanics(t *testing.T) {
	for name, call := range map[string]func(){
		"tensors": func() { forBERT.Align(Step{}, [][]float32{{1}}, nil) },
		"lengths": func() { forBERT.Align(Step{}, [][]float32{{1}}, [][]float32{{1, 2}}) },
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
		alignStep(b, forBERT, 5, 6, 0.1, g, c)
	}
}
