package graphs

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"mslora/internal/hint"
	"mslora/internal/safetensors"
)

// levels is the largest whole number that weights are rounded to.
const levels = 127

// ErrNotQuantizable means that a graph reads no weight in a way that can be quantized.
var ErrNotQuantizable = errors.New("no weights to quantize")

// role is how a graph reads a weight that is quantized.
type role int

const (
	keptFloat role = iota
	product        // the second factor of MatMul, [in, out]
	table          // the first input of Gather: rows that are looked up
)

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
	if rewritten.Model, err = editGraph(t.Model, func(graph []byte) ([]byte, error) { return quantizeNodes(graph, roles) }); err != nil {
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
	for f, err := range fields(graph) {
		if err != nil {
			return nil, err
		}
		if f.number != graphNode || f.wire != protowire.BytesType {
			continue
		}
		node, err := readNode(f.value)
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

// quantizedWeight is a weight's place in the graph: whole numbers under one name, their scales under another.
func quantizedWeight(name string, dims []int64, r role) (p piece) {
	rows, columns, scales, largest := dims[0], dims[1], []int64{dims[0], 1}, largestValue
	if r == product {
		scales, largest = []int64{columns}, largestPair
	}
	count := rows * columns
	integers := rawTensor(tensorHeader(name+"_quantized", dims, onnxInt8), count)
	scale := rawTensor(tensorHeader(name+"_scale", scales, onnxFloat), 4*scales[0])
	p = piece{bytes: integers, weight: name, values: count, size: count + int64(len(scale)) + 4*scales[0]}
	p.encode = func(data []float32) ([]byte, error) {
		// Model files have a product's weight as [out, in], so what shares a scale is a row of it, too.
		width := int(columns)
		if r == product {
			width = int(rows)
		}
		whole, scales, err := quantizeRows(data, width, largest)
		if err != nil {
			return nil, err
		}
		if r == product {
			whole = transposed(whole, width)
		}
		encoded := make([]byte, 0, p.size)
		for _, v := range whole {
			encoded = append(encoded, byte(v))
		}
		return append(append(encoded, scale...), safetensors.Float32Bytes(scales)...), nil
	}
	return p
}

// quantizeRows rounds a matrix of rows of a width to whole numbers from -levels to levels, half to even. A row's scale is what largest
// gives for it over levels: value ≈ whole number · scale.
func quantizeRows(data []float32, width int, largest func(row []float32) float32) (whole []int8, scales []float32, err error) {
	whole, scales = make([]int8, len(data)), make([]float32, len(data)/width)
	for i := range scales {
		row := data[i*width : (i+1)*width]
		scale := largest(row) / levels
		switch {
		case !(scale <= math.MaxFloat32/levels): // NaN fails every comparison
			return nil, nil, errors.New("it holds values that are no finite numbers, or too large")
		case scale == 0: // all are, or so small that a scale cannot say it
			scale = 1
		}
		scales[i] = scale
		for j, v := range row {
			whole[i*width+j] = int8(min(max(math.RoundToEven(float64(v/scale)), -levels), levels))
		}
	}
	return whole, scales, nil
}

// largestValue is the largest absolute value of a row, NaN if one is.
func largestValue(row []float32) (largest float32) {
	for _, v := range row {
		largest = max(largest, v, -v)
	}
	return largest
}

// largestPair is the largest absolute sum of a row's first and second value, third and fourth and so on, of which only values of
// the same sign are added. Processors with AVX2 but without VNNI add two neighbouring products of uint8 and int8 in 16 bits: with
// this as 127, two weights are 128 at most after rounding, and 255 · 128 fits there.
func largestPair(row []float32) (largest float32) {
	for i := 0; i < len(row); i += 2 {
		pair := row[i:min(i+2, len(row))]
		var above, below float32
		for _, v := range pair {
			above, below = above+max(v, 0), below+max(-v, 0)
		}
		largest = max(largest, above, below)
	}
	return largest
}

// Constants of a quantized graph: tokens are rounded to whole numbers from -127 to 127, which uint8 holds with 128 added.
const (
	tokenStep   = "quantization_step"       // 1/127
	tokenLowest = "quantization_lowest"     // of scales, so that none is 0
	tokenZero   = "quantization_zero_point" // 128
)

// tokenOne is 1, the scale of tokens that are divided by their own scale already. It is computed from the input, as the sign of the number
// of tokens: ONNX Runtime makes MatMulInteger, Cast and Mul one operation, MatMulIntegerToFloat, only where a scale is no constant.
const tokenOne = "quantization_one"

// tokenInput is the input of the tokens' numbers, in graphs that are classifiers.
const tokenInput = "input_ids"

func quantizationConstants() (out []byte) {
	number := func(name string, value float32) {
		data := binary.LittleEndian.AppendUint32(nil, math.Float32bits(value))
		out = appendBytes(out, graphInitializer, appendBytes(tensorHeader(name, nil, onnxFloat), tensorRawData, data))
	}
	number(tokenStep, 1.0/127)
	number(tokenLowest, 1e-30)
	return appendBytes(out, graphInitializer, appendBytes(tensorHeader(tokenZero, nil, onnxUint8), tensorRawData, []byte{128}))
}

// quantizeNodes rewrites the nodes that read quantized weights. The initializers of these stay, for embed.
func quantizeNodes(graph []byte, roles map[string]role) ([]byte, error) {
	var out []byte
	add := func(operator, output string, inputs ...string) func(attributes ...[]byte) {
		node := operation{name: output, operator: operator, inputs: inputs, outputs: []string{output}}
		return func(attributes ...[]byte) { out = appendBytes(out, graphNode, node.message(attributes...)) }
	}
	add("Size", tokenOne+"_size", tokenInput)()
	add("Cast", tokenOne+"_cast", tokenOne+"_size")(intAttribute("to", onnxFloat))
	add("Sign", tokenOne, tokenOne+"_cast")()
	rounded := map[string]bool{} // tensors that a product has rounded already
	for f, err := range fields(graph) {
		if err != nil {
			return nil, err
		}
		var node operation
		if f.number == graphNode && f.wire == protowire.BytesType {
			if node, err = readNode(f.value); err != nil {
				return nil, err
			}
		}
		switch {
		case node.operator == "MatMul" && len(node.inputs) == 2 && roles[node.inputs[1]] == product:
			x, weight, y := node.inputs[0], node.inputs[1], node.outputs[0]
			if !rounded[x] {
				rounded[x] = true
				add("Abs", x+"_abs", x)()
				add("ReduceMax", x+"_largest", x+"_abs")(intsAttribute("axes", -1), intAttribute("keepdims", 1))
				add("Mul", x+"_step", x+"_largest", tokenStep)()
				add("Max", x+"_scale", x+"_step", tokenLowest)()
				add("Div", x+"_divided", x, x+"_scale")()
				add("QuantizeLinear", x+"_quantized", x+"_divided", tokenOne, tokenZero)()
			}
			add("MatMulInteger", y+"_whole", x+"_quantized", weight+"_quantized", tokenZero)()
			add("Cast", y+"_cast", y+"_whole")(intAttribute("to", onnxFloat))
			add("Mul", y+"_factors", tokenOne, weight+"_scale")()
			add("Mul", y+"_columns", y+"_cast", y+"_factors")()
			add("Mul", y, y+"_columns", x+"_scale")()
		case node.operator == "Gather" && len(node.inputs) == 2 && roles[node.inputs[0]] == table:
			weight, rows, y := node.inputs[0], node.inputs[1], node.outputs[0]
			add("Gather", y+"_whole", weight+"_quantized", rows)()
			add("Gather", y+"_scale", weight+"_scale", rows)()
			add("Cast", y+"_cast", y+"_whole")(intAttribute("to", onnxFloat))
			add("Mul", y, y+"_cast", y+"_scale")()
		default:
			out = append(out, f.raw...)
		}
	}
	return append(out, quantizationConstants()...), nil
}
