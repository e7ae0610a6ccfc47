package classifier

import (
	"encoding/json"
	"strings"
	"testing"

	"mslora/graphs"
	"mslora/ortrain"
)

func TestSavable(t *testing.T) {
	bert := graphs.ModelConfig{ModelType: "bert", Layers: 12, Hidden: 384, Vocabulary: 30522, Positions: 512}
	small := graphs.ModelConfig{ModelType: "llama", Layers: 30, Hidden: 576, Vocabulary: 49152, Positions: 8192}
	large := graphs.ModelConfig{ModelType: "llama", Layers: 32, Hidden: 4096, Vocabulary: 32000, Positions: 4096}
	for _, test := range []struct {
		model   graphs.ModelConfig
		classes int
		problem string
	}{
		{bert, 100, ""},
		{small, 16, ""},
		{small, 17, "17 classes"},
		{large, 2, "24.6 GiB"}, // 6.6 billion parameters without the language model's head
	} {
		err := Savable(test.model, test.classes, graphs.Store{})
		if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s, %d classes: %v", test.model.Architecture(), test.classes, err)
		}
	}
}

// Both layers of a head, worked by hand, and back: the two layers given back need not be the same, their product must be.
func TestScore(t *testing.T) {
	first := ortrain.Weight{Shape: []int64{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}}
	last := ortrain.Weight{Shape: []int64{2, 2}, Data: []float32{1, -1, 0.5, 2}}
	product := foldScore(first, last)
	wantClose(t, "product", product.Data, []float32{-3, -3, -3, 8.5, 11, 13.5})
	first, last = unfoldScore(product)
	if first.Shape[0] != 16 || last.Shape[1] != 16 {
		t.Errorf("shapes %v and %v", first.Shape, last.Shape)
	}
	wantClose(t, "product again", foldScore(first, last).Data, product.Data)
}

func TestPadding(t *testing.T) {
	for _, test := range []struct {
		config string
		pads   bool
		end    float64
	}{
		{`{"model_type": "bert"}`, false, 2},
		{`{"model_type": "llama", "pad_token_id": 0, "eos_token_id": 3}`, false, 3},
		{`{"model_type": "llama", "pad_token_id": null, "eos_token_id": [5, 6]}`, true, 5},
		{`{"model_type": "llama", "eos_token_id": 7}`, true, 7},
		{`{"model_type": "llama", "eos_token_id": []}`, true, 2},
	} {
		var config map[string]any
		if err := json.Unmarshal([]byte(test.config), &config); err != nil {
			t.Fatal(err)
		}
		end := endOf(config)
		if pads := padsWithEnd(config); pads != test.pads || end != test.end {
			t.Errorf("%s: pads %v with %v", test.config, pads, end)
		}
	}
}
