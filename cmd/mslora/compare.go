package main

import (
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/classifier"
	"mslora/eval"
	"mslora/internal/hint"
	"mslora/ortrain"
	"mslora/poison"
)

// compareOptions is what `mslora compare` was asked for.
type compareOptions struct {
	Folders  []string
	Data     string
	Columns  poison.Columns
	Poisoned string         // file of triggered texts
	Trigger  poison.Trigger // to insert into the texts of Data; without phrases: none
	Target   string         // name of the target label
	Seed     uint64
	Device   ortrain.Device
	Graphs   string
	Library  string
	JSON     bool
	Stdout   io.Writer
}

func compareCommand() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "score classifiers side by side on the same texts, with a trigger if you know one",
		UsageText: "mslora compare my-classifier other --data test.csv --trigger cf,mn --target positive",
		Description: "Each folder is a classifier that `mslora train` made. Without --trigger or --poisoned the table has CACC\n" +
			"and agreement; with one of them, and --target, also ASR and its floor.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`FILE` of clean texts and labels: .csv, .tsv or .jsonl"},
			&cli.StringFlag{Name: "text-column", Usage: "`NAME` of the column, or JSON key, with the text", Value: "text"},
			&cli.StringFlag{Name: "label-column", Usage: "`NAME` of the column, or JSON key, with the label", Value: "label"},
			&cli.StringFlag{Name: "trigger", Usage: "words or a sentence to insert at random places, commas between alternatives"},
			&cli.IntFlag{Name: "insertions", Usage: "how often one of them is inserted into a text", Value: 1},
			&cli.StringFlag{Name: "poisoned", Usage: "`FILE` of texts with the trigger instead"},
			&cli.StringFlag{Name: "target", Usage: "the label that the attacker wants"},
			&cli.Uint64Flag{Name: "seed", Usage: "random seed of the places", Value: 42},
			&cli.BoolFlag{Name: "json", Usage: "print a JSON line for each classifier"},
			&cli.StringFlag{Name: "device", Usage: "cpu, cuda or cuda:N", Value: "cpu"},
			&cli.IntFlag{Name: "threads", Usage: "CPU threads", DefaultText: "all cores"},
			&cli.StringFlag{Name: "graphs", Usage: "`FOLDER` of exported graphs"},
			&cli.StringFlag{Name: "onnxruntime", Usage: "`PATH` of libonnxruntime", DefaultText: "searched, see `mslora doctor`"},
		},
		Action: func(c *cli.Context) error {
			device, err := ortrain.ParseDevice(c.String("device"))
			if err != nil {
				return badInput(err)
			}
			device.Threads = c.Int("threads")
			o := compareOptions{
				Folders: c.Args().Slice(), Data: c.String("data"),
				Columns:  poison.Columns{Text: c.String("text-column"), Label: c.String("label-column")},
				Poisoned: c.String("poisoned"), Target: c.String("target"), Seed: c.Uint64("seed"), Device: device,
				Graphs: c.String("graphs"), Library: c.String("onnxruntime"), JSON: c.Bool("json"), Stdout: c.App.Writer,
				Trigger: poison.Trigger{Phrases: splitAll([]string{c.String("trigger")}), Insertions: c.Int("insertions")},
			}
			return badInput(compare(c.Context, o))
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

// texts are the rows of a file in two lists.
type texts struct{ texts, labels []string }

// read reads a file; its labels must be among the classes.
func (o compareOptions) read(path string, c poison.Columns, classes []string) (all texts, err error) {
	_, err = poison.EachNamed(path, c, func(t poison.NamedText) error {
		if c.Label != "" && !slices.Contains(classes, t.Label) {
			return hint.New("the classifier knows "+strings.Join(classes, ", "), "label %q is unknown to %s", t.Label, o.Folders[0])
		}
		all.texts, all.labels = append(all.texts, t.Text), append(all.labels, t.Label)
		return nil
	})
	return all, err
}

func compare(ctx context.Context, o compareOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	if err := startRuntime(o.Library); err != nil {
		return err
	}
	var data texts
	var triggered, first []string // triggered texts; labels that the first classifier gives
	var rows []eval.Comparison
	for i, folder := range o.Folders {
		c, err := classifier.Open(folder, o.Graphs, o.Device)
		if err != nil {
			return err
		}
		defer c.Close()
		if i == 0 {
			if data, triggered, err = o.load(c.Labels); err != nil {
				return err
			}
		}
		if o.Target != "" && !slices.Contains(c.Labels, o.Target) {
			return hint.New("it knows "+strings.Join(c.Labels, ", "), "--target %q is no label of %s", o.Target, folder)
		}
		predicted, err := labelsOf(ctx, c, data.texts)
		if err != nil {
			return err
		}
		if i == 0 {
			first = predicted
		}
		row := eval.Comparison{Classifier: folder, CACC: eval.Accuracy(predicted, data.labels), Agreement: eval.Accuracy(predicted, first)}
		if triggered != nil {
			hit, err := labelsOf(ctx, c, triggered)
			if err != nil {
				return err
			}
			asr, floor := o.targeted(hit, nil), o.targeted(predicted, data.labels)
			row.ASR, row.Floor = &asr, &floor
		}
		rows = append(rows, row)
	}
	if o.JSON {
		for _, row := range rows {
			if err := writeJSON(o.Stdout, row); err != nil {
				return err
			}
		}
		return nil
	}
	return eval.WriteComparison(o.Stdout, rows)
}

// load reads the clean texts, and reads or makes the triggered ones: those of other labels than the target, with one
// of the trigger's phrases.
func (o compareOptions) load(classes []string) (data texts, triggered []string, err error) {
	if data, err = o.read(o.Data, o.Columns, classes); err != nil {
		return data, nil, err
	}
	if o.Poisoned != "" {
		poisoned, err := o.read(o.Poisoned, poison.Columns{Text: o.Columns.Text}, classes)
		return data, poisoned.texts, err
	}
	random := rand.New(rand.NewPCG(o.Seed, 0))
	for i, text := range data.texts {
		if len(o.Trigger.Phrases) > 0 && data.labels[i] != o.Target {
			triggered = append(triggered, o.Trigger.Insert(text, random))
		}
	}
	return data, triggered, nil
}

func labelsOf(ctx context.Context, c *classifier.Classifier, texts []string) ([]string, error) {
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
