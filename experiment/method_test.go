package experiment

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/graphs"
	"mslora/internal/testmodel"
)

// The head of the methods with LoRA is trained where it should be; that of the others always.
func TestTopologiesHead(t *testing.T) {
	_, folder := testmodel.Write(t, t.TempDir())
	for _, method := range Methods {
		for _, head := range []string{HeadFrozen, HeadTrained} {
			topologies, err := method.Topologies("bert-2x36", storeOf(t, folder), head)
			if err != nil {
				t.Fatal(err)
			}
			trained := false
			for _, p := range topologies.Train.Manifest.Parameters {
				trained = trained || p.Name == "classifier.weight"
			}
			if want := head == HeadTrained || !method.LoRA(); trained != want {
				t.Errorf("%s, head %s: trained %v, want %v", method.Name, head, trained, want)
			}
		}
	}
}

// Graphs of an exporter that froze the head cannot train it, and say so.
func TestTopologiesWithoutHead(t *testing.T) {
	_, folder := testmodel.Write(t, t.TempDir())
	path := filepath.Join(folder, "bert-2x36", "lora.train.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var m graphs.Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	var kept []graphs.Parameter
	for _, p := range m.Parameters {
		if p.Module != "head" {
			kept = append(kept, p)
		}
	}
	m.Parameters = kept
	if data, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	method, err := FindMethod("lora")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := method.Topologies("bert-2x36", storeOf(t, folder), HeadTrained); err == nil || !strings.Contains(err.Error(), "cannot train the head") {
		t.Errorf("error %v", err)
	}
	if _, err := method.Topologies("bert-2x36", storeOf(t, folder), HeadFrozen); err != nil {
		t.Error(err)
	}
}

func storeOf(t *testing.T, folder string) graphs.Store {
	t.Helper()
	store, err := graphs.NewStore(folder)
	if err != nil {
		t.Fatal(err)
	}
	return store
}
