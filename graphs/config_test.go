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
	if c.Vocabulary != 30522 || c.LongestText() != 512 || c.LayerNormEpsilon != 1e-12 || c.HiddenDropout != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestParseModelConfigRoberta(t *testing.T) {
	config := strings.NewReplacer(`"bert"`, `"roberta"`, "512", "514").Replace(sizes)
	c, err := parseModelConfig([]byte("{" + config + `,"layer_norm_eps":1e-5,"pad_token_id":1,"type_vocab_size":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Architecture() != "roberta-12x384" || c.LongestText() != 512 || c.PositionOffset() != 2 || c.LayerNormEpsilon != 1e-5 {
		t.Errorf("got %+v", c)
	}
}

// llama is the part of a Llama's config.json that must be there.
const llama = `"model_type":"llama","vocab_size":49152,"hidden_size":576,"num_hidden_layers":30,` +
	`"num_attention_heads":9,"intermediate_size":1536,"max_position_embeddings":8192`

func TestParseModelConfigLlama(t *testing.T) {
	for _, test := range []struct {
		more  string
		keys  int
		theta float64
	}{
		{``, 9, 10000},
		{`,"num_key_value_heads":3,"rope_theta":100000,"rope_scaling":null,"head_dim":64,"hidden_act":"silu"`, 3, 100000},
		{`,"num_key_value_heads":null,"rope_parameters":{"rope_theta":500000,"rope_type":"default"}`, 9, 500000},
	} {
		c, err := parseModelConfig([]byte("{" + llama + test.more + "}"))
		if err != nil {
			t.Fatal(err)
		}
		if c.Architecture() != "llama-30x576" || c.LongestText() != 8192 || c.NormEpsilon() != 1e-6 ||
			c.keyValueHeads() != test.keys || c.rotaryTheta() != test.theta {
			t.Errorf("%s: got %+v", test.more, c)
		}
		good := Manifest{Architecture: "llama", Layers: 30, Hidden: 576, Heads: 9, Intermediate: 1536, LayerNormEpsilon: 1e-6,
			KeyValueHeads: test.keys, RotaryTheta: test.theta}
		if err := c.Check(good); err != nil {
			t.Error(err)
		}
		for name, change := range map[string]func(*Manifest){
			"rms_norm_eps":        func(m *Manifest) { m.LayerNormEpsilon = 1e-5 },
			"num_key_value_heads": func(m *Manifest) { m.KeyValueHeads = 1 },
			"rope_theta":          func(m *Manifest) { m.RotaryTheta = 7 },
		} {
			m := good
			change(&m)
			if err := c.Check(m); err == nil || !strings.Contains(err.Error(), name+" is") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

func TestParseModelConfigLlamaErrors(t *testing.T) {
	for _, test := range [][2]string{
		{`"hidden_act":"gelu"`, `hidden_act is "gelu", expected "silu"`},
		{`"num_key_value_heads":4`, "num_attention_heads 9 is no multiple of num_key_value_heads 4"},
		{`"num_key_value_heads":-3`, "no multiple of num_key_value_heads -3"},
		{`"head_dim":128`, "head_dim is 128, expected hidden_size / num_attention_heads, 64"},
		{`"num_attention_heads":192`, "each head has 3 units"},
		{`"attention_bias":true`, "attention_bias or mlp_bias is true"},
		{`"mlp_bias":true`, "attention_bias or mlp_bias is true"},
		{`"rope_scaling":{"rope_type":"llama3","factor":8}`, "rope_scaling is given"},
		{`"rope_parameters":{"rope_type":"yarn"}`, `rope_type is "yarn"`},
		{`"rope_theta":-1`, "rope_theta is -1"},
		{`"rms_norm_eps":0`, "rms_norm_eps is 0"},
		{`"attention_dropout":0.1`, "attention_dropout is 0.1, expected 0"},
	} {
		if _, err := parseModelConfig([]byte("{" + llama + "," + test[0] + "}")); err == nil || !strings.Contains(err.Error(), test[1]) {
			t.Errorf("%s: got %v, want an error with %q", test[0], err, test[1])
		}
	}
}

// gpt2 is the part of a GPT-2's config.json that must be there.
const gpt2 = `"model_type":"gpt2","vocab_size":50257,"n_embd":768,"n_layer":12,"n_head":12,"n_positions":1024`

func TestParseModelConfigGPT2(t *testing.T) {
	for _, test := range []struct {
		more         string
		intermediate int
	}{
		{``, 3072},
		{`,"n_inner":null,"n_ctx":1024,"activation_function":"gelu_new","layer_norm_epsilon":1e-05,"scale_attn_weights":true`, 3072},
		{`,"n_inner":50`, 50},
	} {
		c, err := parseModelConfig([]byte("{" + gpt2 + test.more + "}"))
		if err != nil {
			t.Fatal(err)
		}
		if c.Architecture() != "gpt2-12x768" || c.LongestText() != 1024 || c.NormEpsilon() != 1e-5 || c.Intermediate != test.intermediate || c.Heads != 12 {
			t.Errorf("%s: got %+v", test.more, c)
		}
		good := Manifest{Architecture: "gpt2", Layers: 12, Hidden: 768, Heads: 12, Intermediate: test.intermediate, LayerNormEpsilon: 1e-5}
		if err := c.Check(good); err != nil {
			t.Error(err)
		}
	}
	for _, test := range [][2]string{
		{`"activation_function":"relu"`, `activation_function is "relu", expected "gelu_new"`},
		{`"scale_attn_weights":false`, "scale_attn_weights is false and scale_attn_by_inverse_layer_idx false, expected true and false"},
		{`"scale_attn_by_inverse_layer_idx":true`, "scale_attn_by_inverse_layer_idx true"},
		{`"add_cross_attention":true`, "add_cross_attention is true"},
		{`"n_layer":0`, "n_layer is missing or not positive"},
		{`"n_head":7`, "n_embd 768 is no multiple of n_head 7"},
	} {
		if _, err := parseModelConfig([]byte("{" + gpt2 + "," + test[0] + "}")); err == nil || !strings.Contains(err.Error(), test[1]) {
			t.Errorf("%s: got %v, want an error with %q", test[0], err, test[1])
		}
	}
}

func TestParseModelConfigErrors(t *testing.T) {
	tests := []struct{ name, config, want string }{
		{"not JSON", `{`, "unexpected end"},
		{"another model", `{` + strings.Replace(sizes, `"bert"`, `"t5"`, 1) + `}`, `model_type is "t5", expected bert, roberta, llama or gpt2`},
		{"no model type", `{}`, `model_type is "", expected bert, roberta, llama or gpt2`},
		{"padding", `{` + strings.Replace(sizes, `"bert"`, `"roberta"`, 1) + `,"pad_token_id":0}`, "pad_token_id is 0, expected 1"},
		{"no room for tokens", `{` + strings.NewReplacer(`"bert"`, `"roberta"`, `embeddings":512`, `embeddings":2`).Replace(sizes) + `}`, "max_position_embeddings is 2, of which 2"},
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
		"model_type":          func(m *Manifest) { m.Architecture = "roberta" },
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
	f.Add([]byte("{" + strings.Replace(sizes, "bert", "roberta", 1) + "}"))
	f.Add([]byte("{" + llama + "}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseModelConfig(data)
		if err == nil && (c.Architecture() != fmt.Sprintf("%s-%dx%d", c.ModelType, c.Layers, c.Hidden) || c.LongestText() < 1) {
			t.Errorf("accepted %+v", c)
		}
	})
}
