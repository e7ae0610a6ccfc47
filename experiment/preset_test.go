package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func findPreset(t *testing.T, variant, architecture string) Preset {
	t.Helper()
	p, err := FindPreset(variant, architecture)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The values of the paper's appendix B.4 and table 6, and of its code.
func TestPresets(t *testing.T) {
	const (
		authors32 = "epochs 10, batch 32, rate %s, rank 8, alpha 32, S %s, r 1, alpha 6, 96 auxiliary, align authors, mu 0.1 from 1, loss 0.4"
		paper32   = "epochs 10, batch 32, rate %s, rank 8, alpha 32, S %s, r 1, alpha 1, 96 auxiliary, align paper, mu 0.1 from 0, loss 0"
	)
	musclelora, err := FindMethod("musclelora")
	if err != nil {
		t.Fatal(err)
	}
	small := strings.NewReplacer("epochs 10", "epochs 3", "align authors, mu 0.1 from 1, loss 0.4", "align always, mu 0 from 0, loss 0")
	for _, test := range []struct{ variant, architecture, name, want string }{
		{"authors", "bert-12x768", "bert-base", fmt.Sprintf(authors32, "2e-05", "[1 4 8 12 16 20 24 28]")},
		{"paper", "bert-12x768", "bert-base", fmt.Sprintf(paper32, "2e-05", "[1 4 8 12 16 20 24 28 32]")},
		{"authors", "bert-24x1024", "bert-large", fmt.Sprintf(authors32, "2e-05", "[1 2 3 4 5 6 7 8 9]")},
		{"paper", "bert-24x1024", "bert-large", fmt.Sprintf(paper32, "2e-05", "[1 2 3 4 5 6 7 8 9]")},
		{"authors", "roberta-12x768", "roberta-base", fmt.Sprintf(authors32, "2e-05", "[1 2 4 6 8 10 12 14 16]")},
		{"paper", "roberta-12x768", "roberta-base", fmt.Sprintf(paper32, "2e-05", "[1 2 4 6 8 10 12 14 16]")},
		{"authors", "roberta-24x1024", "roberta-large", fmt.Sprintf(authors32, "2e-05", "[1 2 3 4 5 6 7 8 9]")},
		{"paper", "roberta-24x1024", "roberta-large", fmt.Sprintf(paper32, "2e-05", "[1 2 3 4 5 6 7 8 9]")},
		{"authors", "llama-32x4096", "llama2-7b", "epochs 5, batch 16, rate 1e-05, rank 2, alpha 8, S [1 2 3 4], r 1, alpha 4, 128 auxiliary, align authors, mu 0 from 0, loss 0"},
		{"paper", "llama-32x4096", "llama2-7b", "epochs 5, batch 16, rate 1e-05, rank 2, alpha 8, S [1 2 3 4], r 1, alpha 1, 128 auxiliary, align paper, mu 0 from 0, loss 0"},
		{"authors", "bert-12x384", "bge-small", small.Replace(fmt.Sprintf(authors32, "0.0003", "[1 2 3 4 5 6 7 8 9]"))},
		{"paper", "bert-12x384", "bge-small", small.Replace(fmt.Sprintf(paper32, "0.0003", "[1 2 3 4 5 6 7 8 9]"))},
		{"authors", "bert-6x384", "minilm", small.Replace(fmt.Sprintf(authors32, "0.0003", "[1 2 3 4 5 6 7 8 9]"))},
		{"paper", "bert-6x384", "minilm", small.Replace(fmt.Sprintf(paper32, "0.0003", "[1 2 3 4 5 6 7 8 9]"))},
		{"authors", "llama-30x576", "smollm2-135m", "epochs 3, batch 16, rate 0.0003, rank 2, alpha 8, S [1 2 3 4], r 1, alpha 4, 128 auxiliary, align always, mu 0 from 0, loss 0"},
		// Without a preset of their own.
		{"authors", "bert-3x128", "bert-3x128", small.Replace(fmt.Sprintf(authors32, "0.0003", "[1 2 3 4 5 6 7 8 9]"))},
		{"authors", "roberta-6x768", "roberta-6x768", fmt.Sprintf(authors32, "2e-05", "[1 2 4 6 8 10 12 14 16]")},
		{"authors", "llama-2x48", "llama-2x48", "epochs 5, batch 16, rate 1e-05, rank 2, alpha 8, S [1 2 3 4], r 1, alpha 4, 128 auxiliary, align authors, mu 0 from 0, loss 0"},
	} {
		p := findPreset(t, test.variant, test.architecture)
		h := p.For(musclelora).Only(musclelora)
		got := fmt.Sprintf("epochs %d, batch %d, rate %v, rank %d, alpha %v, S %v, r %d, alpha %v, %d auxiliary, align %s, mu %v from %d, loss %v",
			h.Epochs, h.BatchSize, h.LearningRate, h.LoRARank, h.LoRAAlpha, h.Scales, h.Bandwidth, h.ScaleAlpha, h.Auxiliary, h.Align, h.MuMax, h.MixFrom, h.MinAuxLoss)
		if got != test.want || p.Name != test.name || p.Architecture != test.architecture || p.Source == "" {
			t.Errorf("%s %s, %s\n got %s\nwant %s", test.variant, p.Name, p.Source, got, test.want)
		}
		for _, m := range Methods {
			if err := p.For(m).Validate(); err != nil {
				t.Errorf("%s %s, method %s: %v", test.variant, p.Name, m.Name, err)
			}
		}
	}
	for architecture, want := range map[string]int{"bert-12x768": 8, "roberta-24x1024": 8, "bert-12x384": 8, "llama-32x4096": 2} {
		if p := findPreset(t, "authors", architecture); p.Bottleneck != want || p.PrefixLength != 8 {
			t.Errorf("%s: a bottleneck of %d and a prefix of %d", architecture, p.Bottleneck, p.PrefixLength)
		}
	}
	// The paper's values are copies: the authors' stay.
	if s := findPreset(t, "authors", "bert-12x768").Scales; len(s) != 8 {
		t.Errorf("the authors' S became %v", s)
	}
	if _, err := FindPreset("mine", "bert-12x768"); err == nil || err.Error() != `preset is "mine", expected authors or paper` {
		t.Errorf("error %v", err)
	}
}

// Only the authors' alignment has bounds, and all but always a mu. They come back with `--align authors`.
func TestHyperparametersOnlyOfAlignment(t *testing.T) {
	method, err := FindMethod("musclelora")
	if err != nil {
		t.Fatal(err)
	}
	p := findPreset(t, "authors", "bert-12x384")
	for align, want := range map[string]string{
		"always": "mu 0 from 0, loss 0, norm 0", "paper": "mu 0.1 from 0, loss 0, norm 0", "authors": "mu 0.1 from 1, loss 0.4, norm 5e-07",
	} {
		h := Overrides{Align: &align}.apply(p.For(method)).Only(method)
		if got := fmt.Sprintf("mu %v from %d, loss %v, norm %v", h.MuMax, h.MixFrom, h.MinAuxLoss, h.MinAuxNorm); got != want {
			t.Errorf("%s: %s, want %s", align, got, want)
		}
	}
}

// What the alignment does not ask for is refused if it is given.
func TestCheckAlignment(t *testing.T) {
	for _, test := range []struct {
		overrides Overrides
		align     string
		want      string // "" if accepted
	}{
		{Overrides{}, "always", ""},
		{Overrides{MuMax: new(0.0), MixFrom: new(0), MinAuxLoss: new(0.0), MinAuxNorm: new(0.0)}, "always", ""},
		{Overrides{MuMax: new(0.1), MixFrom: new(1), MinAuxLoss: new(0.4), MinAuxNorm: new(1e-7)}, "authors", ""},
		{Overrides{MuMax: new(0.1)}, "paper", ""},
		{Overrides{MuMax: new(0.1)}, "always", "mu_max does nothing with align always"},
		{Overrides{MixFrom: new(1)}, "paper", "mix_from does nothing with align paper"},
		{Overrides{MinAuxLoss: new(0.4)}, "always", "min_aux_loss does nothing with align always"},
		{Overrides{MinAuxNorm: new(1e-7)}, "paper", "min_aux_norm does nothing with align paper"},
	} {
		err := test.overrides.checkAlignment(test.align)
		if (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("align %s: error %v, want %q", test.align, err, test.want)
		}
	}
}

// A size that a method does not have must not be part of its cells.
func TestHyperparametersOnly(t *testing.T) {
	for _, test := range []struct {
		method                   string
		bottleneck, prefixLength int
	}{{"adapter", 8, 0}, {"prefix", 0, 8}, {"musclelora", 0, 0}, {"vanilla", 0, 0}} {
		method, err := FindMethod(test.method)
		if err != nil {
			t.Fatal(err)
		}
		h := authorsBERT.Only(method)
		if h.Bottleneck != test.bottleneck || h.PrefixLength != test.prefixLength || h.LoRARank != 8 {
			t.Errorf("%s: got %+v", test.method, h)
		}
		text, err := yaml.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "bottleneck") != (test.bottleneck > 0) || strings.Contains(string(text), "prefix") != (test.prefixLength > 0) {
			t.Errorf("%s: got\n%s", test.method, text)
		}
	}
}

func TestPresetOfFullFineTuning(t *testing.T) {
	small := findPreset(t, "authors", "bert-12x384")
	for _, name := range []string{"vanilla", "ga"} {
		full, err := FindMethod(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := small.For(full).LearningRate; got != small.VanillaLearningRate {
			t.Errorf("%s at %v", name, got)
		}
	}
}

func TestArchitectureOf(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("MSLORA_MODELS", dir)
	config := `{"model_type": "bert", "num_hidden_layers": 3, "hidden_size": 36, "num_attention_heads": 3, "intermediate_size": 50, "vocab_size": 50, "max_position_embeddings": 64}`
	if err := os.MkdirAll("mine", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("mine", "config.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	for model, want := range map[string]string{"bert-large": "bert-24x1024", "llama-32x4096": "llama-32x4096", "bge-small": "bert-12x384", "mine": "bert-3x36"} {
		if got, err := ArchitectureOf(model); err != nil || got != want {
			t.Errorf("%s: got %q, want %q, error %v", model, got, want, err)
		}
	}
	if _, err := ArchitectureOf("gpt"); err == nil || !strings.Contains(err.Error(), `no model at "gpt"`) {
		t.Errorf("error %v", err)
	}
}
