package lora

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMergeByHand checks results worked out by hand.
func TestMergeByHand(t *testing.T) {
	w := []float32{1, 2, 3, 4, 5, 6} // [2, 3]
	// B A = (1, -1)^T (1, 2, 0) = ((1, 2, 0), (-1, -2, 0)), times 4.
	got := MergeLoRA(w, []float32{1, 2, 0}, []float32{1, -1}, 2, 3, 1, 4)
	if want := []float32{5, 10, 3, 0, -3, 6}; !slices.Equal(got, want) {
		t.Errorf("LoRA: got %v, want %v", got, want)
	}
	// R diag(1, 10) L = ((1, 1), (0, 2)) ((1, 0, 2), (0, 10, 0)) = ((1, 10, 2), (0, 20, 0)), times 1/2.
	got = MergeMultiScale(w, []float32{1, 0, 2, 0, 1, 0}, []float32{1, 1, 0, 2}, []float32{1, 10}, 2, 3, 0.5)
	if want := []float32{1.5, 7, 4, 4, 15, 6}; !slices.Equal(got, want) {
		t.Errorf("multi-scale: got %v, want %v", got, want)
	}
	if !slices.Equal(w, []float32{1, 2, 3, 4, 5, 6}) {
		t.Errorf("W was changed: %v", w)
	}
}

// times is matrix [rows, columns] times x, in float64.
func times(matrix []float32, x []float64) []float64 {
	y := make([]float64, len(matrix)/len(x))
	for i, value := range matrix {
		y[i/len(x)] += float64(value) * x[i%len(x)]
	}
	return y
}

func random(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

// TestMergedForward compares merged weights with the modules run beside W, for ranks on both sides of the
// unrolled loop.
func TestMergedForward(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const out, in = 7, 11
	for rank := 1; rank <= 9; rank++ {
		t.Run(fmt.Sprint(rank), func(t *testing.T) {
			w, down, up, s := random(rng, out*in), random(rng, rank*in), random(rng, out*rank), random(rng, rank)
			x := make([]float64, in)
			for i := range x {
				x[i] = rng.NormFloat64()
			}
			compare := func(name string, merged []float32, branch []float64, scale float64) {
				t.Helper()
				got, base := times(merged, x), times(w, x)
				for i := range got {
					want := base[i] + scale*branch[i]
					if math.Abs(got[i]-want) > 2e-5*(1+math.Abs(want)) {
						t.Errorf("%s, output %d: got %v, want %v", name, i, got[i], want)
					}
				}
			}
			compare("LoRA", MergeLoRA(w, down, up, out, in, rank, 4), times(up, times(down, x)), 4)
			hidden := times(down, x)
			for i := range hidden {
				hidden[i] *= float64(s[i])
			}
			compare("multi-scale", MergeMultiScale(w, down, up, s, out, in, 6), times(up, hidden), 6)
		})
	}
}

// TestMergeZero: LoRA starts with B = 0, which must not change a bit of W.
func TestMergeZero(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	w := random(rng, 12*5)
	if got := MergeLoRA(w, random(rng, 8*5), make([]float32, 12*8), 12, 5, 8, 4); !slices.Equal(got, w) {
		t.Error("zero B changed W")
	}
	if got := MergeMultiScale(w, make([]float32, 9*5), random(rng, 12*9), make([]float32, 9), 12, 5, 6); !slices.Equal(got, w) {
		t.Error("zero L changed W")
	}
}

func TestMergePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	MergeLoRA(make([]float32, 6), make([]float32, 4), make([]float32, 4), 2, 3, 2, 1)
}

// BenchmarkMergeBERTBase merges query and value of all 12 layers of BERT-base.
func BenchmarkMergeBERTBase(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	const d, rank = 768, 8
	w, down, up := random(rng, d*d), random(rng, rank*d), random(rng, d*rank)
	for b.Loop() {
		for range 24 {
			MergeLoRA(w, down, up, d, d, rank, 4)
		}
	}
}
