package classifier

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mslora/internal/tokenizer"
)

func TestTokenizerConfig(t *testing.T) {
	for _, test := range []struct {
		config, pad string
		longest     float64
	}{
		{`{"pad_token": "[PAD]", "eos_token": "x"}`, "[PAD]", 512},
		{`{"eos_token": "</s>", "model_max_length": 128}`, "</s>", 128},
		{`{"model_max_length": 1e30}`, "", 512},
		{`{"model_max_length": 512}`, "", 512},
		{`{}`, "", 512},
	} {
		data, err := withLength([]byte(test.config), 512)
		if err != nil {
			t.Fatal(err)
		}
		var config struct {
			Padding string  `json:"pad_token"`
			Longest float64 `json:"model_max_length"`
		}
		if err := json.Unmarshal(data, &config); err != nil || config.Padding != test.pad || config.Longest != test.longest {
			t.Errorf("%s: padding %q, length %v, %v", test.config, config.Padding, config.Longest, err)
		}
	}
	if _, err := withLength([]byte("{"), 512); err == nil {
		t.Error("broken JSON was taken")
	}
}

func TestTokenizerLimits(t *testing.T) {
	const unigram = `{"version": "1.0", "padding": {"strategy": {"Fixed": 128}}, "model": {"type": "Unigram", "vocab": [["<s>", 0]]}`
	for _, test := range []struct {
		name, file string
		padding    string // token, "": none
	}{
		{"an added token", unigram + `, "added_tokens": [{"id": 1, "content": "</s>"}]}`, "</s>"},
		{"a token of the vocabulary", `{"model": {"vocab": {"a": 0, "[PAD]": 1}}}`, "[PAD]"},
		{"no such token", unigram + `}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, err := withLimits([]byte(test.file), 77, 1)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), `\u003c`) {
				t.Errorf("it is no longer readable: %s", data)
			}
			var before, after map[string]any
			if err := json.Unmarshal(data, &after); err != nil {
				t.Fatal(err)
			}
			if cut := after["truncation"].(map[string]any); cut["max_length"] != 77.0 || cut["strategy"] != "LongestFirst" {
				t.Errorf("truncation is %v", cut)
			}
			filling, fills := after["padding"].(map[string]any)
			if fills != (test.padding != "") || fills && (filling["pad_token"] != test.padding || filling["pad_id"] != 1.0 || filling["strategy"] != "BatchLongest") {
				t.Errorf("padding is %v, want %q", after["padding"], test.padding)
			}
			if err := json.Unmarshal([]byte(test.file), &before); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"truncation", "padding"} {
				delete(before, name)
				delete(after, name)
			}
			if !reflect.DeepEqual(before, after) {
				t.Errorf("the rest became %v", after)
			}
		})
	}
	if _, err := withLimits([]byte("{"), 77, 1); err == nil {
		t.Error("broken JSON was taken")
	}
}

// A saved tokenizer gives this program the tokens that the model's own gives, however long the text.
func TestSavedTokenizerIsTheSame(t *testing.T) {
	from, to := filepath.Join("..", "internal", "tokenizer", "testdata"), t.TempDir()
	if err := saveTokenizer(from, to, 16, 0); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(from, ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, ConfigFile), config, 0o644); err != nil {
		t.Fatal(err)
	}
	var encoders []*tokenizer.Tokenizer
	for _, folder := range []string{from, to} {
		encoder, err := tokenizer.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		defer encoder.Close()
		encoders = append(encoders, encoder)
	}
	for _, text := range []string{"", "a film", "日本語 café 😀 <s> & [MASK]", strings.Repeat("a very long film ", 40)} {
		for _, longest := range []int{16, 100} {
			want, got := encoders[0].Encode(text, longest), encoders[1].Encode(text, longest)
			if !slices.Equal(got, want) {
				t.Errorf("%.20q: %v, want %v", text, got, want)
			}
		}
	}
}
