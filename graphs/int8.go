package graphs

import (
	"fmt"
	"slices"
)

// Products says how the matrix products by frozen weights are computed.
type Products int

const (
	Float32 Products = iota
	Half             // those of the forward pass by weights of 16 bits in 16 bits, which needs a provider that can
	Int8             // forward and backward in 8 bits: whole numbers for the weights, and for each token that is multiplied by them
)

// frozenProducts are the products of a graph by weights that never change, which are found by how their nodes read them:
//
//	forward   MatMul(x, Transpose(W)), Gemm(x, Transpose(W), bias)
//	backward  MatMul(g, W)
type frozenProducts struct {
	roles  map[string][]role // in which each weight is read, by its name
	turned map[string]string // weights by the names of what Transposes give of them
	others map[string]bool   // weights that something else reads, too
}

// findProducts looks for products by weights of which frozen gives true, but for those forward of which uneven does.
func findProducts(graph []byte, frozen, uneven func(name string) bool) (frozenProducts, error) {
	p := frozenProducts{roles: map[string][]role{}, turned: map[string]string{}, others: map[string]bool{}}
	for node, err := range nodes(graph) {
		if err != nil {
			return p, err
		}
		one := len(node.outputs) == 1
		if node.operator == "Transpose" && one && len(node.inputs) == 1 && frozen(node.inputs[0]) && !uneven(node.inputs[0]) {
			p.turned[node.outputs[0]] = node.inputs[0]
			continue
		}
		for i, input := range node.inputs {
			turned := p.turned[input]
			switch {
			case turned == "" && !frozen(input):
			case turned != "" && i == 1 && one && (node.operator == "MatMul" || node.operator == "Gemm"):
				p.read(turned, product)
			case turned == "" && i == 1 && one && node.operator == "MatMul":
				p.read(input, backward)
			case turned != "":
				return p, fmt.Errorf("node %s reads the transposed weight %q, expected products alone", node.name, turned)
			default:
				p.others[input] = true
			}
		}
	}
	return p, nil
}

func (p frozenProducts) read(weight string, as role) {
	if !slices.Contains(p.roles[weight], as) {
		p.roles[weight] = append(p.roles[weight], as)
	}
}

// rewrite multiplies in 8 bits, with weights that the graph lacks yet: see quantizedWeight.
func (p frozenProducts) rewrite(graph []byte, opset uint64) []byte {
	r := newRounder(opset)
	for f := range graphFields(graph) { // findProducts has found nothing wrong with them
		node := f.node
		weight, as := "", product
		if len(node.inputs) > 1 {
			if weight = p.turned[node.inputs[1]]; weight == "" && node.operator == "MatMul" && p.roles[node.inputs[1]] != nil {
				weight, as = node.inputs[1], backward
			}
		}
		switch {
		case weight != "" && len(node.inputs) == 3:
			y := node.outputs[0]
			r.multiply(node.inputs[0], weight, as, y+"_product")
			r.add("Add", y, nil, y+"_product", node.inputs[2])
		case weight != "":
			r.multiply(node.inputs[0], weight, as, node.outputs[0])
		case node.operator == "Transpose" && p.turned[node.outputs[0]] != "":
		default:
			r.out = append(r.out, f.raw...)
		}
	}
	return r.end()
}

// quantizeProducts rewrites the products of a ModelProto by weights of which frozen gives true, but for those forward of which uneven does.
func quantizeProducts(model []byte, frozen, uneven func(name string) bool) (rewritten []byte, products frozenProducts, err error) {
	opset, err := opsetOf(model)
	if err != nil {
		return nil, products, err
	}
	rewritten, err = editGraph(model, func(graph []byte) ([]byte, error) {
		if products, err = findProducts(graph, frozen, uneven); err != nil {
			return nil, err
		}
		return products.rewrite(graph, opset), nil
	})
	return rewritten, products, err
}
