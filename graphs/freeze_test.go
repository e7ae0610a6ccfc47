package graphs

import (
	"strings"
	"testing"
)

// Freezing the head takes its gradients out of the graph and of the manifest, which then agree, and nothing else.
func TestFreeze(t *testing.T) {
	for _, architecture := range classifying() {
		for _, method := range []string{"lora", "lora+mslr"} {
			t.Run(architecture+"/"+method, func(t *testing.T) {
				topology, err := Store{}.Load(architecture, method)
				if err != nil {
					t.Fatal(err)
				}
				parameters, outputs := len(topology.Manifest.Parameters), len(topology.Manifest.Outputs)
				frozen, err := topology.Freeze("head")
				if err != nil {
					t.Fatal(err)
				}
				m := frozen.Manifest
				if err := m.validate(); err != nil {
					t.Error(err)
				}
				heads := len(m.FrozenInputs)
				if heads == 0 || len(m.Parameters) != parameters-heads || len(m.Outputs) != outputs-heads {
					t.Errorf("%d frozen inputs, %d of %d parameters, %d of %d outputs", heads, len(m.Parameters), parameters, len(m.Outputs), outputs)
				}
				before, after := decodeGraph(t, topology.Model), decodeGraph(t, frozen.Model)
				checkOutputs(t, after, m)
				if len(after.inputs) != len(before.inputs) || len(after.nodes) != len(before.nodes) || len(after.initializers) != len(before.initializers) {
					t.Error("more than outputs has gone")
				}
				if len(topology.Manifest.Outputs) != outputs || len(topology.Manifest.FrozenInputs) != 0 {
					t.Error("the topology itself was changed")
				}
			})
		}
	}
}

func TestFreezeOther(t *testing.T) {
	topology, err := Open("testdata/tiny", "lora")
	if err != nil {
		t.Fatal(err)
	}
	same, err := topology.Freeze("adapter")
	if err != nil || len(same.Manifest.Parameters) != len(topology.Manifest.Parameters) || string(same.Model) != string(topology.Model) {
		t.Errorf("it trains no adapter, yet it was changed; error %v", err)
	}
	full, err := Open("testdata/tiny", "full")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := full.Freeze("backbone"); err == nil || !strings.Contains(err.Error(), "cannot be frozen") {
		t.Errorf("error %v", err)
	}
	topology.Model = topology.Model[:len(topology.Model)-1]
	if _, err := topology.Freeze("head"); err == nil || !strings.Contains(err.Error(), "broken ONNX") {
		t.Errorf("error %v", err)
	}
}
