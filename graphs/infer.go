package graphs

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// tensorType is what is known of a tensor before a graph runs: its element type, 0 if unknown, and its sizes, as numbers or symbols; nil if unknown.
type tensorType struct {
	element uint64
	sizes   []string
}

// attributes reads the attributes of a node: integers, lists of integers, floats and strings.
type attributes struct {
	integers map[string][]int64
	floats   map[string]float32
	strings  map[string]string
}

func readAttributes(node []byte) attributes {
	a := attributes{map[string][]int64{}, map[string]float32{}, map[string]string{}}
	for f := range fields(node) { // readNode has found nothing wrong with them
		if f.number != nodeAttribute {
			continue
		}
		name := ""
		for g := range fields(f.value) {
			switch g.number {
			case attributeName:
				name = string(g.value)
			case attributeFloat:
				if g.wire != protowire.Fixed32Type {
					continue
				}
				bits, _ := protowire.ConsumeFixed32(g.raw[len(g.raw)-4:])
				a.floats[name] = math.Float32frombits(bits)
			case attributeInt:
				a.integers[name] = []int64{int64(g.varint)}
			case attributeString:
				a.strings[name] = string(g.value)
			case attributeInts:
				a.integers[name] = append(a.integers[name], g.varints()...)
			}
		}
	}
	return a
}

// integer gives a number that an attribute has, or what it is without it.
func (a attributes) integer(name string, otherwise int64) int64 {
	if v := a.integers[name]; len(v) > 0 {
		return v[0]
	}
	return otherwise
}

// inference holds what is known of a graph's tensors.
type inference struct {
	types     map[string]tensorType
	stated    map[string]bool    // values and outputs whose types the graph states
	constants map[string][]int64 // small initializers of whole numbers
	numbers   map[string]float32 // initializers of one float
}

// infer finds the types of a graph's tensors: those that it states and those that follow from what operators do, as far as is needed to know
// which tensors have rows in common. known has those of tensors that the graph lacks.
func infer(graph []byte, known map[string]tensorType) (inference, error) {
	in := inference{types: maps.Clone(known), stated: map[string]bool{}, constants: map[string][]int64{}, numbers: map[string]float32{}}
	if in.types == nil {
		in.types = map[string]tensorType{}
	}
	for f, err := range fields(graph) {
		if err != nil {
			return in, err
		}
		switch f.number {
		case graphInput, graphValue, graphOutput:
			name, t := readValue(f.value)
			in.stated[name] = f.number != graphInput
			if t.sizes != nil {
				in.types[name] = t
			}
		case graphInitializer:
			in.initializer(f.value)
		}
	}
	for f, err := range graphFields(graph) {
		if err != nil {
			return in, err
		}
		if f.node.operator == "" {
			continue
		}
		for i, t := range in.outputs(f.node, readAttributes(f.value)) {
			if i < len(f.node.outputs) && t.element != 0 {
				if stated, ok := in.types[f.node.outputs[i]]; !ok || stated.sizes == nil {
					in.types[f.node.outputs[i]] = t
				}
			}
		}
	}
	return in, nil
}

// state adds the type of a tensor to a graph that does not state it, and in which nobody can infer it any more.
func (in inference) state(graph []byte, tensor string, t tensorType) []byte {
	if tensor == "" || t.sizes == nil || in.stated[tensor] {
		return graph
	}
	in.stated[tensor] = true
	return appendBytes(graph, graphValue, valueInfo(tensor, t))
}

// initializer reads a TensorProto.
func (in inference) initializer(tensor []byte) {
	name, t, raw := "", tensorType{sizes: []string{}}, []byte(nil)
	for f := range fields(tensor) {
		switch f.number {
		case tensorDims:
			for _, size := range f.varints() {
				t.sizes = append(t.sizes, strconv.FormatInt(size, 10))
			}
		case tensorDataType:
			t.element = f.varint
		case tensorName:
			name = string(f.value)
		case tensorRawData:
			raw = f.value
		}
	}
	in.types[name] = t
	if t.element == onnxFloat && len(raw) == 4 {
		in.numbers[name] = math.Float32frombits(binary.LittleEndian.Uint32(raw))
	}
	if t.element == onnxInt64 && len(raw) <= 64 {
		for ; len(raw) >= 8; raw = raw[8:] {
			in.constants[name] = append(in.constants[name], int64(binary.LittleEndian.Uint64(raw)))
		}
	}
}

