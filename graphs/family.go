package graphs

import (
	"fmt"
	"slices"
	"strings"
)

// family is a kind of backbone that graphs are made for.
type family struct {
	name     string      // Hugging Face's model_type, and the architecture of the manifests
	title    string      // what people call it
	defaults ModelConfig // settings that a config.json may leave out, as transformers has them
	// names are the family's own for what others call otherwise: a name of ModelConfig's -> that of its config.json.
	names map[string]string
	// uneven are the ends of the names of weights whose layers read tokens that 8 bits a token hold badly: a few of their values are so large
	// that the others round to nothing. Their forward products stay float32; backward such a layer is as even as others.
	uneven []string
	// check tells whether the graphs compute what a config.json with valid sizes describes.
	check func(ModelConfig) error
}

var families = []family{
	{
		name: "bert", title: "BERT", check: checkEncoder,
		defaults: ModelConfig{
			Activation: "gelu", PositionType: "absolute", LayerNormEpsilon: 1e-12,
			HiddenDropout: 0.1, AttentionDropout: 0.1,
		},
	},
	{
		name: "roberta", title: "RoBERTa", check: checkRoberta,
		defaults: ModelConfig{
			Activation: "gelu", PositionType: "absolute", LayerNormEpsilon: 1e-12,
			HiddenDropout: 0.1, AttentionDropout: 0.1, Padding: robertaPadding,
		},
	},
	{
		name: "llama", title: "Llama", check: checkLlama,
		defaults: ModelConfig{Activation: "silu", RMSNormEpsilon: 1e-6},
		// Values, which attention passes on as they are, have the largest errors in 8 bits, and down_proj, which reads a product of two
		// activations, the second largest: 6.7 % and 3.2 % in SmolLM2-135M, see docs/performance.md.
		uneven: []string{".self_attn.v_proj.weight", ".mlp.down_proj.weight"},
	},
	{
		name: "gpt2", title: "GPT-2", check: checkGPT2,
		defaults: ModelConfig{Activation: "gelu_new", LayerNormEpsilon: 1e-5, ScaledScores: true},
		names: map[string]string{
			"num_hidden_layers": "n_layer", "hidden_size": "n_embd", "num_attention_heads": "n_head", "intermediate_size": "n_inner",
			"max_position_embeddings": "n_positions", "hidden_act": "activation_function", "layer_norm_eps": "layer_norm_epsilon",
		},
	},
}

// weightPrefixes stand before the names of a backbone's weights in files of models with a task head.
var weightPrefixes = []string{"", "bert.", "roberta.", "model.", "transformer."}

// robertaPadding is the id of RoBERTa's padding token. Positions are counted from the one after it.
const robertaPadding = 1

// Optional tells whether a model file may lack a weight, which is then drawn as a head is: the pooler, which
// encoders that were not trained on pairs of sentences leave out.
func Optional(name string) bool { return strings.HasPrefix(name, "pooler.") }

// uneven tells whether the forward product by a weight stays float32 where others are computed in 8 bits.
func (m Manifest) uneven(weight string) bool {
	f, _ := findFamily(m.Architecture)
	return slices.ContainsFunc(f.uneven, func(end string) bool { return strings.HasSuffix(weight, end) })
}

func findFamily(name string) (family, bool) {
	for _, f := range families {
		if f.name == name {
			return f, true
		}
	}
	return family{}, false
}

