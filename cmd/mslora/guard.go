package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mslora/catalog"
	"mslora/classifier"
	"mslora/dataset"
	"mslora/experiment"
	"mslora/internal/ownfolder"
)

// Files that commands leave in folders beside what packages write.
const (
	reportFile   = "report.html"
	cardFile     = "README.md"
	suspectsFile = "suspects.csv"
	triggersFile = "triggers.csv"
	auditFile    = "audit.json"
	poisonFile   = "poison.csv" // of a search without a classifier, as the next
	verdictFile  = "verdict.json"
	leftFile     = "left.csv"
)

// vanillaFolder is where, in an audit's folder, the vanilla classifier is trained.
const vanillaFolder = "vanilla"

// The folders that commands make beside the cells of experiments. A classifier that `export` made has no record of a
// training, so `train` does not go on with it, nor `export` put another model beside a record.
var (
	trainedFolder = ownfolder.Kind{
		Name: "trained classifier", Files: append(slices.Clone(classifier.Files), cardFile, reportFile, suspectsFile, triggersFile, dataset.RejectedFile), Folders: []string{trainingFolder},
		Recognise: func(folder string) bool { return experiment.HoldsCell(filepath.Join(folder, trainingFolder)) },
	}
	exportedFolder = ownfolder.Kind{Name: "exported classifier", Files: classifier.Files}
	auditFolder    = ownfolder.Kind{
		Name: "audit", Files: []string{suspectsFile, triggersFile, auditFile, poisonFile, verdictFile, leftFile, reportFile, dataset.RejectedFile}, Folders: []string{vanillaFolder}, Recognise: holdsAudit,
	}
)

// holdsAudit tells of an audit, finished or with its vanilla classifier in training, of a version that left no marker.
func holdsAudit(folder string) bool {
	if experiment.HoldsCell(filepath.Join(folder, vanillaFolder, trainingFolder)) {
		return true
	}
	data, err := os.ReadFile(filepath.Join(folder, auditFile))
	var record auditRecord
	return err == nil && json.Unmarshal(data, &record) == nil && record.Schema == 1 && record.Checksums["data"] != ""
}

// replacing says in a line what a command is about to write over.
func replacing(out io.Writer, quiet bool, what ...string) {
	if !quiet && len(what) > 0 {
		say(out, "replacing %s", strings.Join(what, " and "))
	}
}

// guard refuses to train where something would be lost that `train` did not make, and says what it will replace.
func (o trainOptions) guard() error {
	inputs := []string{o.Own.Data, o.Own.Clean, o.Own.Dev, o.Own.Test}
	if model, err := catalog.ModelFolder(o.Config.Models[0]); err == nil { // else the plan has the error
		inputs = append(inputs, model)
	}
	for _, folder := range []string{o.Out, o.Config.Out, filepath.Join(o.Out, classifier.AdapterFolder), filepath.Join(o.Out, classifier.ONNXFolder)} {
		if err := ownfolder.NotInput(folder, inputs...); err != nil {
			return err
		}
	}
	saved, err := trainedFolder.Check(o.Out)
	if err != nil {
		return err
	}
	trained, err := experiment.CellFolder.Check(o.Config.Out)
	if err != nil {
		return err
	}
	var what []string
	if len(saved) > 0 {
		what = append(what, "the classifier in "+o.Out)
	}
	if len(trained) > 0 && o.Force {
		what = append(what, "the training in "+o.Config.Out)
	}
	replacing(o.Stderr, o.Quiet || o.DryRun, what...)
	return nil
}

// guard refuses to write an audit over its inputs, or over what `audit` did not make.
func (o auditOptions) guard() error {
	if err := ownfolder.NotInput(o.Out, o.Folder, o.Data, o.Clean, o.Vanilla, o.Model); err != nil {
		return err
	}
	if o.Vanilla == "" && o.Folder != "" {
		if err := ownfolder.NotInput(filepath.Join(o.Out, vanillaFolder), o.Folder); err != nil {
			return err
		}
	}
	found, err := auditFolder.Check(o.Out)
	if err != nil {
		return err
	}
	copied, err := o.checkCleanOut()
	if err != nil {
		return err
	}
	var what []string
	if len(found) > 0 {
		what = append(what, "the audit in "+o.Out)
	}
	if copied {
		what = append(what, o.CleanOut)
	}
	replacing(o.Stderr, o.Quiet, what...)
	return nil
}

// guard refuses to export over the cell, its model, or what `export` did not make.
func (o exportOptions) guard(cell experiment.TunedModel) error {
	if err := ownfolder.NotInput(o.Out, cell.Folder, cell.Model.Folder); err != nil {
		return err
	}
	for _, below := range []string{classifier.AdapterFolder, classifier.ONNXFolder} {
		if err := ownfolder.NotInput(filepath.Join(o.Out, below), cell.Folder, cell.Model.Folder); err != nil {
			return err
		}
	}
	saved, err := exportedFolder.Check(o.Out)
	if err == nil && len(saved) > 0 {
		replacing(o.Stderr, o.Quiet, "the classifier in "+o.Out)
	}
	return err
}