// readValue reads a ValueInfoProto.
func readValue(value []byte) (name string, t tensorType) {
	for f := range fields(value) {
		switch f.number {
		case valueName:
			name = string(f.value)
		case valueType:
			for g := range fields(f.value) {
				for h := range fields(g.value) {
					switch h.number {
					case tensorElemType:
						t.element = h.varint
					case tensorShape:
						t.sizes = []string{}
						for d := range fields(h.value) {
							size := "?"
							for e := range fields(d.value) {
								if e.number == dimensionSize {
									size = strconv.FormatUint(e.varint, 10)
								} else {
									size = string(e.value)
								}
							}
							t.sizes = append(t.sizes, size)
						}
					}
				}
			}
		}
	}
	if slices.Contains(t.sizes, "?") || slices.Contains(t.sizes, "") {
		t.sizes = nil
	}
	return name, t
}

// outputs gives the types of a node's outputs, as far as they are known.
func (in inference) outputs(node operation, a attributes) []tensorType {
	if len(node.inputs) == 0 {
		return nil
	}
	x := in.types[node.inputs[0]]
	second := tensorType{}
	if len(node.inputs) > 1 {
		second = in.types[node.inputs[1]]
	}
	like := func(element uint64, sizes []string) []tensorType { return []tensorType{{element, sizes}} }
	switch node.operator {
	case "Add", "Sub", "Mul", "Div", "Max", "Min", "Pow":
		if len(node.inputs) != 2 {
			return like(x.element, nil)
		}
		return like(x.element, broadcast(x.sizes, second.sizes))
	case "Abs", "Neg", "Sqrt", "Reciprocal", "Exp", "Log", "Erf", "Gelu", "Sigmoid", "Tanh", "Sin", "Cos", "Sign", "Not", "Identity", "Softmax", "LogSoftmax":
		return like(x.element, x.sizes)
	case "Cast":
		return like(uint64(a.integer("to", 0)), x.sizes)
	case "DequantizeLinear":
		return like(onnxFloat, x.sizes)
	case "QuantizeLinear":
		if len(node.inputs) > 2 {
			return like(in.types[node.inputs[2]].element, x.sizes)
		}
		return like(onnxUint8, x.sizes)
	case "LayerNormalization":
		row := tensorType{onnxFloat, lastIsOne(x.sizes)}
		return []tensorType{x, row, row}
	case "ReduceMean", "ReduceSum", "ReduceMax":
		return like(x.element, reduce(x.sizes, in.axes(node, a), a.integer("keepdims", 1) == 1))
	case "MatMul", "MatMulInteger":
		element := x.element
		if node.operator == "MatMulInteger" {
			element = onnxInt32
		}
		if n, m := len(x.sizes), len(second.sizes); n >= 2 && m >= 2 && (m == 2 || n == m) {
			return like(element, append(slices.Clone(x.sizes[:n-1]), second.sizes[m-1]))
		}
		return like(element, nil)
	case "Gemm":
		if turned := a.integer("transB", 0); len(x.sizes) == 2 && len(second.sizes) == 2 && a.integer("transA", 0) == 0 && (turned == 0 || turned == 1) {
			return like(x.element, []string{x.sizes[0], second.sizes[1-turned]})
		}
		return like(x.element, nil)
	case "Transpose":
		order := a.integers["perm"]
		if x.sizes == nil || len(order) != len(x.sizes) {
			return like(x.element, nil)
		}
		sizes := make([]string, len(order))
		for i, axis := range order {
			if axis < 0 || int(axis) >= len(sizes) {
				return like(x.element, nil)
			}
			sizes[i] = x.sizes[axis]
		}
		return like(x.element, sizes)
	case "Gather":
		if axis := a.integer("axis", 0); second.sizes != nil && axis >= 0 && int(axis) < len(x.sizes) {
			return like(x.element, slices.Concat(x.sizes[:axis], second.sizes, x.sizes[axis+1:]))
		}
		return like(x.element, nil)
	case "GatherND":
		if n := len(second.sizes); n > 0 && a.integer("batch_dims", 0) == 0 {
			if axes, err := strconv.Atoi(second.sizes[n-1]); err == nil && axes <= len(x.sizes) {
				return like(x.element, slices.Concat(second.sizes[:n-1], x.sizes[axes:]))
			}
		}
		return like(x.element, nil)
	case "Unsqueeze":
		return like(x.element, unsqueeze(x.sizes, in.constants[name(node.inputs, 1)]))
	case "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or":
		return like(onnxBool, broadcast(x.sizes, second.sizes))
	case "Where":
		if len(node.inputs) == 3 {
			third := in.types[node.inputs[2]]
			return like(second.element, broadcast(x.sizes, broadcast(second.sizes, third.sizes)))
		}
	case "Shape":
		count := a.integer("end", int64(len(x.sizes))) - a.integer("start", 0)
		if x.sizes == nil || count < 0 {
			return like(onnxInt64, nil)
		}
		return like(onnxInt64, []string{strconv.FormatInt(count, 10)})
	case "Squeeze":
		if x.sizes != nil && len(node.inputs) == 1 {
			return like(x.element, slices.DeleteFunc(slices.Clone(x.sizes), func(size string) bool { return size == "1" }))
		}
		return like(x.element, nil)
	case "Size":
		return like(onnxInt64, []string{})
	case "Reshape", "Expand", "Slice", "Concat", "Pad", "Tile":
		return like(x.element, nil)
	}
	return nil
}

