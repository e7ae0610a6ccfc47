package experiment

import (
	"path/filepath"

	"mslora/dataset"
	"mslora/internal/tokenizer"
	"mslora/ortrain"
	"mslora/params"
)

type loadedModel struct {
	*ortrain.Model
	tokenizer *tokenizer.Tokenizer // nil until a text is tokenised
	checksums map[string]string
}

// encoded is a text as a model reads it.
type encoded struct {
	tokens []int32
	cut    bool // the text has more tokens
}

// tokenKey finds the tokens of a text under a model.
type tokenKey struct {
	model     string
	maxTokens int
	text      string
}

// modelSums gives the SHA-256 of the model's files.
func (p *Plan) modelSums(m *loadedModel) (map[string]string, error) {
	if m.checksums == nil {
		m.checksums = map[string]string{}
		paths := []string{filepath.Join(m.Folder, "config.json"), filepath.Join(m.Folder, "tokenizer.json")}
		for _, path := range append(paths, m.Files()...) {
			sum, err := p.sums.Sum(path)
			if err != nil {
				return nil, err
			}
			m.checksums["model/"+filepath.Base(path)] = sum
		}
	}
	return m.checksums, nil
}

// model opens a model folder once.
func (p *Plan) model(folder string) (*loadedModel, error) {
	if m, ok := p.models[folder]; ok {
		return m, nil
	}
	model, err := ortrain.OpenModel(folder)
	if err != nil {
		return nil, err
	}
	m := &loadedModel{Model: model}
	p.models[folder] = m
	return m, nil
}

func (m *loadedModel) openTokenizer() (err error) {
	if m.tokenizer == nil {
		m.tokenizer, err = tokenizer.Open(m.Folder)
	}
	return err
}

// dataKey tells the data sets of a plan apart.
type dataKey struct {
	folder  string
	options dataset.LoadOptions
}

// Read gives the files of data sets that were read so far.
func (p *Plan) Read() []dataset.File { return p.read }

// dataset gives the cell's data set, from memory if it was the last one used.
func (p *Plan) dataset(cell Cell) (*dataset.Dataset, error) {
	if p.single != nil {
		return p.single, nil
	}
	options := dataset.LoadOptions{Attack: cell.Attack, Target: cell.Target, Setting: cell.Setting, Ratio: cell.Ratio, Limit: cell.Limit, Reading: cell.Reading}
	key := dataKey{cell.DataFolder, options}
	if p.loaded != nil && p.loadedKey == key {
		return p.loaded, nil
	}
	data, err := dataset.Load(cell.DataFolder, options)
	if err != nil {
		return nil, err
	}
	p.loaded, p.loadedKey = data, key
	p.read = append(p.read, data.Files...)
	clear(p.tokens)
	return data, nil
}

// examples tokenises texts.
func (p *Plan) examples(cell Cell, texts []dataset.Text) []ortrain.Example {
	examples := make([]ortrain.Example, len(texts))
	for i, t := range texts {
		examples[i] = ortrain.Example{Tokens: p.encode(cell, t.Text).tokens, Label: t.Label}
	}
	return examples
}

// encode tokenises a text, once per model, whatever number of cells uses it.
func (p *Plan) encode(cell Cell, text string) encoded {
	longest := cell.Hyperparameters.Int(params.MaxTokens)
	key := tokenKey{cell.ModelFolder, longest, text}
	e, ok := p.tokens[key]
	if !ok {
		e.tokens, e.cut = p.models[cell.ModelFolder].tokenizer.EncodeCut(text, longest)
		p.tokens[key] = e
	}
	return e
}
