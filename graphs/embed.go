package graphs

import (
	"fmt"
	"math"

	"mslora/internal/hint"
)

// MaxModel is the longest message that protobuf, and with it ONNX Runtime, reads, in bytes.
const MaxModel = math.MaxInt32

// Embed gives the graph as one serialized onnx.ModelProto with all weights in it, which needs no other file.
// value gives the shape and the row-major values of a weight.
func (t *Topology) Embed(value func(name string) (shape []int64, data []float32, err error)) ([]byte, error) {
	size := int64(len(t.Model))
	return replaceExternal(t.Model, false, func(name string) (replacement, error) {
		shape, values, err := value(name)
		if err != nil {
			return replacement{}, err
		}
		dims, ok := t.Manifest.weight(name)
		if !ok || !fits(dims, shape) {
			return replacement{}, fmt.Errorf("weight %q has shape %v, the graph expects %v", name, shape, dims)
		}
		if size += 4 * int64(len(values)); size > MaxModel {
			return replacement{}, hint.New("use the safetensors file instead", "the model is too large for one ONNX file, which holds 2 GiB at most")
		}
		return replacement{initializer: tensorInModel(name, shape, values)}, nil
	})
}
