package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"mslora/classifier"
	"mslora/dataset"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/visible"
	"mslora/ortrain"
)

// predictBatch is how many texts are held and predicted at once: enough that texts of like length run together.
const predictBatch = 1024

// predictOptions is what `mslora predict` was asked for.
type predictOptions struct {
	Folder  string
	Texts   []string // given on the command line
	File    string   // "", with no Texts: standard input
	Reading dataset.Reading
	JSON    bool
	Device  ortrain.Device
	Graphs  graphs.Store
	Library string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
}

func predictCommand() *cli.Command {
	return &cli.Command{
		Name:      "predict",
		Usage:     "classify texts with a classifier that `mslora train` made",
		UsageText: "mslora predict my-classifier --text \"a fine film\"\nmslora predict my-classifier reviews.csv --json",
		Description: "Reads --text, a .csv, .tsv, .jsonl or .txt (one text a line) file, or lines of standard input. Prints a line\n" +
			"for each text, in order: its label, the probability, and the text; with --json an object with the\n" +
			"probabilities of all labels. Files of any length are streamed: an answer comes after each 1,024 texts,\n" +
			"on a terminal after each line.",
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "text", Usage: "`TEXT` to classify; may be given several times"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON lines"},
			&cli.StringFlag{Name: "device", Usage: "cpu, cuda or cuda:N", Value: "cpu"},
			&cli.IntFlag{Name: "threads", Usage: "CPU threads", DefaultText: "all cores"},
			graphsFlag(),
			&cli.StringFlag{Name: "onnxruntime", Usage: "`PATH` of libonnxruntime", DefaultText: "searched, see `mslora doctor`"},
		}, readingFlags()...),
		Action: func(c *cli.Context) error {
			if c.NArg() < 1 || c.NArg() > 2 {
				return badInput(hint.New("for example: mslora predict my-classifier reviews.csv", "give a classifier's folder and, perhaps, one file"))
			}
			device, err := ortrain.ParseDevice(c.String("device"), c.Int("threads"))
			if err != nil {
				return badInput(err)
			}
			store, err := graphStore(c)
			if err != nil {
				return badInput(err)
			}
			reading, err := readingFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			reading.Label, reading.Unlabelled = "", true
			return predict(c.Context, predictOptions{
				Folder: c.Args().Get(0), File: c.Args().Get(1), Texts: c.StringSlice("text"), Reading: reading,
				JSON: c.Bool("json"), Device: device, Graphs: store, Library: c.String("onnxruntime"),
				Stdin: os.Stdin, Stdout: c.App.Writer, Stderr: c.App.ErrWriter,
			})
		},
	}
}

func predict(ctx context.Context, o predictOptions) error {
	if o.File != "" && len(o.Texts) > 0 {
		return badInput(hint.New("give one of them", "--text and the file %s both give texts", o.File))
	}
	if err := startRuntime(o.Library); err != nil {
		return badInput(err)
	}
	c, err := classifier.Open(o.Folder, o.Graphs, o.Device)
	if err != nil {
		return badInput(err)
	}
	defer c.Close()
	out := bufio.NewWriter(o.Stdout)
	p := &predictor{ctx: ctx, classifier: c, out: out, json: o.JSON, batch: predictBatch}
	if file, ok := o.Stdin.(*os.File); ok && o.File == "" && len(o.Texts) == 0 && term.IsTerminal(int(file.Fd())) {
		fmt.Fprintln(o.Stderr, "one text a line; Ctrl-D ends")
		p.batch = 1 // a person waits
	}
	o.Stdin = interruptible{ctx, o.Stdin}
	var failed error // predicting or writing, which is not the input's fault
	err = o.each(func(t dataset.NamedText) error {
		failed = p.add(t)
		return failed
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return badInput(err)
	}
	return p.flush()
}

// each gives every text to add.
func (o predictOptions) each(add func(dataset.NamedText) error) error {
	switch {
	case o.File != "":
		file, err := dataset.EachNamed(o.File, o.Reading, add)
		if err == nil {
			announceReading(o.Stderr, o.JSON, file)
		}
		return err
	case len(o.Texts) == 0:
		if err := dataset.EachLine(o.Stdin, add); err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
	}
	for _, text := range o.Texts {
		if err := add(dataset.NamedText{Text: text}); err != nil {
			return err
		}
	}
	return nil
}

// predictor collects texts and prints their predictions.
type predictor struct {
	ctx        context.Context
	classifier *classifier.Classifier
	out        *bufio.Writer
	json       bool
	batch      int // texts that are predicted at once
	texts      []string
}

func (p *predictor) add(t dataset.NamedText) error {
	p.texts = append(p.texts, t.Text)
	if len(p.texts) < p.batch {
		return nil
	}
	return p.flush()
}

func (p *predictor) flush() error {
	predictions, err := p.classifier.Predict(p.ctx, p.texts)
	if err != nil {
		return err
	}
	for i, prediction := range predictions {
		if err := p.print(p.texts[i], prediction); err != nil {
			return err
		}
	}
	p.texts = p.texts[:0]
	return p.out.Flush() // whoever sends texts through a pipe waits for the answers
}

// print writes one answer. Without --json a person may read it on a terminal, which a text from elsewhere must not steer.
func (p *predictor) print(text string, prediction classifier.Prediction) error {
	label, probability := p.classifier.Labels[prediction.Class], prediction.Probabilities[prediction.Class]
	if !p.json {
		_, err := fmt.Fprintf(p.out, "%s\t%.4f\t%s\n", visible.Line(label), probability, visible.Line(text))
		return err
	}
	all := map[string]float64{}
	for class, name := range p.classifier.Labels {
		all[name] = prediction.Probabilities[class]
	}
	encoder := json.NewEncoder(p.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		Text          string             `json:"text"`
		Label         string             `json:"label"`
		Probability   float64            `json:"probability"`
		Probabilities map[string]float64 `json:"probabilities"`
	}{text, label, probability, all})
}
