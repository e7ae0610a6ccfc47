package graphs

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers and values of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). The
// few messages that linking touches are edited field by field, so no generated code for the whole schema
// is needed and all other bytes pass unchanged.
const (
	modelGraph = 7
	modelOpset = 8

	opsetDomain  = 1
	opsetVersion = 2

	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12

	tensorDims         = 1
	tensorDataType     = 2
	tensorName         = 8
	tensorRawData      = 9
	tensorExternalData = 13
	tensorDataLocation = 14
	locationExternal   = 1

	entryKey   = 1
	entryValue = 2

	valueName       = 1
	valueType       = 2
	typeTensor      = 1
	tensorElemType  = 1
	tensorShape     = 2
	shapeDimension  = 1
	dimensionSize   = 1
	dimensionSymbol = 2

	onnxFloat    = 1
	onnxUint8    = 2
	onnxInt8     = 3
	onnxInt32    = 6
	onnxInt64    = 7
	onnxBool     = 9
	onnxFloat16  = 10
	onnxBFloat16 = 16
)

// field is one field of a protobuf message.
type field struct {
	number protowire.Number
	wire   protowire.Type
	raw    []byte // tag and value
	value  []byte // content of a length-delimited field
	varint uint64 // value of a varint field
}

// fields walks through a message. Broken bytes end the walk with an error.
func fields(message []byte) iter.Seq2[field, error] {
	return func(yield func(field, error) bool) {
		for len(message) > 0 {
			number, wire, tag := protowire.ConsumeTag(message)
			if tag < 0 {
				yield(field{}, protowire.ParseError(tag))
				return
			}
			size := protowire.ConsumeFieldValue(number, wire, message[tag:])
			if size < 0 {
				yield(field{}, protowire.ParseError(size))
				return
			}
			f := field{number: number, wire: wire, raw: message[:tag+size]}
			switch wire {
			case protowire.BytesType:
				f.value, _ = protowire.ConsumeBytes(message[tag:])
			case protowire.VarintType:
				f.varint, _ = protowire.ConsumeVarint(message[tag:])
			}
			message = message[tag+size:]
			if !yield(f, nil) {
				return
			}
		}
	}
}

// varints gives the numbers of a repeated field, which stand alone or packed, up to what is broken.
func (f field) varints() (numbers []int64) {
	if f.wire == protowire.VarintType {
		return []int64{int64(f.varint)}
	}
	for packed := f.value; len(packed) > 0; {
		v, n := protowire.ConsumeVarint(packed)
		if n < 0 {
			break
		}
		numbers, packed = append(numbers, int64(v)), packed[n:]
	}
	return numbers
}

// replacement is what becomes of an external initializer: a TensorProto in its place, a
// ValueInfoProto after the graph's inputs, or nothing. narrow is the data type of a TensorProto of 16 bits, which its readers want
// widened, else 0.
type replacement struct {
	initializer, input []byte
	narrow             uint64
}

// replaceExternal rewrites a ModelProto: each initializer with external data becomes what replace gives
// for its name, and nodes that read a narrow one are rewritten, see widener. Everything else is kept byte for byte and in
// order.
func replaceExternal(model []byte, half bool, replace func(name string) (replacement, error)) ([]byte, error) {
	return editGraph(model, func(graph []byte) ([]byte, error) { return replaceInGraph(graph, half, replace) })
}

// dropOutputs rewrites a ModelProto without some of its graph's outputs. Nodes stay, whether anybody needs them or not.
func dropOutputs(model []byte, drop map[string]bool) ([]byte, error) {
	return editGraph(model, func(graph []byte) ([]byte, error) {
		var out []byte
		for f, err := range fields(graph) {
			if err != nil {
				return nil, fmt.Errorf("broken ONNX graph: %w", err)
			}
			if f.number == graphOutput && f.wire == protowire.BytesType {
				name, err := nameOfValue(f.value)
				if err != nil {
					return nil, err
				}
				if drop[name] {
					continue
				}
			}
			out = append(out, f.raw...)
		}
		return out, nil
	})
}

// nameOfValue gives the name in a ValueInfoProto.
func nameOfValue(value []byte) (name string, err error) {
	for f, err := range fields(value) {
		if err != nil {
			return "", fmt.Errorf("broken ONNX output: %w", err)
		}
		if f.number == valueName && f.wire == protowire.BytesType {
			name = string(f.value)
		}
	}
	return name, nil
}

