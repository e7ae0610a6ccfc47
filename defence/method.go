package defence

import (
	"slices"
	"strings"

	"mslora/gradalign"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/lora"
	"mslora/ortrain"
	"mslora/params"
)

// Method is a way of training that a table has a row for.
type Method struct {
	Name     string // in configurations, results and paper.csv
	Title    string // in tables: the paper's label
	Graph    string // topology that computes its gradients, one of graphs.Methods
	Aligned  bool   // gradients are aligned to those of trusted texts, by the rule that params.Align names
	Purifier Purifier
	Expert   Expert
	Filter   Filter
}

// Methods in the order of the paper's table 1 and of its ablations (table 3), then our own, then defences from elsewhere.
var Methods = []Method{
	{Name: "vanilla", Title: "Vanilla", Graph: "full"},
	{Name: "lora", Title: "LoRA", Graph: "lora"},
	{Name: "adapter", Title: "Adapter", Graph: "adapter"},
	{Name: "prefix", Title: "Prefix", Graph: "prefix"},
	{Name: "musclelora", Title: "MuScleLoRA", Graph: "lora+mslr", Aligned: true},
	{Name: "lora+mslr", Title: "MS+LR", Graph: "lora+mslr"},
	{Name: "ga+lora", Title: "LR+GA", Graph: "lora", Aligned: true},
	{Name: "ga", Title: "GA", Graph: "full", Aligned: true},
	{Name: "purify", Title: "Purify", Graph: "lora", Purifier: Purification{}},
	{Name: "purify+vanilla", Title: "Purify+Vanilla", Graph: "full", Purifier: Purification{}},
	{Name: "purify+musclelora", Title: "Purify+MuScleLoRA", Graph: "lora+mslr", Aligned: true, Purifier: Purification{}},
	{Name: "purify+ga+lora", Title: "Purify+LR+GA", Graph: "lora", Aligned: true, Purifier: Purification{}},
	{Name: "purify+ga", Title: "Purify+GA", Graph: "full", Aligned: true, Purifier: Purification{}},
	{Name: "bki", Title: "BKI", Graph: "full", Purifier: BKI{}},
	{Name: "cube", Title: "CUBE", Graph: "full", Purifier: CUBE{}},
	{Name: "z-def", Title: "Z-Def", Graph: "full", Purifier: ZDef{}},
	{Name: "seep", Title: "SEEP", Graph: "full", Purifier: SEEP{}},
	{Name: "spectral", Title: "Spectral", Graph: "full", Purifier: SpectralSignatures{}},
	{Name: "abl", Title: "ABL", Graph: "full", Purifier: Isolation{}},
	{Name: "poe", Title: "PoE", Graph: "full", Expert: EasyPatterns{}},
	{Name: "onion", Title: "ONION", Graph: "full", Filter: ONION{}},
	{Name: "strip", Title: "STRIP", Graph: "full", Filter: STRIP{}},
	{Name: "rap", Title: "RAP", Graph: "full", Filter: RAP{}},
}

// partsOf a graph: its tunable modules, as package params calls them.
var partsOf = map[string][]string{
	"lora": {params.LoRA}, "lora+mslr": {params.LoRA, params.MultiScale}, "adapter": {params.Adapters}, "prefix": {params.Prefixes},
}

// Parts are those that the method has with these values. They say which hyperparameters it has.
func (m Method) Parts(values params.Values) []string {
	parts := m.TrainedParts(values)
	if m.Purifier != nil {
		parts = append(parts, m.Purifier.Name())
	}
	if m.Expert != nil {
		parts = append(parts, m.Expert.Name())
	}
	if m.Filter != nil {
		parts = append(parts, m.Filter.Name())
	}
	return parts
}

// TrainedParts are those of its parts that training depends on, beside its texts and what an expert says of them; purifier and expert
// come before it, a filter comes after it.
func (m Method) TrainedParts(values params.Values) []string {
	parts := append([]string{params.Training}, partsOf[m.Graph]...)
	if m.Aligned {
		parts = append(parts, params.Alignment, params.AlignmentBy(values.Word(params.Align)))
	}
	return parts
}

