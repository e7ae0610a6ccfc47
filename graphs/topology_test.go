package graphs

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mslora/internal/safetensors"
)

// names of all graphs of an architecture.
var names = append(slices.Clone(Methods), Evaluation, Classification, EvaluationOf("adapter"), EvaluationOf("prefix"))

// tinyFolders hold a tiny model of each family.
var tinyFolders = []string{"testdata/tiny", "testdata/tiny-roberta", "testdata/tiny-llama"}

// classifying are the architectures that come with graphs of classifiers: all but those of language models alone.
func classifying() []string {
	return slices.DeleteFunc(Architectures(), func(name string) bool { return strings.HasPrefix(name, "gpt2-") })
}

// TestTopologies compares every graph that comes with the program, and those of the tests, with its
// manifest.
func TestTopologies(t *testing.T) {
	if len(Architectures()) == 0 {
		t.Fatal("no graph comes with the program")
	}
	for _, method := range names {
		for _, architecture := range classifying() {
			topology, err := Store{}.Load(architecture, method)
			if err != nil {
				t.Error(err)
				continue
			}
			if got := topology.Manifest.ArchitectureName(); got != architecture {
				t.Errorf("the manifest in %s is for %s", architecture, got)
			}
			t.Run(architecture+"/"+method, func(t *testing.T) { checkTopology(t, topology) })
		}
		for _, tiny := range tinyFolders {
			topology, err := Open(tiny, method)
			if err != nil {
				t.Error(err)
				continue
			}
			t.Run(filepath.Base(tiny)+"/"+method, func(t *testing.T) { checkTopology(t, topology) })
		}
	}
}

// The same of language models.
func TestCausalTopologies(t *testing.T) {
	for _, folder := range []string{"topologies/llama-30x576", "topologies/llama-32x4096", "topologies/gpt2-12x768", "testdata/tiny-llama", "testdata/tiny-gpt2"} {
		topology, err := Open(folder, Causal)
		if err != nil {
			t.Error(err)
			continue
		}
		t.Run(filepath.Base(folder), func(t *testing.T) { checkTopology(t, topology) })
	}
}

func checkTopology(t *testing.T, topology *Topology) {
	graph, m := decodeGraph(t, topology.Model), topology.Manifest
	checkInputs(t, graph, m)
	checkOutputs(t, graph, m)
	var external []string
	for _, x := range graph.initializers {
		if len(x.external) == 0 {
			continue
		}
		external = append(external, x.name)
		if weight, ok := m.weight(x.name); !ok || !fits(weight.Shape, x.dims) {
			t.Errorf("weight %s: the graph has shape %v, the manifest %v", x.name, x.dims, weight.Shape)
		}
	}
	if len(external) != len(m.Weights) {
		t.Errorf("the graph has %d external weights, the manifest %d", len(external), len(m.Weights))
	}
	for _, n := range graph.nodes {
		if n.domain != "" {
			t.Errorf("node %s: operator %s is of domain %q, not standard ONNX", n.name, n.operator, n.domain)
		}
		// Repeated indices make such an operator a data race in ONNX Runtime (onnxruntime#18048, #23396).
		if reduction := n.attributes["reduction"]; strings.HasPrefix(n.operator, "Scatter") && reduction != "" && reduction != "none" {
			t.Errorf("node %s: %s with reduction %s", n.name, n.operator, reduction)
		}
	}
}

// checkOutputs wants the same outputs in the same order.
func checkOutputs(t *testing.T, graph decodedGraph, m Manifest) {
	t.Helper()
	var outputs, wantOutputs []string
	for _, o := range graph.outputs {
		outputs = append(outputs, o.Name)
	}
	for _, o := range m.Outputs {
		wantOutputs = append(wantOutputs, o.Name)
	}
	if !slices.Equal(outputs, wantOutputs) {
		t.Errorf("outputs: the graph has %v, the manifest %v", outputs, wantOutputs)
	}
}

