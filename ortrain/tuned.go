package ortrain

import (
	"maps"
	"slices"

	"mslora/graphs"
	"mslora/internal/safetensors"
)

// Tuned holds by name every tensor of a classifier that is not in the pretrained model file: what was
// trained, and what was drawn and frozen (a classification head, a pooler that the file lacks).
type Tuned map[string]Weight

// Weight is one float32 tensor, row-major.
type Weight struct {
	Shape []int64
	Data  []float32
}

// Classes is the number of classes that the tensors tell apart: the open size of the head that the
// evaluation graph reads. It is 0 if they lack that head.
func (t Tuned) Classes(evaluate graphs.Manifest) int {
	for _, f := range evaluate.FrozenInputs {
		if weight, ok := t[f.Name]; ok && f.Shape[0].Symbol == "C" {
			return int(weight.Shape[0])
		}
	}
	return 0
}

// Save writes the tensors with metadata; equal tensors give equal bytes.
func (t Tuned) Save(path string, metadata map[string]string) error {
	arrays := make([]safetensors.Array, 0, len(t))
	for _, name := range slices.Sorted(maps.Keys(t)) {
		arrays = append(arrays, safetensors.Float32Array(name, t[name].Shape, t[name].Data))
	}
	return safetensors.Write(path, arrays, metadata)
}

// LoadTuned reads what Save wrote.
func LoadTuned(path string) (Tuned, map[string]string, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	tuned := Tuned{}
	for _, name := range file.Names() {
		values, err := file.Float32(name)
		if err != nil {
			return nil, nil, err
		}
		tensor, _ := file.Tensor(name)
		tuned[name] = Weight{slices.Clone(tensor.Shape), slices.Clone(values)}
		file.Drop(name) // or all of it would be in memory twice at the end
	}
	return tuned, maps.Clone(file.Metadata), nil
}
