package languagemodel

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/graphs"
	"mslora/internal/testmodel"
	"mslora/internal/testort"
	"mslora/ortrain"
)

// wordTokenizer is a tokenizer.json whose words are the numbers of their tokens. As GPT-2's, it adds no special tokens.
func wordTokenizer(t *testing.T, tokens int) []byte {
	t.Helper()
	words := map[string]int{}
	for i := range tokens {
		words[fmt.Sprint(i)] = i
	}
	data, err := json.Marshal(map[string]any{
		"version": "1.0", "added_tokens": []any{}, "pre_tokenizer": map[string]string{"type": "WhitespaceSplit"},
		"model": map[string]any{"type": "WordLevel", "vocab": words, "unk_token": "0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A folder of each family opens, and gives the log-probabilities of texts that Hugging Face's model gives (tools/exporter/language_fixtures.py).
func TestOpen(t *testing.T) {
	testort.Start(t)
	device, err := ortrain.ParseDevice("cpu", 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range []string{"tiny-llama", "tiny-gpt2"} {
		source, folder := filepath.Join(filepath.Dir(testmodel.Graphs()), family), t.TempDir()
		read := func(name string) []byte {
			data, err := os.ReadFile(filepath.Join(source, name))
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		config, err := graphs.ReadModelConfig(filepath.Join(source, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		files := map[string][]byte{"tokenizer.json": wordTokenizer(t, config.Vocabulary)}
		for _, name := range []string{"config.json", "model.safetensors"} {
			files[name] = read(name)
		}
		place := filepath.Join("graphs", config.Architecture())
		for _, name := range []string{"causal.json", "causal.onnx"} {
			files[filepath.Join(place, name)] = read(name)
		}
		if err := os.MkdirAll(filepath.Join(folder, place), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		store, err := graphs.NewStore(filepath.Join(folder, "graphs"))
		if err != nil {
			t.Fatal(err)
		}
		model, err := Open(folder, store, device)
		if err != nil {
			t.Fatalf("%s: %v", family, err)
		}
		defer model.Close()
		var fixtures []struct {
			Tokens           []int
			LogProbabilities []float64 `json:"log_probabilities"`
		}
		if err := json.Unmarshal(read("causal.parity.json"), &fixtures); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(fixtures))
		for i, f := range fixtures {
			texts[i] = strings.Trim(fmt.Sprint(f.Tokens), "[]")
		}
		got, err := model.LogProbabilities(t.Context(), texts, 100)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range fixtures {
			if len(got[i]) != len(f.LogProbabilities) {
				t.Fatalf("%s: %q has %d values, want %d", family, texts[i], len(got[i]), len(f.LogProbabilities))
			}
			for j, want := range f.LogProbabilities {
				if math.Abs(float64(got[i][j])-want) > 2e-5 {
					t.Errorf("%s: %q, token %d: %v, want %v", family, texts[i], j+1, got[i][j], want)
				}
			}
		}
	}
}
