package graphs

import (
	"encoding/json"
	"fmt"
	"os"

	"mslora/internal/hint"
)

// ModelConfig is what a Hugging Face config.json says about a BERT encoder.
type ModelConfig struct {
	Path             string  `json:"-"` // the file it was read from
	ModelType        string  `json:"model_type"`
	Layers           int     `json:"num_hidden_layers"`
	Hidden           int     `json:"hidden_size"`
	Heads            int     `json:"num_attention_heads"`
	Intermediate     int     `json:"intermediate_size"`
	Vocabulary       int     `json:"vocab_size"`
	Positions        int     `json:"max_position_embeddings"` // longest text in tokens
	Activation       string  `json:"hidden_act"`
	PositionType     string  `json:"position_embedding_type"`
	LayerNormEpsilon float64 `json:"layer_norm_eps"`
	HiddenDropout    float64 `json:"hidden_dropout_prob"`
	AttentionDropout float64 `json:"attention_probs_dropout_prob"`
	Decoder          bool    `json:"is_decoder"`
}

// ReadModelConfig reads config.json and checks that the graphs can compute what it describes. Settings
// that it leaves out have the values of transformers' BertConfig; sizes must be given.
func ReadModelConfig(path string) (ModelConfig, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return ModelConfig{}, err
	}
	config, err := parseModelConfig(data)
	if err != nil {
		return ModelConfig{}, hint.New("the model must be a BERT encoder in Hugging Face form, such as bert-base-uncased",
			"%s: %w", path, err)
	}
	config.Path = path
	return config, nil
}

func parseModelConfig(data []byte) (ModelConfig, error) {
	c := ModelConfig{
		Activation: "gelu", PositionType: "absolute",
		LayerNormEpsilon: 1e-12, HiddenDropout: 0.1, AttentionDropout: 0.1,
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return ModelConfig{}, err
	}
	for _, field := range []struct{ name, value, expected string }{
		{"model_type", c.ModelType, "bert"},
		{"hidden_act", c.Activation, "gelu"},
		{"position_embedding_type", c.PositionType, "absolute"},
	} {
		if field.value != field.expected {
			return ModelConfig{}, fmt.Errorf("%s is %q, expected %q", field.name, field.value, field.expected)
		}
	}
	for _, field := range []struct {
		name  string
		value int
	}{
		{"num_hidden_layers", c.Layers},
		{"hidden_size", c.Hidden},
		{"num_attention_heads", c.Heads},
		{"intermediate_size", c.Intermediate},
		{"vocab_size", c.Vocabulary},
		{"max_position_embeddings", c.Positions},
	} {
		if field.value <= 0 {
			return ModelConfig{}, fmt.Errorf("%s is missing or not positive", field.name)
		}
	}
	switch {
	case c.Decoder:
		return ModelConfig{}, fmt.Errorf("is_decoder is true, expected an encoder")
	case c.Hidden%c.Heads != 0:
		return ModelConfig{}, fmt.Errorf("hidden_size %d is no multiple of num_attention_heads %d", c.Hidden, c.Heads)
	case c.LayerNormEpsilon <= 0:
		return ModelConfig{}, fmt.Errorf("layer_norm_eps is %v, expected a positive number", c.LayerNormEpsilon)
	case c.HiddenDropout < 0 || c.HiddenDropout >= 1:
		return ModelConfig{}, fmt.Errorf("hidden_dropout_prob is %v, expected 0 <= p < 1", c.HiddenDropout)
	case c.AttentionDropout != c.HiddenDropout:
		return ModelConfig{}, fmt.Errorf("attention_probs_dropout_prob is %v, expected hidden_dropout_prob, %v",
			c.AttentionDropout, c.HiddenDropout)
	}
	return c, nil
}

// Architecture names the topologies that fit the sizes, such as bert-12x384.
func (c ModelConfig) Architecture() string {
	return architectureName(c.ModelType, c.Layers, c.Hidden)
}

// Check tells whether a graph computes the encoder that the configuration describes. Layers and hidden
// size are in the architecture's name; the rest cannot be seen from the shapes of the weights or only
// late.
func (c ModelConfig) Check(m Manifest) error {
	for _, field := range []struct {
		name            string
		value, expected any
	}{
		{"num_hidden_layers", c.Layers, m.Layers},
		{"hidden_size", c.Hidden, m.Hidden},
		{"num_attention_heads", c.Heads, m.Heads},
		{"intermediate_size", c.Intermediate, m.Intermediate},
		{"layer_norm_eps", c.LayerNormEpsilon, m.LayerNormEpsilon},
	} {
		if field.value != field.expected {
			return hint.New("export graphs for this model with the Python tools",
				"%s: %s is %v, the graphs of %s were made for %v", c.Path, field.name, field.value, m.ArchitectureName(), field.expected)
		}
	}
	return nil
}
