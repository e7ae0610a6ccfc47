// Package classifier keeps trained text classifiers in folders that other programs open: ONNX Runtime, Hugging
// Face transformers, PEFT. It predicts with them, too.
package classifier

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"mslora/graphs"
	"mslora/internal/atomicfile"
	"mslora/internal/safetensors"
	"mslora/lora"
	"mslora/ortrain"
)

// Files of a classifier's folder.
const (
	ONNXFolder    = "onnx" // where transformers.js and optimum look
	ONNXFile      = ONNXFolder + "/model.onnx"
	WeightsFile   = "model.safetensors"
	ConfigFile    = "config.json"
	AdapterFolder = "adapter"

	oldONNXFile = "model.onnx" // earlier versions
)

// Files are all that Save may write, or may have written in earlier versions, with slashes where they lie in folders.
var Files = slices.Concat([]string{ONNXFile, QuantizedFile, oldONNXFile, WeightsFile, ConfigFile}, tokenizerFiles, adapterFiles)

// Trained is a tuned model as training leaves it.
type Trained struct {
	Model   *ortrain.Model
	Base    string       // name of the pretrained model, for people and for PEFT
	Modules lora.Setting // of the modules in Tuned
	Tuned   ortrain.Tuned
	Labels  []string // names of the classes in their order
	Graphs  graphs.Store
	// Quantize has Save write QuantizedFile, too.
	Quantize bool
}

// Mergeable tells whether the modules of a training graph fold into the backbone's weights. Only then is the result
// a model of the backbone's own architecture, which other programs can load.
func Mergeable(graph string) bool { return graphs.EvaluationOf(graph) == graphs.Evaluation }

// Save writes the classifier to folder: config.json, model.safetensors and the tokenizer as transformers reads them,
// onnx/model.onnx with inputs input_ids and attention_mask [B, L] and output logits [B, C], and, if the backbone is
// frozen, adapter/ as PEFT reads it; with Quantize, QuantizedFile. LoRA and multi-scale modules are merged into the weights, in the ONNX file and
// model.safetensors. Each file is replaced atomically, config.json last; whoever calls it has seen to it that they may be
// (package ownfolder).
func (t Trained) Save(folder string) error {
	topology, err := t.Graphs.Load(t.Model.Config.Architecture(), graphs.Classification)
	if err != nil {
		return err
	}
	graph := filepath.Join(folder, ONNXFile)
	if err := os.MkdirAll(filepath.Dir(graph), 0o755); err != nil {
		return err
	}
	if err := errors.Join(t.saveGraph(graph, topology.Embed), t.saveQuantized(folder, topology)); err != nil {
		return err
	}
	// Two models in a folder are one too many for programs that take the one they find.
	if err := os.Remove(filepath.Join(folder, oldONNXFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	weights, err := t.weights(topology.Manifest)
	if err != nil {
		return err
	}
	if err := saveWeights(folder, t.form(), weights); err != nil {
		return err
	}
	if err := t.saveAdapter(folder, weights); err != nil {
		return err
	}
	config, err := t.config()
	if err != nil {
		return err
	}
	padding, given := config["pad_token_id"].(float64)
	if !given {
		padding = float64(t.Model.Config.Padding)
	}
	if err := saveTokenizer(t.Model.Folder, folder, t.Model.Config.LongestText(), padding); err != nil {
		return err
	}
	return writeJSON(filepath.Join(folder, ConfigFile), config)
}

// saveGraph writes an ONNX file. Weights are merged one at a time, here and in saveWeights again: memory for all of them would be
// the model once more, and merging is quick.
func (t Trained) saveGraph(path string, embed func(io.Writer, func(string) ([]int64, error), func(string) ([]float32, error)) error) error {
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Abort()
	if err := embed(file, t.shape, t.values); err != nil {
		return err
	}
	return file.Commit()
}

// shape and values give a weight under its name in the graphs, modules merged.
func (t Trained) shape(name string) ([]int64, error) {
	return ortrain.ShapeOf(t.Model, t.Tuned, name)
}

func (t Trained) values(name string) ([]float32, error) {
	weight, err := ortrain.Merged(t.Model, t.Modules, t.Tuned, name)
	return weight.Data, err
}

func (t Trained) form() form { return forms[t.Model.Config.ModelType] }

func saveWeights(folder string, form form, weights []named) error {
	var arrays []safetensors.Array
	for _, w := range weights {
		arrays = append(arrays, safetensors.ComputedFloat32(form.fullName(w.name), w.shape, w.values))
	}
	return safetensors.Write(filepath.Join(folder, WeightsFile), arrays, map[string]string{"format": "pt"})
}

// padsWithEnd tells whether a configuration names no padding token, as Llama's do not. Transformers finds the last token
// of each text of a batch by its padding, so the classifier pads with the token that ends texts.
func padsWithEnd(config map[string]any) bool {
	return config["model_type"] == "llama" && config["pad_token_id"] == nil
}

// endOf is the id of the token that ends texts, the first if there are several, and 2 if none is named, as transformers has it
// for a Llama.
func endOf(config map[string]any) float64 {
	switch end := config["eos_token_id"].(type) {
	case float64:
		return end
	case []any:
		if len(end) > 0 {
			if first, ok := end[0].(float64); ok {
				return first
			}
		}
	}
	return 2
}

// config gives the backbone's config.json with what makes it a classifier.
func (t Trained) config() (map[string]any, error) {
	path := filepath.Join(t.Model.Folder, ConfigFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	config := map[string]any{}
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, key := range []string{"_name_or_path", "torch_dtype", "transformers_version", "num_labels"} {
		delete(config, key)
	}
	ids, names := map[string]int{}, map[string]string{}
	for id, label := range t.Labels {
		ids[label], names[fmt.Sprint(id)] = id, label
	}
	config["architectures"] = []string{t.form().class}
	if padsWithEnd(config) {
		config["pad_token_id"] = endOf(config)
	}
	config["problem_type"], config["dtype"] = "single_label_classification", "float32"
	config["label2id"], config["id2label"] = ids, names
	return config, nil
}

func writeJSON(path string, value any) error {
	encoded, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, append(encoded, '\n'), 0o644)
}