// axes gives those of a reduction; nil for all.
func (in inference) axes(node operation, a attributes) []int64 {
	if len(node.inputs) > 1 {
		return in.constants[node.inputs[1]]
	}
	return a.integers["axes"]
}

// reducesRows tells whether a reduction is over the last axis, which it keeps with a size of 1.
func (in inference) reducesRows(node operation, a attributes, x tensorType) bool {
	axes := in.axes(node, a)
	return x.sizes != nil && len(axes) == 1 && (axes[0] == -1 || int(axes[0]) == len(x.sizes)-1) && a.integer("keepdims", 1) == 1
}

// reduce gives the sizes of a reduction's result.
func reduce(sizes []string, axes []int64, keep bool) []string {
	if sizes == nil {
		return nil
	}
	result := []string{}
	for i, size := range sizes {
		switch {
		case axes != nil && !slices.Contains(axes, int64(i)) && !slices.Contains(axes, int64(i-len(sizes))):
			result = append(result, size)
		case keep:
			result = append(result, "1")
		}
	}
	return result
}

// broadcast gives the sizes of an elementwise operation's result; nil if they are not known.
func broadcast(a, b []string) []string {
	if a == nil || b == nil {
		return nil
	}
	if len(a) < len(b) {
		a, b = b, a
	}
	sizes := slices.Clone(a)
	for i, size := range b {
		at := len(a) - len(b) + i
		switch {
		case sizes[at] == size || size == "1":
		case sizes[at] == "1":
			sizes[at] = size
		default:
			return nil
		}
	}
	return sizes
}

// unsqueeze gives the sizes with a 1 at each of the axes, which count in the result.
func unsqueeze(sizes []string, axes []int64) []string {
	if sizes == nil || len(axes) == 0 {
		return nil
	}
	result := make([]string, len(sizes)+len(axes))
	for _, axis := range axes {
		if axis < 0 {
			axis += int64(len(result))
		}
		if axis < 0 || axis >= int64(len(result)) {
			return nil
		}
		result[axis] = "1"
	}
	for i := range result {
		if result[i] == "" {
			if len(sizes) == 0 { // an axis was named twice
				return nil
			}
			result[i], sizes = sizes[0], sizes[1:]
		}
	}
	return result
}

// lastIsOne gives the sizes with 1 as the last.
func lastIsOne(sizes []string) []string {
	if len(sizes) == 0 {
		return nil
	}
	return append(slices.Clone(sizes[:len(sizes)-1]), "1")
}

// name gives an input of a node, "" if it has none there.
func name(inputs []string, i int) string {
	if i < len(inputs) {
		return inputs[i]
	}
	return ""
}
