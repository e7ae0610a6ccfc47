package graphs

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"mslora/internal/operators"
)

// JoinRows lets the operators of package operators compute attention and regions of small operations. Sessions must have them. Results differ by rounding alone.
func (l *Linked) JoinRows() error {
	model, err := editGraph(l.Model, func(graph []byte) ([]byte, error) {
		for node, err := range nodes(graph) {
			if err != nil {
				return nil, err
			}
			if node.domain == operators.Domain { // whose programs would be others' code
				return nil, fmt.Errorf("node %s is of the domain %s, which graphs of others cannot have", node.name, operators.Domain)
			}
		}
		if operators.FastAttention() {
			var err error
			if graph, l.Attention, err = joinAttention(graph, l.types); err != nil {
				return nil, err
			}
		}
		return joinRows(graph, l.types)
	})
	if err != nil {
		return err
	}
	domain := appendBytes(nil, opsetDomain, []byte(operators.Domain))
	domain = protowire.AppendVarint(protowire.AppendTag(domain, opsetVersion, protowire.VarintType), 1)
	l.Model, l.Joined = appendBytes(model, modelOpset, domain), true
	return nil
}

// joinRows makes one node of each region of a graph. known has the types of tensors that the graph lacks.
func joinRows(graph []byte, known map[string]tensorType) ([]byte, error) {
	r, err := findRegions(graph, known)
	if err != nil {
		return nil, err
	}
	w := rowWriter{r: r, programs: map[*region]*rowProgram{}, left: map[string]bool{}, done: make([]bool, len(r.nodes))}
	for f := range graphFields(graph) { // findRegions has found nothing wrong with them
		if f.node.operator != "" {
			continue
		}
		w.out = append(w.out, f.raw...)
	}
	for _, at := range r.of {
		if at == nil || w.programs[at] != nil {
			continue
		}
		if w.programs[at] = r.compile(at); w.programs[at] == nil {
			for _, n := range at.nodes {
				r.of[n] = nil
			}
		}
	}
	for i, node := range r.nodes {
		inputs := node.inputs
		if at := r.of[i]; at != nil {
			inputs = w.programs[at].node.inputs
		}
		for _, input := range inputs {
			w.left[input] = true
		}
	}
	for i := range r.nodes {
		w.write(i)
	}
	return w.out, nil
}

// rowWriter writes the nodes of a graph with regions, each after those that it needs.
type rowWriter struct {
	r        *regions
	programs map[*region]*rowProgram
	left     map[string]bool // tensors that nodes still read
	done     []bool          // by node
	out      []byte
}

func (w *rowWriter) write(i int) {
	if w.done[i] {
		return
	}
	node, at := w.r.nodes[i], w.r.of[i]
	if at == nil {
		w.done[i] = true
		if w.r.isMask(node) && !w.left[node.outputs[0]] && !w.r.isResult(node.outputs[0]) {
			return
		}
		w.writeAll(node.inputs)
		w.out = append(w.out, node.raw...)
		return
	}
	for _, n := range at.nodes {
		w.done[n] = true
	}
	p := w.programs[at]
	w.writeAll(p.node.inputs)
	w.out = appendBytes(w.out, graphNode, p.message())
	for j, output := range p.node.outputs {
		w.out = w.r.in.state(w.out, output, p.types[j])
	}
}

// writeAll writes the nodes that compute tensors.
func (w *rowWriter) writeAll(tensors []string) {
	for _, tensor := range tensors {
		if from, ok := w.r.producer[tensor]; ok {
			w.write(from)
		}
	}
}
