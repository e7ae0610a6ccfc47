package graphs

import (
	"slices"
	"strings"
)

// regions are the parts of a graph that operators.Program can compute: nodes that are connected and whose values have rows in common, a value for each
// column or one for all. A region is joined to others only if nothing outside it both needs it and is needed by it.
type regions struct {
	wiring
	of        []*region // by node; nil: outside
	seen      []int     // by node: the search that has visited it last
	seenCount int
}

// region is a set of nodes. Its tensors have the sizes lead and a last size of width, or of 1.
type region struct {
	lead, width string
	nodes       []int // in the order of the graph
	rounds      bool  // one of them rounds to uint8
	visited     int   // the search that has visited it last
}

// rowOperators are those that a program has, and which operands they may have: v a value for each column, s one for a row, each a letter.
var rowOperators = map[string][]string{
	"Add": {"vv", "vs", "sv", "ss"}, "Sub": {"vv", "vs", "sv", "ss"}, "Mul": {"vv", "vs", "sv", "ss"}, "Div": {"vv", "vs", "sv", "ss"},
	"Max": {"vv", "vs", "sv", "ss"},
	"Abs": {"v", "s"}, "Neg": {"v", "s"}, "Sqrt": {"s"}, "Reciprocal": {"v", "s"},
	"Exp": {"v"}, "Erf": {"v"}, "Gelu": {"v"}, "Sigmoid": {"v"}, "Softmax": {"v"},
	"ReduceSum": {"v"}, "ReduceMean": {"v"}, "ReduceMax": {"v"},
	"LayerNormalization": {"vvv"}, "QuantizeLinear": {"vss"},
}

// findRegions looks for the regions of a graph. Those of one node are left out, but for a Softmax.
func findRegions(graph []byte, known map[string]tensorType) (*regions, error) {
	w, err := readWiring(graph, known)
	if err != nil {
		return nil, err
	}
	r := &regions{wiring: w}
	r.of, r.seen = make([]*region, len(r.nodes)), make([]int, len(r.nodes))
	for i := range r.nodes {
		if lead, width, ok := r.rows(i); ok {
			r.place(i, lead, width)
		}
	}
	for i, at := range r.of {
		if at != nil && len(at.nodes) == 1 && r.nodes[i].operator != "Softmax" {
			r.of[i] = nil
		}
	}
	return r, nil
}

// rows tells whether a program can compute a node, and the rows that it would have. The width is "" if all operands are one for a row.
func (r *regions) rows(i int) (lead, width string, ok bool) {
	node := r.nodes[i]
	forms, known := rowOperators[node.operator]
	if !known || node.domain != "" || len(node.inputs) == 0 || len(node.outputs) == 0 {
		return "", "", false
	}
	first, result := r.in.types[node.inputs[0]], r.in.types[node.outputs[0]]
	switch node.operator {
	case "Gelu":
		ok = node.strings["approximate"] == "" || node.strings["approximate"] == "none"
	case "Softmax", "LayerNormalization":
		axis := node.integer("axis", -1)
		ok = axis == -1 || int(axis) == len(first.sizes)-1
	case "QuantizeLinear":
		ok = result.element == onnxUint8
	case "ReduceSum", "ReduceMean", "ReduceMax":
		ok = r.in.reducesRows(node.operation, node.attributes, first)
	case "Mul":
		ok = !r.scalesProduct(node)
	default:
		ok = true
	}
	sizes := result.sizes
	if !ok || len(sizes) < 2 || first.element != onnxFloat {
		return "", "", false
	}
	sizes = sizes[:len(sizes)-1]
	form := ""
	for j, input := range node.inputs {
		if strings.HasPrefix(node.operator, "Reduce") && j == 1 {
			continue // the axes
		}
		t := r.in.types[input]
		if t.sizes == nil || len(t.sizes) > len(sizes)+1 {
			return "", "", false
		}
		last := "1"
		if len(t.sizes) > 0 {
			last = t.sizes[len(t.sizes)-1]
			if broadcast(sizes, t.sizes[:len(t.sizes)-1]) == nil || !slices.Equal(broadcast(sizes, t.sizes[:len(t.sizes)-1]), sizes) {
				return "", "", false
			}
		}
		if last == "1" {
			form += "s"
			continue
		}
		form += "v"
		if width != "" && width != last {
			return "", "", false
		}
		width = last
	}
	return strings.Join(sizes, " "), width, slices.Contains(forms, form)
}

// scalesProduct tells whether a node scales the whole numbers of MatMulInteger, which ONNX Runtime does while it multiplies.
func (r *regions) scalesProduct(node wiredNode) bool {
	cast, ok := r.by(node.inputs[0], "Cast")
	if ok && len(r.nodes[cast].inputs) == 1 {
		_, ok = r.by(r.nodes[cast].inputs[0], "MatMulInteger")
	}
	return ok
}

// place puts a node into the region of what it reads, if there is one that it fits; into one that joins several, if these can be joined.
func (r *regions) place(i int, lead, width string) {
	var near []*region
	for _, from := range r.nodes[i].needed {
		at := r.of[from]
		if at != nil && at.lead == lead && (width == "" || width == at.width) && !slices.Contains(near, at) {
			near = append(near, at)
		}
	}
	rounds := r.nodes[i].operator == "QuantizeLinear"
	try := func(parts ...*region) bool {
		joined := &region{lead: lead, width: parts[0].width, nodes: []int{i}, rounds: rounds}
		for _, part := range parts {
			if part.width != joined.width || part.rounds && joined.rounds {
				return false
			}
			joined.nodes = append(joined.nodes, part.nodes...)
			joined.rounds = joined.rounds || part.rounds
		}
		slices.Sort(joined.nodes)
		old := make([]*region, len(joined.nodes))
		for k, n := range joined.nodes {
			old[k], r.of[n] = r.of[n], joined
		}
		if len(joined.nodes) <= largestRegion && !r.needsItself(joined) {
			return true
		}
		for k, n := range joined.nodes {
			r.of[n] = old[k]
		}
		return false
	}
	if len(near) > 1 && try(near...) {
		return
	}
	for _, part := range slices.Backward(near) {
		if try(part) {
			return
		}
	}
	if width != "" {
		r.of[i] = &region{lead: lead, width: width, nodes: []int{i}, rounds: rounds}
	}
}

// largestRegion is the number of nodes from which on a region is not joined with others, so that programs stay in the processor's cache.
const largestRegion = 60

// needsItself tells whether something outside a region reads what the region computes and computes what the region reads.
func (r *regions) needsItself(at *region) bool {
	r.seenCount++
	var pending []int
	visit := func(nodes []int) {
		for _, n := range nodes {
			for _, from := range r.nodes[n].needed {
				inside := r.of[n] == at && r.of[from] == at
				if !inside && r.seen[from] != r.seenCount {
					r.seen[from] = r.seenCount
					pending = append(pending, from)
				}
			}
		}
	}
	visit(at.nodes)
	for len(pending) > 0 {
		n := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		switch other := r.of[n]; {
		case other == at:
			return true
		case other == nil:
			visit([]int{n})
		case other.visited != r.seenCount:
			other.visited = r.seenCount
			visit(other.nodes)
		}
	}
	return false
}
