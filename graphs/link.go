package graphs

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
	"mslora/internal/safetensors"
)

// Linked is a topology joined with a model file, ready for an ONNX Runtime session.
type Linked struct {
	Model []byte // serialized onnx.ModelProto, without what Load rounds
	// Folder holds the weights: the session option
	// session.model_external_initializers_file_folder_path must name it.
	Folder   string
	Promoted []string // weights that became graph inputs, in the order of those inputs
	// Narrow tells that weights of 16 bits stay so in memory, and that Casts stand where they are read. ONNX Runtime must
	// neither fold nor share those Casts, or it keeps all weights widened.
	Narrow bool
	// Stored are the weights that are read from the model file; Rounded is the size of those that Load rounds to
	// 8 bits, in bytes, with their scales.
	Stored  []Tensor
	Rounded int64

	Joined    bool // JoinRows has been called
	Attention bool // and has joined attention, of which no scores are kept then

	rounded []piece               // of the model's graph
	types   map[string]tensorType // of tensors in rounded
	values  func(name string) ([]float32, error)
	drop    func(name string) // lets go of the memory that values has read
}

// Load gives the serialized onnx.ModelProto. Weights that are multiplied in 8 bits are in it, rounded anew each time, so that nobody has to
// keep them beside the session.
func (l Linked) Load() ([]byte, error) {
	if len(l.rounded) == 0 {
		return l.Model, nil
	}
	before, graph, after, err := splitModel(l.Model)
	if err != nil {
		return nil, err
	}
	pieces, length := modelOf(before, append([]piece{{bytes: graph}}, l.rounded...), after)
	if length > MaxModel {
		return nil, hint.New("compute in float32", "the model is too large for products in 8 bits: its weights take %.1f GiB, and ONNX Runtime reads 2 at most", float64(length)/(1<<30))
	}
	var all bytes.Buffer
	all.Grow(int(length))
	for _, p := range pieces {
		if err := p.write(&all, l.values); err != nil {
			return nil, fmt.Errorf("%s: %w", l.Folder, err)
		}
		l.drop(p.weight)
	}
	return all.Bytes(), nil
}

// storage says how ONNX calls a dtype of safetensors that weights may have, and its bytes.
var storage = map[string]struct {
	dataType uint64
	bytes    int64
}{"F32": {onnxFloat, 4}, "F16": {onnxFloat16, 2}, "BF16": {onnxBFloat16, 2}}

// ErrWeights is wrapped when a model file does not fit a topology.
var ErrWeights = errors.New("the weights do not fit the graph")

// Check tells whether a model file has every weight and every initial value of the graph, with its shape. Only
// weights for which optional returns true may be missing. If any does not fit, one error that wraps ErrWeights
// names the first and counts the others.
func (t *Topology) Check(weights *safetensors.File, optional func(name string) bool) error {
	_, err := t.match(weights, optional)
	return err
}

// Link points each frozen weight of the graph to its place in the model file or in its shards, from where ONNX
// Runtime reads it without a copy in between. Weights for which promote returns true become graph inputs instead,
// float32 and after all others; only these may be missing from the file. What products does not name is computed in float32.
func (t *Topology) Link(weights *safetensors.File, products Products, promote func(name string) bool) (Linked, error) {
	stored, err := t.match(weights, promote)
	if err != nil {
		return Linked{}, err
	}
	var linked Linked
	locations := map[string]string{} // of the files, in the folder
	for _, path := range weights.Files() {
		// ONNX Runtime rejects links that lead out of the folder, and model caches consist of such links.
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return Linked{}, err
		}
		locations[path] = filepath.Base(real)
		folder := filepath.Dir(real)
		if linked.Folder != "" && folder != linked.Folder {
			return Linked{}, hint.New("put all shards of the model into one folder",
				"%s: its shards lie in %s and in %s", weights.Path, linked.Folder, folder)
		}
		linked.Folder = folder
	}
	model, rounded := t.Model, frozenProducts{}
	if products == Int8 {
		frozen := func(name string) bool {
			weight, ok := t.Manifest.weight(name)
			return ok && len(weight.Shape) == 2 && !promote(name)
		}
		if model, rounded, err = quantizeProducts(model, frozen, t.Manifest.uneven); err != nil {
			return Linked{}, err
		}
		linked.round(t.Manifest.Weights, rounded.roles, weights, maps.Clone(stored))
	}
	placed := 0
	linked.Model, err = replaceExternal(model, products == Half, func(name string) (replacement, error) {
		weight, ok := t.Manifest.weight(name)
		if !ok {
			return replacement{}, fmt.Errorf("the manifest lacks weight %q of the graph", name)
		}
		placed++
		tensor, found := stored[name]
		switch {
		case promote(name):
			linked.Promoted = append(linked.Promoted, name)
			return replacement{input: floatInput(name, weight.Shape)}, nil
		case rounded.roles[name] != nil && !rounded.others[name]:
			return replacement{}, nil
		case !found:
			return replacement{}, fmt.Errorf("weight %q stands twice in the graph", name)
		}
		linked.Stored = append(linked.Stored, weight)
		stores := storage[tensor.DType]
		if tensor.Begin%stores.bytes != 0 {
			return replacement{}, hint.New("save the model again with a recent version of safetensors, which aligns tensors",
				"%s: tensor %s begins at byte %d, which is no multiple of %d", tensor.Path, tensor.Name, tensor.Begin, stores.bytes)
		}
		delete(stored, name)
		var narrow uint64
		if stores.bytes < 4 {
			narrow, linked.Narrow = stores.dataType, true
		}
		data := tensorInFile(name, tensor.Shape, stores.dataType, locations[tensor.Path], tensor.Begin, tensor.End-tensor.Begin)
		return replacement{initializer: data, narrow: narrow}, nil
	})
	if err != nil {
		return Linked{}, err
	}
	if placed != len(t.Manifest.Weights) {
		return Linked{}, fmt.Errorf("the graph has %d external weights, its manifest %d", placed, len(t.Manifest.Weights))
	}
	return linked, nil
}

