package graphs

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Expert is the graph input [B, C] that WithExpert adds.
const Expert = "expert"

// logits is the output [B, C] that the loss of every training graph is made from, by one LogSoftmax.
const logits = "logits"

// WithExpert gives the same training graph with the loss of a product of experts: to the logits of each text, before its loss,
// another model's log-probabilities are added, so that
//
//	loss = -loss_scale Σ targets · log softmax(logits + expert)
//
// and the gradient for the logits is softmax(logits + expert) - target. The other model learns nothing. The output logits is the
// trained model's alone.
func (t *Topology) WithExpert() (*Topology, error) {
	joined := *t
	shape := []Dim{{Symbol: "B"}, {Symbol: "C"}}
	joined.Manifest.Batch = append(slices.Clone(t.Manifest.Batch), Value{Name: Expert, DType: "float32", Shape: shape})
	losses := 0
	var err error
	joined.Model, err = editGraph(t.Model, func(graph []byte) ([]byte, error) {
		var out []byte
		for f, err := range graphFields(graph) {
			if err != nil {
				return nil, err
			}
			if f.node.operator != "LogSoftmax" || !slices.Equal(f.node.inputs, []string{logits}) {
				out = append(out, f.raw...)
				continue
			}
			losses++
			sum := operation{name: "/" + Expert + "/Add", operator: "Add", inputs: []string{logits, Expert}, outputs: []string{logits + "+" + Expert}}
			reader, err := editInside(f.value, []protowire.Number{nodeInput}, func([]byte) []byte { return []byte(sum.outputs[0]) })
			if err != nil {
				return nil, err
			}
			out = appendBytes(appendBytes(out, graphNode, sum.message()), graphNode, reader)
		}
		return appendBytes(out, graphInput, floatInput(Expert, shape)), nil
	})
	if err == nil && losses != 1 {
		err = fmt.Errorf("%s.train.onnx has %d losses of its %s, expected 1", t.Manifest.Method, losses, logits)
	}
	return &joined, err
}
