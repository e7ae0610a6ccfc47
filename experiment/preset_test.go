package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/defence"
	"mslora/params"
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
	musclelora := method(t, "musclelora")
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
		h := p.For(musclelora, nil)
		got := fmt.Sprintf("epochs %d, batch %d, rate %v, rank %d, alpha %v, S %v, r %d, alpha %v, %d auxiliary, align %s, mu %s from %s, loss %s",
			h[params.Epochs], h[params.BatchSize], h[params.LearningRate], h[params.LoRARank], h[params.LoRAAlpha], h[params.Scales], h[params.Bandwidth],
			h[params.ScaleAlpha], h[params.Auxiliary], h[params.Align], or0(h["mu_max"]), or0(h["mix_from"]), or0(h["min_aux_loss"]))
		if got != test.want || p.Name != test.name || p.Architecture != test.architecture || p.Source == "" {
			t.Errorf("%s %s, %s\n got %s\nwant %s", test.variant, p.Name, p.Source, got, test.want)
		}
		for _, m := range defence.Methods {
			if err := p.For(m, nil).Check(); err != nil {
				t.Errorf("%s %s, method %s: %v", test.variant, p.Name, m.Name, err)
			}
		}
	}
	for architecture, want := range map[string]int{"bert-12x768": 8, "roberta-24x1024": 8, "bert-12x384": 8, "llama-32x4096": 2} {
		if v := findPreset(t, "authors", architecture).Values; v.Int(params.Bottleneck) != want || v.Int(params.PrefixLength) != 8 {
			t.Errorf("%s: a bottleneck of %d and a prefix of %d", architecture, v.Int(params.Bottleneck), v.Int(params.PrefixLength))
		}
	}
	// The paper's values are copies: the authors' stay.
	if s := findPreset(t, "authors", "bert-12x768").Values.Floats(params.Scales); len(s) != 8 {
		t.Errorf("the authors' S became %v", s)
	}
	if _, err := FindPreset("mine", "bert-12x768"); err == nil || err.Error() != `preset is "mine", expected authors or paper` {
		t.Errorf("error %v", err)
	}
}

// or0 shows what an alignment does not have as 0.
func or0(value any) string {
	if value == nil {
		return "0"
	}
	return params.Format(value)
}

func method(t *testing.T, name string) defence.Method {
	t.Helper()
	m, err := defence.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Only the authors' alignment has bounds, and all but always a mu. They come back with `--align authors`.
func TestPresetOfAlignment(t *testing.T) {
	p := findPreset(t, "authors", "bert-12x384")
	for align, want := range map[string]string{
		"always": "mu 0 from 0, loss 0, norm 0", "paper": "mu 0.1 from 0, loss 0, norm 0", "authors": "mu 0.1 from 1, loss 0.4, norm 5e-07",
	} {
		h := p.For(method(t, "musclelora"), params.Values{params.Align: align})
		if got := fmt.Sprintf("mu %s from %s, loss %s, norm %s", or0(h["mu_max"]), or0(h["mix_from"]), or0(h["min_aux_loss"]), or0(h["min_aux_norm"])); got != want {
			t.Errorf("%s: %s, want %s", align, got, want)
		}
	}
}

// What no cell has is refused if it is given.
func TestCheckUsed(t *testing.T) {
	for _, test := range []struct {
		methods, align string
		over           Axes
		want           string // "" if accepted
	}{
		{"musclelora", "always", Axes{}, ""},
		{"musclelora", "authors", Axes{"mu_max": {0.1}, "mix_from": {1}, "min_aux_loss": {0.4}, "min_aux_norm": {1e-7}}, ""},
		{"musclelora", "paper", Axes{"mu_max": {0.1}}, ""},
		{"vanilla musclelora", "always", Axes{params.LoRARank: {4}}, ""},
		{"musclelora", "always", Axes{"mu_max": {0.1}}, "mu_max does nothing with align always"},
		{"vanilla musclelora", "paper", Axes{"mix_from": {1}}, "mix_from does nothing with align paper"},
		{"vanilla", "always", Axes{params.LoRARank: {4}}, "lora_rank does nothing for these methods"},
		{"musclelora", "always", Axes{params.Bottleneck: {4}}, "bottleneck does nothing with align always"},
	} {
		var cells []Cell
		for name := range strings.FieldsSeq(test.methods) {
			for over := range test.over.combinations() {
				values := findPreset(t, "authors", "bert-12x384").For(method(t, name), over.With(params.Values{params.Align: test.align}))
				cells = append(cells, Cell{Method: name, Hyperparameters: values})
			}
		}
		err := test.over.checkUsed(cells)
		if (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%s, align %s: error %v, want %q", test.methods, test.align, err, test.want)
		}
	}
}

// A size that a method does not have must not be part of its cells.
func TestPresetForMethod(t *testing.T) {
	for _, test := range []struct{ method, has, not string }{
		{"adapter", "bottleneck", "prefix_length lora_rank scales align"},
		{"prefix", "prefix_length", "bottleneck lora_rank head"},
		{"musclelora", "lora_rank scales head auxiliary", "bottleneck prefix_length"},
		{"lora", "lora_rank head", "scales auxiliary"},
		{"vanilla", "epochs", "bottleneck lora_rank head align"},
	} {
		h := findPreset(t, "authors", "bert-12x768").For(method(t, test.method), nil)
		for name := range strings.FieldsSeq(test.has) {
			if !h.Has(name) {
				t.Errorf("%s lacks %s", test.method, name)
			}
		}
		for name := range strings.FieldsSeq(test.not) {
			if h.Has(name) {
				t.Errorf("%s has %s", test.method, name)
			}
		}
	}
}

func TestPresetOfFullFineTuning(t *testing.T) {
	small := findPreset(t, "authors", "bert-12x384")
	for _, name := range []string{"vanilla", "ga"} {
		if got := small.For(method(t, name), nil).Float(params.LearningRate); got != small.FullLearningRate {
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
