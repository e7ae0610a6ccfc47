// Package experiment turns a configuration into cells (one data set, attack, model, method and seed each),
// trains and scores them, and leaves a folder for each.
package experiment

import (
	"slices"
	"strings"

	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/ortrain"
)

// Method is a way of training that a table has a row for.
type Method struct {
	Name    string // as in the paper's tables and in paper.csv
	Graph   string // topology that computes its gradients
	Aligned bool   // gradients are aligned to auxiliary clean texts
}

// Methods in the order of the paper's table 1 and of its ablations (table 3).
var Methods = []Method{
	{Name: "vanilla", Graph: "full"},
	{Name: "lora", Graph: "lora"},
	{Name: "adapter", Graph: "adapter"},
	{Name: "prefix", Graph: "prefix"},
	{Name: "musclelora", Graph: "lora+mslr", Aligned: true},
	{Name: "lora+mslr", Graph: "lora+mslr"},
	{Name: "ga+lora", Graph: "lora", Aligned: true},
	{Name: "ga", Graph: "full", Aligned: true},
}

// LoRA tells whether the method trains LoRA, so that its classification head may be frozen or trained.
func (m Method) LoRA() bool { return strings.HasPrefix(m.Graph, "lora") }

// Topologies loads the two graphs of the method for an architecture. head is that of Hyperparameters: frozen takes its gradients out of the training graph.
func (m Method) Topologies(architecture string, store graphs.Store, head string) (t ortrain.Topologies, err error) {
	if t.Train, err = store.Load(architecture, m.Graph); err != nil {
		return t, err
	}
	trains := func(p graphs.Parameter) bool { return p.Module == "head" }
	switch {
	case m.LoRA() && head == HeadFrozen:
		if t.Train, err = t.Train.Freeze("head"); err != nil {
			return t, err
		}
	case m.LoRA() && head == HeadTrained && !slices.ContainsFunc(t.Train.Manifest.Parameters, trains):
		return t, hint.New("export them again with tools/export_graphs.py", "the graphs of %s in %s cannot train the head", architecture, store)
	}
	t.Evaluate, err = store.Load(architecture, graphs.EvaluationOf(m.Graph))
	return t, err
}

// MethodNames lists the methods, with commas between them.
func MethodNames() string {
	var names []string
	for _, m := range Methods {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// FindMethod looks a method up by name.
func FindMethod(name string) (Method, error) {
	for _, m := range Methods {
		if m.Name == name {
			return m, nil
		}
	}
	return Method{}, hint.New("methods: "+MethodNames(), "unknown method %q", name)
}
