package experiment

import (
	"context"
	"errors"
	"path/filepath"

	"mslora/graphs"
	"mslora/internal/filesum"
	"mslora/internal/tokenizer"
	"mslora/ortrain"
	"mslora/params"
)

// Pretrained is a model as it was before any training, for the vectors of texts.
type Pretrained struct {
	model     *ortrain.Model
	tokenizer *tokenizer.Tokenizer
	evaluator *ortrain.Evaluator
	longest   int    // tokens of a text that are read
	graph     string // SHA-256 of the evaluation graph
}

// OpenPretrained opens the folder of a pretrained model.
func OpenPretrained(folder string, store graphs.Store, device ortrain.Device) (*Pretrained, error) {
	p := &Pretrained{}
	if err := p.open(folder, store, device); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Pretrained) open(folder string, store graphs.Store, device ortrain.Device) (err error) {
	if p.model, err = ortrain.OpenModel(folder); err != nil {
		return err
	}
	if p.tokenizer, err = tokenizer.Open(folder); err != nil {
		return err
	}
	topology, err := store.Load(p.model.Config.Architecture(), graphs.Evaluation)
	if err != nil {
		return err
	}
	p.longest = min(params.Defaults().Int(params.MaxTokens), p.model.Config.LongestText())
	p.graph = topology.Manifest.SHA256
	p.evaluator, err = ortrain.NewBackbone(p.model, topology, device)
	return err
}

// Vectors gives those that a head would read, [len(texts)][hidden].
func (p *Pretrained) Vectors(ctx context.Context, texts []string) ([][]float32, error) {
	examples := make([]ortrain.Example, len(texts))
	for i, text := range texts {
		examples[i].Tokens = p.tokenizer.Encode(text, p.longest)
	}
	return p.evaluator.Vectors(ctx, examples)
}

// Checksums gives the SHA-256 of the model's files and of the graph, by the names that results have for them.
func (p *Pretrained) Checksums() (map[string]string, error) {
	all := map[string]string{"graph/" + graphs.Evaluation: p.graph}
	for _, path := range append([]string{filepath.Join(p.model.Folder, "config.json"), filepath.Join(p.model.Folder, "tokenizer.json")}, p.model.Files()...) {
		sum, err := filesum.Of(path)
		if err != nil {
			return nil, err
		}
		all["model/"+filepath.Base(path)] = sum
	}
	return all, nil
}

// Close frees what it holds.
func (p *Pretrained) Close() error {
	var all []error
	if p.evaluator != nil {
		all = append(all, p.evaluator.Close())
	}
	if p.tokenizer != nil {
		all = append(all, p.tokenizer.Close())
	}
	if p.model != nil {
		all = append(all, p.model.Close())
	}
	return errors.Join(all...)
}
