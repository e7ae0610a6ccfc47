package ortrain

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
)

// session is one linked graph ready to run. Inputs are found by name.
type session struct {
	graph   *ort.DynamicAdvancedSession // nil while it is released
	linked  graphs.Linked
	inputs  []string
	outputs []string
	device  Device
	prepack bool
	rival   *session // released before this one runs, where memory does not hold both
}

// openSession loads a linked graph that reads inputs and computes outputs; ONNX Runtime prunes what no
// output needs.
func openSession(linked graphs.Linked, inputs, outputs []string, device Device, prepack bool) (*session, error) {
	s := &session{linked: linked, inputs: slices.Clone(inputs), outputs: slices.Clone(outputs), device: device, prepack: prepack}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// open loads the graph, unless it is loaded.
func (s *session) open() error {
	if s.graph != nil {
		return nil
	}
	if s.rival != nil {
		if err := s.rival.close(); err != nil {
			return err
		}
	}
	options, err := s.device.options(s.linked, s.prepack)
	if err != nil {
		return err
	}
	defer options.Destroy()
	model, err := s.linked.Load()
	if err != nil {
		return err
	}
	if s.graph, err = ort.NewDynamicAdvancedSessionWithONNXData(model, s.inputs, s.outputs, options); err != nil {
		return fmt.Errorf("ONNX Runtime cannot load the graph: %w", err)
	}
	if s.linked.Rounded > 0 {
		debug.FreeOSMemory() // of the model, as large as the rounded weights, of which ONNX Runtime has a copy now
	}
	held.Add(1)
	return nil
}

// takeTurns lets only one of two sessions be loaded at a time, now the second.
func takeTurns(first, second *session) error {
	first.rival, second.rival = second, first
	return first.close()
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
	if err := s.open(); err != nil {
		return err
	}
	err := s.graph.Run(values, outputs)
	// C holds raw pointers into these tensors' Go memory and no reference to them.
	runtime.KeepAlive(values)
	runtime.KeepAlive(outputs)
	return err
}

// close frees the session, if there is one. The next run loads it again.
func (s *session) close() error {
	if s == nil || s.graph == nil {
		return nil
	}
	graph := s.graph
	s.graph = nil
	held.Add(-1)
	return graph.Destroy()
}
