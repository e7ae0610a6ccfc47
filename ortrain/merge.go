package ortrain

import (
	"fmt"
	"strings"

	"mslora/graphs"
	"mslora/lora"
)

const (
	loraA, loraB   = ".lora_A.weight", ".lora_B.weight"
	scaleL, scaleR = ".mslr_L.weight", ".mslr_R.weight"
)

// changedBy lists the backbone weights that training with a graph changes or adds modules to.
func changedBy(train graphs.Manifest) map[string]bool {
	changed := map[string]bool{}
	for _, p := range train.Parameters {
		switch {
		case strings.HasSuffix(p.Name, loraA):
			changed[strings.TrimSuffix(p.Name, loraA)+".weight"] = true
		case strings.HasSuffix(p.Name, scaleL):
			changed[strings.TrimSuffix(p.Name, scaleL)+".weight"] = true
		case p.Module == "backbone":
			changed[p.Name] = true
		}
	}
	return changed
}

// ShapeOf gives the shape of a weight of a tuned model: the tuned tensor's or the model file's.
func ShapeOf(model *Model, tuned Tuned, name string) ([]int64, error) {
	if weight, ok := tuned[name]; ok {
		return weight.Shape, nil
	}
	stored, found := graphs.WeightName(model.Weights, name)
	if !found {
		return nil, fmt.Errorf("the tuned tensors lack %s, which the model file lacks too", name)
	}
	tensor, _ := model.Weights.Tensor(stored)
	return tensor.Shape, nil
}

// Merged gives a weight of a tuned model: the tuned tensor or the model file's, plus the LoRA and multi-scale
// modules on it. Its data may be the model file's memory, and must not be changed.
func Merged(model *Model, modules lora.Setting, tuned Tuned, name string) (Weight, error) {
	shape, err := ShapeOf(model, tuned, name)
	if err != nil {
		return Weight{}, err
	}
	weight, ok := tuned[name]
	if !ok {
		stored, _ := graphs.WeightName(model.Weights, name)
		values, err := model.Weights.Float32(stored)
		if err != nil {
			return Weight{}, err
		}
		weight = Weight{shape, values}
	}
	module, isWeight := strings.CutSuffix(name, ".weight")
	if !isWeight || len(weight.Shape) != 2 {
		return weight, nil
	}
	out, in := int(weight.Shape[0]), int(weight.Shape[1])
	if a, ok := tuned[module+loraA]; ok {
		b := tuned[module+loraB]
		weight.Data = lora.MergeLoRA(weight.Data, a.Data, b.Data, out, in, int(a.Shape[0]), modules.LoRAScale())
	}
	if l, ok := tuned[module+scaleL]; ok {
		weight.Data = lora.MergeMultiScale(weight.Data, l.Data, tuned[module+scaleR].Data, modules.S(), out, in, modules.MultiScale())
	}
	return weight, nil
}