// withSizes gives a ValueInfoProto whose open sizes are numbers where sizes has them, by their symbols.
func withSizes(value []byte, sizes map[string]int64) ([]byte, error) {
	return editInside(value, []protowire.Number{valueType, typeTensor, tensorShape, shapeDimension}, func(dimension []byte) []byte {
		for f := range fields(dimension) {
			if size, ok := sizes[string(f.value)]; ok && f.number == dimensionSymbol {
				return protowire.AppendVarint(protowire.AppendTag(nil, dimensionSize, protowire.VarintType), uint64(size))
			}
		}
		return dimension
	})
}

// editInside rewrites the messages that a path of fields leads to; everything else is kept.
func editInside(message []byte, path []protowire.Number, edit func([]byte) []byte) ([]byte, error) {
	if len(path) == 0 {
		return edit(message), nil
	}
	var out []byte
	for f, err := range fields(message) {
		if err != nil {
			return nil, fmt.Errorf("broken ONNX output: %w", err)
		}
		if f.number != path[0] || f.wire != protowire.BytesType {
			out = append(out, f.raw...)
			continue
		}
		inside, err := editInside(f.value, path[1:], edit)
		if err != nil {
			return nil, err
		}
		out = appendBytes(out, f.number, inside)
	}
	return out, nil
}

// editGraph rewrites the one graph of a ModelProto; everything else is kept byte for byte.
func editGraph(model []byte, edit func(graph []byte) ([]byte, error)) ([]byte, error) {
	before, graph, after, err := splitModel(model)
	if err != nil {
		return nil, err
	}
	if graph, err = edit(graph); err != nil {
		return nil, err
	}
	return append(appendBytes(before, modelGraph, graph), after...), nil
}

// splitModel gives the one graph of a ModelProto, and the fields before and after it.
func splitModel(model []byte) (before, graph, after []byte, err error) {
	graphs := 0
	for f, err := range fields(model) {
		switch {
		case err != nil:
			return nil, nil, nil, fmt.Errorf("broken ONNX model: %w", err)
		case f.number == modelGraph && f.wire == protowire.BytesType:
			graph = f.value
			graphs++
		case graphs == 0:
			before = append(before, f.raw...)
		default:
			after = append(after, f.raw...)
		}
	}
	if graphs != 1 {
		return nil, nil, nil, fmt.Errorf("broken ONNX model: it has %d graphs, expected 1", graphs)
	}
	return before, graph, after, nil
}

// opsetOf gives the version of the standard operators that a ModelProto is written in.
func opsetOf(model []byte) (version uint64, err error) {
	for f, err := range fields(model) {
		if err != nil {
			return 0, fmt.Errorf("broken ONNX model: %w", err)
		}
		if f.number != modelOpset || f.wire != protowire.BytesType {
			continue
		}
		standard, number := true, uint64(0)
		for f, err := range fields(f.value) {
			switch {
			case err != nil:
				return 0, fmt.Errorf("broken ONNX model: %w", err)
			case f.number == opsetDomain:
				standard = len(f.value) == 0 || string(f.value) == "ai.onnx"
			case f.number == opsetVersion:
				number = f.varint
			}
		}
		if standard {
			version = number
		}
	}
	return version, nil
}

func replaceInGraph(graph []byte, half bool, replace func(name string) (replacement, error)) ([]byte, error) {
	replaced, narrow, err := replacements(graph, replace)
	if err != nil {
		return nil, err
	}
	nodes := widener{narrow: narrow, stored: maps.Clone(narrow), half: half}
	var out, inputs []byte
	for f := range fields(graph) {
		switch {
		case f.number == graphInitializer && f.wire == protowire.BytesType:
			r := replaced[0]
			replaced = replaced[1:]
			switch {
			case r.input != nil:
				inputs = appendBytes(inputs, graphInput, r.input)
			case r.initializer != nil:
				out = appendBytes(out, graphInitializer, r.initializer)
			}
		case f.number == graphNode && f.wire == protowire.BytesType && len(narrow) > 0:
			node, err := nodes.node(f.value)
			if err != nil {
				return nil, err
			}
			out = append(out, node...)
		default:
			out = append(out, f.raw...)
		}
	}
	return slices.Concat(nodes.casts, out, inputs), nil
}

