package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/classifier"
	"mslora/dataset"
	"mslora/eval"
	"mslora/internal/hint"
	"mslora/internal/ortlib"
	"mslora/ortrain"
	"mslora/poison"
)

// compareOptions is what `mslora compare` was asked for.
type compareOptions struct {
	Folders  []string
	Data     string
	Reading  dataset.Reading
	Poisoned string         // file of triggered texts
	Trigger  poison.Trigger // to insert into the texts of Data; without phrases: none
	Target   string         // name of the target label
	Seed     uint64
	place
	JSON   bool
	Stdout io.Writer
	Stderr io.Writer
}

func compareCommand() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "score classifiers side by side on the same texts, with a trigger if you know one",
		UsageText: "mslora compare my-classifier other --data test.csv --trigger cf,mn --target positive",
		Description: "Each folder is a classifier that `mslora train` made. Without --trigger or --poisoned the table has CACC\n" +
			"and agreement; with one of them, and --target, also ASR and its floor. With --precision\n" +
			"int8 each folder is followed by itself in 8 bits, with --quantized by its quantized file.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`FILE` of clean texts and labels; - is standard input"},
			&cli.StringFlag{Name: "trigger", Usage: "words or a sentence to insert at random places, commas between alternatives"},
			&cli.IntFlag{Name: "insertions", Usage: "how often one of them is inserted into a text", Value: 1},
			&cli.StringFlag{Name: "poisoned", Usage: "`FILE` of texts with the trigger instead"},
			&cli.StringFlag{Name: "target", Usage: "the label that the attacker wants"},
			&cli.Uint64Flag{Name: "seed", Usage: "random seed of the places", Value: 42},
			&cli.BoolFlag{Name: "json", Usage: "print a JSON line for each classifier"},
		}, append(placeFlags(), readingFlags()...)...),
		Action: func(c *cli.Context) error {
			place, err := placeFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			reading, err := readingFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			o := compareOptions{
				Folders: c.Args().Slice(), Data: c.String("data"),
				Reading:  reading,
				Poisoned: c.String("poisoned"), Target: c.String("target"), Seed: c.Uint64("seed"), place: place,
				JSON: c.Bool("json"), Stdout: c.App.Writer, Stderr: c.App.ErrWriter,
				Trigger: poison.Trigger{Phrases: splitAll([]string{c.String("trigger")}), Insertions: c.Int("insertions")},
			}
			return compare(c.Context, o)
		},
	}
}

func (o compareOptions) validate() error {
	triggered := len(o.Trigger.Phrases) > 0
	switch {
	case len(o.Folders) == 0:
		return hint.New("for example: mslora compare my-classifier other --data test.csv", "give one or more classifiers")
	case o.Data == "":
		return hint.New("a .csv, .tsv or .jsonl file of clean texts and labels", "--data is missing")
	case triggered && o.Poisoned != "":
		return hint.New("give one of them", "--trigger and --poisoned both give triggered texts")
	case (triggered || o.Poisoned != "") && o.Target == "":
		return hint.New("name the label that the attacker wants", "--target is missing")
	case o.Target != "" && !triggered && o.Poisoned == "":
		return hint.New("give --trigger or --poisoned", "--target without a trigger says nothing")
	case triggered && o.Trigger.Insertions < 1:
		return hint.New("give 1 or more", "--insertions is %d", o.Trigger.Insertions)
	}
	return nil
}

func compare(ctx context.Context, o compareOptions) error {
	if err := o.validate(); err != nil {
		return badInput(err)
	}
	remove, err := standardInput(ctx, &o.Data)
	if err != nil {
		return err
	}
	defer remove()
	if err := ortlib.Start(o.Library); err != nil {
		return badInput(err)
	}
	var all []*contestant
	for _, e := range o.entries() {
		folder := e.folder
		c, err := e.open(folder)
		if err != nil {
			return badInput(err)
		}
		defer c.Close()
		if o.Target != "" && !slices.Contains(c.Labels, o.Target) {
			return badInput(hint.New("it knows "+strings.Join(c.Labels, ", "), "--target %q is no label of %s", o.Target, folder))
		}
		all = append(all, o.enter(e.name, c))
	}
	if err := o.check(all[0].Labels); err != nil {
		return badInput(err)
	}
	if err := o.score(ctx, all); err != nil {
		return err
	}
	if asr := all[0].row.ASR; asr != nil && asr.Texts == 0 {
		return badInput(hint.New("ASR counts texts of other labels that get the target", "%s: every text has the label %q", o.Data, o.Target))
	}
	rows := make([]eval.Comparison, len(all))
	for i, c := range all {
		rows[i] = c.row
	}
	if !o.JSON {
		return eval.WriteComparison(o.Stdout, rows)
	}
	for _, row := range rows {
		if err := writeJSON(o.Stdout, row); err != nil {
			return err
		}
	}
	return nil
}

// entry is a classifier to score: where it runs, its folder, and its name in the table.
type entry struct {
	place
	folder, name string
}

