package ortrain

import (
	"context"
	"errors"
	"math"
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/lora"
)

const (
	// evaluationTexts and evaluationSlots bound one evaluation batch: texts, and texts times the longest
	// of them, which bounds the attention matrices.
	evaluationTexts = 64
	evaluationSlots = 8192
)

// Evaluator predicts with a backbone and tuned tensors. LoRA and multi-scale modules are merged into the
// weights they belong to, so a tuned model costs no more than the backbone; adapters and prefixes are inputs of
// graphs of their own.
type Evaluator struct {
	model   *Model
	session *session
	classes int
	hidden  int
	modules lora.Setting
	given   []string // graph inputs that Use gives: backbone weights that may change, and the head
	weights tensors
	held    [][]float32 // merged values: C reads them, Go must keep them alive

	// Progress is told the share of the texts of a call that is read, counted in tokens; may be nil.
	Progress func(share float64)
}

// NewEvaluator opens the evaluation graph for models that were tuned with the training graph, or, if topologies
// has none, for the model as it is.
func NewEvaluator(model *Model, topologies Topologies, modules lora.Setting, classes int, device Device) (*Evaluator, error) {
	topology := topologies.Evaluate
	changed := map[string]bool{}
	if topologies.Train != nil {
		changed = changedBy(topologies.Train.Manifest)
	}
	// What modules are merged into becomes an input and stays float32, in 8 bits, too: training multiplied by the modules in float32, and what
	// they add is small beside a step of the whole weight. It is a sixth of the products, and only while training; see classifier.Open.
	linked, err := device.link(topology, model.Weights, func(name string) bool { return changed[name] || model.drawn(name) })
	if err != nil {
		return nil, err
	}
	var inputs []string
	for _, input := range topology.Manifest.Batch {
		inputs = append(inputs, input.Name)
	}
	given := linked.Promoted
	for _, f := range topology.Manifest.FrozenInputs {
		given = append(given, f.Name)
	}
	inputs = append(inputs, given...)
	// In float32 a packed copy would come on top of the weights, which the training session shares. In 8 bits it takes their place.
	s, err := openSession(linked, inputs, []string{"logits", "cls"}, device, device.Int8)
	if err != nil {
		return nil, err
	}
	return &Evaluator{model: model, session: s, classes: classes, hidden: topology.Manifest.Hidden, modules: modules, given: given}, nil
}

// Use sets the tuned tensors of the following predictions. Their values are read while predictions run.
func (e *Evaluator) Use(tuned Tuned) error {
	e.weights.destroy()
	e.weights, e.held = tensors{}, nil
	for _, name := range e.given {
		weight, err := Merged(e.model, e.modules, tuned, name)
		if err != nil {
			return err
		}
		if err := add(e.weights, name, weight.Data, weight.Shape...); err != nil {
			return err
		}
		e.held = append(e.held, weight.Data)
	}
	return nil
}

// Logits gives the class scores [len(examples)][classes] in the order of examples.
func (e *Evaluator) Logits(ctx context.Context, examples []Example) ([][]float32, error) {
	result := make([][]float32, len(examples))
	return result, e.each(ctx, examples, func(index int, logits, _ []float32) { result[index] = logits })
}

// Vectors gives the [CLS] vectors of the last layer, before the pooler, [len(examples)][hidden] in the order of
// examples.
func (e *Evaluator) Vectors(ctx context.Context, examples []Example) ([][]float32, error) {
	result := make([][]float32, len(examples))
	return result, e.each(ctx, examples, func(index int, _, vector []float32) { result[index] = vector })
}

// each gives the logits [classes] and the [CLS] vector [hidden] of every example, in any order.
func (e *Evaluator) each(ctx context.Context, examples []Example, take func(index int, logits, vector []float32)) error {
	done, all := 0, 0
	for _, example := range examples {
		all += len(example.Tokens)
	}
	return inGroups(ctx, examples, func(group []Example, places []int) error {
		logits, vectors, err := e.run(group)
		if err != nil {
			return err
		}
		for i, place := range places {
			take(place, logits[i*e.classes:(i+1)*e.classes], vectors[i*e.hidden:(i+1)*e.hidden])
			done += len(group[i].Tokens)
		}
		if e.Progress != nil {
			e.Progress(float64(done) / float64(max(1, all)))
		}
		return nil
	})
}

// inGroups gives run all examples, with their places among them, in groups that are evaluated at once. Texts of like length run
// together, so little is wasted on padding.
func inGroups(ctx context.Context, examples []Example, run func(group []Example, places []int) error) error {
	order := make([]int, len(examples))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return len(examples[i].Tokens) - len(examples[j].Tokens) })
	for len(order) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, longest := 0, 0
		for n < min(len(order), evaluationTexts) {
			longest = max(longest, len(examples[order[n]].Tokens))
			if n > 0 && (n+1)*longest > evaluationSlots {
				break
			}
			n++
		}
		group := make([]Example, n)
		for i, index := range order[:n] {
			group[i] = examples[index]
		}
		if err := run(group, order[:n]); err != nil {
			return err
		}
		order = order[n:]
	}
	return nil
}

// run gives the logits [len(group), classes] and [CLS] vectors [len(group), hidden] of one batch.
func (e *Evaluator) run(group []Example) (logits, vectors []float32, err error) {
	batch := Pack(group, e.classes)
	inputs := tensors{}
	defer inputs.destroy()
	if err := inputs.addBatch(batch); err != nil {
		return nil, nil, err
	}
	all := tensors{}
	for name, value := range inputs {
		all[name] = value
	}
	for name, value := range e.weights {
		all[name] = value
	}
	logits, vectors = make([]float32, len(group)*e.classes), make([]float32, len(group)*e.hidden)
	outputs := tensors{}
	defer outputs.destroy()
	texts := int64(len(group))
	if err := errors.Join(add(outputs, "logits", logits, texts, int64(e.classes)), add(outputs, "cls", vectors, texts, int64(e.hidden))); err != nil {
		return nil, nil, err
	}
	return logits, vectors, e.session.run(all, []ort.Value{outputs["logits"], outputs["cls"]})
}

// Close frees the session, if there is one.
func (e *Evaluator) Close() error {
	if e == nil {
		return nil
	}
	e.weights.destroy()
	return e.session.close()
}

// Argmax is the predicted class: the largest score, the lowest class of equal ones.
func Argmax(logits []float32) int {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return best
}

// Softmax gives exp(x_i) / Σ exp(x_j), from differences to the largest so that nothing overflows.
func Softmax(logits []float32) []float64 {
	largest := float64(logits[Argmax(logits)])
	probabilities, sum := make([]float64, len(logits)), 0.0
	for i, x := range logits {
		probabilities[i] = math.Exp(float64(x) - largest)
		sum += probabilities[i]
	}
	for i := range probabilities {
		probabilities[i] /= sum
	}
	return probabilities
}
