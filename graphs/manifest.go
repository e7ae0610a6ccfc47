package graphs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Manifest describes one graph: the inputs in their order, the trainable tensors among them, the weights
// that come from a model file, the outputs. The exporter writes it beside the graph.
type Manifest struct {
	Format           int     `json:"format"`       // 1
	Architecture     string  `json:"architecture"` // bert, roberta, llama or gpt2
	Layers           int     `json:"layers"`
	Hidden           int     `json:"hidden"`
	Heads            int     `json:"heads"`
	Intermediate     int     `json:"intermediate"`
	Method           string  `json:"method"` // one of Methods; eval, or that and a method: adapter.eval; classify
	Kind             string  `json:"kind"`   // train or eval
	Dropout          float64 `json:"dropout"`
	LayerNormEpsilon float64 `json:"layer_norm_epsilon"`        // of RMSNorm, if the family has that
	PositionOffset   int     `json:"position_offset,omitempty"` // row of the position table of a text's first token
	KeyValueHeads    int     `json:"key_value_heads,omitempty"` // Llama: heads of keys and values
	RotaryTheta      float64 `json:"rope_theta,omitempty"`      // Llama: base of the rotary frequencies

	Batch        []Value     `json:"batch"`         // the packed batch
	Scalars      []Value     `json:"scalars"`       // module and dropout scales
	KeepMasks    []Value     `json:"keep_masks"`    // dropout: 1 where a unit is kept
	FrozenInputs []Frozen    `json:"frozen_inputs"` // never trained and in no model file
	Parameters   []Parameter `json:"parameters"`    // trained
	Weights      []Tensor    `json:"weights"`       // frozen, from the model file
	Outputs      []Tensor    `json:"outputs"`

	// SavedBytes says what the forward pass keeps for the backward pass: product of open sizes, such as R*W^2 -> bytes
	// for each. See Saved.
	SavedBytes map[string]int64 `json:"saved_bytes,omitempty"`

	SHA256 string `json:"sha256"` // of the .onnx file, in hex
}

// Value is a graph input that the program computes for each run.
type Value struct {
	Name  string `json:"name"`
	DType string `json:"dtype"` // int64, float32 or uint8
	Shape []Dim  `json:"shape"`
}

// Tensor is a float32 tensor of the graph.
type Tensor struct {
	Name  string `json:"name"`
	Shape []Dim  `json:"shape"`
	Table string `json:"table,omitempty"` // of a weight: as in Parameter
	// Transposed tells that a weight is [out, in] in model files, and Shape is [in, out]: only in the graph for others to run.
	Transposed bool `json:"transposed,omitempty"`
}

// stored gives the shape that a weight has in model files.
func (t Tensor) stored() []Dim {
	if t.Transposed {
		return []Dim{t.Shape[1], t.Shape[0]}
	}
	return t.Shape
}

// Frozen is a float32 graph input that is drawn once and then kept.
type Frozen struct {
	Name  string `json:"name"`
	Shape []Dim  `json:"shape"`
	Init  string `json:"init"` // as in Parameter
}

// Parameter is a float32 graph input that is trained.
type Parameter struct {
	Name  string `json:"name"`
	Shape []Dim  `json:"shape"`
	// Init is one of drawnInits (see lora.Initialize), or weights: from the model file.
	Init   string `json:"init"`
	Module string `json:"module"` // lora, mslr, adapter, prefix, head or backbone
	// Gradient is the graph output with its gradient, "" for an embedding table, whose gradient is made
	// from the output grad.embeddings.
	Gradient string `json:"gradient"`
	// Table says what a token looks its row of an embedding table up by: WordTable, PositionTable or
	// SegmentTable. It is "" for other tensors.
	Table string `json:"table,omitempty"`
}

// The kinds of embedding tables: a row for each token id, position or segment.
const (
	WordTable     = "word"
	PositionTable = "position"
	SegmentTable  = "segment"
)

var tables = []string{WordTable, PositionTable, SegmentTable}

// Methods are the training graphs of each architecture.
var Methods = []string{"lora", "lora+mslr", "full", "adapter", "prefix"}

// drawnInits are the ways in which a tensor starts that no model file holds.
var drawnInits = []string{"kaiming_uniform", "zeros", "normal", "truncated_normal"}

// ArchitectureName is the name of a backbone's topologies, such as bert-12x384: 12 layers of 384 units.
func (m Manifest) ArchitectureName() string {
	return architectureName(m.Architecture, m.Layers, m.Hidden)
}

// Title is what people call the backbone's family, such as RoBERTa.
func (m Manifest) Title() string {
	f, _ := findFamily(m.Architecture)
	return f.title
}

