package experiment

import (
	"context"
	"path/filepath"

	"mslora/catalog"
	"mslora/graphs"
	"mslora/languagemodel"
	"mslora/params"
)

// languageSums gives the SHA-256 of the files of the language model that a cell's method reads texts with, if it has one.
func (p *Plan) languageSums(values params.Values) (map[string]string, error) {
	if !values.Has(params.LanguageModel) {
		return nil, nil
	}
	model, causal, err := p.languageModel(values)
	if err != nil {
		return nil, err
	}
	files, err := p.modelSums(model)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{"language/graph": causal.Manifest.SHA256}
	for name, sum := range files {
		sums["language/"+filepath.Base(name)] = sum
	}
	return sums, nil
}

// languageModel gives the language model, which is not opened for reading, and its graph.
func (p *Plan) languageModel(values params.Values) (*loadedModel, *graphs.Topology, error) {
	folder, err := catalog.ModelFolder(values.Word(params.LanguageModel))
	if err != nil {
		return nil, nil, err
	}
	model, err := p.model(folder)
	if err != nil {
		return nil, nil, err
	}
	causal, err := languagemodel.Graph(model.Config, p.Config.Graphs)
	return model, causal, err
}

// checkLanguage refuses a language model that would not open once a filter asks, which is after training.
func (p *Plan) checkLanguage(values params.Values) error {
	if !values.Has(params.LanguageModel) {
		return nil
	}
	model, causal, err := p.languageModel(values)
	if err != nil {
		return err
	}
	if err := model.openTokenizer(); err != nil {
		return err
	}
	if err := model.Config.Check(causal.Manifest); err != nil {
		return err
	}
	return causal.Check(model.Weights, func(string) bool { return false })
}

// language is the language model of a cell. It is opened when a filter first asks.
type language struct {
	plan  *Plan
	cell  Cell
	model *languagemodel.Model
}

func (l *language) logProbabilities(ctx context.Context, texts []string, longest int) ([][]float32, error) {
	if l.model == nil {
		folder, err := catalog.ModelFolder(l.cell.Hyperparameters.Word(params.LanguageModel))
		if err != nil {
			return nil, err
		}
		if l.model, err = languagemodel.Open(folder, l.plan.Config.Graphs, l.plan.Device); err != nil {
			return nil, err
		}
	}
	return l.model.LogProbabilities(ctx, texts, longest)
}

func (l *language) close() {
	if l.model != nil {
		l.model.Close()
	}
}
