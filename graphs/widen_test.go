package graphs

import (
	"slices"
	"strings"
	"testing"
)

// nodeMessage is a NodeProto.
func nodeMessage(name, operator string, inputs []string, output string) []byte {
	var out []byte
	for _, input := range inputs {
		out = appendBytes(out, nodeInput, []byte(input))
	}
	out = appendBytes(out, nodeOutput, []byte(output))
	out = appendBytes(out, nodeName, []byte(name))
	return appendBytes(out, nodeOperator, []byte(operator))
}

// A weight of 16 bits is widened for each of its readers, and a table after rows were taken of it.
func TestWiden(t *testing.T) {
	var graph []byte
	for _, message := range [][]byte{
		nodeMessage("/take", "Gather", []string{"table", "ids"}, "x"),
		nodeMessage("/one", "MatMul", []string{"x", "w"}, "y"),
		nodeMessage("/two", "MatMul", []string{"w", "w"}, "z"),
		nodeMessage("/three", "Add", []string{"z", "float"}, "sum"),
	} {
		graph = appendBytes(graph, graphNode, message)
	}
	for _, name := range []string{"table", "w", "float"} {
		graph = appendBytes(graph, graphInitializer, tensorInFile(name, []int64{2}, onnxFloat, "weights", 0, 0))
	}
	model, err := replaceExternal(appendBytes(nil, modelGraph, graph), func(name string) (replacement, error) {
		dataType := map[bool]uint64{false: onnxBFloat16, true: onnxFloat}[name == "float"]
		return replacement{initializer: tensorInFile(name, []int64{2}, dataType, "file", 0, 4), narrow: name != "float"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range decodeGraph(t, model).nodes {
		got = append(got, strings.Join(slices.Concat([]string{n.name, n.operator}, n.inputs, []string{"->"}, n.outputs), " "))
	}
	want := []string{
		"/one/Cast_2 Cast w -> w:2", "/two/Cast_3 Cast w -> w:3",
		"/take Gather table ids -> x:1", "/take/Cast_1 Cast x:1 -> x",
		"/one MatMul x w:2 -> y", "/two MatMul w:3 w:3 -> z", "/three Add z float -> sum",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWidenBrokenNode(t *testing.T) {
	graph := appendBytes(appendBytes(nil, graphNode, []byte{0xff}), graphInitializer, tensorInFile("w", nil, onnxFloat, "weights", 0, 0))
	_, err := replaceExternal(appendBytes(nil, modelGraph, graph), func(string) (replacement, error) {
		return replacement{narrow: true}, nil
	})
	if err == nil || !strings.Contains(err.Error(), "broken ONNX node") {
		t.Errorf("got %v", err)
	}
}
