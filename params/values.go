package params

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"

	"mslora/internal/hint"
)

// Values are hyperparameters by name: an int, float64, string or []float64, as the kind of each row says. Values are not
// changed in place; With and Only give new ones. What is written of them, as YAML or JSON, leaves out a row's Unwritten value,
// and reading it back does not put it in: the readers below know it.
type Values map[string]any

// Defaults gives every row's default.
func Defaults() Values {
	values := Values{}
	for _, p := range Table {
		values[p.Name] = p.Default
	}
	return values
}

// Int gives a whole number. Like the other readers it panics if there is no such value: the caller asks for what its method
// does not have.
func (v Values) Int(name string) int { return get[int](v, name) }

// Float gives a number.
func (v Values) Float(name string) float64 { return get[float64](v, name) }

// Word gives a word.
func (v Values) Word(name string) string { return get[string](v, name) }

// Floats gives a vector.
func (v Values) Floats(name string) []float64 { return get[[]float64](v, name) }

// Has tells whether there is such a value.
func (v Values) Has(name string) bool { return v[name] != nil }

func get[T any](v Values, name string) T {
	value, ok := v[name].(T)
	if v[name] == nil {
		row, _ := Find(name)
		value, ok = row.Unwritten.(T)
	}
	if !ok {
		panic(fmt.Sprintf("params: %s is %v (%T)", name, v[name], v[name]))
	}
	return value
}

// With gives the values with others over them.
func (v Values) With(others Values) Values {
	all := maps.Clone(v)
	maps.Copy(all, others)
	return all
}

// Only keeps what a method with these parts has: nothing else may tell its cells apart.
func (v Values) Only(parts []string) Values {
	kept := Values{}
	for _, p := range Table {
		if value, ok := v[p.Name]; ok && p.In(parts) {
			kept[p.Name] = value
		}
	}
	return kept
}

// Check refuses unknown names, values of another type and values out of range.
func (v Values) Check() error {
	for name := range v {
		if _, ok := Find(name); !ok {
			return hint.New("they are "+strings.Join(Names(), ", "), "unknown hyperparameter %q", name)
		}
	}
	for _, p := range Table {
		if value, ok := v[p.Name]; ok {
			if err := p.Check(value); err != nil {
				return err
			}
		}
	}
	return nil
}

// written gives the rows with a value that is written, in the order of the table, and the value.
func (v Values) written() iter.Seq2[Parameter, any] {
	return func(yield func(Parameter, any) bool) {
		for _, p := range Table {
			// A vector is never Unwritten: it cannot be compared.
			value, ok := v[p.Name]
			if ok && (p.Kind == Numbers || value != p.Unwritten) && !yield(p, value) {
				return
			}
		}
	}
}

// Names lists the names of all rows.
func Names() []string {
	names := make([]string, len(Table))
	for i, p := range Table {
		names[i] = p.Name
	}
	return names
}

// MarshalYAML writes the values in the order of the table.
func (v Values) MarshalYAML() (any, error) {
	mapping := &yaml.Node{Kind: yaml.MappingNode}
	for p, value := range v.written() {
		var encoded yaml.Node
		if err := encoded.Encode(value); err != nil {
			return nil, err
		}
		if p.Kind == Numbers {
			encoded.Style = yaml.FlowStyle
		}
		mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: p.Name}, &encoded)
	}
	return mapping, nil
}

// UnmarshalYAML reads what MarshalYAML writes. Unknown names and values of another type are errors that name the line.
func (v *Values) UnmarshalYAML(node *yaml.Node) error {
	*v = Values{}
	return Each(node, func(p Parameter, value *yaml.Node) error {
		one, err := p.Decode(value)
		(*v)[p.Name] = one
		return err
	})
}

// Each gives the rows that a YAML mapping names, with their nodes. An unknown name, or one twice, is an error.
func Each(mapping *yaml.Node, use func(p Parameter, value *yaml.Node) error) error {
	if mapping.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: hyperparameters are %q, expected names with values", mapping.Line, mapping.Value)
	}
	seen := map[string]bool{}
	for content := mapping.Content; len(content) > 1; content = content[2:] {
		key, value := content[0], content[1]
		p, ok := Find(key.Value)
		switch {
		case !ok:
			return hint.New("hyperparameters are "+strings.Join(Names(), ", "), "line %d: unknown key %s", key.Line, key.Value)
		case seen[key.Value]:
			return fmt.Errorf("line %d: %s is there twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		if err := use(p, value); err != nil {
			return fmt.Errorf("line %d: %w", value.Line, err)
		}
	}
	return nil
}

// Decode reads one value out of YAML.
func (p Parameter) Decode(node *yaml.Node) (any, error) {
	var err error
	var value any
	switch p.Kind {
	case Integer:
		value, err = decode[int](node)
	case Number:
		value, err = decode[float64](node)
	case Word:
		value, err = decode[string](node)
	case Numbers:
		value, err = decode[[]float64](node)
	}
	if err != nil {
		return nil, p.refuse(fmt.Sprintf("%q", node.Value))
	}
	return value, p.Check(value)
}

func decode[T any](node *yaml.Node) (value T, err error) {
	err = node.Decode(&value)
	return value, err
}

// MarshalJSON writes the values in the order of the table.
func (v Values) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for p, value := range v.written() {
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if text.Len() > 1 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, "%q:%s", p.Name, encoded)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}
