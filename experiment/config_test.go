package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"mslora/eval"
	"mslora/internal/hint"
)

func TestParseConfig(t *testing.T) {
	config, err := ParseConfig([]byte("model: [bge-small]\ndata: [sets]\nhyperparameters:\n  epochs: 4\n  scales: [1, 2]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if config.Ratio != "0.1" || config.Target != 1 || config.Seeds[0] != 42 {
		t.Errorf("the defaults are gone: %+v", config)
	}
	h := config.Hyperparameters.apply(findPreset(t, "authors", "bert-12x384").Hyperparameters)
	if h.Epochs != 4 || len(h.Scales) != 2 || h.BatchSize != 32 {
		t.Errorf("got %+v", h)
	}
	if err := config.Validate(); err != nil {
		t.Error(err)
	}
}

func TestParseConfigErrors(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", "modell: [x]", "line 1: unknown key modell"},
		{"unknown hyperparameter", "hyperparameters:\n  lr: 1", "line 2: unknown key lr"},
		{"wrong type", "target: yes please", "line 1: cannot unmarshal"},
		{"no YAML", "a: [1", "line 1: did not find expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseConfig([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want %q on one line", err, test.want)
			}
		})
	}
}

// What --print-config prints must read back as the same configuration.
func TestConfigRoundTrip(t *testing.T) {
	config := DefaultConfig()
	config.Models, config.Data, config.Limit, config.MemoryLimit = []string{"a"}, []string{"b"}, 7, 1<<30
	config.Hyperparameters.Align, config.Hyperparameters.MuMax = new("paper"), new(0.25)
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseConfig(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := yaml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(text) {
		t.Errorf("got\n%s\nwant\n%s", again, text)
	}
}

func TestReadConfigNamesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(path, []byte("epochs: 3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := ReadConfig(path)
	var hinted *hint.Error
	if err == nil || !strings.Contains(err.Error(), path) || !errors.As(err, &hinted) {
		t.Errorf("got %v", err)
	}
}

func TestHyperparametersValidate(t *testing.T) {
	for _, test := range []struct {
		want string
		edit func(*Hyperparameters)
	}{
		{"epochs is 0", func(h *Hyperparameters) { h.Epochs = 0 }},
		{"batch_size is -1", func(h *Hyperparameters) { h.BatchSize = -1 }},
		{"learning_rate is 0", func(h *Hyperparameters) { h.LearningRate = 0 }},
		{"max_tokens is 513", func(h *Hyperparameters) { h.MaxTokens = 513 }},
		{"clip_norm is 0", func(h *Hyperparameters) { h.ClipNorm = 0 }},
		{"weight_decay is -0.1", func(h *Hyperparameters) { h.WeightDecay = -0.1 }},
		{"lora_rank is 0", func(h *Hyperparameters) { h.LoRARank = 0 }},
		{"scales is []", func(h *Hyperparameters) { h.Scales = nil }},
		{"bandwidth is 0", func(h *Hyperparameters) { h.Bandwidth = 0 }},
		{"auxiliary is 0", func(h *Hyperparameters) { h.Auxiliary = 0 }},
		{"align is both", func(h *Hyperparameters) { h.Align = "both" }},
		{"mu_max is 1.5", func(h *Hyperparameters) { h.MuMax = 1.5 }},
		{"mix_from is -1", func(h *Hyperparameters) { h.MixFrom = -1 }},
		{"bottleneck is 0", func(h *Hyperparameters) { h.Bottleneck = 0 }},
		{"prefix_length is -8", func(h *Hyperparameters) { h.PrefixLength = -8 }},
	} {
		h := authorsBERT.with(test.edit)
		if err := h.Validate(); err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

func TestFindMethod(t *testing.T) {
	m, err := FindMethod("musclelora")
	if err != nil || m.Graph != "lora+mslr" || !m.Aligned {
		t.Errorf("%+v %v", m, err)
	}
	if _, err := FindMethod("nothing"); err == nil {
		t.Error("an unknown method was found")
	}
	// The tables know every method by the paper's name.
	for _, m := range Methods {
		if eval.DisplayName(m.Name) == m.Name {
			t.Errorf("%s has no name in tables", m.Name)
		}
	}
}

func TestCellFolder(t *testing.T) {
	c := Cell{Dataset: "sst-2", Attack: "badnets", Setting: "clean", Ratio: "0.1", Model: "bge-small", Method: "lora", Seed: 43}
	if got, want := c.Folder("runs"), filepath.Join("runs", "sst-2", "badnets-clean-0.1", "bge-small", "lora", "seed-43"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.Attack, c.Setting, c.Ratio = "unknown", "", ""
	if got, want := c.Folder("runs"), filepath.Join("runs", "sst-2", "unknown", "bge-small", "lora", "seed-43"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("model: [a]\nseeds: [1]\n"))
	f.Add([]byte("hyperparameters: {epochs: 1}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if config, err := ParseConfig(data); err == nil {
			config.Validate()
		}
	})
}
