package ortrain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
	"mslora/internal/regular"
)

// FileEvaluator predicts with an ONNX file as other programs open it: with all weights inside, inputs input_ids and attention_mask
// [B, L], and output logits [B, C].
type FileEvaluator struct {
	session *session
	classes int
}

// OpenFile opens an ONNX file of a classifier with so many classes, and has it classify a text of one token, so that a damaged file is
// known at once. Data outside of the file are read only below its own folder.
func OpenFile(path string, classes int, device Device) (*FileEvaluator, error) {
	model, err := regular.Read(path, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	s, err := openSession(graphs.Linked{Model: model, Folder: filepath.Dir(path)}, []string{"input_ids", "attention_mask"}, []string{"logits"}, device, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	e := &FileEvaluator{s, classes}
	if _, err := e.run([]Example{{Tokens: []int32{0}}}); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), e.Close())
	}
	return e, nil
}

// Logits gives the class scores [len(examples)][classes] in the order of examples.
func (e *FileEvaluator) Logits(ctx context.Context, examples []Example) ([][]float32, error) {
	result := make([][]float32, len(examples))
	return result, inGroups(ctx, examples, func(group []Example, places []int) error {
		logits, err := e.run(group)
		if err != nil {
			return err
		}
		for i, place := range places {
			result[place] = logits[i*e.classes : (i+1)*e.classes]
		}
		return nil
	})
}

// run gives the logits [len(group), classes] of one batch, whose texts are filled up behind their tokens.
func (e *FileEvaluator) run(group []Example) ([]float32, error) {
	longest := 0
	for _, example := range group {
		longest = max(longest, len(example.Tokens))
	}
	ids, mask, logits := make([]int64, len(group)*longest), make([]int64, len(group)*longest), make([]float32, len(group)*e.classes)
	for i, example := range group {
		for j, token := range example.Tokens {
			ids[i*longest+j], mask[i*longest+j] = int64(token), 1
		}
	}
	texts := int64(len(group))
	inputs, outputs := tensors{}, tensors{}
	defer inputs.destroy()
	defer outputs.destroy()
	err := errors.Join(add(inputs, "input_ids", ids, texts, int64(longest)), add(inputs, "attention_mask", mask, texts, int64(longest)),
		add(outputs, "logits", logits, texts, int64(e.classes)))
	if err != nil {
		return nil, err
	}
	return logits, e.session.run(inputs, []ort.Value{outputs["logits"]})
}

// Close frees the session, if there is one.
func (e *FileEvaluator) Close() error {
	if e == nil {
		return nil
	}
	return e.session.close()
}
