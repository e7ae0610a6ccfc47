package graphs

import (
	"cmp"
	"encoding/json"
	"fmt"

	"mslora/internal/hint"
	"mslora/internal/regular"
)

// ModelConfig is what a Hugging Face config.json says about a backbone.
type ModelConfig struct {
	Path             string  `json:"-"` // the file it was read from
	ModelType        string  `json:"model_type"`
	Layers           int     `json:"num_hidden_layers"`
	Hidden           int     `json:"hidden_size"`
	Heads            int     `json:"num_attention_heads"`
	Intermediate     int     `json:"intermediate_size"`
	Vocabulary       int     `json:"vocab_size"`
	Positions        int     `json:"max_position_embeddings"`
	Padding          int     `json:"pad_token_id"`
	Activation       string  `json:"hidden_act"`
	PositionType     string  `json:"position_embedding_type"`
	LayerNormEpsilon float64 `json:"layer_norm_eps"`
	HiddenDropout    float64 `json:"hidden_dropout_prob"`
	AttentionDropout float64 `json:"attention_probs_dropout_prob"`
	Decoder          bool    `json:"is_decoder"`

	// Llama's alone.
	KeyValueHeads    int             `json:"num_key_value_heads"`
	HeadWidth        int             `json:"head_dim"`
	RMSNormEpsilon   float64         `json:"rms_norm_eps"`
	LlamaDropout     float64         `json:"attention_dropout"`
	AttentionBias    bool            `json:"attention_bias"`
	MLPBias          bool            `json:"mlp_bias"`
	RotaryTheta      float64         `json:"rope_theta"`
	RotaryScaling    *map[string]any `json:"rope_scaling"`
	RotaryParameters struct {
		Theta float64 `json:"rope_theta"`
		Type  string  `json:"rope_type"`
	} `json:"rope_parameters"`

	// GPT-2's alone.
	ScaledScores   bool `json:"scale_attn_weights"`
	ScaledByLayer  bool `json:"scale_attn_by_inverse_layer_idx"`
	CrossAttention bool `json:"add_cross_attention"`
}

// longestConfig bounds config.json, in bytes; the longest hold names for thousands of classes.
const longestConfig = 16 << 20

// ReadModelConfig reads config.json and checks that the graphs can compute what it describes. Settings
// that it leaves out have the values of transformers' configuration classes; sizes must be given.
func ReadModelConfig(path string) (ModelConfig, error) {
	data, err := regular.Read(path, longestConfig)
	if err != nil {
		return ModelConfig{}, err
	}
	config, err := parseModelConfig(data)
	if err != nil {
		return ModelConfig{}, hint.New("the model must be a "+list(familyTitle)+" in Hugging Face form, such as bert-base-uncased",
			"%s: %w", path, err)
	}
	config.Path = path
	return config, nil
}

func parseModelConfig(data []byte) (_ ModelConfig, err error) {
	var kind struct {
		ModelType string `json:"model_type"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return ModelConfig{}, err
	}
	family, ok := findFamily(kind.ModelType)
	if !ok {
		return ModelConfig{}, fmt.Errorf("model_type is %q, expected %s", kind.ModelType, list(familyName))
	}
	c := family.defaults
	if data, err = family.rename(data); err != nil {
		return ModelConfig{}, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return ModelConfig{}, err
	}
	if c.ModelType == "gpt2" && c.Intermediate == 0 {
		c.Intermediate = 4 * c.Hidden
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
			return ModelConfig{}, fmt.Errorf("%s is missing or not positive", cmp.Or(family.names[field.name], field.name))
		}
	}
	switch {
	case c.Hidden%c.Heads != 0:
		return ModelConfig{}, fmt.Errorf("%s %d is no multiple of %s %d", cmp.Or(family.names["hidden_size"], "hidden_size"), c.Hidden,
			cmp.Or(family.names["num_attention_heads"], "num_attention_heads"), c.Heads)
	case c.NormEpsilon() <= 0:
		return ModelConfig{}, fmt.Errorf("%s is %v, expected a positive number", c.normEpsilonName(), c.NormEpsilon())
	}
	return c, family.check(c)
}

// rename gives a config.json in which what the family calls otherwise has the names of ModelConfig.
func (f family) rename(data []byte) ([]byte, error) {
	if len(f.names) == 0 {
		return data, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	for name, own := range f.names {
		delete(fields, name)
		if value, ok := fields[own]; ok {
			fields[name] = value
		}
	}
	return json.Marshal(fields)
}

// PositionOffset is the row of the position table that a text's first token has.
func (c ModelConfig) PositionOffset() int {
	if c.ModelType == "roberta" {
		return c.Padding + 1
	}
	return 0
}

// NormEpsilon is what LayerNorm or RMSNorm adds to the variance.
func (c ModelConfig) NormEpsilon() float64 {
	if c.ModelType == "llama" {
		return c.RMSNormEpsilon
	}
	return c.LayerNormEpsilon
}

func (c ModelConfig) normEpsilonName() string {
	if c.ModelType == "llama" {
		return "rms_norm_eps"
	}
	return "layer_norm_eps"
}

// LongestText is the number of tokens that a text may have.
func (c ModelConfig) LongestText() int { return c.Positions - c.PositionOffset() }

// Architecture names the topologies that fit the sizes, such as bert-12x384.
func (c ModelConfig) Architecture() string {
	return architectureName(c.ModelType, c.Layers, c.Hidden)
}

// Check tells whether a graph computes the backbone that the configuration describes. Layers and hidden
// size are in the architecture's name; the rest cannot be seen from the shapes of the weights or only
// late.
func (c ModelConfig) Check(m Manifest) error {
	for _, field := range []struct {
		name            string
		value, expected any
	}{
		{"model_type", c.ModelType, m.Architecture},
		{"num_hidden_layers", c.Layers, m.Layers},
		{"hidden_size", c.Hidden, m.Hidden},
		{"num_attention_heads", c.Heads, m.Heads},
		{"intermediate_size", c.Intermediate, m.Intermediate},
		{c.normEpsilonName(), c.NormEpsilon(), m.LayerNormEpsilon},
		{"num_key_value_heads", c.keyValueHeads(), m.KeyValueHeads},
		{"rope_theta", c.rotaryTheta(), m.RotaryTheta},
	} {
		if field.value != field.expected {
			return hint.New("export graphs for this model with the Python tools",
				"%s: %s is %v, the graphs of %s were made for %v", c.Path, field.name, field.value, m.ArchitectureName(), field.expected)
		}
	}
	return nil
}