func architectureName(family string, layers, hidden int) string {
	return fmt.Sprintf("%s-%dx%d", family, layers, hidden)
}

// parseManifest decodes strictly: an unknown field means that exporter and program disagree.
func parseManifest(data []byte) (Manifest, error) {
	var m Manifest
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return Manifest{}, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Manifest{}, errors.New("it goes on after its JSON object")
	}
	return m, m.validate()
}

func (m Manifest) validate() error {
	_, known := findFamily(m.Architecture)
	switch {
	case m.Format != 1:
		return fmt.Errorf("format is %d, expected 1", m.Format)
	case !known:
		return fmt.Errorf("architecture is %q, expected %s", m.Architecture, list(familyName))
	case m.Layers <= 0 || m.Hidden <= 0 || m.Heads <= 0 || m.Intermediate <= 0 || m.Hidden%m.Heads != 0:
		return fmt.Errorf("%d layers of %d units, %d heads and %d intermediate units make no backbone",
			m.Layers, m.Hidden, m.Heads, m.Intermediate)
	case m.Dropout < 0 || m.Dropout >= 1:
		return fmt.Errorf("dropout is %v, expected 0 <= dropout < 1", m.Dropout)
	case m.LayerNormEpsilon <= 0:
		return fmt.Errorf("layer_norm_epsilon is %v, expected a positive number", m.LayerNormEpsilon)
	case m.Kind == "train" && !slices.Contains(Methods, m.Method):
		return fmt.Errorf("method is %q, expected one of %s", m.Method, strings.Join(Methods, ", "))
	case m.Kind != "train" && m.Kind != "eval":
		return fmt.Errorf("kind is %q, expected train or eval", m.Kind)
	case m.PositionOffset < 0:
		return fmt.Errorf("position_offset is %d, expected 0 or more", m.PositionOffset)
	case len(m.Batch) == 0 || len(m.Outputs) == 0:
		return errors.New("batch and outputs must not be empty")
	}
	return m.validateNames()
}

func (m Manifest) validateNames() error {
	inputs, outputs := map[string]bool{}, map[string]bool{}
	add := func(names map[string]bool, name string) error {
		if name == "" || names[name] {
			return fmt.Errorf("name %q is empty or used twice", name)
		}
		names[name] = true
		return nil
	}
	for _, output := range m.Outputs {
		if err := add(outputs, output.Name); err != nil {
			return err
		}
	}
	for _, v := range slices.Concat(m.Batch, m.Scalars, m.KeepMasks) {
		if !slices.Contains([]string{"int64", "float32", "uint8"}, v.DType) {
			return fmt.Errorf("input %q: unknown dtype %q", v.Name, v.DType)
		}
		if err := add(inputs, v.Name); err != nil {
			return err
		}
	}
	for _, f := range m.FrozenInputs {
		if !slices.Contains(drawnInits, f.Init) {
			return fmt.Errorf("frozen input %q: unknown init %q", f.Name, f.Init)
		}
		if err := add(inputs, f.Name); err != nil {
			return err
		}
	}
	for _, p := range m.Parameters {
		switch {
		case p.Init != "weights" && !slices.Contains(drawnInits, p.Init):
			return fmt.Errorf("parameter %q: unknown init %q", p.Name, p.Init)
		case !slices.Contains([]string{"lora", "mslr", "adapter", "prefix", "head", "backbone"}, p.Module):
			return fmt.Errorf("parameter %q: unknown module %q", p.Name, p.Module)
		case p.Gradient != "" && !outputs[p.Gradient], p.Gradient == "" && !outputs["grad.embeddings"]:
			return fmt.Errorf("parameter %q: no output gives its gradient", p.Name)
		case p.Gradient == "" && (!slices.Contains(tables, p.Table) || len(p.Shape) != 2), p.Gradient != "" && p.Table != "":
			return fmt.Errorf("parameter %q: table is %q and shape %v, expected %s and two sizes where there is no gradient, and no table elsewhere",
				p.Name, p.Table, p.Shape, strings.Join(tables, ", "))
		}
		if err := add(inputs, p.Name); err != nil {
			return err
		}
	}
	for _, w := range m.Weights {
		if w.Table != "" && !slices.Contains(tables, w.Table) {
			return fmt.Errorf("weight %q: table is %q, expected %s", w.Name, w.Table, strings.Join(tables, ", "))
		}
		if w.Transposed && (len(w.Shape) != 2 || m.Method != Classification) {
			return fmt.Errorf("weight %q: transposed in a graph of method %s with shape %v, expected %s and two sizes", w.Name, m.Method, w.Shape, Classification)
		}
		if err := add(inputs, w.Name); err != nil {
			return err
		}
	}
	return nil
}
