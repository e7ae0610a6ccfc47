package graphs

import "slices"

// wiring is a graph with what its nodes have to do with each other.
type wiring struct {
	in       inference
	nodes    []wiredNode
	producer map[string]int   // nodes by what they compute
	readers  map[string][]int // nodes by what they read, twice if they read it twice; -1 for an output of the graph
}

type wiredNode struct {
	operation
	attributes
	raw    []byte
	needed []int // nodes that compute its inputs
}

// readWiring reads a GraphProto. known has the types of tensors that it lacks.
func readWiring(graph []byte, known map[string]tensorType) (wiring, error) {
	in, err := infer(graph, known)
	if err != nil {
		return wiring{}, err
	}
	w := wiring{in: in, producer: map[string]int{}, readers: map[string][]int{}}
	for f, err := range graphFields(graph) {
		if err != nil {
			return wiring{}, err
		}
		if f.number == graphOutput {
			name, _ := readValue(f.value)
			w.readers[name] = append(w.readers[name], -1)
		}
		if f.node.operator == "" {
			continue
		}
		node := wiredNode{operation: f.node, attributes: readAttributes(f.value), raw: f.raw}
		for _, input := range node.inputs {
			w.readers[input] = append(w.readers[input], len(w.nodes))
			if from, ok := w.producer[input]; ok {
				node.needed = append(node.needed, from)
			}
		}
		for _, output := range node.outputs {
			w.producer[output] = len(w.nodes)
		}
		w.nodes = append(w.nodes, node)
	}
	return w, nil
}

// isResult tells whether a tensor is an output of the graph.
func (w *wiring) isResult(tensor string) bool { return slices.Contains(w.readers[tensor], -1) }

// by gives the node that computes a tensor, if it has this operator of ONNX.
func (w *wiring) by(tensor, operator string) (int, bool) {
	from, ok := w.producer[tensor]
	return from, ok && w.nodes[from].operator == operator && w.nodes[from].domain == ""
}

// isMask tells whether a node makes floats of whole numbers of 8 bits with one scale, as dropout masks are read. A region that reads them does so
// by itself, so that no floats are kept.
func (w *wiring) isMask(node wiredNode) bool {
	if node.operator != "DequantizeLinear" || len(node.inputs) != 2 || len(node.outputs) != 1 || w.in.types[node.inputs[0]].element != onnxUint8 {
		return false
	}
	scale := w.in.types[node.inputs[1]].sizes
	return scale != nil && (len(scale) == 0 || len(scale) == 1 && scale[0] == "1")
}
