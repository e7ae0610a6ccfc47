package graphs

import (
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// decodedGraph is what tests look at in a ModelProto.
type decodedGraph struct {
	initializers []initializer
	nodes        []node
	inputs       []Tensor
	outputs      []Tensor
}

// initializer is a decoded TensorProto.
type initializer struct {
	name     string
	dims     []int64
	external map[string]string
	raw      []byte
}

// node is a decoded NodeProto.
type node struct {
	name, operator, domain string
	inputs, outputs        []string
	attributes             map[string]string // text attributes
}

func decodeGraph(t *testing.T, model []byte) decodedGraph {
	t.Helper()
	var graph decodedGraph
	visit(t, model, func(f field) {
		if f.number != modelGraph {
			return
		}
		visit(t, f.value, func(f field) {
			switch f.number {
			case 1:
				graph.nodes = append(graph.nodes, decodeNode(t, f.value))
			case graphInitializer:
				graph.initializers = append(graph.initializers, decodeInitializer(t, f.value))
			case graphInput:
				graph.inputs = append(graph.inputs, decodeValue(t, f.value))
			case 12:
				graph.outputs = append(graph.outputs, decodeValue(t, f.value))
			}
		})
	})
	return graph
}

func visit(t *testing.T, message []byte, look func(field)) {
	t.Helper()
	for f, err := range fields(message) {
		if err != nil {
			t.Fatal(err)
		}
		look(f)
	}
}

func decodeNode(t *testing.T, message []byte) node {
	n := node{attributes: map[string]string{}}
	visit(t, message, func(f field) {
		switch f.number {
		case nodeInput:
			n.inputs = append(n.inputs, string(f.value))
		case nodeOutput:
			n.outputs = append(n.outputs, string(f.value))
		case 3:
			n.name = string(f.value)
		case 4:
			n.operator = string(f.value)
		case 7:
			n.domain = string(f.value)
		case 5:
			var name, text string
			visit(t, f.value, func(f field) {
				switch f.number {
				case 1:
					name = string(f.value)
				case 4:
					text = string(f.value)
				}
			})
			n.attributes[name] = text
		}
	})
	return n
}

func decodeInitializer(t *testing.T, message []byte) initializer {
	x := initializer{external: map[string]string{}}
	visit(t, message, func(f field) {
		switch f.number {
		case tensorName:
			x.name = string(f.value)
		case tensorDims:
			if f.wire == protowire.VarintType {
				x.dims = append(x.dims, int64(f.varint))
				return
			}
			for packed := f.value; len(packed) > 0; {
				d, n := protowire.ConsumeVarint(packed)
				x.dims, packed = append(x.dims, int64(d)), packed[n:]
			}
		case tensorRawData:
			x.raw = f.value
		case tensorExternalData:
			var entry [3]string
			visit(t, f.value, func(f field) { entry[f.number] = string(f.value) })
			x.external[entry[entryKey]] = entry[entryValue]
		}
	})
	return x
}

// decodeValue reads name and shape of a ValueInfoProto.
func decodeValue(t *testing.T, message []byte) Tensor {
	var v Tensor
	dimension := func(f field) {
		var d Dim
		visit(t, f.value, func(f field) {
			switch f.number {
			case dimensionSize:
				d.Size = int64(f.varint)
			case dimensionSymbol:
				d.Symbol = string(f.value)
			}
		})
		v.Shape = append(v.Shape, d)
	}
	visit(t, message, func(f field) {
		if f.number == valueName {
			v.Name = string(f.value)
		}
		if f.number != valueType {
			return
		}
		visit(t, f.value, func(f field) { // TypeProto
			if f.number != typeTensor {
				return
			}
			visit(t, f.value, func(f field) { // TypeProto.Tensor
				if f.number == tensorShape {
					visit(t, f.value, dimension)
				}
			})
		})
	})
	return v
}
