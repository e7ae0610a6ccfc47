package graphs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/hint"
)

// sizes is the part of config.json that must be there.
const sizes = `"model_type":"bert","vocab_size":30522,"hidden_size":384,"num_hidden_layers":12,` +
	`"num_attention_heads":12,"intermediate_size":1536,"max_position_embeddings":512`

func TestParseModelConfig(t *testing.T) {
	c, err := parseModelConfig([]byte("{" + sizes + `,"torch_dtype":"float32","hidden_dropout_prob":0,"attention_probs_dropout_prob":0}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Architecture(); got != "bert-12x384" {
		t.Errorf("architecture: got %s", got)
	}
	if c.Vocabulary != 30522 || c.Positions != 512 || c.LayerNormEpsilon != 1e-12 || c.HiddenDropout != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestParseModelConfigErrors(t *testing.T) {
	tests := []struct{ name, config, want string }{
		{"not JSON", `{`, "unexpected end"},
		{"another model", `{` + strings.Replace(sizes, `"bert"`, `"roberta"`, 1) + `}`, `model_type is "roberta", expected "bert"`},
		{"no model type", `{}`, `model_type is "", expected "bert"`},
		{"no hidden size", `{` + strings.Replace(sizes, "hidden_size", "dim", 1) + `}`, "hidden_size is missing"},
		{"text for a number", `{` + strings.Replace(sizes, "384", `"384"`, 1) + `}`, "hidden_size"},
		{"heads", `{` + strings.Replace(sizes, `heads":12`, `heads":7`, 1) + `}`, "no multiple"},
		{"activation", `{` + sizes + `,"hidden_act":"relu"}`, `hidden_act is "relu", expected "gelu"`},
		{"positions", `{` + sizes + `,"position_embedding_type":"relative_key"}`, `expected "absolute"`},
		{"decoder", `{` + sizes + `,"is_decoder":true}`, "is_decoder"},
		{"epsilon", `{` + sizes + `,"layer_norm_eps":0}`, "layer_norm_eps is 0"},
		{"dropout", `{` + sizes + `,"hidden_dropout_prob":1}`, "hidden_dropout_prob is 1"},
		{"two dropouts", `{` + sizes + `,"hidden_dropout_prob":0.2}`, "attention_probs_dropout_prob is 0.1, expected hidden_dropout_prob, 0.2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.json")
			if err := os.WriteFile(path, []byte(test.config), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := ReadModelConfig(path)
			var hinted *hint.Error
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), path) || !errors.As(err, &hinted) {
				t.Errorf("got %v, want an error with %q and a hint", err, test.want)
			}
		})
	}
	if _, err := ReadModelConfig(filepath.Join(t.TempDir(), "config.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
}

func TestCheck(t *testing.T) {
	c, err := parseModelConfig([]byte("{" + sizes + "}"))
	if err != nil {
		t.Fatal(err)
	}
	good := Manifest{Architecture: "bert", Layers: 12, Hidden: 384, Heads: 12, Intermediate: 1536, LayerNormEpsilon: 1e-12}
	if err := c.Check(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Manifest){
		"num_hidden_layers":   func(m *Manifest) { m.Layers = 6 },
		"hidden_size":         func(m *Manifest) { m.Hidden = 768 },
		"num_attention_heads": func(m *Manifest) { m.Heads = 6 },
		"intermediate_size":   func(m *Manifest) { m.Intermediate = 1024 },
		"layer_norm_eps":      func(m *Manifest) { m.LayerNormEpsilon = 1e-5 },
	} {
		m := good
		change(&m)
		if err := c.Check(m); err == nil || !strings.Contains(err.Error(), name+" is") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzParseModelConfig(f *testing.F) {
	f.Add([]byte("{" + sizes + "}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseModelConfig(data)
		if err == nil && c.Architecture() != fmt.Sprintf("bert-%dx%d", c.Layers, c.Hidden) {
			t.Errorf("accepted %+v", c)
		}
	})
}