// replacements gives what becomes of each initializer of a graph, and the names of those that are narrow with their data
// types.
func replacements(graph []byte, replace func(name string) (replacement, error)) (all []replacement, narrow map[string]uint64, err error) {
	narrow = map[string]uint64{}
	for f, err := range fields(graph) {
		if err != nil {
			return nil, nil, fmt.Errorf("broken ONNX graph: %w", err)
		}
		if f.number != graphInitializer || f.wire != protowire.BytesType {
			continue
		}
		name, external, err := externalTensor(f.value)
		if err != nil {
			return nil, nil, err
		}
		r := replacement{initializer: f.value}
		if external {
			if r, err = replace(name); err != nil {
				return nil, nil, err
			}
		}
		if r.narrow != 0 {
			narrow[name] = r.narrow
		}
		all = append(all, r)
	}
	return all, narrow, nil
}

// externalTensor gives the name of a TensorProto and whether its data lies outside of the model.
func externalTensor(tensor []byte) (name string, external bool, err error) {
	var dataType uint64
	for f, err := range fields(tensor) {
		switch {
		case err != nil:
			return "", false, fmt.Errorf("broken ONNX initializer: %w", err)
		case f.number == tensorName && f.wire == protowire.BytesType:
			name = string(f.value)
		case f.number == tensorDataLocation && f.wire == protowire.VarintType:
			external = f.varint == locationExternal
		case f.number == tensorDataType && f.wire == protowire.VarintType:
			dataType = f.varint
		}
	}
	if external && name == "" {
		return "", false, errors.New("broken ONNX initializer: it has no name")
	}
	if external && dataType != onnxFloat {
		return "", false, fmt.Errorf("initializer %q has ONNX data type %d, expected %d (float)", name, dataType, onnxFloat)
	}
	return name, external, nil
}

// tensorHeader begins a TensorProto: everything but the data.
func tensorHeader(name string, shape []int64, dataType uint64) []byte {
	var out []byte
	for _, d := range shape {
		out = protowire.AppendTag(out, tensorDims, protowire.VarintType)
		out = protowire.AppendVarint(out, uint64(d))
	}
	out = protowire.AppendTag(out, tensorDataType, protowire.VarintType)
	out = protowire.AppendVarint(out, dataType)
	return appendBytes(out, tensorName, []byte(name))
}

// tensorInFile is a TensorProto whose data are length bytes at offset of the file location.
func tensorInFile(name string, shape []int64, dataType uint64, location string, offset, length int64) []byte {
	out := tensorHeader(name, shape, dataType)
	for _, e := range [][2]string{
		{"location", location},
		{"offset", strconv.FormatInt(offset, 10)},
		{"length", strconv.FormatInt(length, 10)},
	} {
		out = appendBytes(out, tensorExternalData,
			appendBytes(appendBytes(nil, entryKey, []byte(e[0])), entryValue, []byte(e[1])))
	}
	out = protowire.AppendTag(out, tensorDataLocation, protowire.VarintType)
	return protowire.AppendVarint(out, locationExternal)
}

// floatInput is the ValueInfoProto of a float tensor.
func floatInput(name string, dims []Dim) []byte {
	sizes := make([]string, len(dims))
	for i, d := range dims {
		sizes[i] = d.String()
	}
	return valueInfo(name, tensorType{onnxFloat, sizes})
}

// valueInfo is a ValueInfoProto: a tensor's name and type.
func valueInfo(name string, t tensorType) []byte {
	var shape []byte
	for _, size := range t.sizes {
		var dimension []byte
		if number, err := strconv.ParseUint(size, 10, 63); err == nil {
			dimension = protowire.AppendVarint(protowire.AppendTag(nil, dimensionSize, protowire.VarintType), number)
		} else {
			dimension = appendBytes(nil, dimensionSymbol, []byte(size))
		}
		shape = appendBytes(shape, shapeDimension, dimension)
	}
	tensor := protowire.AppendVarint(protowire.AppendTag(nil, tensorElemType, protowire.VarintType), t.element)
	tensor = appendBytes(tensor, tensorShape, shape)
	return appendBytes(appendBytes(nil, valueName, []byte(name)), valueType, appendBytes(nil, typeTensor, tensor))
}

func appendBytes(out []byte, number protowire.Number, value []byte) []byte {
	out = protowire.AppendTag(out, number, protowire.BytesType)
	return protowire.AppendBytes(out, value)
}
