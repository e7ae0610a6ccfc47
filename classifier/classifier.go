package classifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"mslora/defence"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/tokenizer"
	"mslora/lora"
	"mslora/ortrain"
)

// Classifier predicts the class of texts.
type Classifier struct {
	Labels []string // names of the classes in their order

	model     *ortrain.Model // nil: all weights are in the evaluator's file
	longest   int            // tokens that a text may have
	tokenizer *tokenizer.Tokenizer
	evaluator evaluator
	store     graphs.Store
	device    ortrain.Device
	row       *defence.WordRow // nil unless a filter asked for it
}

// evaluator gives logits: an *ortrain.Evaluator or an *ortrain.FileEvaluator.
type evaluator interface {
	Logits(ctx context.Context, examples []ortrain.Example) ([][]float32, error)
	Close() error
}

// Prediction is the answer for one text.
type Prediction struct {
	Class         int       // the most probable one, the lowest of equal ones
	Logits        []float32 // of all classes, finite
	Probabilities []float64 // of all classes: the softmax of the logits
}

// Open opens a classifier's folder. It runs model.safetensors through the packed graphs of its architecture, which
// spend no time on padding.
func Open(folder string, store graphs.Store, device ortrain.Device) (*Classifier, error) {
	labels, err := readLabels(filepath.Join(folder, ConfigFile))
	if err != nil {
		return nil, err
	}
	c := &Classifier{Labels: labels, store: store, device: device}
	if err := c.open(folder, store, device); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Classifier) open(folder string, store graphs.Store, device ortrain.Device) (err error) {
	if c.model, err = ortrain.OpenModel(folder); err != nil {
		return err
	}
	c.longest = c.model.Config.LongestText()
	if c.tokenizer, err = tokenizer.Open(folder); err != nil {
		return err
	}
	topology, err := store.Load(c.model.Config.Architecture(), graphs.Evaluation)
	if err != nil {
		return err
	}
	if err := c.checkHead(folder, topology.Manifest); err != nil {
		return err
	}
	both := ortrain.Topologies{Evaluate: topology}
	packed, err := ortrain.NewEvaluator(c.model, both, lora.Setting{}, len(c.Labels), device)
	if err != nil {
		return err
	}
	c.evaluator = packed
	head, err := c.head()
	if err != nil {
		return err
	}
	return packed.Use(head)
}

// readLabels gives the names of the classes that config.json lists.
func readLabels(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, hint.New("give a folder that `mslora train` made", "%w", err)
	}
	labels, err := parseLabels(data)
	if err != nil {
		return nil, hint.New("`mslora train` makes one", "%s: %w", path, err)
	}
	return labels, nil
}

// parseLabels reads id2label, which numbers two or more different names from 0.
func parseLabels(data []byte) ([]string, error) {
	var config struct {
		Names map[string]string `json:"id2label"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, err
	}
	if n := len(config.Names); n < 2 {
		return nil, fmt.Errorf("id2label names %d classes, a classifier has two or more", n)
	}
	labels := make([]string, len(config.Names))
	seen := map[string]bool{}
	for key, name := range config.Names {
		id, err := strconv.Atoi(key)
		if err != nil || id < 0 || id >= len(labels) || labels[id] != "" || name == "" {
			return nil, fmt.Errorf("id2label does not number %d names from 0", len(labels))
		}
		if seen[name] {
			return nil, fmt.Errorf("id2label gives the name %q to two classes", name)
		}
		labels[id], seen[name] = name, true
	}
	return labels, nil
}

// NotFiniteError says that a text has logits that are infinite or no numbers, from which no class follows.
type NotFiniteError struct {
	Index  int // of the text among those that were given
	Text   string
	Logits []float32
}

func (e *NotFiniteError) Error() string {
	return fmt.Sprintf("the logits of the text %s are %v, expected finite numbers", hint.Quote(e.Text), e.Logits)
}

// Predict classifies texts; longer ones are cut at the model's positions. The error wraps a NotFiniteError for the first text of
// which there is one.
func (c *Classifier) Predict(ctx context.Context, texts []string) ([]Prediction, error) {
	examples := c.examples(texts)
	logits, err := c.evaluator.Logits(ctx, examples)
	if err != nil {
		return nil, err
	}
	predictions := make([]Prediction, len(texts))
	for i, scores := range logits {
		if slices.ContainsFunc(scores, notFinite) {
			// It may be another text's fault that shares its row, as 0 · NaN is NaN. Alone it shows its own.
			alone, err := c.evaluator.Logits(ctx, examples[i:i+1])
			if err != nil {
				return nil, err
			}
			scores = alone[0]
		}
		if slices.ContainsFunc(scores, notFinite) {
			return nil, &hint.Error{Err: &NotFiniteError{i, texts[i], scores}, Hint: "its weights or its training are damaged: train it again, or ask whom you have it from"}
		}
		predictions[i] = Prediction{ortrain.Argmax(scores), scores, ortrain.Softmax(scores)}
	}
	return predictions, nil
}

func notFinite(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }

// Vectors gives each text's vector that the head reads: of the last layer and [CLS], or a Llama's last token.
func (c *Classifier) Vectors(ctx context.Context, texts []string) ([][]float32, error) {
	packed, ok := c.evaluator.(*ortrain.Evaluator)
	if !ok {
		return nil, errors.New("the quantized classifier gives logits only")
	}
	return packed.Vectors(ctx, c.examples(texts))
}

func (c *Classifier) examples(texts []string) []ortrain.Example {
	examples := make([]ortrain.Example, len(texts))
	for i, text := range texts {
		examples[i].Tokens = c.tokenizer.Encode(text, c.longest)
	}
	return examples
}

// Close frees the classifier.
func (c *Classifier) Close() error {
	all := []error{c.row.Close()}
	if c.evaluator != nil {
		all = append(all, c.evaluator.Close())
	}
	if c.tokenizer != nil {
		all = append(all, c.tokenizer.Close())
	}
	if c.model != nil {
		all = append(all, c.model.Close())
	}
	return errors.Join(all...)
}
