package graphs

import (
	"encoding/binary"
	"errors"
	"math"

	"mslora/internal/safetensors"
)

// levels is the largest whole number that weights are rounded to.
const levels = 127

// role is how a graph reads a weight that is quantized. Model files have weights of layers as [out, in].
type role int

const (
	keptFloat role = iota
	product        // the second factor [in, out] of a layer's product
	backward       // the second factor [out, in] of the product that gives the gradient of what the layer reads
	table          // the first input of Gather: rows that are looked up
)

// quantized names the whole numbers of a weight with a role, and scale their scales.
func (r role) quantized(weight string) string { return weight + r.suffix() + "_quantized" }
func (r role) scale(weight string) string     { return weight + r.suffix() + "_scale" }

// suffix tells the two forms apart in which a training graph reads a weight.
func (r role) suffix() string {
	if r == backward {
		return "_backward"
	}
	return ""
}

// quantizedWeight is a weight's place in the graph, where it has the shape dims: whole numbers under one name, their scales under another.
func quantizedWeight(name string, dims []int64, r role) (p piece) {
	rows, columns, scales, largest := int(dims[0]), int(dims[1]), []int64{dims[1]}, largestPair
	if r == table {
		scales, largest = []int64{dims[0], 1}, largestValue
	}
	count := dims[0] * dims[1]
	integers := rawTensor(tensorHeader(r.quantized(name), dims, onnxInt8), count)
	scale := rawTensor(tensorHeader(r.scale(name), scales, onnxFloat), 4*scales[0])
	p = piece{bytes: integers, weight: name, values: count, size: count + int64(len(scale)) + 4*scales[0]}
	p.encode = func(data []float32) ([]byte, error) {
		width := columns // of a row that shares a scale
		if r != table {  // the graph's column
			width = rows
		}
		if r == backward {
			data = transposed(data, columns)
		}
		whole, scales, err := quantizeRows(data, width, largest)
		if err != nil {
			return nil, err
		}
		if r != table {
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
		rounded := whole[i*width : (i+1)*width]
		for j, v := range row {
			n := int32(float32(v/scale+withoutFraction) - withoutFraction)
			rounded[j] = int8(min(max(n, -levels), levels))
		}
	}
	return whole, scales, nil
}

// withoutFraction is 1.5·2²³: float32 has no fractions there, so that a sum with a small number is rounded to a whole one, half to even.
const withoutFraction = 3 << 22

// largestValue is the largest absolute value of a row, NaN if one is.
func largestValue(row []float32) float32 {
	var largest uint32
	for _, v := range row {
		largest = max(largest, magnitude(v))
	}
	return math.Float32frombits(largest)
}

// magnitude has the bits of an absolute value. They are in the order of the values, NaN last.
func magnitude(v float32) uint32 { return math.Float32bits(v) &^ (1 << 31) }

// largestPair is the largest absolute sum of a row's first and second value, third and fourth and so on, of which only values of
// the same sign are added. Processors with AVX2 but without VNNI add two neighbouring products of uint8 and int8 in 16 bits: with
// this as 127, two weights are 128 at most after rounding, and 255 · 128 fits there.
func largestPair(row []float32) float32 {
	var largest uint32
	for i := 0; i+1 < len(row); i += 2 {
		a, b := row[i], row[i+1]
		largest = max(largest, magnitude(a), magnitude(b), magnitude(a+b)) // of values with other signs the sum is not the largest
	}
	if len(row)%2 == 1 {
		largest = max(largest, magnitude(row[len(row)-1]))
	}
	return math.Float32frombits(largest)
}

// Constants of a quantized graph: tokens are rounded to whole numbers from -127 to 127, which uint8 holds with 128 added.
const (
	tokenInverse = "quantization_inverse"    // 1/127
	tokenLowest  = "quantization_lowest"     // of what tokens are divided by, so that none is 0
	tokenZero    = "quantization_zero_point" // 128
	tokenAxes    = "quantization_axes"       // -1: of a token's values
)

// tokenStep is 1/127, the scale of tokens that are divided by their largest value already. It is computed from the input, as the sign of the
// number of tokens over 127: ONNX Runtime makes MatMulInteger, Cast and Mul one operation, MatMulIntegerToFloat, only where a scale is no constant.
const tokenStep = "quantization_step"

// tokenInput is the input of the tokens' numbers, in graphs that are classifiers.
const tokenInput = "input_ids"

// axesAreInput is the opset from which on ReduceMax takes its axes as an input, not as an attribute.
const axesAreInput = 18

// rounder writes the fields of a graph that multiplies in 8 bits.
type rounder struct {
	opset   uint64
	out     []byte
	rounded map[string]bool // tensors that a product has rounded already
}

// newRounder begins a graph.
func newRounder(opset uint64) *rounder {
	r := &rounder{opset: opset, rounded: map[string]bool{}}
	r.add("Size", tokenStep+"_size", nil, tokenInput)
	r.add("Cast", tokenStep+"_cast", [][]byte{intAttribute("to", onnxFloat)}, tokenStep+"_size")
	r.add("Sign", tokenStep+"_one", nil, tokenStep+"_cast")
	r.add("Mul", tokenStep, nil, tokenStep+"_one", tokenInverse)
	return r
}

// add writes a node with one output.
func (r *rounder) add(operator, output string, attributes [][]byte, inputs ...string) {
	node := operation{name: output, operator: operator, inputs: inputs, outputs: []string{output}}
	r.out = appendBytes(r.out, graphNode, node.message(attributes...))
}

// multiply writes the product y of x, whose rows are tokens, and a quantized weight. Each token is rounded by a scale of its own, once
// for all products that read it.
func (r *rounder) multiply(x, weight string, as role, y string) {
	if !r.rounded[x] {
		r.rounded[x] = true
		r.add("Abs", x+"_abs", nil, x)
		if r.opset < axesAreInput {
			r.add("ReduceMax", x+"_most", [][]byte{intsAttribute("axes", -1), intAttribute("keepdims", 1)}, x+"_abs")
		} else {
			r.add("ReduceMax", x+"_most", [][]byte{intAttribute("keepdims", 1)}, x+"_abs", tokenAxes)
		}
		r.add("Max", x+"_largest", nil, x+"_most", tokenLowest)
		r.add("Div", x+"_divided", nil, x, x+"_largest")
		r.add("QuantizeLinear", x+"_quantized", nil, x+"_divided", tokenStep, tokenZero)
	}
	r.add("MatMulInteger", y+"_whole", nil, x+"_quantized", as.quantized(weight), tokenZero)
	r.add("Cast", y+"_cast", [][]byte{intAttribute("to", onnxFloat)}, y+"_whole")
	r.add("Mul", y+"_factors", nil, tokenStep, as.scale(weight))
	r.add("Mul", y+"_columns", nil, y+"_cast", y+"_factors")
	r.add("Mul", y, nil, y+"_columns", x+"_largest")
}

// end gives the fields with the constants that they need.
func (r *rounder) end() []byte {
	constant := func(header, data []byte) {
		r.out = appendBytes(r.out, graphInitializer, appendBytes(header, tensorRawData, data))
	}
	number := func(name string, value float32) {
		constant(tensorHeader(name, nil, onnxFloat), binary.LittleEndian.AppendUint32(nil, math.Float32bits(value)))
	}
	number(tokenInverse, 1.0/levels)
	number(tokenLowest, 1e-30)
	constant(tensorHeader(tokenZero, nil, onnxUint8), []byte{128})
	if r.opset >= axesAreInput {
		constant(tensorHeader(tokenAxes, []int64{1}, onnxInt64), binary.LittleEndian.AppendUint64(nil, math.MaxUint64)) // -1
	}
	return r.out
}
