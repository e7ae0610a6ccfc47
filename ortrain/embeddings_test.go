package ortrain

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mslora/internal/testmodel"
)

// embedderOf opens the embedder of a tiny model.
func embedderOf(t *testing.T, family string) *Embedder {
	t.Helper()
	model, err := OpenModel(filepath.Join(filepath.Dir(testmodel.Graphs()), family))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { model.Close() })
	e, err := model.Embedder()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// transformers computes the same on padded batches; see tools/embedding_fixture.py. A text alone is the beginning of it.
func TestEmbedderParity(t *testing.T) {
	data, err := os.ReadFile("testdata/embeddings.json")
	if err != nil {
		t.Fatal(err)
	}
	var fixture struct {
		Texts  [][]int32
		Padded map[string][][]float32
	}
	if err := json.Unmarshal(data, &fixture); err != nil {
		t.Fatal(err)
	}
	var examples []Example
	for _, tokens := range fixture.Texts {
		examples = append(examples, Example{Tokens: tokens})
	}
	for _, family := range parityFamilies {
		t.Run(family, func(t *testing.T) {
			e := embedderOf(t, family)
			e.config.HiddenDropout = 0
			padded, err := e.InBatches(examples, len(examples), 1)
			if err != nil {
				t.Fatal(err)
			}
			alone, err := e.Alone(examples)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range fixture.Padded[family] {
				if len(padded[i]) != len(want) || len(alone[i]) != len(examples[i].Tokens)*e.config.Hidden || !slices.Equal(alone[i], padded[i][:len(alone[i])]) {
					t.Fatalf("text %d: %d values padded and %d alone, want %d; or they differ", i, len(padded[i]), len(alone[i]), len(want))
				}
				for k, w := range want {
					if math.Abs(float64(padded[i][k]-w)) > 1e-5 {
						t.Fatalf("text %d: value %d is %v, want %v", i, k, padded[i][k], w)
					}
				}
			}
		})
	}
}

// Dropout sets a tenth of the values to 0 and scales the others, the same way for the same seed. Batches go by order.
func TestEmbedderInBatches(t *testing.T) {
	e := embedderOf(t, "tiny")
	var examples []Example
	for range 100 {
		examples = append(examples, Example{Tokens: []int32{5, 7}}, Example{Tokens: []int32{9}})
	}
	examples = append(examples, Example{Tokens: []int32{9}})
	vectors, err := e.InBatches(examples, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := e.InBatches(examples, 2, 3)
	other, _ := e.InBatches(examples, 2, 4)
	if !slices.EqualFunc(vectors, again, slices.Equal) || slices.EqualFunc(vectors, other, slices.Equal) {
		t.Error("the same seed draws otherwise, or another one the same")
	}
	if len(vectors[1]) != 72 || len(vectors[200]) != 36 {
		t.Errorf("vectors of %d and %d values, want 72 with padding and 36 without", len(vectors[1]), len(vectors[200]))
	}
	plain := e.embed(examples[0].Tokens, 2)
	zeros := 0
	for i := 0; i < 200; i += 2 {
		for k, v := range vectors[i] {
			if v == 0 {
				zeros++
			} else if math.Abs(float64(v-plain[k]/0.9)) > 1e-6 {
				t.Fatalf("value %v, without dropout %v", v, plain[k])
			}
		}
	}
	if share := float64(zeros) / 7200; math.Abs(share-0.1) > 0.015 {
		t.Errorf("%.3f of the values are 0", share)
	}
}

func TestEmbedderRefusesUnknownTokens(t *testing.T) {
	e := embedderOf(t, "tiny")
	for _, id := range []int32{-1, 101} {
		_, alone := e.Alone([]Example{{Tokens: []int32{id}}})
		_, batches := e.InBatches([]Example{{Tokens: []int32{id}}}, 1, 1)
		if alone == nil || batches == nil {
			t.Errorf("token %d: %v, %v", id, alone, batches)
		}
	}
}
