package classifier

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/safetensors"
	"mslora/ortrain"
)

// form is how transformers keeps the classifiers of a family.
type form struct {
	class   string   // of transformers
	prefix  string   // of the names of the backbone's weights
	head    string   // of the names of the head's weights
	targets []string // the projections with LoRA, as PEFT names them
	whole   []string // modules that PEFT keeps whole: the head, and the one with the multi-scale branch
}

// forms by Hugging Face's model_type.
var forms = map[string]form{
	"bert": {
		class: "BertForSequenceClassification", prefix: "bert.", head: "classifier.",
		targets: []string{"query", "value"}, whole: []string{"classifier", "pooler"},
	},
	"roberta": {
		class: "RobertaForSequenceClassification", prefix: "roberta.", head: "classifier.",
		targets: []string{"query", "value"}, whole: []string{"classifier"},
	},
	"llama": {
		class: "LlamaForSequenceClassification", prefix: "model.", head: "score.",
		targets: []string{"q_proj", "v_proj"}, whole: []string{"score"},
	},
}

// fullName is the name of a weight in a Hugging Face model with a classification head.
func (f form) fullName(name string) string {
	if strings.HasPrefix(name, f.head) {
		return name
	}
	return f.prefix + name
}

// keepsWhole tells whether PEFT keeps a weight beside LoRA.
func (f form) keepsWhole(name string) bool {
	for _, module := range f.whole {
		if strings.HasPrefix(name, module+".") {
			return true
		}
	}
	return false
}

// A Llama's head has two layers in the graphs, score.0 [16, d] and score.2 [C, 16] (the paper's appendix B), with
// nothing but dropout in between. Transformers has their product, score [C, d].
const (
	score      = "score.weight"
	scoreFirst = "score.0.weight"
	scoreLast  = "score.2.weight"
	scoreUnits = 16
)

// Savable refuses what cannot be saved as a classifier: a model whose weights do not fit into one ONNX file, and more
// classes than a head can tell apart. The model is one of those that store has graphs for.
func Savable(model graphs.ModelConfig, classes int, store graphs.Store) error {
	if err := checkUnits(model, classes); err != nil {
		return err
	}
	topology, err := store.Load(model.Architecture(), graphs.Classification)
	if err != nil {
		return err
	}
	open := map[string]int64{"V": int64(model.Vocabulary), "P": int64(model.Positions), "C": int64(classes)}
	var bytes int64
	for _, w := range topology.Manifest.Weights {
		shape, err := graphs.Resolve(w.Shape, open)
		if err != nil {
			return err
		}
		size := int64(4)
		for _, d := range shape {
			size *= d
		}
		bytes += size
	}
	if bytes > graphs.MaxModel {
		return hint.New("take a smaller model; or use `mslora run`, which keeps the tuned tensors in best.safetensors",
			"the classifier would have %.1f GiB of float32 weights, and an ONNX file holds 2 GiB at most", float64(bytes)/(1<<30))
	}
	return nil
}

func checkUnits(model graphs.ModelConfig, classes int) error {
	if model.ModelType == "llama" && classes > scoreUnits {
		return hint.New("take an encoder, such as bge-small", "the texts have %d classes, but a Llama's head has %d units", classes, scoreUnits)
	}
	return nil
}

// foldScore multiplies both layers of a Llama's head.
func foldScore(first, last ortrain.Weight) ortrain.Weight {
	classes, units, hidden := int(last.Shape[0]), int(first.Shape[0]), int(first.Shape[1])
	product := make([]float32, classes*hidden)
	for i := range classes {
		for j := range hidden {
			var sum float64
			for k := range units {
				sum += float64(last.Data[i*units+k]) * float64(first.Data[k*hidden+j])
			}
			product[i*hidden+j] = float32(sum)
		}
	}
	return ortrain.Weight{Shape: []int64{int64(classes), int64(hidden)}, Data: product}
}

