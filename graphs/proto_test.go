package graphs

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"mslora/internal/safetensors"
)

// handMadeModel is a ModelProto with the parts that linking meets: fields before and after the graph, a
// node, one internal and three external initializers, an input and an output.
func handMadeModel() []byte {
	external := func(name string, shape ...int64) []byte { return tensorInFile(name, shape, onnxFloat, "weights", 0, 0) }
	var graph []byte
	graph = appendBytes(graph, 1, []byte("\x0a\x01x")) // node
	graph = appendBytes(graph, 2, []byte("main"))
	graph = appendBytes(graph, graphInitializer, external("embeddings.word_embeddings.weight", 5, 4))
	graph = appendBytes(graph, graphInitializer, tensorInModel("constant", []int64{2}, []float32{1, 2}))
	graph = appendBytes(graph, graphInitializer, external("pooler.dense.weight", 4, 4))
	graph = appendBytes(graph, graphInitializer, external("embeddings.LayerNorm.weight", 4))
	graph = appendBytes(graph, graphInput, floatInput("input_ids", []Dim{{Symbol: "T"}}))
	graph = appendBytes(graph, 12, floatInput("logits", []Dim{{Symbol: "B"}, {Size: 2}}))
	model := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 10) // IR version
	model = appendBytes(model, modelGraph, graph)
	return appendBytes(model, 8, []byte("\x10\x14")) // opset
}

// tensorInModel is a float TensorProto that holds its data.
func tensorInModel(name string, shape []int64, values []float32) []byte {
	return appendBytes(tensorHeader(name, shape, onnxFloat), tensorRawData, safetensors.Float32Bytes(values))
}

// TestReplaceExternal puts every initializer back as it was: then no byte may change.
func TestReplaceExternal(t *testing.T) {
	model := handMadeModel()
	shapes := map[string][]int64{
		"embeddings.word_embeddings.weight": {5, 4}, "pooler.dense.weight": {4, 4}, "embeddings.LayerNorm.weight": {4},
	}
	same, err := replaceExternal(model, false, func(name string) (replacement, error) {
		return replacement{initializer: tensorInFile(name, shapes[name], onnxFloat, "weights", 0, 0)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(same, model) {
		t.Errorf("rewriting changed bytes:\n%q\n%q", same, model)
	}
}

// TestFloatInput compares with the bytes that the onnx Python package makes for
// helper.make_tensor_value_info("w", TensorProto.FLOAT, ["V", 300]).
func TestFloatInput(t *testing.T) {
	want := []byte("\x0a\x01w\x12\x10\x0a\x0e\x08\x01\x12\x0a\x0a\x03\x12\x01V\x0a\x03\x08\xac\x02")
	if got := floatInput("w", []Dim{{Symbol: "V"}, {Size: 300}}); !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReplaceExternalErrors(t *testing.T) {
	integers := protowire.AppendVarint(protowire.AppendTag(nil, tensorDataType, protowire.VarintType), 7)
	integers = appendBytes(integers, tensorName, []byte("ids"))
	integers = protowire.AppendVarint(protowire.AppendTag(integers, tensorDataLocation, protowire.VarintType), locationExternal)
	graphWith := func(tensor []byte) []byte {
		return appendBytes(nil, modelGraph, appendBytes(nil, graphInitializer, tensor))
	}
	tests := []struct {
		name  string
		model []byte
		want  string
	}{
		{"empty", nil, "0 graphs"},
		{"two graphs", append(graphWith(nil), graphWith(nil)...), "2 graphs"},
		{"cut", graphWith(nil)[:1], "broken ONNX model"},
		{"broken graph", appendBytes(nil, modelGraph, []byte{0xff}), "broken ONNX graph"},
		{"broken initializer", graphWith([]byte{0x08}), "broken ONNX initializer"},
		{"no name", graphWith(tensorInFile("", nil, onnxFloat, "weights", 0, 0)), "no name"},
		{"integers", graphWith(integers), `initializer "ids" has ONNX data type 7`},
		{"refused", handMadeModel(), "refused"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := replaceExternal(test.model, false, func(string) (replacement, error) {
				return replacement{}, errors.New("refused")
			})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// FuzzReplaceExternal feeds damaged models: no panic, and what comes out can be read again.
func FuzzReplaceExternal(f *testing.F) {
	f.Add(handMadeModel(), false)
	f.Add([]byte{}, false)
	f.Add(appendBytes(nil, modelGraph, []byte{0x2b, 0x2c}), false)
	var products []byte
	for _, message := range [][]byte{nodeMessage("", "Transpose", []string{"w"}, "t"), nodeMessage("", "MatMul", []string{"x", "t"}, "y"), nodeMessage("", "Gemm", []string{"w"}, "")} {
		products = appendBytes(products, graphNode, message)
	}
	products = appendBytes(products, graphInitializer, tensorInFile("w", []int64{2, 2}, onnxFloat, "weights", 0, 0))
	f.Add(appendBytes(nil, modelGraph, products), true)
	f.Fuzz(func(t *testing.T, model []byte, half bool) {
		names := 0
		out, err := replaceExternal(model, half, func(name string) (replacement, error) {
			names++
			if names%2 == 0 {
				return replacement{input: floatInput(name, []Dim{{Symbol: "V"}, {Size: 3}})}, nil
			}
			return replacement{initializer: tensorInFile(name, []int64{1 << 40}, onnxFloat, "w", 8, 4), narrow: onnxFloat16 * uint64(names%3%2)}, nil
		})
		if err != nil {
			return
		}
		again := 0
		if _, err := replaceExternal(out, false, func(name string) (replacement, error) {
			again++
			return replacement{initializer: tensorInModel(name, nil, nil)}, nil
		}); err != nil {
			t.Fatalf("the rewritten model is broken: %v", err)
		}
		if again != names-names/2 {
			t.Fatalf("%d external initializers after the first pass, want %d", again, names-names/2)
		}
	})
}
