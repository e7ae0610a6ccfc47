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

// widened gives the nodes of a graph with weights of 16 bits (table, w, b) and of 32 (float), rewritten, a line each.
func widened(t *testing.T, half bool, messages ...[]byte) []string {
	t.Helper()
	var graph []byte
	for _, message := range messages {
		graph = appendBytes(graph, graphNode, message)
	}
	for _, name := range []string{"table", "w", "b", "float"} {
		graph = appendBytes(graph, graphInitializer, tensorInFile(name, []int64{2}, onnxFloat, "weights", 0, 0))
	}
	model, err := replaceExternal(appendBytes(nil, modelGraph, graph), half, func(name string) (replacement, error) {
		if name == "float" {
			return replacement{initializer: tensorInFile(name, []int64{2}, onnxFloat, "file", 0, 8)}, nil
		}
		return replacement{initializer: tensorInFile(name, []int64{2}, onnxBFloat16, "file", 0, 4), narrow: onnxBFloat16}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, n := range decodeGraph(t, model).nodes {
		lines = append(lines, strings.Join(slices.Concat([]string{n.name, n.operator}, n.inputs, []string{"->"}, n.outputs), " "))
	}
	return lines
}

// A weight of 16 bits is widened for each of its readers, and a table after rows were taken of it. With half, products of the
// forward pass are made in 16 bits.
func TestWiden(t *testing.T) {
	messages := [][]byte{
		nodeMessage("/take", "Gather", []string{"table", "ids"}, "x"),
		nodeMessage("/one", "MatMul", []string{"x", "w"}, "y"),
		nodeMessage("/two", "MatMul", []string{"w", "w"}, "z"),
		nodeMessage("/three", "Add", []string{"z", "float"}, "sum"),
	}
	turned := [][]byte{
		nodeMessage("/turn", "Transpose", []string{"w"}, "wT"),
		nodeMessage("/layer", "Gemm", []string{"x", "wT", "b"}, "y"),
		nodeMessage("/norm", "Mul", []string{"y", "w"}, "n"),
		nodeMessage("/other", "Mul", []string{"n", "wT"}, "m"),
		nodeMessage("/backward/layer", "MatMul", []string{"dy", "w"}, "dx"),
		nodeMessage("/plain", "MatMul", []string{"n", "float"}, "o"),
	}
	for _, test := range []struct {
		name     string
		half     bool
		messages [][]byte
		want     []string
	}{
		{"widened", false, messages, []string{
			"/one/Cast_2 Cast w -> w:2", "/two/Cast_3 Cast w -> w:3",
			"/take Gather table ids -> x:1", "/take/Cast_1 Cast x:1 -> x",
			"/one MatMul x w:2 -> y", "/two MatMul w:3 w:3 -> z", "/three Add z float -> sum",
		}},
		{"half", true, messages, []string{
			"/take Gather table ids -> x:1", "/take/Cast_1 Cast x:1 -> x",
			"/one/Cast_2 Cast x -> x:2", "/one MatMul x:2 w -> y:3", "/one/Cast_3 Cast y:3 -> y",
			"/two MatMul w w -> z:4", "/two/Cast_4 Cast z:4 -> z", "/three Add z float -> sum",
		}},
		{"transposed, widened", false, turned, []string{
			"/turn/Cast_1 Cast w -> w:1", "/layer/Cast_2 Cast b -> b:2", "/norm/Cast_3 Cast w -> w:3", "/backward/layer/Cast_4 Cast w -> w:4",
			"/turn Transpose w:1 -> wT", "/layer Gemm x wT b:2 -> y", "/norm Mul y w:3 -> n", "/other Mul n wT -> m",
			"/backward/layer MatMul dy w:4 -> dx", "/plain MatMul n float -> o",
		}},
		{"transposed, half", true, turned, []string{
			"/norm/Cast_3 Cast w -> w:3", "/backward/layer/Cast_5 Cast w -> w:5",
			"/turn Transpose w -> wT", "/layer/Cast_1 Cast x -> x:1", "/layer Gemm x:1 wT b -> y:2", "/layer/Cast_2 Cast y:2 -> y",
			"/norm Mul y w:3 -> n", "/other/Cast_4 Cast wT -> wT:4", "/other Mul n wT:4 -> m",
			"/backward/layer MatMul dy w:5 -> dx", "/plain MatMul n float -> o",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := widened(t, test.half, test.messages...); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestWidenBrokenNode(t *testing.T) {
	graph := appendBytes(appendBytes(nil, graphNode, []byte{0xff}), graphInitializer, tensorInFile("w", nil, onnxFloat, "weights", 0, 0))
	_, err := replaceExternal(appendBytes(nil, modelGraph, graph), false, func(string) (replacement, error) {
		return replacement{narrow: onnxFloat16}, nil
	})
	if err == nil || !strings.Contains(err.Error(), "broken ONNX node") {
		t.Errorf("got %v", err)
	}
}
