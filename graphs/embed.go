package graphs

import (
	"fmt"
	"io"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"mslora/internal/hint"
	"mslora/internal/safetensors"
)

// MaxModel is the longest message that protobuf, and with it ONNX Runtime, reads, in bytes.
const MaxModel = math.MaxInt32

// piece is a part of a message: bytes, and a weight behind them.
type piece struct {
	bytes  []byte
	weight string // "": none follows
	values int64  // that the weight has
	size   int64  // of the weight as it is written, in bytes
	encode func(values []float32) ([]byte, error)
}

// Embed writes the graph as one serialized onnx.ModelProto with all weights in it, which needs no other file. Open sizes that a
// weight settles, such as the number of classes, become numbers in the shapes of the outputs.
//
// shape gives the shape of a weight, values its row-major values, both as a model file has them: what the graph has transposed is
// transposed here. All shapes are asked for first, because a message of protobuf
// begins with its length. Then values are asked for, once for each weight, and forgotten when they are written: one weight is in
// memory at a time.
func (t *Topology) Embed(out io.Writer, shape func(name string) ([]int64, error), values func(name string) ([]float32, error)) error {
	return t.embed(out, nil, shape, values)
}

// embed writes the graph with its weights, those with a role quantized.
func (t *Topology) embed(out io.Writer, roles map[string]role, shape func(name string) ([]int64, error), values func(name string) ([]float32, error)) error {
	before, graph, after, err := splitModel(t.Model)
	if err != nil {
		return err
	}
	pieces, err := t.embedded(graph, roles, shape)
	if err != nil {
		return err
	}
	pieces, length := modelOf(before, pieces, after)
	if length > MaxModel {
		return hint.New("use the safetensors file instead", "the model is too large for one ONNX file, which holds 2 GiB at most")
	}
	for _, p := range pieces {
		if err := p.write(out, values); err != nil {
			return err
		}
	}
	return nil
}

// modelOf gives the pieces of a ModelProto, whose graph is made of pieces, and its length in bytes.
func modelOf(before []byte, graph []piece, after []byte) (all []piece, length int64) {
	for _, p := range graph {
		length += int64(len(p.bytes)) + p.size
	}
	before = protowire.AppendTag(slices.Clip(before), modelGraph, protowire.BytesType)
	before = protowire.AppendVarint(before, uint64(length))
	length += int64(len(before) + len(after))
	return slices.Concat([]piece{{bytes: before}}, graph, []piece{{bytes: after}}), length
}

// embedded gives the content of a GraphProto, each initializer with external data as one that holds it.
func (t *Topology) embedded(graph []byte, roles map[string]role, shape func(name string) ([]int64, error)) ([]piece, error) {
	var all []piece
	var bytes []byte
	settled := map[string]int64{} // open sizes
	for f, err := range fields(graph) {
		if err != nil {
			return nil, fmt.Errorf("broken ONNX graph: %w", err)
		}
		var name string
		external := false
		if f.number == graphInitializer && f.wire == protowire.BytesType {
			if name, external, err = externalTensor(f.value); err != nil {
				return nil, err
			}
		}
		if !external && f.number == graphOutput && f.wire == protowire.BytesType {
			value, err := withSizes(f.value, settled)
			if err != nil {
				return nil, err
			}
			bytes = appendBytes(bytes, graphOutput, value)
			continue
		}
		if !external {
			bytes = append(bytes, f.raw...)
			continue
		}
		dims, err := shape(name)
		if err != nil {
			return nil, err
		}
		weight, ok := t.Manifest.weight(name)
		if !ok || !fits(weight.stored(), dims) {
			return nil, fmt.Errorf("weight %q has shape %v, the graph expects %v", name, dims, weight.stored())
		}
		if weight.Transposed {
			dims = []int64{dims[1], dims[0]}
		}
		for i, d := range weight.Shape {
			if d.Symbol != "" {
				settled[d.Symbol] = dims[i]
			}
		}
		size := int64(1)
		for _, d := range dims {
			if size *= d; size > MaxModel { // no overflow: a size is far below 2^32
				break
			}
		}
		p := floatWeight(weight, dims, size)
		if r := roles[name]; r != keptFloat && size <= MaxModel {
			p = quantizedWeight(name, dims, r)
		}
		p.bytes = append(bytes, p.bytes...)
		all = append(all, p)
		bytes = nil
	}
	return append(all, piece{bytes: bytes}), nil
}

// floatWeight is a weight as it is, with the shape dims in the graph, which takes count values.
func floatWeight(weight Tensor, dims []int64, count int64) piece {
	p := piece{bytes: rawTensor(tensorHeader(weight.Name, dims, onnxFloat), 4*count), weight: weight.Name, values: count, size: 4 * count}
	p.encode = func(data []float32) ([]byte, error) {
		if weight.Transposed {
			data = transposed(data, int(dims[0]))
		}
		return safetensors.Float32Bytes(data), nil
	}
	return p
}

// rawTensor begins an initializer of a graph: everything but its size bytes of data.
func rawTensor(header []byte, size int64) []byte {
	header = protowire.AppendTag(header, tensorRawData, protowire.BytesType)
	header = protowire.AppendVarint(header, uint64(size))
	out := protowire.AppendTag(nil, graphInitializer, protowire.BytesType)
	out = protowire.AppendVarint(out, uint64(len(header))+uint64(size))
	return append(out, header...)
}

func (p piece) write(out io.Writer, values func(name string) ([]float32, error)) error {
	if _, err := out.Write(p.bytes); err != nil || p.weight == "" {
		return err
	}
	data, err := values(p.weight)
	if err != nil {
		return err
	}
	if int64(len(data)) != p.values {
		return fmt.Errorf("weight %q has %d values, its shape takes %d", p.weight, len(data), p.values)
	}
	encoded, err := p.encode(data)
	if err != nil {
		return fmt.Errorf("weight %q: %w", p.weight, err)
	}
	_, err = out.Write(encoded)
	return err
}

// transposed gives the values of a matrix, row-major with a number of columns, column by column.
func transposed[T any](data []T, columns int) []T {
	const block = 64 // rows that stay in the nearest cache
	rows := len(data) / columns
	turned := make([]T, len(data))
	for from := 0; from < rows; from += block {
		for j := range columns {
			column := turned[j*rows+from : j*rows+min(from+block, rows)]
			for i := range column {
				column[i] = data[(from+i)*columns+j]
			}
		}
	}
	return turned
}
