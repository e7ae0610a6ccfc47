package experiment

import (
	"path"
	"path/filepath"

	"mslora/dataset"
	"mslora/eval"
	"mslora/internal/ownfolder"
	"mslora/internal/tensorboard"
	"mslora/ortrain"
)

// CellFolder is the kind of folder that a cell leaves.
var CellFolder = ownfolder.Kind{
	Name: "cell",
	Files: []string{
		configFile, metricsFile, fourierFile, tensorboard.FileName, PurifiedFile, attackedFile, predictionsFile, failureFile, ResultFile, dataset.RejectedFile, ortrain.BestFile, ortrain.CheckpointFile,
		path.Join(probeFolder, ortrain.BestFile), path.Join(probeFolder, ortrain.CheckpointFile), path.Join(probeFolder, probeLogits),
	},
	Recognise: HoldsCell,
}

// HoldsCell tells whether a folder holds a cell's configuration or result, as those of versions do that left no marker.
func HoldsCell(folder string) bool {
	cell, err := ReadCell(folder)
	if err == nil && cell.Method != "" && cell.Architecture != "" && cell.Checksums != nil {
		return true
	}
	_, err = eval.ReadResult(filepath.Join(folder, ResultFile))
	return err == nil
}

// Guard refuses to run a plan that would write over its inputs; the error is ownfolder.ErrForeign. held are the folders of
// cells that hold something already, finished or not.
func (p *Plan) Guard() (held []string, err error) {
	for _, cell := range p.Cells {
		for _, out := range []string{p.Config.Out, p.Folder(cell)} {
			if err := ownfolder.NotInput(out, cell.ModelFolder, cell.DataFolder); err != nil {
				return nil, err
			}
		}
		if files, err := CellFolder.Check(p.Folder(cell)); err == nil && len(files) > 0 {
			held = append(held, p.Folder(cell))
		}
	}
	return held, nil
}
