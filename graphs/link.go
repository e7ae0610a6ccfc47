package graphs

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"mslora/internal/hint"
	"mslora/internal/safetensors"
)

// Linked is a topology joined with a model file, ready for an ONNX Runtime session.
type Linked struct {
	Model []byte // serialized onnx.ModelProto
	// Folder holds the weights: the session option
	// session.model_external_initializers_file_folder_path must name it.
	Folder   string
	Promoted []string // weights that became graph inputs, in the order of those inputs
}

// ErrWeights is wrapped when a model file does not fit a topology.
var ErrWeights = errors.New("the weights do not fit the graph")

// maxModel is the longest message that protobuf, and with it ONNX Runtime, reads, in bytes.
const maxModel = math.MaxInt32

// Link points each frozen weight of the graph to its place in the model file, from where ONNX Runtime
// reads it without a copy in between. Weights for which promote returns true become graph inputs instead,
// float32 and after all others; only these may be missing from the file. F16, BF16 and unaligned tensors
// are converted and put into the linked model.
//
// All names, dtypes and shapes are checked first, those of trained tensors that start from the file's
// weights too. If any does not fit, one error that wraps ErrWeights names the first and counts the others.
func (t *Topology) Link(weights *safetensors.File, promote func(name string) bool) (Linked, error) {
	stored, err := t.match(weights, promote)
	if err != nil {
		return Linked{}, err
	}
	// ONNX Runtime rejects links that lead out of the folder, and model caches consist of such links.
	path, err := filepath.EvalSymlinks(weights.Path)
	if err != nil {
		return Linked{}, err
	}
	linked := Linked{Folder: filepath.Dir(path)}
	location := filepath.Base(path)
	placed, size := 0, int64(len(t.Model))
	linked.Model, err = replaceExternal(t.Model, func(name string) (replacement, error) {
		dims, ok := t.Manifest.weight(name)
		if !ok {
			return replacement{}, fmt.Errorf("the manifest lacks weight %q of the graph", name)
		}
		placed++
		tensor, found := stored[name]
		switch {
		case promote(name):
			linked.Promoted = append(linked.Promoted, name)
			return replacement{input: floatInput(name, dims)}, nil
		case !found:
			return replacement{}, fmt.Errorf("weight %q stands twice in the graph", name)
		}
		delete(stored, name)
		if tensor.DType == "F32" && tensor.Begin%4 == 0 {
			return replacement{initializer: tensorInFile(name, tensor.Shape, location, tensor.Begin, tensor.End-tensor.Begin)}, nil
		}
		values, err := weights.Float32(tensor.Name)
		if err != nil {
			return replacement{}, err
		}
		if size += 4 * int64(len(values)); size > maxModel {
			return replacement{}, hint.New("save the model in float32 as one safetensors file", "%s: %s weights of this size cannot be converted on loading", weights.Path, tensor.DType)
		}
		return replacement{initializer: tensorInModel(name, tensor.Shape, values)}, nil
	})
	if err != nil {
		return Linked{}, err
	}
	if placed != len(t.Manifest.Weights) {
		return Linked{}, fmt.Errorf("the graph has %d external weights, its manifest %d", placed, len(t.Manifest.Weights))
	}
	return linked, nil
}

// match finds every weight and every initial value of the graph in the file.
func (t *Topology) match(weights *safetensors.File, promote func(name string) bool) (map[string]safetensors.Tensor, error) {
	wanted := slices.Clone(t.Manifest.Weights)
	for _, p := range t.Manifest.Parameters {
		if p.Init == "weights" {
			wanted = append(wanted, Tensor{p.Name, p.Shape})
		}
	}
	stored := make(map[string]safetensors.Tensor, len(wanted))
	var first string
	wrong := 0
	for _, w := range wanted {
		problem := ""
		name, ok := WeightName(weights, w.Name)
		tensor, _ := weights.Tensor(name)
		switch {
		case !ok && !promote(w.Name):
			problem = fmt.Sprintf("tensor %s is missing, expected float32 %v", w.Name, w.Shape)
		case ok && tensor.DType != "F32" && tensor.DType != "F16" && tensor.DType != "BF16":
			problem = fmt.Sprintf("tensor %s is %s, expected F32, F16 or BF16", name, tensor.DType)
		case ok && !fits(w.Shape, tensor.Shape):
			problem = fmt.Sprintf("tensor %s has shape %v, expected %v", name, tensor.Shape, w.Shape)
		case ok:
			stored[w.Name] = tensor
		}
		if problem != "" {
			wrong++
			if first == "" {
				first = problem
			}
		}
	}
	if wrong == 0 {
		return stored, nil
	}
	others := ""
	if wrong > 1 {
		others = fmt.Sprintf("; %d of the other %d weights do not fit either", wrong-1, len(wanted)-1)
	}
	m := t.Manifest
	return nil, hint.New(
		fmt.Sprintf("the graph is for BERT with %d layers, hidden size %d and intermediate size %d; check that config.json and the weights belong together, or download both again", m.Layers, m.Hidden, m.Intermediate),
		"%s: %w: %s%s", weights.Path, ErrWeights, first, others)
}

func (m Manifest) weight(name string) ([]Dim, bool) {
	for _, w := range m.Weights {
		if w.Name == name {
			return w.Shape, true
		}
	}
	return nil, false
}

// WeightName finds the name under which a file holds a weight of the graphs: as it is, after "bert."
// (models with a task head), and with the LayerNorm names of the first BERT releases.
func WeightName(weights *safetensors.File, name string) (string, bool) {
	old := strings.NewReplacer("LayerNorm.weight", "LayerNorm.gamma", "LayerNorm.bias", "LayerNorm.beta").Replace(name)
	for _, candidate := range []string{name, "bert." + name, old, "bert." + old} {
		if _, ok := weights.Tensor(candidate); ok {
			return candidate, true
		}
	}
	return "", false
}
