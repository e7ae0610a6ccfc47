package ortrain

import (
	"fmt"
	"math"

	"mslora/graphs"
	"mslora/internal/hint"
)

// addressable is what a process can address at most, in bytes: the limit where the machine's memory is not known.
const addressable = 1 << 47

// tunedCopies is how often each trained tensor is held: value, gradient, AdamW's two moments, and the auxiliary gradient of
// methods that align.
func (s Setting) tunedCopies() int64 {
	if s.Align != nil {
		return 5
	}
	return 4
}

// CheckMemory refuses a setting whose trained tensors memory cannot hold, before anything is allocated. train is the manifest
// of the training graph, memory the bytes that the process may take, 0: not known. See machine.Memory.
func CheckMemory(model *Model, train graphs.Manifest, setting Setting, memory int64) error {
	if memory == 0 {
		memory = addressable
	}
	sizes := setting.Modules.Sizes()
	sizes["C"] = int64(setting.Classes)
	var total float64 // bytes; an integer could overflow
	by := map[string]float64{}
	for _, p := range train.Parameters {
		bytes := float64(4 * setting.tunedCopies())
		for _, size := range parameterShape(model, p, sizes) {
			bytes *= size
		}
		total += bytes
		for _, d := range p.Shape {
			by[d.Symbol] += bytes
		}
	}
	if total <= float64(memory) {
		return nil
	}
	const gib = 1 << 30
	what, smaller := "this method", "another method, such as lora, trains fewer tensors"
	for symbol, name := range map[string]string{
		"r": fmt.Sprintf("lora_rank %d", setting.Modules.Rank),
		"k": fmt.Sprintf("bandwidth %d with %d scales", setting.Modules.Bandwidth, len(setting.Modules.Scales)),
		"b": fmt.Sprintf("bottleneck %d", setting.Modules.Bottleneck),
		"p": fmt.Sprintf("prefix_length %d", setting.Modules.PrefixLength),
	} {
		if by[symbol] > total/2 {
			what, smaller = name, "make it smaller"
		}
	}
	return hint.New(smaller+", or train on a machine with more memory", "%s needs %.1f GiB for the trained tensors, this machine has %.1f",
		what, total/gib, float64(memory)/gib)
}

// parameterShape gives a trained tensor's sizes: those in the model file if it starts from there, the largest
// number where a product of sizes has overflown.
func parameterShape(model *Model, p graphs.Parameter, sizes map[string]int64) []float64 {
	var shape []float64
	if stored, ok := graphs.WeightName(model.Weights, p.Name); ok && p.Init == "weights" {
		tensor, _ := model.Weights.Tensor(stored)
		for _, size := range tensor.Shape {
			shape = append(shape, float64(size))
		}
		return shape
	}
	for _, d := range p.Shape {
		size := d.Size
		if d.Symbol != "" {
			size = sizes[d.Symbol]
		}
		if size < 0 {
			size = math.MaxInt64
		}
		shape = append(shape, float64(size))
	}
	return shape
}
