package ortrain

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
)

// session is one linked graph ready to run. Inputs are found by name.
type session struct {
	graph   *ort.DynamicAdvancedSession
	inputs  []string
	outputs []string
}

// openSession loads a linked graph that reads inputs and computes outputs; ONNX Runtime prunes what no
// output needs.
func openSession(linked graphs.Linked, inputs, outputs []string, device Device, prepack bool) (*session, error) {
	options, err := device.options(linked, prepack)
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	graph, err := ort.NewDynamicAdvancedSessionWithONNXData(linked.Model, inputs, outputs, options)
	if err != nil {
		return nil, fmt.Errorf("ONNX Runtime cannot load the graph: %w", err)
	}
	return &session{graph: graph, inputs: slices.Clone(inputs), outputs: slices.Clone(outputs)}, nil
}

// run executes the graph. outputs stand in the order given to openSession.
func (s *session) run(inputs tensors, outputs []ort.Value) error {
	values := make([]ort.Value, len(s.inputs))
	for i, name := range s.inputs {
		value, ok := inputs[name]
		if !ok {
			return fmt.Errorf("graph input %q was given no value", name)
		}
		values[i] = value
	}
	err := s.graph.Run(values, outputs)
	// C holds raw pointers into these tensors' Go memory and no reference to them.
	runtime.KeepAlive(values)
	runtime.KeepAlive(outputs)
	return err
}

func (s *session) close() error { return s.graph.Destroy() }

// tensors are graph inputs by name. Each wraps Go memory without copying it.
type tensors map[string]ort.Value

// add wraps data, whose length must be the product of shape.
func add[T ort.TensorData](t tensors, name string, data []T, shape ...int64) error {
	value, err := ort.NewTensor(ort.NewShape(shape...), data)
	if err != nil {
		return fmt.Errorf("input %s: %w", name, err)
	}
	t[name] = value
	return nil
}

func (t tensors) destroy() {
	for _, value := range t {
		value.Destroy()
	}
}

// addBatch wraps the packed batch under the graph's input names.
func (t tensors) addBatch(b *Batch) error {
	tokens, texts := int64(b.Tokens), int64(b.Texts)
	rows, width, longest := int64(b.Rows), int64(b.Width), int64(b.Longest)
	return errors.Join(
		add(t, "input_ids", b.InputIDs, tokens),
		add(t, "position_ids", b.PositionIDs, tokens),
		add(t, "token_text", b.TokenText, tokens),
		add(t, "token_row", b.TokenRow, tokens),
		add(t, "token_column", b.TokenColumn, tokens),
		add(t, "row_tokens", b.RowTokens, rows, width),
		add(t, "row_text", b.RowText, rows, width),
		add(t, "text_tokens", b.TextTokens, texts, longest),
		add(t, "first_tokens", b.FirstTokens, texts),
		add(t, "text_mask", b.TextMask, texts, longest),
	)
}