// unfoldScore gives two layers with the product [C, d], C <= 16: its rows, and the choice of them.
func unfoldScore(product ortrain.Weight) (first, last ortrain.Weight) {
	classes, hidden := product.Shape[0], product.Shape[1]
	first = ortrain.Weight{Shape: []int64{scoreUnits, hidden}, Data: make([]float32, scoreUnits*hidden)}
	copy(first.Data, product.Data)
	last = ortrain.Weight{Shape: []int64{classes, scoreUnits}, Data: make([]float32, classes*scoreUnits)}
	for i := range classes {
		last.Data[i*scoreUnits+i] = 1
	}
	return first, last
}

// head gives what the graphs need of an opened classifier's head beside the weights of their own names.
func (c *Classifier) head() (ortrain.Tuned, error) {
	if c.model.Config.ModelType != "llama" {
		return nil, nil
	}
	values, err := c.model.Weights.Float32(score)
	if err != nil {
		return nil, err
	}
	tensor, _ := c.model.Weights.Tensor(score)
	first, last := unfoldScore(ortrain.Weight{Shape: tensor.Shape, Data: values})
	return ortrain.Tuned{scoreFirst: first, scoreLast: last}, nil
}

// named is a weight under its name in a Hugging Face model, without the family's prefix. Its values are computed when they are
// asked for.
type named struct {
	name   string
	shape  []int64
	values func() ([]float32, error)
}

// weights gives every weight of the classifier, modules merged, as transformers keeps them.
func (t Trained) weights(manifest graphs.Manifest) ([]named, error) {
	var all []named
	head := map[string]ortrain.Weight{}
	for _, w := range manifest.Weights {
		if w.Name == scoreFirst || w.Name == scoreLast {
			weight, err := ortrain.Merged(t.Model, t.Modules, t.Tuned, w.Name)
			if err != nil {
				return nil, err
			}
			head[w.Name] = weight
			continue
		}
		shape, err := t.shape(w.Name)
		if err != nil {
			return nil, err
		}
		all = append(all, named{w.Name, shape, func() ([]float32, error) { return t.values(w.Name) }})
	}
	if len(head) == 2 {
		folded := foldScore(head[scoreFirst], head[scoreLast])
		all = append(all, named{score, folded.Shape, func() ([]float32, error) { return folded.Data, nil }})
	}
	return all, nil
}

// checkHead tells whether the file holds a head for as many classes as config.json names: every tensor of it, with its shape.
func (c *Classifier) checkHead(folder string, evaluate graphs.Manifest) error {
	classes := len(c.Labels)
	if err := checkUnits(c.model.Config, classes); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	expected := evaluate.FrozenInputs
	if c.model.Config.ModelType == "llama" {
		expected = []graphs.Frozen{{Name: score, Shape: []graphs.Dim{{Symbol: "C"}, {Size: int64(evaluate.Hidden)}}}}
	}
	const advice = "`mslora train` makes a classifier; if this is one, its files are damaged or of different models"
	for _, e := range expected {
		shape, err := graphs.Resolve(e.Shape, map[string]int64{"C": int64(classes)})
		if err != nil {
			return err
		}
		name, ok := graphs.WeightName(c.model.Weights, e.Name)
		tensor, _ := c.model.Weights.Tensor(name)
		switch {
		case !ok:
			return hint.New(advice, "%s is no classifier of %d classes: %s has no tensor %s", folder, classes, filepath.Base(c.model.Weights.Path), e.Name)
		case !safetensors.IsFloat(tensor.DType):
			return hint.New(advice, "%s: tensor %s is %s, expected F32, F16 or BF16", c.model.Weights.Path, name, tensor.DType)
		case !slices.Equal(tensor.Shape, shape):
			return hint.New(advice, "%s is no classifier of %d classes: tensor %s has shape %v, expected %v", folder, classes, name, tensor.Shape, shape)
		}
	}
	return nil
}
