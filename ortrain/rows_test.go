package ortrain

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	ort "github.com/yalue/onnxruntime_go"
	"google.golang.org/protobuf/encoding/protowire"

	"mslora/graphs"
	"mslora/internal/testort"
)

// smallGraph is a ModelProto of small operations, in the fields of onnx.proto3.
type smallGraph struct {
	nodes, values   []byte
	inputs, outputs []smallValue
}

// smallValue is an input or output.
type smallValue struct {
	name    string
	element uint64
	sizes   []int64
}

func message(out []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), value)
}

func integer(out []byte, number protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(out, number, protowire.VarintType), value)
}

// transpose adds output = input with its axes in another order.
func (g *smallGraph) transpose(output, input string, order ...uint64) {
	n := message(message(message(nil, 1, []byte(input)), 2, []byte(output)), 4, []byte("Transpose"))
	list := message(nil, 1, []byte("perm"))
	for _, axis := range order {
		list = integer(list, 8, axis)
	}
	g.nodes = message(g.nodes, 1, message(n, 5, integer(list, 20, 7)))
}

// node adds output = operator(inputs) with attributes of one integer.
func (g *smallGraph) node(operator, output string, attributes map[string]uint64, inputs ...string) {
	var n []byte
	for _, input := range inputs {
		n = message(n, 1, []byte(input))
	}
	n = message(message(n, 2, []byte(output)), 4, []byte(operator))
	for name, value := range attributes {
		n = message(n, 5, integer(integer(message(nil, 1, []byte(name)), 3, value), 20, 2))
	}
	g.nodes = message(g.nodes, 1, n)
}

// value adds an input (11), an output (12) or the type of another tensor (13). Sizes below 0 are the symbols R and W.
func (g *smallGraph) value(field protowire.Number, name string, element uint64, sizes ...int64) {
	var shape []byte
	for _, size := range sizes {
		switch size {
		case -1:
			shape = message(shape, 1, message(nil, 2, []byte("R")))
		case -2:
			shape = message(shape, 1, message(nil, 2, []byte("W")))
		default:
			shape = message(shape, 1, integer(nil, 1, uint64(size)))
		}
	}
	switch v := (smallValue{name, element, sizes}); field {
	case 11:
		g.inputs = append(g.inputs, v)
	case 12:
		g.outputs = append(g.outputs, v)
	}
	t := message(nil, 1, message(integer(nil, 1, element), 2, shape))
	g.values = message(g.values, field, message(message(nil, 1, []byte(name)), 2, t))
}

// constant adds an initializer of an element type, with the bytes of its numbers.
func (g *smallGraph) constant(name string, element uint64, raw []byte, sizes ...uint64) {
	var tensor []byte
	for _, size := range sizes {
		tensor = integer(tensor, 1, size)
	}
	g.values = message(g.values, 5, message(message(integer(tensor, 2, element), 8, []byte(name)), 9, raw))
}

func (g *smallGraph) number(name string, value float32) {
	g.constant(name, 1, protowire.AppendFixed32(nil, math.Float32bits(value)))
}

func (g *smallGraph) model() []byte {
	graph := message(slices.Concat(g.nodes, g.values), 2, []byte("small"))
	return message(message(integer(nil, 1, 10), 7, graph), 8, integer(nil, 2, 20))
}

// Device.options reads the one field of SessionOptions.
func TestSessionOptions(t *testing.T) {
	if options := reflect.TypeFor[ort.SessionOptions](); options.NumField() != 1 || options.Field(0).Type.Kind() != reflect.Pointer {
		t.Errorf("SessionOptions is now %v: read the OrtSessionOptions in device.go from there", options)
	}
}

