package classifier

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mslora/internal/safetensors"
)

const adapterWeights, adapterConfig = AdapterFolder + "/adapter_model.safetensors", AdapterFolder + "/adapter_config.json"

// adapterFiles are what PEFT reads, by their paths in a classifier's folder.
var adapterFiles = []string{adapterWeights, adapterConfig}

// removeAdapter removes the adapter of an earlier classifier with another method, and nothing else.
func removeAdapter(folder string) error {
	for _, name := range adapterFiles {
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	os.Remove(filepath.Join(folder, AdapterFolder)) // stays if anything else is in it
	return nil
}

// saveAdapter writes LoRA on query and value in PEFT's format. What else a classifier has beside the pretrained
// backbone goes in whole, as PEFT's modules_to_save: the head, and BERT's pooler, with the multi-scale branch merged.
// With vanilla training there is no adapter: every weight has changed.
func (t Trained) saveAdapter(folder string, weights []named) error {
	const a = ".lora_A.weight"
	form := t.form()
	var arrays []safetensors.Array
	fullName := func(name string) string { return "base_model.model." + form.fullName(name) }
	rank := 0
	for _, name := range slices.Sorted(maps.Keys(t.Tuned)) {
		weight := t.Tuned[name]
		if strings.Contains(name, ".lora_") {
			arrays = append(arrays, safetensors.Float32Array(fullName(name), weight.Shape, weight.Data))
		}
		if strings.HasSuffix(name, a) {
			rank = int(weight.Shape[0])
		}
	}
	if rank == 0 {
		return removeAdapter(folder)
	}
	for _, w := range weights {
		if form.keepsWhole(w.name) {
			arrays = append(arrays, safetensors.ComputedFloat32(fullName(w.name), w.shape, w.values))
		}
	}
	if err := os.MkdirAll(filepath.Join(folder, AdapterFolder), 0o755); err != nil {
		return err
	}
	if err := safetensors.Write(filepath.Join(folder, adapterWeights), arrays, map[string]string{"format": "pt"}); err != nil {
		return err
	}
	return writeJSON(filepath.Join(folder, adapterConfig), map[string]any{
		"peft_type": "LORA", "task_type": "SEQ_CLS", "base_model_name_or_path": t.Base, "inference_mode": true,
		"r": rank, "lora_alpha": t.Modules.Alpha, "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": false,
		"target_modules": form.targets, "modules_to_save": form.whole,
	})
}
