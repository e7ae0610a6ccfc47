package ortrain

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// The loops beside the graph give the same bits with any number of threads.
func TestLoopsSameOnAnyThreads(t *testing.T) {
	const n = 3*chunk + 7
	normal := func(seed uint64) []float32 {
		random := rand.New(rand.NewPCG(seed, 0))
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(random.NormFloat64())
		}
		return values
	}
	var norm float64
	var data []float32
	for _, threads := range []int{1, 2, 3, 64} {
		p := &Parameter{Shape: []int64{n}, Data: normal(1), M: make([]float32, n), V: make([]float32, n)}
		g := &Gradients{Values: [][]float32{normal(2)}, Rows: [][]int32{nil}}
		got := globalNorm(g.Values, threads)
		DefaultAdamW.Step([]*Parameter{p}, g, 1, 1e-2, clipFactor(got, 1), threads)
		if data == nil {
			norm, data = got, p.Data
		}
		if got != norm || !slices.Equal(p.Data, data) {
			t.Errorf("%d threads gave other bits than one", threads)
		}
	}
}

// Whether a whole run has the same bits is up to ONNX Runtime: for models as small as the tests' it does; see docs/architecture.md.
func TestTrainingOnThreads(t *testing.T) {
	for _, method := range []string{"lora+mslr", "ga", "full", "adapter"} {
		t.Run(method, func(t *testing.T) {
			var first []byte
			for _, threads := range []int{1, 2, 3} {
				folder := t.TempDir()
				model, topologies := tinyModel(t, method)
				trainer, err := NewTrainer(model, topologies, tinySetting(method), tinyData(), folder, testDevice(t, threads))
				if err != nil {
					t.Fatal(err)
				}
				defer trainer.Close()
				trainer.step.partTokens = 40 // most batches are two parts
				if err := trainer.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				got := read(t, folder, BestFile)
				if first == nil {
					first = got
				}
				if fmt.Sprint(got) != fmt.Sprint(first) {
					t.Errorf("%d threads: other bits than one", threads)
				}
			}
		})
	}
}