// list joins what get gives for each family, for messages.
func list(get func(family) string) string {
	var all []string
	for _, f := range families {
		all = append(all, get(f))
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " or " + all[last]
}

func familyName(f family) string { return f.name }

func familyTitle(f family) string { return f.title }

// checkEncoder is for BERT and what is built like it.
func checkEncoder(c ModelConfig) error {
	switch {
	case c.Activation != "gelu":
		return fmt.Errorf("hidden_act is %q, expected \"gelu\"", c.Activation)
	case c.PositionType != "absolute":
		return fmt.Errorf("position_embedding_type is %q, expected \"absolute\"", c.PositionType)
	case c.Decoder:
		return fmt.Errorf("is_decoder is true, expected an encoder")
	case c.HiddenDropout < 0 || c.HiddenDropout >= 1:
		return fmt.Errorf("hidden_dropout_prob is %v, expected 0 <= p < 1", c.HiddenDropout)
	case c.AttentionDropout != c.HiddenDropout:
		return fmt.Errorf("attention_probs_dropout_prob is %v, expected hidden_dropout_prob, %v",
			c.AttentionDropout, c.HiddenDropout)
	}
	return nil
}

func checkRoberta(c ModelConfig) error {
	switch {
	case c.Padding != robertaPadding:
		return fmt.Errorf("pad_token_id is %d, expected %d", c.Padding, robertaPadding)
	case c.LongestText() < 1:
		return fmt.Errorf("max_position_embeddings is %d, of which %d come before the first token", c.Positions, c.PositionOffset())
	}
	return checkEncoder(c)
}

// defaultTheta is Llama's base of the rotary frequencies.
const defaultTheta = 10000

func checkLlama(c ModelConfig) error {
	keys, rotary := c.keyValueHeads(), c.RotaryParameters
	switch {
	case c.Activation != "silu":
		return fmt.Errorf("hidden_act is %q, expected \"silu\"", c.Activation)
	case keys <= 0 || c.Heads%keys != 0:
		return fmt.Errorf("num_attention_heads %d is no multiple of num_key_value_heads %d", c.Heads, keys)
	case c.HeadWidth != 0 && c.HeadWidth*c.Heads != c.Hidden:
		return fmt.Errorf("head_dim is %d, expected hidden_size / num_attention_heads, %d", c.HeadWidth, c.Hidden/c.Heads)
	case c.Hidden/c.Heads%2 != 0:
		return fmt.Errorf("each head has %d units, expected an even number", c.Hidden/c.Heads)
	case c.AttentionBias || c.MLPBias:
		return fmt.Errorf("attention_bias or mlp_bias is true, expected neither")
	case c.RotaryScaling != nil:
		return fmt.Errorf("rope_scaling is given, expected none")
	case rotary.Type != "" && rotary.Type != "default":
		return fmt.Errorf("rope_type is %q, expected \"default\"", rotary.Type)
	case c.rotaryTheta() <= 0:
		return fmt.Errorf("rope_theta is %v, expected a positive number", c.rotaryTheta())
	case c.LlamaDropout != 0:
		return fmt.Errorf("attention_dropout is %v, expected 0", c.LlamaDropout)
	}
	return nil
}

func checkGPT2(c ModelConfig) error {
	switch {
	case c.Activation != "gelu_new":
		return fmt.Errorf("activation_function is %q, expected \"gelu_new\"", c.Activation)
	case !c.ScaledScores || c.ScaledByLayer:
		return fmt.Errorf("scale_attn_weights is %v and scale_attn_by_inverse_layer_idx %v, expected true and false", c.ScaledScores, c.ScaledByLayer)
	case c.CrossAttention:
		return fmt.Errorf("add_cross_attention is true, expected false")
	}
	return nil
}

// keyValueHeads is the number of heads of keys and values, which groups of queries share.
func (c ModelConfig) keyValueHeads() int {
	if c.ModelType == "llama" && c.KeyValueHeads == 0 {
		return c.Heads
	}
	return c.KeyValueHeads
}

// rotaryTheta is the base of the rotary frequencies: recent versions of transformers write it with the
// other settings of rotary embeddings, older ones by itself.
func (c ModelConfig) rotaryTheta() float64 {
	switch {
	case c.ModelType != "llama":
		return 0
	case c.RotaryParameters.Theta != 0:
		return c.RotaryParameters.Theta
	case c.RotaryTheta != 0:
		return c.RotaryTheta
	}
	return defaultTheta
}
