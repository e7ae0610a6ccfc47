package experiment

import (
	"fmt"
	"iter"
	"slices"

	"go.yaml.in/yaml/v3"

	"mslora/internal/hint"
	"mslora/params"
)

// Axes override hyperparameters of the preset, by name. Each has one value, or several: then the grid has cells with each
// of them.
type Axes map[string][]any

// combinations gives one set of overrides for each point of the grid that the axes span; later rows of the table vary
// faster.
func (a Axes) combinations() iter.Seq[params.Values] {
	var named []params.Parameter
	for _, p := range params.Table {
		if len(a[p.Name]) > 0 {
			named = append(named, p)
		}
	}
	return func(yield func(params.Values) bool) {
		at := make([]int, len(named))
		for {
			point := params.Values{}
			for i, p := range named {
				point[p.Name] = a[p.Name][at[i]]
			}
			if !yield(point) {
				return
			}
			i := len(named) - 1
			for ; i >= 0; i-- {
				if at[i]++; at[i] < len(a[named[i].Name]) {
					break
				}
				at[i] = 0
			}
			if i < 0 {
				return
			}
		}
	}
}

// checkUsed refuses an override that no cell of a grid has: it would change nothing.
func (a Axes) checkUsed(cells []Cell) error {
	for _, p := range params.Table {
		has := func(c Cell) bool { return c.Hyperparameters.Has(p.Name) }
		if len(a[p.Name]) > 0 && !slices.ContainsFunc(cells, has) {
			return hint.New("leave it out, or run a method that has it: it belongs to "+params.List(p.Parts), "%s does nothing%s", p.Name, howAligned(cells))
		}
	}
	return nil
}

// howAligned names the rule of all aligned cells, if it is one.
func howAligned(cells []Cell) string {
	rules := map[any]bool{}
	text := " for these methods"
	for _, c := range cells {
		if rule, ok := c.Hyperparameters[params.Align]; ok {
			rules[rule] = true
			text = fmt.Sprintf(" with align %v", rule)
		}
	}
	if len(rules) > 1 {
		return " for these methods"
	}
	return text
}

// MarshalYAML writes the axes in the order of the table; one value stands without a list around it.
func (a Axes) MarshalYAML() (any, error) {
	mapping := &yaml.Node{Kind: yaml.MappingNode}
	for _, p := range params.Table {
		if len(a[p.Name]) == 0 {
			continue
		}
		var value yaml.Node
		var err error
		if len(a[p.Name]) == 1 {
			err = value.Encode(a[p.Name][0])
		} else {
			err = value.Encode(a[p.Name])
		}
		if err != nil {
			return nil, err
		}
		flow(&value)
		mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: p.Name}, &value)
	}
	return mapping, nil
}

// flow writes lists on one line.
func flow(node *yaml.Node) {
	if node.Kind == yaml.SequenceNode {
		node.Style = yaml.FlowStyle
	}
	for _, child := range node.Content {
		flow(child)
	}
}

// UnmarshalYAML reads one value or a list of values for each name. A vector in a list is a list of its own.
func (a *Axes) UnmarshalYAML(node *yaml.Node) error {
	*a = Axes{}
	return params.Each(node, func(p params.Parameter, value *yaml.Node) error {
		items := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode && (p.Kind != params.Numbers || len(value.Content) > 0 && value.Content[0].Kind == yaml.SequenceNode) {
			items = value.Content
		}
		if len(items) == 0 {
			return fmt.Errorf("%s has no value", p.Name)
		}
		for _, item := range items {
			decoded, err := p.Decode(item)
			if err != nil {
				return err
			}
			(*a)[p.Name] = append((*a)[p.Name], decoded)
		}
		return nil
	})
}

// List is a list in a configuration in which one value may stand alone.
type List[T any] []T

// MarshalYAML writes one value without a list around it.
func (l List[T]) MarshalYAML() (any, error) {
	if len(l) == 1 {
		return l[0], nil
	}
	var node yaml.Node
	err := node.Encode([]T(l))
	flow(&node)
	return &node, err
}

// UnmarshalYAML reads one value or a list.
func (l *List[T]) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		return node.Decode((*[]T)(l))
	}
	*l = make(List[T], 1)
	return node.Decode(&(*l)[0])
}

// or gives the list, or the one value that stands for an empty one.
func (l List[T]) or(value T) []T {
	if len(l) == 0 {
		return []T{value}
	}
	return l
}