// Trusts tells whether the method needs trusted texts. A purifier finds more with some, but does without.
func (m Method) Trusts() bool { return m.Aligned }

// ReadsTrusted tells whether trusted texts, if there are any, change what the method does.
func (m Method) ReadsTrusted() bool {
	drawn, _ := params.Find(params.Auxiliary)
	return m.Aligned || m.Purifier != nil && drawn.In([]string{m.Purifier.Name()})
}

// Frozen tells whether the backbone keeps its weights.
func (m Method) Frozen() bool { return m.Graph != "full" }

// Rule gives the rule by which gradients are aligned, nil if they are not.
func (m Method) Rule(values params.Values) (gradalign.Rule, error) {
	if !m.Aligned {
		return nil, nil
	}
	name := values.Word(params.Align)
	definition, ok := gradalign.Find(name)
	if !ok {
		return nil, hint.New("give "+params.List(gradalign.Names()), "align is %s", name)
	}
	return definition.New(values), nil
}

// Modules gives the shapes and strengths of the tunable modules; those that the values lack are zero.
func Modules(values params.Values) (s lora.Setting) {
	if values.Has(params.LoRARank) {
		s.Rank, s.Alpha = values.Int(params.LoRARank), values.Float(params.LoRAAlpha)
	}
	if values.Has(params.Scales) {
		s.Scales, s.Bandwidth, s.ScaleAlpha = values.Floats(params.Scales), values.Int(params.Bandwidth), values.Float(params.ScaleAlpha)
	}
	if values.Has(params.Bottleneck) {
		s.Bottleneck = values.Int(params.Bottleneck)
	}
	if values.Has(params.PrefixLength) {
		s.PrefixLength = values.Int(params.PrefixLength)
	}
	return s
}

// Topologies loads the two graphs of the method for an architecture. A frozen head takes its gradients out of the training
// graph; an expert is an input more of it.
func (m Method) Topologies(architecture string, store graphs.Store, values params.Values) (t ortrain.Topologies, err error) {
	if t.Train, err = store.Load(architecture, m.Graph); err != nil {
		return t, err
	}
	if values.Has(params.Head) {
		trains := func(p graphs.Parameter) bool { return p.Module == "head" }
		switch {
		case values.Word(params.Head) == params.HeadFrozen:
			if t.Train, err = t.Train.Freeze("head"); err != nil {
				return t, err
			}
		case !slices.ContainsFunc(t.Train.Manifest.Parameters, trains):
			return t, hint.New("export them again with tools/export_graphs.py", "the graphs of %s in %s cannot train the head", architecture, store)
		}
	}
	if m.Expert != nil {
		if t.Train, err = t.Train.WithExpert(); err != nil {
			return t, err
		}
	}
	t.Evaluate, err = store.Load(architecture, graphs.EvaluationOf(m.Graph))
	return t, err
}

// Names lists the methods.
func Names() []string {
	names := make([]string, len(Methods))
	for i, m := range Methods {
		names[i] = m.Name
	}
	return names
}

// Find looks a method up by name.
func Find(name string) (Method, error) {
	if at := rank(name); at < len(Methods) {
		return Methods[at], nil
	}
	return Method{}, hint.New("methods: "+strings.Join(Names(), ", "), "unknown method %q", name)
}

// Filters lists the methods with a filter.
func Filters() (names []string) {
	for _, m := range Methods {
		if m.Filter != nil {
			names = append(names, m.Name)
		}
	}
	return names
}

// FindFilter looks a method with a filter up by name.
func FindFilter(name string) (Method, error) {
	m, err := Find(name)
	if err != nil || m.Filter == nil {
		return m, hint.New("filters: "+strings.Join(Filters(), ", "), "unknown filter %q", name)
	}
	return m, nil
}

// Display says what tables call a method, and its place among the others. A method that is not known keeps its name and
// comes last.
func Display(name string) (title string, place int) {
	place = rank(name)
	if place == len(Methods) {
		return name, place
	}
	return Methods[place].Title, place
}

func rank(name string) int {
	if at := slices.IndexFunc(Methods, func(m Method) bool { return m.Name == name }); at >= 0 {
		return at
	}
	return len(Methods)
}
