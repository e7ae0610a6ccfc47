package graphs

import (
	"slices"
	"strings"
	"testing"
)

// An expert is an input and one sum, in every training graph, and nothing else changes.
func TestWithExpert(t *testing.T) {
	for _, architecture := range classifying() {
		for _, method := range Methods {
			t.Run(architecture+"/"+method, func(t *testing.T) {
				topology, err := Store{}.Load(architecture, method)
				if err != nil {
					t.Fatal(err)
				}
				inputs := len(topology.Manifest.Batch)
				joined, err := topology.WithExpert()
				if err != nil {
					t.Fatal(err)
				}
				if err := joined.Manifest.validate(); err != nil {
					t.Error(err)
				}
				before, after := decodeGraph(t, topology.Model), decodeGraph(t, joined.Model)
				checkOutputs(t, after, joined.Manifest)
				if len(after.inputs) != len(before.inputs)+1 || len(after.nodes) != len(before.nodes)+1 || len(after.initializers) != len(before.initializers) {
					t.Errorf("%d inputs and %d nodes became %d and %d", len(before.inputs), len(before.nodes), len(after.inputs), len(after.nodes))
				}
				if input := after.inputs[len(after.inputs)-1]; input.Name != Expert || len(input.Shape) != 2 || input.Shape[0].Symbol != "B" || input.Shape[1].Symbol != "C" {
					t.Errorf("input %+v", input)
				}
				at := slices.IndexFunc(after.nodes, func(n node) bool { return slices.Contains(n.inputs, Expert) })
				if sum, loss := after.nodes[at], after.nodes[at+1]; sum.operator != "Add" || loss.operator != "LogSoftmax" || !slices.Equal(loss.inputs, sum.outputs) {
					t.Errorf("nodes %+v, %+v", sum, loss)
				}
				if len(topology.Manifest.Batch) != inputs {
					t.Error("the topology itself was changed")
				}
			})
		}
	}
}

func TestWithExpertRefuses(t *testing.T) {
	evaluation, err := Open("testdata/tiny", Evaluation)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evaluation.WithExpert(); err == nil || !strings.Contains(err.Error(), "0 losses of its logits, expected 1") {
		t.Errorf("error %v", err)
	}
	topology, err := Open("testdata/tiny", "lora")
	if err != nil {
		t.Fatal(err)
	}
	topology.Model = topology.Model[:len(topology.Model)-1]
	if _, err := topology.WithExpert(); err == nil || !strings.Contains(err.Error(), "broken ONNX") {
		t.Errorf("error %v", err)
	}
}
