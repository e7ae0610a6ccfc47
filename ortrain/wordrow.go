package ortrain

import (
	"context"
	"errors"
	"fmt"
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
	"mslora/lora"
)

// WordRow runs a trained classifier in which the embedding of one token may be changed, and gives gradients for it. Everything else
// is as it was trained, and there is no dropout.
type WordRow struct {
	Values []float32 // the embedding of the token, [hidden]; whoever holds the WordRow may change it between calls

	step    *stepper // its session gives logits and grad.embeddings
	forward *session // logits alone
	token   int64
	hidden  int
	classes int
	held    [][]float32
}

// NewWordRow opens a classifier with the graph full, whose tensors are inputs all of them: the model file's, with those of tuned over or
// merged into them.
func NewWordRow(model *Model, full *graphs.Topology, modules lora.Setting, tuned Tuned, classes int, device Device, token int32) (_ *WordRow, err error) {
	manifest := full.Manifest
	w := &WordRow{token: int64(token), hidden: manifest.Hidden, classes: classes}
	w.step = &stepper{manifest: manifest, keep: 1, sizes: map[string]int64{"C": int64(classes)}, fixed: tensors{}, partTokens: partTokens}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	linked, err := device.link(full, model.Weights, model.drawn)
	if err != nil {
		return nil, err
	}
	for _, p := range manifest.Parameters {
		weight, err := Merged(model, modules, tuned, p.Name)
		if err != nil {
			return nil, err
		}
		if p.Table == graphs.WordTable {
			if rows := int(weight.Shape[0]); int(token) >= rows || token < 0 {
				return nil, fmt.Errorf("token %d has no embedding, there are %d", token, rows)
			}
			weight.Data = slices.Clone(weight.Data)
			w.Values = weight.Data[int(token)*w.hidden:][:w.hidden:w.hidden]
		}
		if err := add(w.step.fixed, p.Name, weight.Data, weight.Shape...); err != nil {
			return nil, err
		}
		w.held = append(w.held, weight.Data)
		w.step.parameters = append(w.step.parameters, &Parameter{Name: p.Name})
	}
	if err := w.step.addScalars(modules); err != nil {
		return nil, err
	}
	names := w.step.inputNames(linked)
	if w.forward, err = openSession(linked, names, []string{"logits"}, device, true); err != nil {
		return nil, err
	}
	w.step.session, err = openSession(linked, names, []string{"logits", "grad.embeddings"}, device, true)
	return w, err
}

// Logits gives the class scores [len(examples)][classes] in the order of examples.
func (w *WordRow) Logits(ctx context.Context, examples []Example) ([][]float32, error) {
	result := make([][]float32, len(examples))
	return result, inGroups(ctx, examples, func(group []Example, places []int) error {
		logits, _, err := w.run(w.forward, Pack(group, w.classes))
		if err != nil {
			return err
		}
		for i, place := range places {
			result[place] = logits[i*w.classes : (i+1)*w.classes]
		}
		return nil
	})
}

// Gradient gives the gradient [hidden] of
//
//	-Σ_i Σ_c targets_ic log p_c(x_i)
//
// for the token's embedding; targets are [len(examples)][classes], of any sign.
func (w *WordRow) Gradient(ctx context.Context, examples []Example, targets [][]float32) ([]float32, error) {
	sum := make([]float32, w.hidden)
	return sum, inGroups(ctx, examples, func(group []Example, places []int) error {
		batch := Pack(group, w.classes)
		for i, place := range places {
			copy(batch.Targets[i*w.classes:(i+1)*w.classes], targets[place])
		}
		_, embeddings, err := w.run(w.step.session, batch)
		if err != nil {
			return err
		}
		for t, id := range batch.InputIDs {
			if id != w.token {
				continue
			}
			for i, g := range embeddings[t*w.hidden:][:w.hidden] {
				sum[i] += g
			}
		}
		return nil
	})
}

// run gives the logits [B, C] of a batch and, where the session has it, the gradient at its embeddings [T, hidden].
func (w *WordRow) run(s *session, batch *Batch) (logits, embeddings []float32, err error) {
	masks, err := w.step.drawMasks(batch, &splitMix{}, nil) // keeps everything
	if err != nil {
		return nil, nil, err
	}
	inputs, err := w.step.inputs(part{batch: batch, masks: masks, lossScale: 1, last: true})
	if err != nil {
		return nil, nil, err
	}
	defer w.step.destroyBatch(inputs)
	logits = make([]float32, batch.Texts*w.classes)
	outputs := tensors{}
	defer outputs.destroy()
	if err := add(outputs, "logits", logits, int64(batch.Texts), int64(w.classes)); err != nil {
		return nil, nil, err
	}
	values := []ort.Value{outputs["logits"]}
	if s == w.step.session {
		embeddings = make([]float32, batch.Tokens*w.hidden)
		if err := add(outputs, "grad.embeddings", embeddings, int64(batch.Tokens), int64(w.hidden)); err != nil {
			return nil, nil, err
		}
		values = append(values, outputs["grad.embeddings"])
	}
	return logits, embeddings, s.run(inputs, values)
}

// Close frees the classifier.
func (w *WordRow) Close() error {
	if w == nil {
		return nil
	}
	err := errors.Join(w.forward.close(), w.step.session.close())
	w.step.fixed.destroy()
	return err
}
