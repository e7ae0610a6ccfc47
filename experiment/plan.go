package experiment

import (
	"errors"
	"fmt"
	"path/filepath"

	"mslora/catalog"
	"mslora/dataset"
	"mslora/internal/tokenizer"
	"mslora/ortrain"
)

// Plan is a validated configuration: every data set and model has been read once, so what can go wrong
// with the input has gone wrong before the first training step.
type Plan struct {
	Cells  []Cell
	Config Config
	Device ortrain.Device

	single   bool                        // one cell, whose folder is Config.Out
	datasets map[string]*dataset.Dataset // by data folder and attack
	models   map[string]*loadedModel     // by folder
	tokens   map[tokenKey][]int32
}

type loadedModel struct {
	*ortrain.Model
	tokenizer *tokenizer.Tokenizer
	checksums map[string]string
}

// tokenKey finds the tokens of a text under a model.
type tokenKey struct {
	model     string
	maxTokens int
	text      string
}

// NewPlan reads and checks everything that config names.
func NewPlan(config Config) (*Plan, error) {
	p, err := validPlan(config)
	if err != nil {
		return nil, err
	}
	for _, named := range config.Data {
		data, err := catalog.DataFolder(named)
		if err != nil {
			return nil, err
		}
		for _, attack := range config.Attacks {
			set, err := dataset.Load(data, dataset.LoadOptions{
				Attack: attack, Target: config.Target, Setting: config.Setting, Ratio: config.Ratio, Limit: config.Limit,
			})
			if err != nil {
				return nil, err
			}
			key := data + "\x00" + set.Attack
			if p.datasets[key] != nil {
				continue // a plain folder is the same whatever the attack
			}
			p.datasets[key] = set
			for _, model := range config.Models {
				if err := p.addCells(data, set, model); err != nil {
					return nil, err
				}
			}
		}
	}
	return p, nil
}

// NewSinglePlan checks a plan of one cell that trains on a data set at hand, which is all that config.Data names.
// The cell's folder is config.Out itself.
func NewSinglePlan(config Config, set *dataset.Dataset) (*Plan, error) {
	p, err := validPlan(config)
	if err != nil {
		return nil, err
	}
	data := config.Data[0]
	p.datasets[data+"\x00"+set.Attack] = set
	if err := p.addCells(data, set, config.Models[0]); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if len(p.Cells) != 1 {
		return nil, errors.Join(fmt.Errorf("the configuration asks for %d cells, expected 1", len(p.Cells)), p.Close())
	}
	p.single = true
	return p, nil
}

func validPlan(config Config) (*Plan, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	device, err := config.ParseDevice()
	if err != nil {
		return nil, err
	}
	return emptyPlan(config, device), nil
}

// Folder is where a cell's files go.
func (p *Plan) Folder(cell Cell) string {
	if p.single {
		return p.Config.Out
	}
	return cell.Folder(p.Config.Out)
}

func emptyPlan(config Config, device ortrain.Device) *Plan {
	return &Plan{
		Config: config, Device: device,
		datasets: map[string]*dataset.Dataset{}, models: map[string]*loadedModel{}, tokens: map[tokenKey][]int32{},
	}
}

func (p *Plan) addCells(data string, set *dataset.Dataset, modelName string) error {
	folder, err := catalog.ModelFolder(modelName)
	if err != nil {
		return err
	}
	model, err := p.model(folder)
	if err != nil {
		return err
	}
	architecture := model.Config.Architecture()
	preset, err := FindPreset(p.Config.Preset, architecture)
	if err != nil {
		return err
	}
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	name := filepath.Base(absolute)
	for _, methodName := range p.Config.Methods {
		method, err := FindMethod(methodName)
		if err != nil {
			return err
		}
		values := preset.For(method)
		values = p.Config.Hyperparameters.apply(values)
		values.MaxTokens = min(values.MaxTokens, model.Config.LongestText())
		if err := values.Validate(); err != nil {
			return err
		}
		if err := p.Config.Hyperparameters.checkAlignment(values.Align); err != nil {
			return err
		}
		values = values.Only(method)
		topologies, err := method.Topologies(architecture, p.Config.Graphs, values.Head)
		if err != nil {
			return err
		}
		if err := topologies.Check(model.Model); err != nil {
			return err
		}
		if method.Aligned && len(set.Trusted) > 0 {
			values.Auxiliary = len(set.Trusted)
		} else if method.Aligned {
			if _, _, err := dataset.DrawAuxiliary(set.Dev, values.Auxiliary, 0); err != nil {
				return err
			}
		}
		sums, err := checksums(model, set, topologies)
		if err != nil {
			return err
		}
		for _, seed := range p.Config.Seeds {
			p.Cells = append(p.Cells, Cell{
				Dataset: set.Name, DataFolder: data, Attack: set.Attack, Target: set.Target,
				Setting: set.Setting, Ratio: set.Ratio, Limit: p.Config.Limit,
				Model: name, ModelFolder: folder, Architecture: architecture,
				Method: method.Name, Seed: seed, Hyperparameters: values, Checksums: sums,
			})
		}
	}
	return nil
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
	encoder, err := tokenizer.Open(folder)
	if err != nil {
		model.Close()
		return nil, err
	}
	m := &loadedModel{Model: model, tokenizer: encoder}
	p.models[folder] = m
	return m, nil
}

// examples tokenises texts; each text is tokenised once per model, whatever number of cells uses it.
func (p *Plan) examples(cell Cell, texts []dataset.Text) []ortrain.Example {
	model := p.models[cell.ModelFolder]
	examples := make([]ortrain.Example, len(texts))
	for i, t := range texts {
		key := tokenKey{cell.ModelFolder, cell.MaxTokens, t.Text}
		tokens, ok := p.tokens[key]
		if !ok {
			tokens = model.tokenizer.Encode(t.Text, cell.MaxTokens)
			p.tokens[key] = tokens
		}
		examples[i] = ortrain.Example{Tokens: tokens, Label: t.Label}
	}
	return examples
}

// Close releases all models.
func (p *Plan) Close() error {
	var all []error
	for _, m := range p.models {
		all = append(all, m.Model.Close(), m.tokenizer.Close())
	}
	return errors.Join(all...)
}
