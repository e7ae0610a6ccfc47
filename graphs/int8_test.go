package graphs

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mslora/internal/safetensors"
)

// frozenReaders lists the products of a graph by frozen weights: their left factors and outputs, by what is multiplied. It reads the graph
// anew, node by node.
func frozenReaders(graph decodedGraph, m Manifest) (forward, back map[string]string) {
	forward, back = map[string]string{}, map[string]string{} // the left factor, by the output
	weight := func(name string) bool {
		w, ok := m.weight(name)
		return ok && len(w.Shape) == 2
	}
	turned := map[string]string{}
	for _, n := range graph.nodes {
		switch {
		case n.operator == "Transpose" && weight(n.inputs[0]):
			turned[n.outputs[0]] = n.inputs[0]
		case n.operator != "MatMul" && n.operator != "Gemm":
		case turned[n.inputs[1]] != "" && !m.uneven(turned[n.inputs[1]]):
			forward[n.outputs[0]] = n.inputs[0]
		case weight(n.inputs[1]):
			back[n.outputs[0]] = n.inputs[0]
		}
	}
	return forward, back
}

// Every product by a frozen weight is computed in 8 bits in each graph with frozen weights, and none else; what several of them read is
// rounded once.
func TestInt8Products(t *testing.T) {
	counts := map[string]int{ // 12 layers: forward 6 each and the pooler; backward as many but for the first layer's query, key and value
		"bert-12x384/lora": 73 + 70, "bert-12x384/eval": 73, "roberta-12x768/lora+mslr": 72 + 69,
		"bert-12x768/adapter": 73 + 69, // nothing below it is trained

		"llama-30x576/lora": 30*5 + 30*7 - 3, "llama-30x576/eval": 30 * 5, // 7 each, of which 2 stay float32 forward; there is no pooler
	}
	for _, architecture := range classifying() {
		for _, method := range names {
			if method == Classification || method == "full" {
				continue
			}
			name := architecture + "/" + method
			t.Run(name, func(t *testing.T) {
				topology, err := Store{}.Load(architecture, method)
				if err != nil {
					t.Fatal(err)
				}
				frozen := func(name string) bool {
					w, ok := topology.Manifest.weight(name)
					return ok && len(w.Shape) == 2
				}
				model, _, err := quantizeProducts(topology.Model, frozen, topology.Manifest.uneven)
				if err != nil {
					t.Fatal(err)
				}
				before, after := decodeGraph(t, topology.Model), decodeGraph(t, model)
				forward, back := frozenReaders(before, topology.Manifest)
				read := map[string]bool{}
				for _, products := range []map[string]string{forward, back} {
					for _, x := range products {
						read[x] = true
					}
				}
				if want, ok := counts[name]; ok && len(forward)+len(back) != want {
					t.Errorf("%d products forward, %d backward, want %d together", len(forward), len(back), want)
				}
				if integer, rounding := count(after, "MatMulInteger"), count(after, "QuantizeLinear"); integer != len(forward)+len(back) || rounding != len(read) {
					t.Errorf("%d products in 8 bits of %d factors, want %d of %d", integer, rounding, len(forward)+len(back), len(read))
				}
				for _, operator := range []string{"MatMul", "Gemm"} {
					left := count(before, operator)
					for _, n := range before.nodes {
						if _, ok := forward[n.outputs[0]]; n.operator == operator && (ok || back[n.outputs[0]] != "") {
							left--
						}
					}
					if got := count(after, operator); got != left {
						t.Errorf("%d nodes %s, want %d", got, operator, left)
					}
				}
				checkOrder(t, after)
				checkOutputs(t, after, topology.Manifest)
			})
		}
	}
}

func count(graph decodedGraph, operator string) (n int) {
	for _, node := range graph.nodes {
		if node.operator == operator {
			n++
		}
	}
	return n
}

// checkOrder wants each output once, and each node after those that it reads.
func checkOrder(t *testing.T, graph decodedGraph) {
	t.Helper()
	at := map[string]int{}
	for i, n := range graph.nodes {
		for _, output := range n.outputs {
			if _, twice := at[output]; twice {
				t.Errorf("%s is made twice", output)
			}
			at[output] = i
		}
	}
	for i, n := range graph.nodes {
		for _, input := range n.inputs {
			if made, ok := at[input]; ok && made >= i {
				t.Errorf("node %s reads %s before it is made", n.name, input)
			}
		}
	}
}

// A loaded graph holds each rounded weight in the forms in which it is read, whole numbers whose products with their scales are the weight
// to half a step, and no other place of it.
func TestInt8Weights(t *testing.T) {
	for _, folder := range tinyFolders {
		for _, method := range []string{"lora+mslr", Evaluation} {
			t.Run(filepath.Base(folder)+"/"+method, func(t *testing.T) { testInt8Weights(t, folder, method) })
		}
	}
}