// Programs compute what ONNX Runtime computes operation by operation, for rows of all widths.
func TestRows(t *testing.T) {
	testort.Start(t)
	const layerNorm, softmax, products = "layer norm, dropout, rounding", "softmax", "single operations"
	builds := map[string]func(g *smallGraph){
		layerNorm: func(g *smallGraph) {
			g.value(11, "x", 1, -1, -2)
			g.value(11, "residual", 1, -1, -2)
			g.value(11, "keep", 2, -1, -2)
			g.value(11, "weight", 1, -2)
			g.value(11, "bias", 1, -2)
			g.value(11, "keep_scale", 1, 1)
			g.constant("zero", 2, []byte{128})
			g.node("DequantizeLinear", "mask", nil, "keep", "keep_scale")
			g.node("Mul", "dropped", nil, "x", "mask")
			g.node("Add", "sum", nil, "dropped", "residual")
			g.node("LayerNormalization", "y", nil, "sum", "weight", "bias")
			g.node("Gelu", "gelu", nil, "y")
			g.node("Abs", "abs", nil, "gelu")
			g.node("ReduceMax", "most", map[string]uint64{"keepdims": 1}, "abs", "axis")
			g.number("lowest", 1e-30)
			g.node("Max", "largest", nil, "most", "lowest")
			g.node("Div", "divided", nil, "gelu", "largest")
			g.number("step", 1.0/127)
			g.node("QuantizeLinear", "rounded", nil, "divided", "step", "zero")
			g.node("DequantizeLinear", "again", nil, "rounded", "step", "zero")
			g.value(12, "y", 1, -1, -2)
			g.value(12, "largest", 1, -1, 1)
			g.value(12, "again", 1, -1, -2)
		},
		softmax: func(g *smallGraph) {
			g.value(11, "x", 1, -1, 3, 5, -2)
			g.value(11, "mask", 1, -1, 1, 5, -2)
			g.node("Add", "masked", nil, "x", "mask")
			g.node("Softmax", "y", nil, "masked")
			g.node("Mul", "squares", nil, "y", "y")
			g.value(12, "y", 1, -1, 3, 5, -2)
			g.value(12, "squares", 1, -1, 3, 5, -2)
		},
		products: func(g *smallGraph) {
			g.value(11, "x", 1, -1, -2)
			g.value(11, "row", 1, -1, 1)
			g.value(11, "column", 1, -2)
			g.number("half", 0.5)
			g.node("Sub", "a", nil, "x", "row")
			g.node("Sub", "b", nil, "row", "a")
			g.node("Mul", "c", nil, "column", "b")
			g.node("Exp", "d", nil, "c")
			g.node("Erf", "e", nil, "d")
			g.node("Sigmoid", "f", nil, "c")
			g.node("Add", "g", nil, "e", "f")
			g.node("ReduceMean", "h", map[string]uint64{"keepdims": 1}, "g", "axis")
			g.node("ReduceSum", "i", map[string]uint64{"keepdims": 1}, "g", "axis")
			g.node("Mul", "j", nil, "h", "i")
			g.node("Sqrt", "k", nil, "j")
			g.node("Reciprocal", "l", nil, "k")
			g.node("Neg", "m", nil, "l")
			g.node("Div", "n", nil, "half", "d")
			g.node("Max", "o", nil, "n", "g")
			g.node("Mul", "p", nil, "o", "m")
			g.number("root", math.Sqrt2/2)
			g.node("Gelu", "q", nil, "x")
			g.node("Mul", "r", nil, "x", "root")
			g.node("Erf", "s", nil, "r") // which is in Gelu, too
			g.node("Add", "t", nil, "q", "s")
			g.value(12, "p", 1, -1, -2)
			g.value(12, "k", 1, -1, 1)
			g.value(12, "e", 1, -1, -2)
			g.value(12, "s", 1, -1, -2)
			g.value(12, "t", 1, -1, -2)
		},
	}
	for name, build := range builds {
		for _, width := range []int64{1, 2, 3, 15, 16, 17, 54, 384, 1100} {
			for _, rows := range []int64{1, 7, 300} {
				t.Run(fmt.Sprintf("%s/%dx%d", name, rows, width), func(t *testing.T) {
					var g smallGraph
					g.constant("axis", 7, protowire.AppendFixed64(nil, math.MaxUint64), 1) // -1
					build(&g)
					plain := graphs.Linked{Model: g.model()}
					joined := plain
					if err := joined.JoinRows(); err != nil {
						t.Fatal(err)
					}
					g.compare(t, plain, joined, rows, width)
				})
			}
		}
	}
}

// compare runs both graphs for the same inputs, the second one with one thread and with two, which must give the same bits.
func (g *smallGraph) compare(t *testing.T, plain, joined graphs.Linked, rows, width int64) {
	t.Helper()
	want, first := g.run(t, plain, rows, width, 1), [][]float32(nil)
	for _, threads := range []int{1, 2} {
		got := g.run(t, joined, rows, width, threads)
		for i, output := range g.outputs {
			for j := range want[i] {
				if a, b := float64(got[i][j]), float64(want[i][j]); math.Abs(a-b) > output.tolerance()*(1+math.Abs(b)) || math.IsNaN(a) {
					t.Fatalf("%s[%d] is %v on %d threads, want %v", output.name, j, a, threads, b)
				}
			}
		}
		if first != nil && !reflect.DeepEqual(first, got) {
			t.Error("two threads compute other bits than one")
		}
		first = got
	}
}

// tolerance is relative. A number that is halfway between two whole ones may be rounded up or down.
func (v smallValue) tolerance() float64 {
	if v.name == "again" {
		return 1.01 / 127
	}
	return 3e-6
}

// run gives the outputs for random inputs, the same each time.
func (g *smallGraph) run(t *testing.T, linked graphs.Linked, rows, width int64, threads int) [][]float32 {
	t.Helper()
	outputs, err := g.tryRun(t, linked, rows, width, threads)
	if err != nil {
		t.Fatal(err)
	}
	return outputs
}

func (g *smallGraph) tryRun(t *testing.T, linked graphs.Linked, rows, width int64, threads int) (outputs [][]float32, err error) {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(rows), uint64(width)))
	var names, results []string
	in := tensors{}
	resolve := func(sizes []int64) (shape []int64) {
		for _, size := range sizes {
			shape = append(shape, map[int64]int64{-1: rows, -2: width}[size]+max(size, 0))
		}
		return shape
	}
	for _, v := range g.inputs {
		names = append(names, v.name)
		shape := resolve(v.sizes)
		count := ort.NewShape(shape...).FlattenedSize()
		var tensor ort.Value
		var err error
		if v.element == 2 {
			data := make([]uint8, count)
			for i := range data {
				data[i] = uint8(random.IntN(2))
			}
			tensor, err = ort.NewTensor(ort.NewShape(shape...), data)
		} else {
			data := make([]float32, count)
			for i := range data {
				data[i] = float32(random.NormFloat64())
			}
			tensor, err = ort.NewTensor(ort.NewShape(shape...), data)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer tensor.Destroy()
		in[v.name] = tensor
	}
	var out []ort.Value
	for _, v := range g.outputs {
		results = append(results, v.name)
		tensor, err := ort.NewEmptyTensor[float32](ort.NewShape(resolve(v.sizes)...))
		if err != nil {
			t.Fatal(err)
		}
		defer tensor.Destroy()
		out, outputs = append(out, tensor), append(outputs, tensor.GetData())
	}
	s, err := openSession(linked, names, results, Device{Provider: "cpu", Threads: threads}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.run(in, out); err != nil {
		return nil, err
	}
	for i := range outputs {
		outputs[i] = slices.Clone(outputs[i])
	}
	return outputs, nil
}