// round has Load add weights, each in the roles in which it is read.
func (l *Linked) round(all []Tensor, roles map[string][]role, weights *safetensors.File, stored map[string]safetensors.Tensor) {
	l.types = map[string]tensorType{}
	for _, w := range all {
		for _, as := range roles[w.Name] {
			dims := slices.Clone(stored[w.Name].Shape)
			if as == product {
				slices.Reverse(dims)
			}
			rows, columns := strconv.FormatInt(dims[0], 10), strconv.FormatInt(dims[1], 10)
			l.types[as.quantized(w.Name)] = tensorType{onnxInt8, []string{rows, columns}}
			l.types[as.scale(w.Name)] = tensorType{onnxFloat, []string{columns}}
			p := quantizedWeight(w.Name, dims, as)
			l.rounded, l.Rounded = append(l.rounded, p), l.Rounded+p.size
		}
	}
	l.values = func(name string) ([]float32, error) { return weights.Float32(stored[name].Name) }
	l.drop = func(name string) { weights.Drop(stored[name].Name) }
}

// match finds every weight and every initial value of the graph in the file.
func (t *Topology) match(weights *safetensors.File, promote func(name string) bool) (map[string]safetensors.Tensor, error) {
	wanted := slices.Clone(t.Manifest.Weights)
	for _, p := range t.Manifest.Parameters {
		if p.Init == "weights" {
			wanted = append(wanted, Tensor{Name: p.Name, Shape: p.Shape})
		}
	}
	stored := make(map[string]safetensors.Tensor, len(wanted))
	var first string
	var half safetensors.Tensor // the first of 16 bits
	wrong := 0
	for _, w := range wanted {
		problem := ""
		name, ok := WeightName(weights, w.Name)
		tensor, _ := weights.Tensor(name)
		switch {
		case !ok && !promote(w.Name):
			problem = fmt.Sprintf("tensor %s is missing, expected float32 %v", w.Name, w.Shape)
		case ok && !safetensors.IsFloat(tensor.DType):
			problem = fmt.Sprintf("tensor %s is %s, expected F32, F16 or BF16", name, tensor.DType)
		case ok && !fits(w.Shape, tensor.Shape):
			problem = fmt.Sprintf("tensor %s has shape %v, expected %v", name, tensor.Shape, w.Shape)
		case ok && tensor.DType != "F32" && half.Name != "" && tensor.DType != half.DType:
			problem = fmt.Sprintf("tensor %s is %s but %s is %s, expected one kind of 16-bit floats", name, tensor.DType, half.Name, half.DType)
		case ok:
			stored[w.Name] = tensor
			if tensor.DType != "F32" && half.Name == "" {
				half = tensor
			}
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
		fmt.Sprintf("the graph is for %s with %d layers, hidden size %d and intermediate size %d; check that config.json and the weights belong together, or download both again", m.Title(), m.Layers, m.Hidden, m.Intermediate),
		"%s: %w: %s%s", weights.Path, ErrWeights, first, others)
}

func (m Manifest) weight(name string) (Tensor, bool) {
	i := slices.IndexFunc(m.Weights, func(w Tensor) bool { return w.Name == name })
	if i < 0 {
		return Tensor{}, false
	}
	return m.Weights[i], true
}

// WeightName finds the name under which a file holds a weight of the graphs: as it is, after "bert.",
// "roberta." or "model." (models with a task head), and with the LayerNorm names of the first BERT releases; or that
// of the weight which stands in for one that it lacks.
func WeightName(weights *safetensors.File, name string) (string, bool) {
	old := strings.NewReplacer("LayerNorm.weight", "LayerNorm.gamma", "LayerNorm.bias", "LayerNorm.beta").Replace(name)
	for _, prefix := range weightPrefixes {
		for _, candidate := range []string{prefix + name, prefix + old} {
			if _, ok := weights.Tensor(candidate); ok {
				return candidate, true
			}
		}
	}
	for _, shared := range tied[name] {
		if found, ok := WeightName(weights, shared); ok {
			return found, true
		}
	}
	return "", false
}

// tied are weights that a model which lacks them shares: the last layer of a language model is its embeddings.
var tied = map[string][]string{"lm_head.weight": {"embed_tokens.weight", "wte.weight"}}
