package main

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

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
			return writeSuspects(w, filepath.Join(out, trainingFolder, experiment.PurifiedFile), set)
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

// writeSuspects writes a line for each suspected text, in the order of the data's file, for people. decisions is the file of what a purifier said.
func writeSuspects(out io.Writer, decisions string, set *dataset.Dataset) error {
	file, err := os.Open(decisions)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return err
	}
	texts := set.Train // in the order in which a purifier sees them
	if set.DevOfTrain {
		texts = slices.Concat(set.Train, set.Dev)
	}
	if len(rows) != len(texts)+1 {
		return fmt.Errorf("%s has %d rows, expected %d", decisions, len(rows)-1, len(texts))
	}
	order := make([]int, len(texts)) // by line: texts that were split off for dev come last otherwise
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(set.Lines[a], set.Lines[b]) })
	w := spreadsheet.New(out, false)
	w.Write("line", "label", "done", "why", "pattern", "raw_pattern", "text")
	for _, i := range order {
		row := rows[i+1]
		done, err := treated(row, set.Labels)
		if err != nil {
			return fmt.Errorf("%s: row %d: %w", decisions, i, err)
		}
		if done == "" {
			continue
		}
		why, raw, _ := strings.Cut(row[2], defence.BeforePattern)
		w.Write(strconv.Itoa(set.Lines[i]), visible.Cell(set.Labels[texts[i].Label]), visible.Cell(done), visible.Cell(why), visible.Cell(suspicion.InWords(raw)), visible.Cell(raw),
			visible.Cell(texts[i].Text))
	}
	return w.Flush()
}

// treated says what was done with a text by its row of purified.csv: row, keep, why, label, weight. "": nothing that matters.
func treated(row []string, labels []string) (done string, err error) {
	switch {
	case row[1] == "false":
		return "dropped", nil
	case row[3] != "":
		label, err := strconv.Atoi(row[3])
		if err != nil || label < 0 || label >= len(labels) {
			return "", fmt.Errorf("there is no label %q", row[3])
		}
		return "relabelled " + labels[label], nil
	case row[4] != "":
		weight, err := strconv.ParseFloat(row[4], 64)
		if err != nil {
			return "", err
		}
		if weight < 0.5 { // as defence.Decision.Suspected has it
			return "weight " + row[4], nil
		}
	}
	return "", nil
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
