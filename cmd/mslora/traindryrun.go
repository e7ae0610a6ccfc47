package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mslora/classifier"
	"mslora/dataset"
	"mslora/defence"
	"mslora/experiment"
	"mslora/internal/visible"
	"mslora/params"
	"mslora/report"
)

// trainPlan is what `mslora train --dry-run` says, and what --json prints.
type trainPlan struct {
	Files    []dataset.File    `json:"files"`
	Splits   []plannedSplit    `json:"splits"`
	Tokens   experiment.Survey `json:"tokens"` // of the texts to train on
	Warnings []string          `json:"warnings"`

	Model           string           `json:"model"`
	Method          string           `json:"method"`
	Seed            uint64           `json:"seed"`
	Hyperparameters params.Values    `json:"hyperparameters"`
	Out             string           `json:"out"`
	Writes          []string         `json:"writes"` // below Out; a folder ends with /
	State           experiment.State `json:"state"`

	// An estimate from a few real steps; 0 if the training is finished.
	Steps       int     `json:"steps"`
	ProbeSteps  int     `json:"probe_steps,omitempty"` // of a model that poisoned texts are looked for with
	StepSeconds float64 `json:"step_seconds"`
	Seconds     float64 `json:"seconds"` // training and evaluation, with what a purifier reads
	MemoryBytes int64   `json:"memory_bytes"`
	Device      string  `json:"device"`
	Precision   string  `json:"precision"`
}

// plannedSplit counts the texts of one purpose.
type plannedSplit struct {
	Name   string         `json:"name"`
	Texts  int            `json:"texts"`
	Labels map[string]int `json:"labels"`
}

// dryRun says what would be trained on what, and how long it would take. Nothing is written below OUT.
func (o trainOptions) dryRun(ctx context.Context, plan *experiment.Plan, set *dataset.Dataset, survey experiment.Survey, warnings []string) error {
	cell := plan.Cells[0]
	if err := plan.Conflict(cell, o.Force); err != nil {
		return markRefused(err)
	}
	p := trainPlan{
		Files: set.Files, Splits: plannedSplits(set), Tokens: survey, Warnings: append([]string{}, warnings...), Model: cell.Model, Method: cell.Method,
		Seed: cell.Seed, Hyperparameters: cell.Hyperparameters, Out: o.Out, Writes: o.writes(cell), Device: plan.Device.String(), Precision: cell.Precision,
	}
	p.State, _ = plan.State(cell)
	if o.Force {
		p.State = experiment.Missing
	}
	if p.State != experiment.Finished {
		estimates, err := plan.Estimate(ctx)
		if err != nil {
			return err
		}
		e := estimates[0]
		p.Steps, p.ProbeSteps, p.StepSeconds, p.Seconds, p.MemoryBytes = e.Steps, e.Probe, e.StepTime.Seconds(), e.Total.Seconds(), e.Memory.Total()
	}
	switch {
	case o.JSON:
		return writeJSON(o.Stdout, p)
	case o.Quiet:
		return nil
	}
	return p.print(o.Stdout, settings(cell))
}

// writes lists what training the cell would leave in OUT.
func (o trainOptions) writes(cell experiment.Cell) []string {
	files := []string{classifier.ONNXFile, classifier.WeightsFile, classifier.ConfigFile, "tokenizer.json", cardFile, reportFile, trainingFolder + "/"}
	if method, err := defence.Find(cell.Method); err == nil && method.Purifier != nil {
		files = append(files, suspectsFile)
		if trustingOf(method).searched {
			files = append(files, triggersFile)
		}
	}
	if cell.Hyperparameters.Has(params.LoRARank) {
		files = append(files, classifier.AdapterFolder+"/")
	}
	if len(o.Own.Reading.Rejected.Rows) > 0 {
		files = append(files, dataset.RejectedFile)
	}
	return files
}

func plannedSplits(set *dataset.Dataset) (splits []plannedSplit) {
	for _, s := range []struct {
		name  string
		texts []dataset.Text
	}{{"train", set.Train}, {"dev", set.Dev}, {"trusted", set.Trusted}, {"test", set.TestClean}} {
		if len(s.texts) == 0 {
			continue
		}
		split := plannedSplit{s.name, len(s.texts), map[string]int{}}
		for _, t := range s.texts {
			split.Labels[set.Labels[t.Label]]++
		}
		splits = append(splits, split)
	}
	return splits
}

// print says the same to a person.
func (p trainPlan) print(out io.Writer, settings []report.Pair) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	p.printSplits(table)
	if err := table.Flush(); err != nil {
		return err
	}
	t := p.Tokens
	say(out, "tokens of a text: half have at most %d, 95 %% at most %d, the longest %d; %.1f %% are longer than %d and are cut",
		t.Median, t.Most, t.Longest, 100*t.CutShare(), t.Limit)
	say(out, "unknown tokens: %.1f %%; %.2f tokens for each character", 100*t.UnknownShare(), t.Pieces)
	say(out, "model %s, method %s", p.Model, p.Method)
	var values []string
	for _, pair := range settings {
		values = append(values, pair.Name+" "+pair.Value)
	}
	say(out, "settings: %s", strings.Join(values, "; "))
	say(out, "to write in %s: %s", p.Out, strings.Join(p.Writes, ", "))
	switch p.State {
	case experiment.Finished:
		say(out, "it is trained already: the same command trains nothing and writes the rest again")
	case experiment.Running:
		say(out, "another program trains it now")
	}
	if p.Steps > 0 {
		say(out, "%s of about %.0f ms: about %s with evaluation on %s in %s; memory %.2f GiB", steps(p.Steps, p.ProbeSteps), 1000*p.StepSeconds,
			readable(time.Duration(p.Seconds*float64(time.Second))), p.Device, p.Precision, gibibytes(p.MemoryBytes))
	}
	return nil
}

// steps says how many there are, and how many before them train a purifier's probe.
func steps(own, probe int) string {
	if probe == 0 {
		return fmt.Sprintf("%d steps", own)
	}
	return fmt.Sprintf("%d steps, and before them %d to look for poisoned texts,", own, probe)
}

// printSplits prints a column for each split and a line for each label, the most frequent first.
func (p trainPlan) printSplits(table io.Writer) {
	line := func(name string, value func(plannedSplit) any) {
		fmt.Fprint(table, visible.Line(name))
		for _, s := range p.Splits {
			fmt.Fprintf(table, "\t%v", value(s))
		}
		fmt.Fprintln(table, "\t")
	}
	train := p.Splits[0].Labels
	labels := slices.SortedFunc(maps.Keys(train), func(a, b string) int {
		return cmp.Or(cmp.Compare(train[b], train[a]), cmp.Compare(a, b))
	})
	line("", func(s plannedSplit) any { return s.Name })
	line("texts", func(s plannedSplit) any { return s.Texts })
	for _, label := range labels[:min(len(labels), mostNamed)] {
		line(label, func(s plannedSplit) any { return s.Labels[label] })
	}
	if rest := len(labels) - mostNamed; rest > 0 {
		line(fmt.Sprintf("(%d labels more)", rest), func(s plannedSplit) any {
			n := 0
			for _, label := range labels[mostNamed:] {
				n += s.Labels[label]
			}
			return n
		})
	}
}
