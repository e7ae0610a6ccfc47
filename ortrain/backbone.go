package ortrain

import (
	"errors"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
	"mslora/lora"
)

// NewBackbone opens the evaluation graph for a model as it was pretrained, for its Vectors: its head is zero.
func NewBackbone(model *Model, evaluate *graphs.Topology, device Device) (*Evaluator, error) {
	const classes = 2 // any number
	e, err := NewEvaluator(model, Topologies{Evaluate: evaluate}, lora.Setting{}, classes, device)
	if err != nil {
		return nil, err
	}
	tuned, err := zeros(model, evaluate.Manifest, classes)
	if err == nil {
		err = e.Use(tuned)
	}
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// zeros stand for the tensors that the graph reads and the model file lacks: the head, and a pooler, which comes after the
// vectors.
func zeros(model *Model, manifest graphs.Manifest, classes int) (Tuned, error) {
	tuned := Tuned{}
	add := func(name string, dims []graphs.Dim) error {
		if _, stored := graphs.WeightName(model.Weights, name); stored {
			return nil
		}
		shape, err := graphs.Resolve(dims, map[string]int64{"C": int64(classes)})
		tuned[name] = Weight{shape, make([]float32, max(0, ort.Shape(shape).FlattenedSize()))}
		return err
	}
	for _, f := range manifest.FrozenInputs {
		if err := add(f.Name, f.Shape); err != nil {
			return nil, err
		}
	}
	for _, w := range manifest.Weights {
		if model.drawn(w.Name) {
			if err := add(w.Name, w.Shape); err != nil {
				return nil, err
			}
		}
	}
	return tuned, nil
}
