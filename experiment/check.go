package experiment

import (
	"fmt"

	"mslora/dataset"
	"mslora/internal/hint"
	"mslora/internal/machine"
	"mslora/ortrain"
	"mslora/params"
)

// check reads what the cells train on and with.
func (p *Plan) check() error {
	checked, memory := map[string]bool{}, machine.Memory()
	for _, cell := range p.Cells {
		model := p.models[cell.ModelFolder]
		data, err := p.dataset(cell)
		if err != nil {
			return err
		}
		if err := p.sameFiles(cell, data); err != nil {
			return err
		}
		if err := model.openTokenizer(); err != nil {
			return err
		}
		topologies, err := p.checkCell(cell, memory)
		if err != nil {
			return err
		}
		key := fmt.Sprintln(cell.ModelFolder, cell.Method, cell.Hyperparameters[params.Head], cell.Hyperparameters[params.LanguageModel])
		if checked[key] {
			continue
		}
		checked[key] = true
		if err := topologies.Check(model.Model); err != nil {
			return err
		}
		if err := p.checkLanguage(cell.Hyperparameters); err != nil {
			return err
		}
	}
	return nil
}

// checkCell refuses a cell whose data do not give its setting, or are such that its method would refuse later, or whose trained
// tensors do not fit into memory, in bytes. It gives the cell's graphs.
func (p *Plan) checkCell(cell Cell, memory int64) (ortrain.Topologies, error) {
	data, err := p.dataset(cell)
	if err != nil {
		return ortrain.Topologies{}, err
	}
	method, topologies, err := cell.graphs(p.Config.Graphs)
	if err != nil {
		return ortrain.Topologies{}, err
	}
	ready, err := p.prepare(cell, method, data)
	if err != nil {
		return ortrain.Topologies{}, err
	}
	bench := p.siftBench(cell, ready, data)
	bench.Train = ready.suspect
	if err := method.Check(bench); err != nil {
		return ortrain.Topologies{}, fmt.Errorf("%s: %w", cell.DataFolder, err)
	}
	return topologies, ortrain.CheckMemory(p.models[cell.ModelFolder].Model, topologies.Train.Manifest, ready.setting, memory)
}

// sameFiles makes sure that the files that were read are those whose checksums the cell has.
func (p *Plan) sameFiles(cell Cell, data *dataset.Dataset) error {
	for _, file := range data.Files {
		if sum := cell.Checksums["data/"+file.Role]; sum != "" && sum != file.SHA256 {
			p.sums.Forget(file.Path)
			p.sums.Save()
			return hint.New("run the same command again", "%s has changed since it was read last, but not its size and time", file.Path)
		}
	}
	return nil
}
