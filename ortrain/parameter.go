package ortrain

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"mslora/graphs"
	"mslora/internal/safetensors"
	"mslora/lora"
)

// Parameter is one trainable tensor with its AdamW moments. Data stays at one address for the whole run:
// ONNX Runtime reads it in place.
type Parameter struct {
	Name   string
	Shape  []int64
	Module string    // as in graphs.Parameter
	Data   []float32 // values, row-major
	M, V   []float32 // first and second moments
	Table  string    // as in graphs.Parameter; the gradient of an embedding table comes as rows

	touched  []bool // rows of a table that some batch has touched
	offset   int64  // of a table of positions: the row of a text's first token
	gradient string // graph output, "" for a table
}

// newParameters allocates and initialises the trainable tensors of a manifest. sizes gives the open sizes.
// Backbone weights are copied from the model file. Every tensor draws from its own stream, so adding one
// changes no other.
func newParameters(manifest graphs.Manifest, sizes map[string]int64, weights *safetensors.File, seed uint64) ([]*Parameter, error) {
	var parameters []*Parameter
	for _, spec := range manifest.Parameters {
		data, shape, err := initialValue(spec.Name, spec.Shape, spec.Init, sizes, weights, seed)
		if err != nil {
			return nil, err
		}
		p := &Parameter{
			Name: spec.Name, Shape: shape, Module: spec.Module, gradient: spec.Gradient, Table: spec.Table,
			Data: data, M: make([]float32, len(data)), V: make([]float32, len(data)),
		}
		if p.Table != "" {
			p.touched, p.offset = make([]bool, shape[0]), int64(manifest.PositionOffset)
		}
		parameters = append(parameters, p)
	}
	return parameters, nil
}

// initialValue gives the first value of a tensor: from the model file if the file has it (init
// "weights"), else drawn.
func initialValue(name string, dims []graphs.Dim, kind string, sizes map[string]int64, weights *safetensors.File, seed uint64) ([]float32, []int64, error) {
	if kind == "weights" {
		if stored, ok := graphs.WeightName(weights, name); ok {
			values, err := weights.Float32(stored)
			if err != nil {
				return nil, nil, err
			}
			tensor, _ := weights.Tensor(stored)
			return slices.Clone(values), slices.Clone(tensor.Shape), nil
		}
		if !graphs.Optional(name) {
			return nil, nil, fmt.Errorf("the model file has no tensor %s", name)
		}
		kind = "normal"
		if strings.HasSuffix(name, ".bias") {
			kind = "zeros"
		}
	}
	shape, err := graphs.Resolve(dims, sizes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	values, err := lora.Initialize(kind, shape, rand.New(stream(seed, "initial "+name)))
	return values, shape, err
}
