// Package languagemodel tells how likely texts are under a causal language model, such as SmolLM2 or GPT-2.
package languagemodel

import (
	"context"
	"errors"
	"io/fs"

	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/tokenizer"
	"mslora/ortrain"
)

// Model is an open language model. It is for one goroutine at a time.
type Model struct {
	model     *ortrain.Model
	tokenizer *tokenizer.Tokenizer
	session   *ortrain.LanguageModel
	longest   int
}

// Open opens a Hugging Face folder. The model's weights are read from there while it is open.
func Open(folder string, store graphs.Store, device ortrain.Device) (_ *Model, err error) {
	m := &Model{}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	if m.model, err = ortrain.OpenModel(folder); err != nil {
		return nil, err
	}
	causal, err := Graph(m.model.Config, store)
	if err != nil {
		return nil, err
	}
	if m.tokenizer, err = tokenizer.Open(folder); err != nil {
		return nil, err
	}
	m.longest = m.model.Config.LongestText()
	m.session, err = ortrain.NewLanguageModel(m.model, causal, device)
	return m, err
}

// Graph gives the causal graph of a model. The error says so if the model is no language model.
func Graph(config graphs.ModelConfig, store graphs.Store) (*graphs.Topology, error) {
	causal, err := store.Load(config.Architecture(), graphs.Causal)
	if errors.Is(err, graphs.ErrNoTopology) || errors.Is(err, fs.ErrNotExist) {
		return nil, hint.New("give a language model such as smollm2-135m", "%s: there is no causal graph for %s", config.Path, config.Architecture())
	}
	return causal, err
}

// LogProbabilities gives the natural logarithms of the probabilities of each text's tokens but the first, given those before. Of each
// text so many tokens are read, and no more than the model can. Texts that begin alike should stand together.
func (m *Model) LogProbabilities(ctx context.Context, texts []string, longest int) ([][]float32, error) {
	tokens := make([][]int32, len(texts))
	for i, text := range texts {
		tokens[i] = m.tokenizer.Encode(text, min(longest, m.longest))
	}
	return m.session.LogProbabilities(ctx, tokens)
}

// Close frees the model.
func (m *Model) Close() error {
	all := []error{m.session.Close()}
	if m.tokenizer != nil {
		all = append(all, m.tokenizer.Close())
	}
	if m.model != nil {
		all = append(all, m.model.Close())
	}
	return errors.Join(all...)
}
