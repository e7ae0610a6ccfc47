// Package testmodel makes tiny models with random weights for tests, a BERT and others: a Hugging Face folder
// that trains in milliseconds, and a folder of its graphs.
package testmodel

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mslora/graphs"
	"mslora/internal/safetensors"
)

// Sizes of the model; its graphs are graphs/testdata/tiny.
const (
	Architecture = "bert-2x36"
	positions    = 64
)

// Write makes the BERT in folder/model and copies its graphs to folder/graphs/Architecture.
func Write(t testing.TB, folder string) (model, graphFolder string) {
	t.Helper()
	return WriteFamily(t, folder, "tiny")
}

// WriteFamily does the same for the model whose graphs are in graphs/testdata/name: tiny-roberta, tiny-llama.
func WriteFamily(t testing.TB, folder, name string) (model, graphFolder string) {
	t.Helper()
	source := filepath.Join(filepath.Dir(Graphs()), name)
	topology, err := graphs.Open(source, graphs.Evaluation)
	if err != nil {
		t.Fatal(err)
	}
	m := topology.Manifest
	model, graphFolder = filepath.Join(folder, "model"), filepath.Join(folder, "graphs")
	place := filepath.Join(graphFolder, m.ArchitectureName())
	for _, dir := range []string{model, place} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"lora.train", "lora+mslr.train", "full.train", "adapter.train", "prefix.train", "eval", "adapter.eval", "prefix.eval", "classify", "causal"} {
		if _, err := os.Stat(filepath.Join(source, name+".onnx")); name == "causal" && err != nil {
			continue // not of an encoder
		}
		for _, extension := range []string{".onnx", ".json"} {
			data, err := os.ReadFile(filepath.Join(source, name+extension))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(place, name+extension), data)
		}
	}
	words := vocabulary()
	writeWeights(t, filepath.Join(model, "model.safetensors"), m, len(words))
	config := map[string]any{
		"model_type": m.Architecture, "num_hidden_layers": m.Layers, "hidden_size": m.Hidden, "num_attention_heads": m.Heads,
		"intermediate_size": m.Intermediate, "vocab_size": len(words), "max_position_embeddings": positions,
	}
	for key, value := range own(m) {
		config[key] = value
	}
	writeJSON(t, filepath.Join(model, "config.json"), config)
	writeTokenizer(t, filepath.Join(model, "tokenizer.json"), words, m.Architecture != "llama")
	return model, graphFolder
}

// own is what a family's config.json says beside the sizes. Ids are those of vocabulary.
func own(m graphs.Manifest) map[string]any {
	if m.Architecture == "llama" {
		return map[string]any{"rms_norm_eps": m.LayerNormEpsilon, "num_key_value_heads": m.KeyValueHeads, "rope_theta": m.RotaryTheta, "bos_token_id": 2}
	}
	config := map[string]any{"layer_norm_eps": m.LayerNormEpsilon, "hidden_dropout_prob": m.Dropout, "attention_probs_dropout_prob": m.Dropout}
	if m.Architecture == "roberta" {
		config["pad_token_id"], config["bos_token_id"], config["eos_token_id"] = 1, 2, 3
	}
	return config
}

// Graphs is the folder of the tiny model's topologies in this repository.
func Graphs() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "graphs", "testdata", "tiny")
}

// vocabulary has special tokens, letters, digits and some punctuation: every lower-case English text can be
// spelled with it. Some whole words make it a little less slow to learn.
func vocabulary() []string {
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
	for _, letter := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		words = append(words, string(letter), "##"+string(letter))
	}
	return append(words, strings.Fields(". , ! ? ' - good bad film the")...)
}

func writeWeights(t testing.TB, path string, m graphs.Manifest, vocabulary int) {
	random := rand.New(rand.NewPCG(7, 7))
	sizes := map[string]int64{"V": int64(vocabulary), "P": positions}
	var arrays []safetensors.Array
	for _, weight := range m.Weights {
		shape, err := graphs.Resolve(weight.Shape, sizes)
		if err != nil {
			t.Fatal(err)
		}
		size := int64(1)
		for _, d := range shape {
			size *= d
		}
		values := make([]float32, size)
		for i := range values {
			values[i] = float32(0.1 * random.NormFloat64())
			if strings.HasSuffix(strings.ToLower(weight.Name), "norm.weight") {
				values[i]++
			}
		}
		arrays = append(arrays, safetensors.Float32Array(weight.Name, shape, values))
	}
	if err := safetensors.Write(path, arrays, nil); err != nil {
		t.Fatal(err)
	}
}

// writeTokenizer writes a WordPiece tokenizer with the padding and truncation that some models come with,
// which must not apply. It frames texts if it is an encoder's.
func writeTokenizer(t testing.TB, path string, words []string, framed bool) {
	ids := map[string]int{}
	var added []map[string]any
	for id, word := range words {
		ids[word] = id
		if strings.HasPrefix(word, "[") {
			added = append(added, map[string]any{"id": id, "content": word, "special": true, "single_word": false,
				"lstrip": false, "rstrip": false, "normalized": false})
		}
	}
	special := func(token string) map[string]any {
		return map[string]any{"SpecialToken": map[string]any{"id": token, "type_id": 0}}
	}
	entry := func(token string) map[string]any {
		return map[string]any{"id": token, "ids": []int{ids[token]}, "tokens": []string{token}}
	}
	text := map[string]any{"Sequence": map[string]any{"id": "A", "type_id": 0}}
	frame := map[string]any{"type": "TemplateProcessing", "single": []any{special("[CLS]"), text, special("[SEP]")},
		"pair": []any{special("[CLS]"), text, special("[SEP]")}, "special_tokens": map[string]any{"[CLS]": entry("[CLS]"), "[SEP]": entry("[SEP]")}}
	if !framed {
		frame = nil
	}
	writeJSON(t, path, map[string]any{
		"version":        "1.0",
		"truncation":     map[string]any{"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0},
		"padding":        map[string]any{"strategy": map[string]any{"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": nil, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
		"added_tokens":   added,
		"normalizer":     map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": true},
		"pre_tokenizer":  map[string]any{"type": "BertPreTokenizer"},
		"post_processor": frame,
		"decoder":        nil,
		"model": map[string]any{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
			"max_input_chars_per_word": 100, "vocab": ids},
	})
}

func writeJSON(t testing.TB, path string, value any) {
	data, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, data)
}

func write(t testing.TB, path string, data []byte) {
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
