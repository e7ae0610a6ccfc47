// Package graphs holds the ONNX graphs that the program runs. A topology is a graph without weights:
// forward, loss and backward pass of one backbone and method, exported by the Python tools, in standard
// ONNX operators. Link joins it with a model's own safetensors file.
package graphs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Topology is a graph and its description.
type Topology struct {
	Manifest Manifest
	Model    []byte // serialized onnx.ModelProto
}

// Evaluation is the name of the graph that predicts; the training graphs are named by their method.
const Evaluation = "eval"

// Classification is the name of the graph for others to run: padded batches in, logits out.
const Classification = "classify"

// Causal is the name of the graph of a language model: log-probabilities of tokens.
const Causal = "causal"

// EvaluationOf names the graph that predicts with what a method has trained: Evaluation for modules that can be
// merged into the weights, one of its own for adapters and prefixes.
func EvaluationOf(method string) string {
	if method == "adapter" || method == "prefix" {
		return method + "." + Evaluation
	}
	return Evaluation
}

// ErrNoTopology is wrapped when there is no graph for an architecture or method.
var ErrNoTopology = errors.New("no graph")

// Open reads a topology from a folder on disk that holds METHOD.train.onnx, eval.onnx, METHOD.eval.onnx,
// classify.onnx or causal.onnx with its manifest.
func Open(dir, method string) (*Topology, error) {
	t, err := open(os.DirFS(dir), method)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return t, nil
}

func open(folder fs.FS, method string) (*Topology, error) {
	base, kind := method+".train", "train"
	if method == Evaluation || method == Classification || method == Causal || strings.HasSuffix(method, "."+Evaluation) {
		base, kind = method, "eval"
	}
	description, err := fs.ReadFile(folder, base+".json")
	if err != nil {
		return nil, err
	}
	manifest, err := parseManifest(description)
	if err != nil {
		return nil, fmt.Errorf("%s.json: %w", base, err)
	}
	if manifest.Kind != kind || manifest.Method != method {
		return nil, fmt.Errorf("%s.json: it describes a graph of kind %s and method %s", base, manifest.Kind, manifest.Method)
	}
	model, err := fs.ReadFile(folder, base+".onnx")
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(model); hex.EncodeToString(sum[:]) != manifest.SHA256 {
		return nil, fmt.Errorf("%s.onnx: its SHA-256 is %x, %s.json expects %s", base, sum, base, manifest.SHA256)
	}
	return &Topology{Manifest: manifest, Model: model}, nil
}