// entries are the folders in float32, each followed by itself in 8 bits and by its quantized file if these were asked for.
func (o compareOptions) entries() (all []entry) {
	for _, folder := range o.Folders {
		e := entry{o.place, folder, folder}
		e.Quantized, e.Device.Int8 = false, false
		all = append(all, e)
		if o.Device.Int8 {
			e.name, e.Device.Int8 = fmt.Sprintf("%s (%s)", folder, ortrain.PrecisionInt8), true
			all = append(all, e)
		}
		if o.Quantized {
			e.name, e.Quantized, e.Device.Int8 = filepath.Join(folder, classifier.QuantizedFile), true, false
			all = append(all, e)
		}
	}
	return all
}

// contestant is a classifier with its row of the table.
type contestant struct {
	*classifier.Classifier
	row eval.Comparison
}

func (o compareOptions) enter(name string, c *classifier.Classifier) *contestant {
	entered := &contestant{c, eval.Comparison{Classifier: name}}
	if o.Target != "" {
		entered.row.ASR, entered.row.Floor = &eval.Share{}, &eval.Share{}
	}
	return entered
}

// check reads both files before any text is predicted. Labels must be among the classes.
func (o compareOptions) check(classes []string) error {
	file, err := dataset.EachNamed(o.Data, o.Reading, func(t dataset.NamedText) error {
		if !slices.Contains(classes, t.Label) {
			return dataset.BadRow(hint.New("the classifier knows "+strings.Join(classes, ", "), "label %q is unknown to %s", t.Label, o.Folders[0]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	announceReading(o.Stderr, o.JSON, file)
	if o.Poisoned != "" {
		if file, err = dataset.EachNamed(o.Poisoned, o.unlabelled(), func(dataset.NamedText) error { return nil }); err == nil {
			announceReading(o.Stderr, o.JSON, file)
		}
	}
	return err
}

// unlabelled is how the poisoned texts are read, whose labels are not asked for.
func (o compareOptions) unlabelled() dataset.Reading {
	o.Reading.Label, o.Reading.Unlabelled = "", true
	return o.Reading
}

// score fills in all rows. Files are read in batches, so memory does not grow with them.
func (o compareOptions) score(ctx context.Context, all []*contestant) error {
	random := rand.New(rand.NewPCG(o.Seed, 0))
	err := eachBatch(o.Data, o.Reading, func(texts, labels []string) error {
		var triggered []string // the texts of other labels than the target, with one of the trigger's phrases
		for i, text := range texts {
			if len(o.Trigger.Phrases) > 0 && labels[i] != o.Target {
				triggered = append(triggered, o.Trigger.Insert(text, random))
			}
		}
		var first []string // labels that the first classifier gives
		for _, c := range all {
			predicted, err := c.labelsOf(ctx, texts)
			if err != nil {
				return err
			}
			if first == nil {
				first = predicted
			}
			c.row.CACC.Add(eval.Accuracy(predicted, labels))
			c.row.Agreement.Add(eval.Accuracy(predicted, first))
			if o.Target != "" {
				c.row.Floor.Add(o.targeted(predicted, labels))
			}
		}
		return o.attack(ctx, all, triggered)
	})
	if err != nil || o.Poisoned == "" {
		return err
	}
	return eachBatch(o.Poisoned, o.unlabelled(), func(texts, _ []string) error {
		return o.attack(ctx, all, texts)
	})
}

// attack adds triggered texts to the attack success rates.
func (o compareOptions) attack(ctx context.Context, all []*contestant, triggered []string) error {
	if len(triggered) == 0 {
		return nil
	}
	for _, c := range all {
		predicted, err := c.labelsOf(ctx, triggered)
		if err != nil {
			return err
		}
		c.row.ASR.Add(o.targeted(predicted, nil))
	}
	return nil
}

// eachBatch gives a file's texts and labels, as many at once as are predicted at once. What is wrong with the file is the caller's
// error; what use gives is passed on.
func eachBatch(path string, c dataset.Reading, use func(texts, labels []string) error) error {
	var texts, labels []string
	var failed error
	bytes := 0
	flush := func() error {
		failed = use(texts, labels)
		texts, labels, bytes = nil, nil, 0
		return failed
	}
	_, err := dataset.EachNamed(path, c, func(t dataset.NamedText) error {
		texts, labels = append(texts, t.Text), append(labels, t.Label)
		if bytes += len(t.Text); len(texts) < predictTexts && bytes < predictBytes {
			return nil
		}
		return flush()
	})
	switch {
	case failed != nil:
		return failed
	case err != nil:
		return badInput(err)
	case len(texts) == 0:
		return nil
	}
	return flush()
}

func (c *contestant) labelsOf(ctx context.Context, texts []string) ([]string, error) {
	predictions, err := c.Predict(ctx, texts)
	labels := make([]string, len(predictions))
	for i, p := range predictions {
		labels[i] = c.Labels[p.Class]
	}
	return labels, err
}

// targeted is the share of texts that are classified as the target label, of those with another true label if the true
// labels are known.
func (o compareOptions) targeted(predicted, labels []string) (share eval.Share) {
	for i, p := range predicted {
		if labels != nil && labels[i] == o.Target {
			continue
		}
		share.Texts++
		if p == o.Target {
			share.Hits++
		}
	}
	return share
}