func testInt8Weights(t *testing.T, folder, method string) {
	topology, err := Open(folder, method)
	if err != nil {
		t.Fatal(err)
	}
	file := openFile(t, filepath.Join(folder, "model.safetensors"))
	promoted := func(name string) bool {
		return strings.HasSuffix(name, "query.weight") || strings.HasSuffix(name, "q_proj.weight")
	}
	linked, err := topology.Link(file, Int8, promoted)
	if err != nil {
		t.Fatal(err)
	}
	model, err := linked.Load()
	if err != nil {
		t.Fatal(err)
	}
	again, err := linked.Load()
	if err != nil || !slices.Equal(model, again) {
		t.Errorf("loading again gives other bytes, error %v", err)
	}
	graph := decodeGraph(t, model)
	held := map[string]initializer{}
	for _, i := range graph.initializers {
		held[i.name] = i
	}
	var rounded int64
	for _, w := range topology.Manifest.Weights {
		if len(w.Shape) != 2 || w.Table != "" {
			continue
		}
		stored, _ := WeightName(file, w.Name)
		want, err := file.Float32(stored)
		if err != nil {
			t.Fatal(err)
		}
		tensor, _ := file.Tensor(stored)
		out, in := int(tensor.Shape[0]), int(tensor.Shape[1])
		forms := 0
		for _, as := range []role{product, backward} {
			whole, ok := held[as.quantized(w.Name)]
			if !ok {
				continue
			}
			forms++
			scale := held[as.scale(w.Name)]
			rounded += int64(len(whole.raw) + len(scale.raw))
			for o := range out {
				for i := range in {
					at, place := o*in+i, i // backward: [out, in], a scale for each of in
					if as == product {
						at, place = i*out+o, o
					}
					step := floatAt(scale.raw, place)
					if d := want[o*in+i] - float32(int8(whole.raw[at]))*step; math.Abs(float64(d)) > 0.5001*float64(step) {
						t.Fatalf("%s [%d, %d] is off by %v, a step is %v", as.quantized(w.Name), o, i, d, step)
					}
				}
			}
		}
		_, whole := held[w.Name]
		switch uneven := topology.Manifest.uneven(w.Name); {
		case promoted(w.Name):
			if forms != 0 || whole || !slices.Contains(linked.Promoted, w.Name) {
				t.Errorf("%s is no input", w.Name)
			}
		case forms == 0 && !uneven || whole != uneven:
			t.Errorf("%s: %d forms in 8 bits, beside it itself: %v", w.Name, forms, whole)
		}
		if whole != slices.ContainsFunc(linked.Stored, func(s Tensor) bool { return s.Name == w.Name }) {
			t.Errorf("%s: Stored says something else than the graph", w.Name)
		}
	}
	if rounded == 0 || linked.Rounded < rounded || linked.Rounded > rounded+int64(200*len(topology.Manifest.Weights)) {
		t.Errorf("%d bytes of rounded weights, Rounded says %d", rounded, linked.Rounded)
	}
}

func TestInt8Errors(t *testing.T) {
	topology, err := Open(tinyFolders[0], "lora")
	if err != nil {
		t.Fatal(err)
	}
	var arrays []safetensors.Array
	for _, w := range topology.Manifest.Weights {
		dims, err := Resolve(w.Shape, map[string]int64{"V": 9, "P": 7})
		if err != nil {
			t.Fatal(err)
		}
		all := make([]float32, product64(dims))
		if w.Name == "encoder.layer.1.output.dense.weight" {
			all[5] = float32(math.NaN())
		}
		arrays = append(arrays, safetensors.Float32Array(w.Name, dims, all))
	}
	linked, err := topology.Link(modelFile(t, arrays...), Int8, none)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = linked.Load(); err == nil || !strings.Contains(err.Error(), `weight "encoder.layer.1.output.dense.weight": it holds values that are no finite numbers`) {
		t.Errorf("a weight that is no number: %v", err)
	}
	linked.rounded[0].size = MaxModel
	if _, err = linked.Load(); err == nil || !strings.Contains(err.Error(), "too large for products in 8 bits: its weights take 2.0 GiB") {
		t.Errorf("more than a model holds: %v", err)
	}
	damaged := *topology
	damaged.Model = damaged.Model[:len(damaged.Model)-1]
	if _, err = damaged.Link(modelFile(t, arrays...), Int8, none); err == nil || !strings.Contains(fmt.Sprint(err), "broken ONNX") {
		t.Errorf("a broken graph: %v", err)
	}
}
