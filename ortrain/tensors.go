package ortrain

import (
	"errors"
	"fmt"
	"sync/atomic"

	ort "github.com/yalue/onnxruntime_go"
)

// held counts the tensors and sessions that ONNX Runtime keeps for this package. Go does not collect them: tests see by it that
// none is left behind.
var held atomic.Int64

// newTensor wraps data, whose length must be the product of shape, without copying it.
func newTensor[T ort.TensorData](data []T, shape ...int64) (ort.Value, error) {
	value, err := ort.NewTensor(ort.NewShape(shape...), data)
	if err != nil {
		return nil, err
	}
	held.Add(1)
	return value, nil
}

// release frees what newTensor made. Go's memory stays.
func release(value ort.Value) {
	held.Add(-1)
	value.Destroy()
}

// tensors are graph inputs by name. Each wraps Go memory without copying it.
type tensors map[string]ort.Value

// add wraps data, whose length must be the product of shape.
func add[T ort.TensorData](t tensors, name string, data []T, shape ...int64) error {
	value, err := newTensor(data, shape...)
	if err != nil {
		return fmt.Errorf("tensor %s: %w", name, err)
	}
	t[name] = value
	return nil
}

func (t tensors) destroy() {
	for _, value := range t {
		release(value)
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
