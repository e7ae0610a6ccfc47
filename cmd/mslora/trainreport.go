package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mslora/classifier"
	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/experiment"
	"mslora/ortrain"
	"mslora/params"
	"mslora/report"
)

// mostExamples is the number of mistakes that a report shows.
const mostExamples = 20

// scoredSplit is how the saved classifier does on one part of the data.
type scoredSplit struct {
	name      string
	accuracy  eval.Share
	predicted []classifier.Prediction
	texts     []dataset.Text
	took      time.Duration // of predicting
}

// score predicts the texts.
func (s *scoredSplit) score(ctx context.Context, c *classifier.Classifier) (err error) {
	texts := make([]string, len(s.texts))
	for i, t := range s.texts {
		texts[i] = t.Text
	}
	begin := time.Now()
	if s.predicted, err = c.Predict(ctx, texts); err != nil {
		return err
	}
	s.took, s.accuracy = time.Since(begin), eval.Accuracy(s.classes(), s.labels())
	return nil
}

// speed is the number of texts a second.
func (s scoredSplit) speed() float64 { return float64(len(s.texts)) / max(s.took.Seconds(), 1e-9) }

// described is what people are told of a classifier.
type described struct {
	splits    []scoredSplit
	poison    poisonStory
	quantized *report.Quantized // nil: there is no quantized file
}

// describeClassifier opens the classifier just as its users will, scores it, and leaves report.html and the model card
// beside it.
func describeClassifier(ctx context.Context, o trainOptions, plan *experiment.Plan, set *dataset.Dataset, result eval.Result, history []ortrain.EpochRecord, warnings []string) (d described, err error) {
	saved, err := classifier.Open(o.Out, o.Config.Graphs, plan.Device)
	if err != nil {
		return d, err
	}
	defer saved.Close()
	dev, err := plan.Dev(plan.Cells[0])
	if err != nil {
		return d, err
	}
	for _, s := range []scoredSplit{{name: "dev", texts: dev}, {name: "test", texts: set.TestClean}} {
		if len(s.texts) == 0 {
			continue
		}
		if err := s.score(ctx, saved); err != nil {
			return d, err
		}
		d.splits = append(d.splits, s)
	}
	poor := scoreWarnings(d.splits, set.Labels, plan.Cells[0])
	warn(o.Stderr, poor...)
	warnings = append(warnings, poor...)
	if o.Quantize {
		var warning string
		if d.quantized, warning, err = scoreQuantized(ctx, o.Out, plan.Device, d.splits); err != nil {
			return d, err
		}
		if warning != "" {
			warn(o.Stderr, warning)
			warnings = append(warnings, warning)
		}
	}
	title, _ := defence.Display(result.Method)
	r := report.Report{
		Title: filepath.Base(o.Out), Model: hubName(result.Model), Method: title, Data: filepath.Base(o.Own.Data), Created: result.Finished,
		Labels: set.Labels, Warnings: warnings, Balanced: balanced(plan.Cells[0]), Quantized: d.quantized, Languages: o.Languages,
	}
	if p := result.Purified; p != nil {
		var texts []string
		for _, t := range slices.Concat(set.Train, set.Dev) { // the order in which a purifier sees them
			texts = append(texts, t.Text)
		}
		if d.poison, err = tellPoison(ctx, saved, d.splits, texts, *p, set.Labels, o.Own.Seed); err != nil {
			return d, err
		}
		r.Poison, r.PoisonCard, r.PoisonExamples = d.poison.sentences, d.poison.card, d.poison.examples
	}
	for _, e := range history {
		r.Epochs = append(r.Epochs, report.Epoch{Epoch: e.Epoch, Loss: e.Loss, AuxLoss: e.AuxLoss, DevAccuracy: e.DevAccuracy, Mu: e.Mu, FullyAligned: e.FullyAligned, Best: e.Best})
	}
	for _, s := range d.splits {
		r.Splits = append(r.Splits, report.Split{Name: s.name, Texts: len(s.texts), Accuracy: s.accuracy.Percent(),
			Confusion: eval.Confusion(s.classes(), s.labels(), set.Classes)})
		r.Examples = append(r.Examples, s.mistakes(set.Labels)...)
	}
	slices.SortStableFunc(r.Examples, func(a, b report.Example) int { return cmp.Compare(b.Probability, a.Probability) })
	r.Examples = r.Examples[:min(len(r.Examples), mostExamples)]
	r.Settings = settings(plan.Cells[0])
	for _, name := range slices.Sorted(maps.Keys(result.Checksums)) {
		r.Checksums = append(r.Checksums, report.Pair{Name: name, Value: result.Checksums[name]})
	}
	if err := writeFound(o.Out, set, result.Purified); err != nil {
		return d, err
	}
	return d, writeReport(r, o.Out)
}

func writeReport(r report.Report, folder string) error {
	return writeFiles(folder, written{reportFile, r.Write}, written{cardFile, r.WriteCard})
}

func (s scoredSplit) classes() []int {
	classes := make([]int, len(s.predicted))
	for i, p := range s.predicted {
		classes[i] = p.Class
	}
	return classes
}

func (s scoredSplit) labels() []int {
	labels := make([]int, len(s.texts))
	for i, t := range s.texts {
		labels[i] = t.Label
	}
	return labels
}

// mistakes are the texts that the classifier gives another label than their own.
func (s scoredSplit) mistakes(labels []string) []report.Example {
	var examples []report.Example
	for i, t := range s.texts {
		if p := s.predicted[i]; p.Class != t.Label {
			examples = append(examples, report.Example{Text: t.Text, Label: labels[t.Label], Predicted: labels[p.Class], Probability: p.Probabilities[p.Class]})
		}
	}
	return examples
}

// settings lists a cell's hyperparameters under the names of the YAML file.
func settings(cell experiment.Cell) []report.Pair {
	pairs := []report.Pair{{Name: "seed", Value: fmt.Sprint(cell.Seed)}}
	if cell.Limit > 0 {
		pairs = append(pairs, report.Pair{Name: "limit", Value: fmt.Sprint(cell.Limit)})
	}
	for _, row := range params.Table {
		if value, ok := cell.Hyperparameters[row.Name]; ok {
			pairs = append(pairs, report.Pair{Name: row.Name, Value: strings.ReplaceAll(params.Format(value), ",", ", ")})
		}
	}
	return pairs
}
