package main

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/experiment"
	"mslora/internal/spreadsheet"
	"mslora/internal/visible"
	"mslora/suspicion"
)

// writeFound leaves, beside a classifier, suspects.csv with the texts that its purifier did not leave as they were, and triggers.csv with what
// attacked labels have in common, if it judges labels. Files of another method that was trained here before go.
func writeFound(out string, set *dataset.Dataset, p *eval.Purified) error {
	var files []written
	if p != nil {
		files = append(files, written{suspectsFile, func(w io.Writer) error {
			return writeSuspects(w, filepath.Join(out, trainingFolder), set)
		}})
	}
	if p != nil && p.Attacked != nil {
		files = append(files, written{triggersFile, func(w io.Writer) error { return writeFoundTriggers(w, p.Attacked, set.Labels, false) }})
	}
	for _, name := range []string{suspectsFile, triggersFile}[len(files):] {
		if err := os.Remove(filepath.Join(out, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return writeFiles(out, files...)
}

// writeSuspects writes a line for each suspected text, in the order of the data's file, for people. training is the folder of the cell.
func writeSuspects(out io.Writer, training string, set *dataset.Dataset) error {
	texts := set.Train // in the order in which a purifier sees them
	if set.DevOfTrain {
		texts = slices.Concat(set.Train, set.Dev)
	}
	judgement, err := experiment.ReadJudgement(training, len(texts), len(set.Labels))
	if err != nil {
		return err
	}
	order := make([]int, len(texts)) // by line: texts that were split off for dev come last otherwise
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(set.Lines[a], set.Lines[b]) })
	w := spreadsheet.New(out, false)
	w.Write("line", "label", "done", "why", "pattern", "raw_pattern", "text")
	for _, i := range order {
		d := judgement.Decisions[i]
		if !d.Suspected() {
			continue
		}
		w.Write(strconv.Itoa(set.Lines[i]), visible.Cell(set.Labels[texts[i].Label]), visible.Cell(treated(d, set.Labels)), visible.Cell(d.Why),
			visible.Cell(suspicion.InWords(d.Pattern)), visible.Cell(d.Pattern), visible.Cell(texts[i].Text))
	}
	return w.Flush()
}

// treated says what was done with a suspected text.
func treated(d defence.Decision, labels []string) string {
	switch {
	case !d.Keep:
		return "dropped"
	case d.Relabelled:
		return "relabelled " + labels[d.Label]
	}
	return "weight " + strconv.FormatFloat(float64(d.Weight), 'g', -1, 32)
}

// writeFoundTriggers writes a line for each phrase and each pattern that suspected texts of a label have in common, the strongest of a kind first.
func writeFoundTriggers(out io.Writer, attacked []suspicion.Finding, labels []string, excel bool) error {
	w := spreadsheet.New(out, excel)
	w.Write("label", "in_common", "raw_pattern", "suspected_texts")
	for _, f := range attacked {
		for _, p := range f.Phrases {
			w.Write(visible.Cell(labels[f.Label]), visible.Cell(strconv.Quote(p.String())), "", strconv.Itoa(p.Texts))
		}
		for _, raw := range f.Common {
			w.Write(visible.Cell(labels[f.Label]), visible.Cell(suspicion.InWords(raw)), visible.Cell(raw), "")
		}
	}
	return w.Flush()
}
