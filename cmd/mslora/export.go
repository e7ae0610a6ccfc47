package main

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/classifier"
	"mslora/defence"
	"mslora/experiment"
	"mslora/graphs"
	"mslora/internal/hint"
)

// exportOptions is what `mslora export` was asked for.
type exportOptions struct {
	Cell     string // folder
	Labels   []string
	Out      string
	Graphs   graphs.Store
	Quantize bool
	Quiet    bool
	Stdout   io.Writer
	Stderr   io.Writer
}

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "make a classifier of a cell that `mslora run` trained",
		UsageText: "mslora export runs/first/sst-2/badnets-clean-0.1/bge-small/musclelora --labels negative,positive --out my-classifier",
		Description: "Writes the model of the cell's best epoch as `mslora train` does: onnx/model.onnx, a Hugging Face folder, and\n" +
			"adapter/ for PEFT. `mslora predict`, `compare` and `audit` open it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "labels", Usage: "`NAMES` of the classes in their order, with commas between", DefaultText: "0,1,…"},
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` for the classifier: a new or empty one, or one that `mslora export` made"},
			quantizeFlag(),
			graphsFlag(),
			&cli.BoolFlag{Name: "quiet", Usage: "print nothing"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return badInput(hint.New("it holds result.json", "give one cell's folder, not %d", c.NArg()))
			}
			store, err := graphStore(c)
			if err != nil {
				return badInput(err)
			}
			quantize, err := quantizeFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			o := exportOptions{Cell: c.Args().First(), Out: c.String("out"), Graphs: store, Quantize: quantize, Quiet: c.Bool("quiet"), Stdout: c.App.Writer, Stderr: c.App.ErrWriter}
			if c.IsSet("labels") {
				o.Labels = strings.Split(c.String("labels"), ",")
			}
			return export(o)
		},
	}
}

func export(o exportOptions) error {
	trained, err := o.open()
	if err != nil {
		return badInput(err)
	}
	defer trained.Model.Close()
	if err := exportedFolder.Claim(o.Out); err != nil {
		return err
	}
	if err := trained.Save(o.Out); err != nil || o.Quiet {
		return err
	}
	parts := []string{classifier.ONNXFile, "a Hugging Face folder"}
	if o.Quantize {
		parts = append(parts, classifier.QuantizedFile)
	}
	announce(o.Stdout, o.Out, parts...)
	if o.Quantize {
		say(o.Stdout, "the accuracy of %s was not measured, which needs texts: mslora compare %s --quantized --data test.csv", classifier.QuantizedFile, o.Out)
	}
	return nil
}

// open reads and checks everything; the caller closes the model.
func (o exportOptions) open() (trained classifier.Trained, err error) {
	if o.Out == "" {
		return trained, hint.New("a folder for the classifier, for example my-classifier", "--out is missing")
	}
	cell, err := experiment.OpenTuned(o.Cell, o.Graphs)
	if err != nil {
		return trained, err
	}
	defer func() {
		if err != nil {
			cell.Model.Close()
		}
	}()
	if err := o.guard(cell); err != nil {
		return trained, err
	}
	method, err := defence.Find(cell.Cell.Method)
	if err != nil {
		return trained, err
	}
	if err := mergeable(method); err != nil {
		return trained, err
	}
	labels, err := o.names(cell.Classes)
	if err != nil {
		return trained, err
	}
	trained = classifier.Trained{
		Model: cell.Model, Base: hubName(cell.Cell.Model), Modules: defence.Modules(cell.Cell.Hyperparameters), Tuned: cell.Tuned, Labels: labels, Graphs: o.Graphs, Quantize: o.Quantize,
	}
	return trained, classifier.Savable(cell.Model.Config, cell.Classes, o.Graphs)
}

// names gives the classes the names that were asked for, else their numbers.
func (o exportOptions) names(classes int) ([]string, error) {
	if o.Labels == nil {
		for class := range classes {
			o.Labels = append(o.Labels, strconv.Itoa(class))
		}
	}
	seen := map[string]bool{}
	for _, name := range o.Labels {
		if name == "" || seen[name] {
			return nil, hint.New("give each class a name of its own", "--labels %s has an empty name or one twice", strings.Join(o.Labels, ","))
		}
		seen[name] = true
	}
	if len(o.Labels) != classes {
		return nil, hint.New("give them in the order of the numbers in the data", "--labels gives %d names, the cell tells %d classes apart", len(o.Labels), classes)
	}
	return o.Labels, nil
}

// mergeable refuses methods whose classifiers other programs could not load.
func mergeable(method defence.Method) error {
	if classifier.Mergeable(method.Graph) {
		return nil
	}
	return hint.New("methods: "+strings.Join(mergeableMethods(), ", "),
		"the modules of method %s cannot be merged into the weights, so other programs could not load the classifier", method.Name)
}

// announce says what a classifier's folder holds, and how to try it.
func announce(out io.Writer, folder string, parts ...string) {
	if _, err := os.Stat(filepath.Join(folder, classifier.AdapterFolder)); err == nil {
		parts = append(parts, "adapter/ (PEFT)")
	}
	say(out, "%s: %s", folder, strings.Join(parts, ", "))
	say(out, "try it: mslora predict %s --text \"…\"", folder)
}
