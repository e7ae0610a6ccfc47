package graphs

import (
	"strconv"
	"strings"
)

// widener rewrites the nodes that read weights of 16 bits, which stay so in memory. Each such node gets a Cast of its own,
// so that ONNX Runtime frees a widened weight before it makes the next. A Gather reads a few rows of a large table: it
// gathers first, and what it took is widened.
//
// With half, the forward pass transposes such a weight as it is and multiplies in 16 bits: what the weight is multiplied with is
// rounded to them, and the product is widened. The backward pass, whose values may be too small for float16, widens
// weights as always.
//
// The Casts stand before all other nodes, because ONNX Runtime works out a node's inputs in falling order of where their
// nodes stand: so a Cast comes after all that its reader waits for, not at the beginning of the run.
type widener struct {
	stored map[string]uint64 // weights of 16 bits with their data types
	narrow map[string]uint64 // these, and what is made of them in 16 bits
	half   bool
	casts  []byte // fields of the graph
	made   int
}

// node gives the fields of a graph that replace a NodeProto, but for those in casts.
func (w *widener) node(message []byte) ([]byte, error) {
	node, err := readNode(message)
	if err != nil {
		return nil, err
	}
	name, operator, inputs, outputs := node.name, node.operator, node.inputs, node.outputs
	forward := w.half && len(outputs) == 1 && !strings.HasPrefix(name, "/backward/")
	if forward && operator == "Transpose" && len(inputs) == 1 && w.narrow[inputs[0]] != 0 {
		w.narrow[outputs[0]] = w.narrow[inputs[0]]
		return appendBytes(nil, graphNode, message), nil
	}
	product := forward && (operator == "MatMul" || operator == "Gemm") && len(inputs) > 1 && w.narrow[inputs[1]] != 0
	var before, after []byte
	renamedInputs, renamedOutputs := map[string]string{}, map[string]string{}
	widenOutput := func() {
		renamedOutputs[outputs[0]] = w.fresh(outputs[0])
		after = appendBytes(nil, graphNode, w.cast(name, renamedOutputs[outputs[0]], outputs[0], onnxFloat))
	}
	for i, input := range inputs {
		switch {
		case renamedInputs[input] != "":
		case product && w.narrow[input] == 0:
			renamedInputs[input] = w.fresh(input)
			before = appendBytes(before, graphNode, w.cast(name, input, renamedInputs[input], w.narrow[inputs[1]]))
		case product || w.narrow[input] == 0:
		case operator == "Gather" && i == 0 && len(outputs) == 1:
			widenOutput()
		case w.stored[input] == 0: // made on the way
			renamedInputs[input] = w.fresh(input)
			before = appendBytes(before, graphNode, w.cast(name, input, renamedInputs[input], onnxFloat))
		default:
			renamedInputs[input] = w.fresh(input)
			w.casts = appendBytes(w.casts, graphNode, w.cast(name, input, renamedInputs[input], onnxFloat))
		}
	}
	if product {
		widenOutput()
	}
	if len(renamedInputs) == 0 && len(renamedOutputs) == 0 {
		return appendBytes(nil, graphNode, message), nil
	}
	var out []byte
	for f := range fields(message) {
		replaced := ""
		switch f.number {
		case nodeInput:
			replaced = renamedInputs[string(f.value)]
		case nodeOutput:
			replaced = renamedOutputs[string(f.value)]
		}
		if replaced != "" {
			out = appendBytes(out, f.number, []byte(replaced))
		} else {
			out = append(out, f.raw...)
		}
	}
	return append(appendBytes(before, graphNode, out), after...), nil
}

// fresh names a tensor that the graph does not have yet.
func (w *widener) fresh(name string) string {
	w.made++
	return name + ":" + strconv.Itoa(w.made)
}

// cast is a NodeProto that brings a tensor to a data type for a node.
func (w *widener) cast(reader, input, output string, dataType uint64) []byte {
	node := operation{name: reader + "/Cast_" + strconv.Itoa(w.made), operator: "Cast", inputs: []string{input}, outputs: []string{output}}
	return node.message(intAttribute("to", dataType))
}
