package classifier

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/tokenizer"
	"mslora/ortrain"
)

// QuantizedFile is the classifier with int8 weights, by its path in the folder. transformers.js and optimum look for it under this name.
const QuantizedFile = ONNXFolder + "/model_quantized.onnx"

// LeastAgreement is the share of texts, in percent, on which the quantized classifier should give the label of the float32 one. Where
// it does not, rounding has broken the model.
const LeastAgreement = 95

// OpenQuantized opens a classifier's folder and runs QuantizedFile, as other programs would: of the folder it needs config.json and
// the tokenizer besides. The error wraps fs.ErrNotExist if there is no such file. The classifier gives no Vectors.
func OpenQuantized(folder string, device ortrain.Device) (*Classifier, error) {
	labels, err := readLabels(filepath.Join(folder, ConfigFile))
	if err != nil {
		return nil, err
	}
	config, err := graphs.ReadModelConfig(filepath.Join(folder, ConfigFile))
	if err != nil {
		return nil, err
	}
	c := &Classifier{Labels: labels, longest: config.LongestText()}
	path := filepath.Join(folder, QuantizedFile)
	evaluator, err := ortrain.OpenFile(path, len(labels), device)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, hint.New("`mslora train` and `export` write it with --quantize int8", "%w", err)
	case err != nil:
		return nil, hint.New("write it again with --quantize int8; if it is new, another file of the folder is of another classifier",
			"the quantized classifier does not run: %w", err)
	}
	c.evaluator = evaluator
	if c.tokenizer, err = tokenizer.Open(folder); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// saveQuantized writes QuantizedFile, or removes that of an earlier classifier.
func (t Trained) saveQuantized(folder string, topology *graphs.Topology) error {
	path := filepath.Join(folder, QuantizedFile)
	if !t.Quantize {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return t.saveGraph(path, topology.EmbedQuantized)
}
