package graphs

import (
	"fmt"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields and values of onnx.proto3 that nodes are made of.
const (
	graphNode  = 1
	graphValue = 13

	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOperator  = 4
	nodeAttribute = 5
	nodeDomain    = 7

	attributeName   = 1
	attributeFloat  = 2
	attributeInt    = 3
	attributeString = 4
	attributeInts   = 8
	attributeType   = 20
	attributeIsInt  = 2 // AttributeProto.INT
	attributeIsInts = 7 // AttributeProto.INTS
)

// operation is what rewriting a graph looks at in a NodeProto.
type operation struct {
	name, operator  string
	domain          string // "": ONNX's own
	inputs, outputs []string
}

// graphField is a field of a GraphProto, and the node that it holds: one without an operator, if it holds none.
type graphField struct {
	field
	node operation
}

// graphFields walks through a GraphProto. Broken bytes end the walk with an error.
func graphFields(graph []byte) iter.Seq2[graphField, error] {
	return func(yield func(graphField, error) bool) {
		for f, err := range fields(graph) {
			var node operation
			if err != nil {
				err = fmt.Errorf("broken ONNX graph: %w", err)
			} else if f.number == graphNode && f.wire == protowire.BytesType {
				node, err = readNode(f.value)
			}
			if !yield(graphField{f, node}, err) || err != nil {
				return
			}
		}
	}
}

// nodes walks through the nodes of a GraphProto. Broken bytes end the walk with an error.
func nodes(graph []byte) iter.Seq2[operation, error] {
	return func(yield func(operation, error) bool) {
		for f, err := range graphFields(graph) {
			if (err != nil || f.node.operator != "") && !yield(f.node, err) {
				return
			}
		}
	}
}

func readNode(message []byte) (o operation, err error) {
	for f, err := range fields(message) {
		if err != nil {
			return o, fmt.Errorf("broken ONNX node: %w", err)
		}
		switch f.number {
		case nodeInput:
			o.inputs = append(o.inputs, string(f.value))
		case nodeOutput:
			o.outputs = append(o.outputs, string(f.value))
		case nodeName:
			o.name = string(f.value)
		case nodeOperator:
			o.operator = string(f.value)
		case nodeDomain:
			o.domain = string(f.value)
		}
	}
	return o, nil
}

// message is a NodeProto.
func (o operation) message(attributes ...[]byte) []byte {
	var out []byte
	for _, input := range o.inputs {
		out = appendBytes(out, nodeInput, []byte(input))
	}
	for _, output := range o.outputs {
		out = appendBytes(out, nodeOutput, []byte(output))
	}
	out = appendBytes(out, nodeName, []byte(o.name))
	out = appendBytes(out, nodeOperator, []byte(o.operator))
	if o.domain != "" {
		out = appendBytes(out, nodeDomain, []byte(o.domain))
	}
	for _, attribute := range attributes {
		out = appendBytes(out, nodeAttribute, attribute)
	}
	return out
}

// intAttribute is an AttributeProto of one integer.
func intAttribute(name string, value uint64) []byte {
	return attribute(name, attributeInt, attributeIsInt, value)
}

// intsAttribute is an AttributeProto of a list of integers, which may be negative.
func intsAttribute(name string, values ...int64) []byte {
	unsigned := make([]uint64, len(values))
	for i, v := range values {
		unsigned[i] = uint64(v)
	}
	return attribute(name, attributeInts, attributeIsInts, unsigned...)
}

func attribute(name string, number protowire.Number, kind uint64, values ...uint64) []byte {
	out := appendBytes(nil, attributeName, []byte(name))
	for _, value := range values {
		out = protowire.AppendTag(out, number, protowire.VarintType)
		out = protowire.AppendVarint(out, value)
	}
	out = protowire.AppendTag(out, attributeType, protowire.VarintType)
	return protowire.AppendVarint(out, kind)
}
