package main

import (
	"cmp"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"mslora/experiment"
	"mslora/report"
)

// whatIsMissing gives the plans below folders and the cells without a result: those that were begun and those that a plan alone
// knows. A plan file that cannot be read is warned of, and is no reason to tell nothing of the others.
func whatIsMissing(stderr io.Writer, folders, begun []string) (missing []report.Missing, plans []report.Plan, err error) {
	titles := map[string]string{} // by the folders of cells without a result
	for _, folder := range begun {
		titles[folder] = ""
		if cell, err := experiment.ReadCell(folder); err == nil {
			titles[folder] = cell.String()
		}
	}
	paths, err := experiment.FindPlans(folders)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range paths {
		recorded, err := experiment.ReadPlan(path)
		if err != nil {
			warn(stderr, err.Error())
			sayHint(stderr, err)
			continue
		}
		plan := report.Plan{Command: commandOf(recorded), Cells: len(recorded.Cells)}
		for _, cell := range recorded.Cells {
			folder := recorded.FolderOf(cell)
			if experiment.HasResult(folder) {
				plan.Finished++
			} else {
				titles[folder] = cell.Title
			}
		}
		plans = append(plans, plan)
	}
	for _, folder := range slices.Sorted(maps.Keys(titles)) {
		missing = append(missing, report.Missing{Title: cmp.Or(titles[folder], folder), Folder: folder, Why: experiment.WhyUnfinished(folder)})
	}
	return missing, plans, nil
}

// commandOf gives the command that runs what is missing of a plan.
func commandOf(p experiment.PlanFile) string {
	path, ok := report.ShellWord(p.Path)
	command := "mslora run --config " + path
	if folder := filepath.Dir(p.Path); filepath.Clean(p.Out) != folder { // it was moved, or is looked at from elsewhere
		out, isOut := report.ShellWord(folder)
		command, ok = command+" --out "+out, ok && isOut
	}
	if !ok {
		return "its name has characters that a terminal may act on"
	}
	return command
}
