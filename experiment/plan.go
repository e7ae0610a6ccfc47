package experiment

import (
	"errors"
	"iter"
	"maps"
	"path/filepath"
	"slices"

	"mslora/catalog"
	"mslora/dataset"
	"mslora/defence"
	"mslora/graphs"
	"mslora/internal/filesum"
	"mslora/internal/hint"
	"mslora/ortrain"
	"mslora/params"
)

// Plan is a validated configuration as a list of cells, each once.
type Plan struct {
	Cells  []Cell
	Config Config
	Device ortrain.Device // in float32; see device
	Notice string         // of a precision that this machine is not made for

	precisions []ortrain.Device // the device in each precision of the configuration

	single *dataset.Dataset        // of a plan of one cell, whose folder is Config.Out; else nil
	models map[string]*loadedModel // by folder
	sums   *filesum.Cache

	// What was used last: cells of one data set follow each other.
	loaded    *dataset.Dataset
	loadedKey dataKey
	tokens    map[tokenKey]encoded
	sifted    sifted
	siftedBy  siftedKey
	read      []dataset.File
}

// NewGrid lists the cells of a configuration without reading the texts of data sets: checksums come from a cache where files
// have not changed.
func NewGrid(config Config) (*Plan, error) {
	p, err := validPlan(config)
	if err != nil {
		return nil, err
	}
	if err := p.list(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.sums.Save()
	return p, nil
}

// NewPlan lists the cells and reads every data set and model once, so what can go wrong with the input has gone wrong
// before the first training step.
func NewPlan(config Config) (*Plan, error) {
	p, err := NewGrid(config)
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// NewSinglePlan checks a plan of one cell that trains on a data set at hand, which is all that config.Data names.
// The cell's folder is config.Out itself.
func NewSinglePlan(config Config, data *dataset.Dataset) (*Plan, error) {
	p, err := validPlan(config)
	if err != nil {
		return nil, err
	}
	p.single = data
	if err := p.listSingle(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Plan) listSingle() error {
	sums := map[string]string{}
	for _, file := range p.single.Files {
		sums["data/"+file.Role] = file.SHA256
	}
	if err := p.addCells(dataCells{
		folder: p.Config.Data[0], name: p.single.Name, attack: p.single.Attack, target: p.single.Target, limit: p.Config.Limit.or(0)[0], sums: sums,
	}, p.Config.Models[0]); err != nil {
		return err
	}
	if len(p.Cells) != 1 {
		return hint.New("give one value for each flag", "the settings ask for %d trainings, expected one", len(p.Cells))
	}
	if err := p.Config.Hyperparameters.checkUsed(p.Cells); err != nil {
		return err
	}
	switch cell, n := &p.Cells[0], len(p.single.Trusted); {
	case n > 0 && cell.Hyperparameters.Has(params.Auxiliary):
		cell.Hyperparameters = cell.Hyperparameters.With(params.Values{params.Auxiliary: n})
	case n == 0: // none are drawn of what nobody has read
		cell.Hyperparameters = maps.Clone(cell.Hyperparameters)
		delete(cell.Hyperparameters, params.Auxiliary)
	}
	return p.check()
}

func validPlan(config Config) (*Plan, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if len(config.Conditions) == 0 {
		if err := config.checkPrecision(); err != nil {
			return nil, err
		}
	}
	return emptyPlan(config)
}

// emptyPlan has no cells, but the device of the configuration.
func emptyPlan(config Config) (*Plan, error) {
	device, err := config.ParseDevice()
	if err != nil {
		return nil, err
	}
	p := &Plan{Config: config, Device: device, models: map[string]*loadedModel{}, sums: filesum.Open(), tokens: map[tokenKey]encoded{}}
	for _, precision := range config.Precision.or(ortrain.PrecisionFloat32) {
		with, notice, err := device.WithPrecision(precision)
		if err != nil {
			return nil, err
		}
		p.precisions = append(p.precisions, with)
		if notice != "" {
			p.Notice = notice
		}
	}
	return p, nil
}

// dataCells are what cells have in common that are of one data set.
type dataCells struct {
	folder, name, attack string
	target               int
	setting, ratio       string
	limit                int
	sums                 map[string]string
}

func (p *Plan) list() error {
	seen := map[string]bool{} // identities
	for _, named := range p.Config.Data {
		folder, err := catalog.DataFolder(named)
		if err != nil {
			return err
		}
		for options := range p.Config.dataOptions() {
			data, err := p.locate(folder, options)
			if err != nil {
				return err
			}
			before := len(p.Cells)
			for _, model := range p.Config.Models {
				if err := p.addCells(data, model); err != nil {
					return err
				}
			}
			added := p.Cells[before:]
			p.Cells = p.Cells[:before]
			for _, cell := range added {
				if id := cell.ID(); !seen[id] && p.Config.has(cell) { // a plain folder is the same whatever the attack; not every method has every axis
					seen[id] = true
					p.Cells = append(p.Cells, cell)
				}
			}
		}
	}
	if err := p.oneOfAName(); err != nil || len(p.Config.Conditions) > 0 {
		return err
	}
	return p.Config.Hyperparameters.checkUsed(p.Cells)
}

// has tells whether the cell has every hyperparameter that Only named.
func (c Config) has(cell Cell) bool {
	return !slices.ContainsFunc(c.having, func(name string) bool { return !cell.Hyperparameters.Has(name) })
}

// dataOptions gives what is read of each data set: every attack with every target label, setting, ratio and limit.
func (c Config) dataOptions() func(yield func(dataset.LoadOptions) bool) {
	return func(yield func(dataset.LoadOptions) bool) {
		for _, attack := range c.Attacks {
			for _, target := range c.Target.or(1) {
				for _, setting := range c.Setting.or("") {
					for _, ratio := range c.Ratio.or(dataset.DefaultRatio) {
						for _, limit := range c.Limit.or(0) {
							if !yield(dataset.LoadOptions{Attack: attack, Target: target, Setting: setting, Ratio: ratio, Limit: limit, Reading: c.Reading}) {
								return
							}
						}
					}
				}
			}
		}
	}
}

// locate finds the files of a data set and their checksums.
func (p *Plan) locate(folder string, options dataset.LoadOptions) (dataCells, error) {
	located, err := dataset.Locate(folder, options)
	if err != nil {
		return dataCells{}, err
	}
	d := dataCells{
		folder: folder, name: located.Name, attack: located.Attack, target: options.Target, setting: located.Setting, ratio: located.Ratio,
		limit: options.Limit, sums: map[string]string{},
	}
	for _, file := range located.Files {
		if d.sums["data/"+file.Role], err = p.sums.Sum(file.Path); err != nil {
			return d, err
		}
	}
	return d, nil
}

// oneOfAName refuses two models, or two data sets, of one name: nobody could tell their cells apart in a table.
func (p *Plan) oneOfAName() error {
	models, sets := map[string]string{}, map[string]string{}
	for _, c := range p.Cells {
		for _, named := range []struct {
			what, name, folder string
			seen               map[string]string
		}{{"models", c.Model, c.ModelFolder, models}, {"data sets", c.Dataset, c.DataFolder, sets}} {
			if other, ok := named.seen[named.name]; ok && other != named.folder {
				return hint.New("rename one of the folders", "the %s %s and %s have one name, %s", named.what, other, named.folder, named.name)
			}
			named.seen[named.name] = named.folder
		}
	}
	return nil
}

// addCells adds the cells of one data set and one model.
func (p *Plan) addCells(data dataCells, modelName string) error {
	folder, err := catalog.ModelFolder(modelName)
	if err != nil {
		return err
	}
	model, err := p.model(folder)
	if err != nil {
		return err
	}
	modelSums, err := p.modelSums(model)
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
	for _, methodName := range p.Config.Methods {
		method, err := defence.Find(methodName)
		if err != nil {
			return err
		}
		for over, device := range p.variants(method) {
			values := preset.For(method, over)
			values = values.With(params.Values{params.MaxTokens: min(values.Int(params.MaxTokens), model.Config.LongestText())})
			if err := values.Check(); err != nil {
				return err
			}
			if _, err := method.Rule(values); err != nil {
				return err
			}
			cell := Cell{
				Dataset: data.name, DataFolder: data.folder, Attack: data.attack, Target: data.target, Setting: data.setting, Ratio: data.ratio,
				Limit: data.limit, Reading: p.Config.Reading, Model: filepath.Base(absolute), ModelFolder: folder, Architecture: architecture, Method: method.Name,
				Device: device.Provider, Precision: device.Precision(), Hyperparameters: values,
			}
			_, topologies, err := cell.graphs(p.Config.Graphs)
			if err != nil {
				return err
			}
			languageSums, err := p.languageSums(values)
			if err != nil {
				return err
			}
			cell.Checksums = checksums(topologies, data.sums, modelSums, languageSums)
			for _, seed := range p.Config.Seeds {
				cell.Seed = seed
				p.Cells = append(p.Cells, cell)
			}
		}
	}
	return nil
}

// variants gives the points of the grid for a method: overrides of its preset, and the device in each precision that it has. A method that
// trains every weight has float32 alone.
func (p *Plan) variants(method defence.Method) iter.Seq2[params.Values, ortrain.Device] {
	return func(yield func(params.Values, ortrain.Device) bool) {
		for over := range p.Config.Hyperparameters.combinations() {
			var seen []ortrain.Device
			for _, device := range p.precisions {
				device.Int8 = device.Int8 && method.Frozen()
				if slices.Contains(seen, device) {
					continue
				}
				seen = append(seen, device)
				if !yield(over, device) {
					return
				}
			}
		}
	}
}

// checksums joins those of everything that goes into a cell.
func checksums(topologies ortrain.Topologies, inputs ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, sums := range inputs {
		maps.Copy(all, sums)
	}
	for _, t := range []*graphs.Topology{topologies.Train, topologies.Evaluate} {
		all["graph/"+t.Manifest.Method] = t.Manifest.SHA256
	}
	return all
}

// Close releases all models.
func (p *Plan) Close() error {
	var all []error
	for _, m := range p.models {
		all = append(all, m.Model.Close())
		if m.tokenizer != nil {
			all = append(all, m.tokenizer.Close())
		}
	}
	return errors.Join(all...)
}