// checkInputs wants the same inputs in the same order, numbers where the manifest has numbers and for each
// symbol of the manifest one of the graph's own.
func checkInputs(t *testing.T, graph decodedGraph, m Manifest) {
	var want []Tensor
	for _, v := range slices.Concat(m.Batch, m.Scalars, m.KeepMasks) {
		want = append(want, Tensor{Name: v.Name, Shape: v.Shape})
	}
	for _, f := range m.FrozenInputs {
		want = append(want, Tensor{Name: f.Name, Shape: f.Shape})
	}
	for _, p := range m.Parameters {
		want = append(want, Tensor{Name: p.Name, Shape: p.Shape})
	}
	if len(graph.inputs) != len(want) {
		t.Fatalf("the graph has %d inputs, the manifest %d", len(graph.inputs), len(want))
	}
	names := map[string]string{}
	for i, got := range graph.inputs {
		same := got.Name == want[i].Name && len(got.Shape) == len(want[i].Shape)
		for j := 0; same && j < len(got.Shape); j++ {
			d, w := got.Shape[j], want[i].Shape[j]
			if w.Symbol == "" {
				same = d == w
				continue
			}
			if names[w.Symbol] == "" {
				names[w.Symbol] = d.Symbol
			}
			same = d.Symbol != "" && d.Symbol == names[w.Symbol]
		}
		if !same {
			t.Errorf("input %d: the graph has %s %v, the manifest %s %v", i, got.Name, got.Shape, want[i].Name, want[i].Shape)
		}
	}
}

// TestLinkTiny links the graphs of the tests with their weights, with and without promoting some.
func TestLinkTiny(t *testing.T) {
	for _, tiny := range tinyFolders {
		for _, method := range names {
			if method == Classification {
				continue // its head is in no model file: Embed takes it
			}
			t.Run(filepath.Base(tiny)+"/"+method, func(t *testing.T) { linkTiny(t, tiny, method) })
		}
	}
}

func linkTiny(t *testing.T, tiny, method string) {
	file := openFile(t, filepath.Join(tiny, "model.safetensors"))
	topology, err := Open(tiny, method)
	if err != nil {
		t.Fatal(err)
	}
	before := decodeGraph(t, topology.Model)
	linked, err := topology.Link(file, Float32, none)
	if err != nil {
		t.Fatal(err)
	}
	after := decodeGraph(t, linked.Model)
	if len(after.inputs) != len(before.inputs) || len(after.initializers) != len(before.initializers) || len(linked.Promoted) != 0 {
		t.Errorf("linking changed the number of inputs or initializers")
	}
	for _, x := range after.initializers {
		if len(x.external) > 0 {
			checkPlace(t, file, linked.Folder, x)
		}
	}
	all, err := topology.Link(file, Float32, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	after = decodeGraph(t, all.Model)
	n := len(topology.Manifest.Weights)
	if len(all.Promoted) != n || len(after.inputs) != len(before.inputs)+n || len(after.initializers) != len(before.initializers)-n {
		t.Errorf("promoted %d weights of %d, %d inputs, %d initializers", len(all.Promoted), n, len(after.inputs), len(after.initializers))
	}
	for i, name := range all.Promoted {
		if after.inputs[len(before.inputs)+i].Name != name {
			t.Errorf("promoted input %d is %s, want %s", i, after.inputs[len(before.inputs)+i].Name, name)
		}
	}
}

// checkPlace reads a linked weight as ONNX Runtime does and compares it with the model file.
func checkPlace(t *testing.T, file *safetensors.File, folder string, x initializer) {
	t.Helper()
	stored, ok := WeightName(file, x.name)
	if !ok {
		t.Errorf("%s is not in the file", x.name)
		return
	}
	want, err := file.Float32(stored)
	if err != nil {
		t.Fatal(err)
	}
	tensor, _ := file.Tensor(stored)
	if !slices.Equal(x.dims, tensor.Shape) || !slices.Equal(readBack(t, folder, x), want) {
		t.Errorf("%s: shape %v, want %v, or other values", x.name, x.dims, tensor.Shape)
	}
}
