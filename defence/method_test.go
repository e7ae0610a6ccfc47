package defence

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/graphs"
	"mslora/internal/testmodel"
	"mslora/params"
)

// The head of the methods with LoRA is trained where it should be; that of the others always.
func TestTopologiesHead(t *testing.T) {
	_, folder := testmodel.Write(t, t.TempDir())
	for _, method := range Methods {
		for _, head := range []string{params.HeadFrozen, params.HeadTrained} {
			values := params.Defaults().With(params.Values{params.Head: head})
			values = values.Only(method.Parts(values))
			topologies, err := method.Topologies("bert-2x36", storeOf(t, folder), values)
			if err != nil {
				t.Fatal(err)
			}
			trained := false
			for _, p := range topologies.Train.Manifest.Parameters {
				trained = trained || p.Name == "classifier.weight"
			}
			if want := head == params.HeadTrained || !values.Has(params.Head); trained != want {
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
	method, err := Find("lora")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := method.Topologies("bert-2x36", storeOf(t, folder), params.Values{params.Head: params.HeadTrained}); err == nil || !strings.Contains(err.Error(), "cannot train the head") {
		t.Errorf("error %v", err)
	}
	if _, err := method.Topologies("bert-2x36", storeOf(t, folder), params.Values{params.Head: params.HeadFrozen}); err != nil {
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

func TestFind(t *testing.T) {
	m, err := Find("musclelora")
	if err != nil || m.Graph != "lora+mslr" || !m.Aligned {
		t.Errorf("%+v %v", m, err)
	}
	if _, err := Find("nothing"); err == nil || err.Error() != `unknown method "nothing"` {
		t.Errorf("error %v", err)
	}
	for i, m := range Methods {
		title, place := Display(m.Name)
		if title == "" || title == m.Name || place != i {
			t.Errorf("%s is called %q, in place %d", m.Name, title, place)
		}
	}
	if title, place := Display("nothing"); title != "nothing" || place != len(Methods) {
		t.Errorf("an unknown method is called %q, in place %d", title, place)
	}
}

func TestParts(t *testing.T) {
	for method, want := range map[string]string{
		"vanilla": "[training]", "lora": "[training LoRA]", "adapter": "[training adapters]", "prefix": "[training prefixes]",
		"musclelora": "[training LoRA multi-scale alignment alignment always]", "lora+mslr": "[training LoRA multi-scale]",
		"ga": "[training alignment alignment always]",
	} {
		m, err := Find(method)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(m.Parts(params.Values{params.Align: "always"})); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
}

func TestRule(t *testing.T) {
	m, err := Find("musclelora")
	if err != nil {
		t.Fatal(err)
	}
	values := params.Defaults()
	if rule, err := m.Rule(values); err != nil || rule == nil {
		t.Errorf("rule %v, error %v", rule, err)
	}
	if _, err := m.Rule(values.With(params.Values{params.Align: "both"})); err == nil || err.Error() != "align is both" {
		t.Errorf("error %v", err)
	}
	vanilla, err := Find("vanilla")
	if err != nil {
		t.Fatal(err)
	}
	if rule, err := vanilla.Rule(nil); err != nil || rule != nil {
		t.Errorf("vanilla has rule %v, error %v", rule, err)
	}
}
