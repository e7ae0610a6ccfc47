package graphs

import (
	"errors"
	"io"
	"slices"

	"mslora/internal/hint"
)

// ErrNotQuantizable means that a graph reads no weight in a way that can be quantized.
var ErrNotQuantizable = errors.New("no weights to quantize")

// EmbedQuantized writes the graph as Embed does, with int8 weights where they are large: those of matrix products, with a scale a column, and
// the embedding tables, with a scale a row. Biases, norms and the head's last layer, whose columns are classes, stay float32.
//
// A product rounds its other factor while it runs: each row, which is a token, to 255 levels of its own. So a text has the
// same logits whatever other texts and padding stand in its batch. The operators are standard ones of the opset of the graph.
func (t *Topology) EmbedQuantized(out io.Writer, shape func(name string) ([]int64, error), values func(name string) ([]float32, error)) error {
	roles, err := t.roles()
	if err != nil {
		return err
	}
	if len(roles) == 0 {
		return hint.New("export the graphs again with this version's exporter", "%w: the graph %s multiplies by none", ErrNotQuantizable, t.Manifest.ArchitectureName())
	}
	rewritten := *t
	opset, err := opsetOf(t.Model)
	if err != nil {
		return err
	}
	if rewritten.Model, err = editGraph(t.Model, func(graph []byte) ([]byte, error) { return quantizeNodes(graph, opset, roles) }); err != nil {
		return err
	}
	return rewritten.embed(out, roles, shape, values)
}

// roles gives the weights to quantize: those that every reader reads in the same way, as a product or as a table.
func (t *Topology) roles() (map[string]role, error) {
	candidates := map[string]role{}
	for _, w := range t.Manifest.Weights {
		classes := slices.ContainsFunc(w.Shape, func(d Dim) bool { return d.Symbol == "C" })
		switch {
		case len(w.Shape) != 2 || classes:
		case w.Transposed:
			candidates[w.Name] = product
		default:
			candidates[w.Name] = table
		}
	}
	_, graph, _, err := splitModel(t.Model)
	if err != nil {
		return nil, err
	}
	roles := map[string]role{}
	for node, err := range nodes(graph) {
		if err != nil {
			return nil, err
		}
		for i, input := range node.inputs {
			wanted, ok := candidates[input]
			switch {
			case !ok:
			case node.operator == "MatMul" && i == 1 && wanted == product, node.operator == "Gather" && i == 0 && wanted == table:
				roles[input] = wanted
			default:
				delete(candidates, input)
				delete(roles, input)
			}
		}
	}
	return roles, nil
}

// quantizeNodes rewrites the nodes that read quantized weights. The initializers of these stay, for embed.
func quantizeNodes(graph []byte, opset uint64, roles map[string]role) ([]byte, error) {
	r := newRounder(opset)
	for f, err := range graphFields(graph) {
		if err != nil {
			return nil, err
		}
		switch node := f.node; {
		case node.operator == "MatMul" && len(node.inputs) == 2 && roles[node.inputs[1]] == product:
			r.multiply(node.inputs[0], node.inputs[1], product, node.outputs[0])
		case node.operator == "Gather" && len(node.inputs) == 2 && roles[node.inputs[0]] == table:
			weight, rows, y := node.inputs[0], node.inputs[1], node.outputs[0]
			r.add("Gather", y+"_whole", nil, table.quantized(weight), rows)
			r.add("Gather", y+"_scale", nil, table.scale(weight), rows)
			r.add("Cast", y+"_cast", [][]byte{intAttribute("to", onnxFloat)}, y+"_whole")
			r.add("Mul", y, nil, y+"_cast", y+"_scale")
		default:
			r.out = append(r.out, f.raw...)
		}
	}
	return r.end(), nil
}
