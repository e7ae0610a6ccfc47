package graphs

import (
	"fmt"
	"slices"
)

// Freeze gives the same graph without the gradients of one kind of module, such as head. Its tensors become frozen
// inputs, drawn once and then kept; ONNX Runtime leaves out the nodes that only their gradients need. A graph that trains
// no such module stays as it is.
func (t *Topology) Freeze(module string) (*Topology, error) {
	frozen := *t
	m := &frozen.Manifest
	m.Parameters, m.FrozenInputs = nil, slices.Clone(m.FrozenInputs)
	dropped := map[string]bool{}
	for _, p := range t.Manifest.Parameters {
		switch {
		case p.Module != module:
			m.Parameters = append(m.Parameters, p)
		case p.Init == "weights" || p.Gradient == "":
			return nil, fmt.Errorf("parameter %s cannot be frozen: it is no drawn input with a gradient of its own", p.Name)
		default:
			m.FrozenInputs = append(m.FrozenInputs, Frozen{p.Name, p.Shape, p.Init})
			dropped[p.Gradient] = true
		}
	}
	m.Outputs = slices.DeleteFunc(slices.Clone(m.Outputs), func(o Tensor) bool { return dropped[o.Name] })
	var err error
	frozen.Model, err = dropOutputs(t.Model, dropped)
	return &frozen, err
}
