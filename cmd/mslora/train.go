package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/catalog"
	"mslora/classifier"
	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/experiment"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/ortlib"
	"mslora/internal/visible"
	"mslora/ortrain"
)

// trainingFolder is where, in a classifier's folder, its training is recorded.
const trainingFolder = "training"

// trainOptions is what `mslora train` was asked for.
type trainOptions struct {
	Own    dataset.Own
	Config experiment.Config
	Out    string
	// Languages of the texts, for the model card.
	Languages []string
	DryRun    bool
	Force     bool
	Quantize  bool
	JSON      bool
	Quiet     bool
	Library   string
	Stdout    io.Writer
	Stderr    io.Writer
}

func trainCommand() *cli.Command {
	return &cli.Command{
		Name:      "train",
		Usage:     "make a clean classifier from your own texts and a few dozen that you trust",
		UsageText: "mslora train --data reviews.csv --clean trusted.csv --out my-classifier",
		Description: "It looks for poisoned texts, says which label looks poisoned and by about how many, drops those texts, and\n" +
			"trains LoRA on the others (--method purify; docs/purify.md). --method musclelora drops nothing and aligns gradients\n" +
			"to those of the trusted texts instead.\n\n" +
			"Files have a text and a label in each row, in columns of whatever names (docs/files.md). --clean holds\n" +
			"texts whose labels you trust, ideally 96 or more; without them the search errs more often. OUT becomes a folder that\n" +
			"ONNX Runtime (onnx/model.onnx), Hugging Face transformers, PEFT (adapter/) and `mslora predict` open, with a\n" +
			"report.html and a model card. An interrupted training resumes with the same command.",
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`FILE` of texts to train on, perhaps poisoned; - is standard input"},
			&cli.StringFlag{Name: "clean", Usage: "`FILE` of texts that you trust"},
			&cli.IntFlag{Name: "clean-from-dev", Usage: "draw `N` trusted texts from --dev instead", DefaultText: "0"},
			&cli.StringFlag{Name: "dev", Usage: "`FILE` of texts to choose the best epoch by", DefaultText: "a tenth of --data"},
			&cli.StringFlag{Name: "test", Usage: "`FILE` of texts to score the classifier on", DefaultText: "none"},
			&cli.IntFlag{Name: "limit", Usage: "train on `N` texts drawn from --data, which then needs no more memory than they do", DefaultText: "all"},
			&cli.StringFlag{Name: "model", Usage: "pretrained model: a Hugging Face `FOLDER`, or a name, see `mslora fetch --help`", Value: "bge-small"},
			&cli.StringFlag{Name: "method", Usage: "training method: " + strings.Join(mergeableMethods(), ", "), Value: "purify"},
			&cli.Uint64Flag{Name: "seed", Usage: "random seed", Value: 42},
			&cli.StringFlag{Name: "language", Usage: "`CODES` of the texts' languages for the model card, such as en or en,de", DefaultText: "left out"},
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` for the classifier: a new or empty one, or one that `mslora train` made"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say what was read and what would be trained, estimate the time from a few real steps, write nothing"},
			quantizeFlag(),
			tensorboardFlag(),
			&cli.BoolFlag{Name: "force", Usage: "train again, with whatever settings stand in OUT; replaces only what mslora train made"},
			&cli.BoolFlag{Name: "json", Usage: "print progress and scores, or what --dry-run says, as JSON lines"},
			&cli.BoolFlag{Name: "quiet", Usage: "print nothing but warnings"},
		}, without(hyperparameterFlags(), "auxiliary", "bottleneck", "prefix-length")...), append(readingFlags(), machineFlags(ortrain.PrecisionAuto)...)...),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return badInput(hint.New("files are named by flags: --data, --clean, --dev, --test", "unexpected argument %q", c.Args().First()))
			}
			reading, err := readingFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			quantize, err := quantizeFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			o := trainOptions{
				Own: dataset.Own{
					Data: c.String("data"), Dev: c.String("dev"), Test: c.String("test"), Clean: c.String("clean"),
					CleanFromDev: c.Int("clean-from-dev"), Limit: c.Int("limit"), Seed: c.Uint64("seed"),
					Reading: reading,
				},
				Config: experiment.DefaultConfig(), Out: c.String("out"), DryRun: c.Bool("dry-run"), Force: c.Bool("force"), Quantize: quantize, JSON: c.Bool("json"),
				Quiet: c.Bool("quiet"), Library: c.String("onnxruntime"), Stdout: c.App.Writer, Stderr: c.App.ErrWriter,
			}
			o.Config.Data, o.Config.Models = []string{o.Own.Data}, []string{c.String("model")}
			o.Config.Methods, o.Config.Seeds = []string{c.String("method")}, []uint64{o.Own.Seed}
			o.Config.Reading, o.Config.TensorBoard = reading, c.Bool("tensorboard")
			o.Config.Out, o.Config.Limit = filepath.Join(o.Out, trainingFolder), experiment.List[int]{o.Own.Limit}
			if o.Languages, err = languages(c.String("language")); err != nil {
				return badInput(err)
			}
			o.Config.Precision = experiment.List[string]{ortrain.PrecisionAuto}
			if err := trainingFromFlags(c, &o.Config); err != nil {
				return badInput(err)
			}
			return train(c.Context, o)
		},
	}
}

// mergeableMethods are the methods that leave a model of the backbone's own architecture. A filter is not in it.
func mergeableMethods() []string {
	var names []string
	for _, m := range defence.Methods {
		if classifier.Mergeable(m.Graph) && m.Filter == nil {
			names = append(names, m.Name)
		}
	}
	return names
}

// without drops flags.
func without(flags []cli.Flag, names ...string) []cli.Flag {
	var kept []cli.Flag
	for _, flag := range flags {
		if !slices.Contains(names, flag.Names()[0]) {
			kept = append(kept, flag)
		}
	}
	return kept
}

func (o trainOptions) validate(method defence.Method) error {
	switch {
	case o.Own.Data == "":
		return hint.New("a .csv, .tsv or .jsonl file with a text and a label in each row", "--data is missing")
	case o.Out == "":
		return hint.New("a folder for the classifier, for example my-classifier", "--out is missing")
	case method.Filter != nil:
		return hint.New(fmt.Sprintf("train with --method vanilla, and then `mslora predict --filter %s`", method.Name),
			"method %s filters texts at prediction, not in training", method.Name)
	case mergeable(method) != nil:
		return mergeable(method)
	case o.Own.Clean != "" && o.Own.CleanFromDev != 0:
		return hint.New("give one of them", "--clean and --clean-from-dev both say where trusted texts are")
	case o.Own.CleanFromDev < 0:
		return hint.New("96 is the paper's number", "--clean-from-dev %d is negative", o.Own.CleanFromDev)
	case o.Own.Limit < 0:
		return negativeLimit(o.Own.Limit)
	case o.Own.CleanFromDev > 0 && o.Own.Dev == "":
		return hint.New("name a file of texts that you trust with --dev", "--clean-from-dev needs --dev: texts split off --data may be poisoned themselves")
	case method.Trusts() && o.Own.Clean == "" && o.Own.CleanFromDev == 0:
		return hint.New("read through a few dozen texts, correct their labels and give them with --clean; 96 is the paper's number",
			"--clean is missing: method %s needs texts that you trust", method.Name)
	}
	return nil
}

func negativeLimit(n int) error {
	return hint.New("give a number of texts, or leave it out for all", "--limit %d is negative", n)
}

func train(ctx context.Context, o trainOptions) error {
	method, err := defence.Find(o.Config.Methods[0])
	if err != nil {
		return badInput(err)
	}
	if err := o.validate(method); err != nil {
		return badInput(err)
	}
	remove, err := standardInput(ctx, &o.Own.Data)
	if err != nil {
		return err
	}
	defer remove()
	o.Config.Data = []string{o.Own.Data}
	if err := o.guard(); err != nil {
		return badInput(err)
	}
	if err := ortlib.Start(o.Library); err != nil {
		return badInput(err)
	}
	o.Own.Reading.Rejected = &dataset.Rejected{}
	set, err := dataset.LoadOwn(o.Own)
	if err != nil {
		return badInput(err)
	}
	announceReading(o.Stderr, o.Quiet, set.Files...)
	trust, known := trustingOf(method), trustedLabels(set)
	plan, err := experiment.NewSinglePlan(o.Config, set)
	if err != nil {
		return badInput(err)
	}
	defer plan.Close()
	notice(o.Stderr, plan.Notice)
	cell := plan.Cells[0]
	if err := savable(cell, set.Classes, o.Config.Graphs); err != nil {
		return badInput(err)
	}
	survey, err := plan.Survey(cell)
	if err != nil {
		return err
	}
	warnings := append(trust.warnings(set.Labels, perLabel(known, set.Classes)), survey.Warnings(cell.Model)...)
	warn(o.Stderr, warnings...)
	if o.DryRun {
		var odd []string // about the files
		for _, file := range set.Files {
			for _, w := range file.Warnings {
				odd = append(odd, file.Path+": "+w)
			}
		}
		return o.dryRun(ctx, plan, set, survey, append(odd, warnings...))
	}
	display := newDisplay(runOptions{JSON: o.JSON, Quiet: o.Quiet, Stdout: o.Stdout, Stderr: o.Stderr}, 1)
	display.train(cell, describe(set))
	if err := trainedFolder.Claim(o.Out); err != nil {
		return err
	}
	if err := o.Own.Reading.Rejected.Write(o.Out); err != nil {
		return err
	}
	watch := &alignmentWatch{cell: cell, stderr: o.Stderr}
	result, err := plan.Run(ctx, cell, o.Force, append([]ortrain.Hook{display, watch}, plan.Hooks(cell)...)...)
	display.interrupt()
	if err != nil {
		return markRefused(fmt.Errorf("training: %w", err))
	}
	warnWithoutCurves(o.Stderr, plan, cell, o.Out)
	history, err := experiment.ReadMetrics(o.Config.Out)
	if err != nil {
		return err
	}
	if w := watch.look(history); w != "" {
		warnings = append(warnings, w)
	}
	model, tuned, err := plan.Trained(cell)
	if err != nil {
		return err
	}
	trained := classifier.Trained{
		Model: model, Base: hubName(cell.Model), Modules: defence.Modules(cell.Hyperparameters), Tuned: tuned, Labels: set.Labels, Graphs: o.Config.Graphs, Quantize: o.Quantize,
	}
	if err := trained.Save(o.Out); err != nil {
		return err
	}
	described, err := describeClassifier(ctx, o, plan, set, result, history, warnings)
	if err != nil {
		return err
	}
	return o.summarize(result, described)
}

// savable tells before any training whether its result can be saved.
func savable(cell experiment.Cell, classes int, store graphs.Store) error {
	config, err := graphs.ReadModelConfig(filepath.Join(cell.ModelFolder, classifier.ConfigFile))
	if err != nil {
		return err
	}
	return classifier.Savable(config, classes, store)
}

// mostNamed is the number of classes that are listed by name.
const mostNamed = 10

// describe says in a line what was read, so that a wrong column is seen before training.
func describe(d *dataset.Dataset) string {
	text := fmt.Sprintf("%d texts, %d to choose the epoch", len(d.Train), len(d.Dev))
	if n := d.Files[0].Rows; n > len(d.Train)+len(d.Dev) {
		text = fmt.Sprintf("drawn from %d: %s", n, text)
	}
	if len(d.Trusted) > 0 {
		text += fmt.Sprintf(", %d trusted", len(d.Trusted))
	}
	if len(d.TestClean) > 0 {
		text += fmt.Sprintf(", %d to test", len(d.TestClean))
	}
	if d.Classes > mostNamed {
		return fmt.Sprintf("%s; %d labels", text, d.Classes)
	}
	return text + "; labels: " + visible.Line(strings.Join(d.Labels, ", "))
}

// hubName is a named model's id on the model hub, which PEFT and model cards want; a folder keeps its name.
func hubName(model string) string {
	for _, m := range catalog.Models {
		if m.Name == model {
			return m.Repository
		}
	}
	return model
}

// summarize prints the scores and what was made.
func (o trainOptions) summarize(result eval.Result, d described) error {
	if o.JSON {
		for _, s := range d.splits {
			if err := writeJSON(o.Stdout, map[string]any{"event": "score", "split": s.name, "accuracy": s.accuracy}); err != nil {
				return err
			}
		}
		if d.quantized != nil {
			return o.summarizeQuantized(d.quantized)
		}
		return nil
	}
	if o.Quiet {
		return nil
	}
	for _, s := range d.splits {
		fmt.Fprintf(o.Stdout, "%s accuracy %s\n", s.name, s.accuracy)
	}
	if d.quantized != nil {
		if err := o.summarizeQuantized(d.quantized); err != nil {
			return err
		}
	}
	for _, sentence := range d.poison.sentences {
		say(o.Stdout, "%s", sentence)
	}
	say(o.Stdout, "epoch %d of %d, method %s", result.BestEpoch, result.Epochs, result.Method)
	announce(o.Stdout, o.Out, classifier.ONNXFile, "a Hugging Face folder", cardFile, reportFile)
	return nil
}
