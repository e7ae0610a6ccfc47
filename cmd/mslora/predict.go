package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"mslora/classifier"
	"mslora/dataset"
	"mslora/internal/hint"
	"mslora/internal/ortlib"
)

// predictOptions is what `mslora predict` was asked for.
type predictOptions struct {
	Folder  string
	Texts   []string // given on the command line
	File    string   // "", with no Texts: standard input
	Reading dataset.Reading
	JSON    bool
	CSV     bool
	Excel   bool // CSV is for Excel
	Filter  filterOptions
	place
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

func predictCommand() *cli.Command {
	return &cli.Command{
		Name:      "predict",
		Usage:     "classify texts with a classifier that `mslora train` made",
		UsageText: "mslora predict my-classifier --text \"a fine film\"\nmslora predict my-classifier reviews.csv --json > predictions.jsonl",
		Description: "Reads --text, a file (docs/files.md; a .txt has one text a line), or lines of standard input. Prints a line\n" +
			"for each text, in order, also for a blank line: its label, the probability, and the text. --json and --csv\n" +
			"have the probabilities and logits of all labels. A text that --filter takes for poisoned is answered by\n" +
			"\"flagged\" instead of a label. Files of any length are streamed: answers come after each\n" +
			"1,024 texts or 1 MiB of them, on a terminal after each line. A row that cannot be used ends it, or, with\n" +
			"--skip-bad, is answered by an error.",
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "text", Usage: "`TEXT` to classify; may be given several times"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON lines"},
			&cli.BoolFlag{Name: "csv", Usage: "print CSV; a cell that a spreadsheet would run as a formula gets an apostrophe in front"},
			&cli.BoolFlag{Name: "excel", Usage: "with --csv: a byte order mark, and a mark where a text is too long for a cell of Excel"},
		}, slices.Concat(filterFlags(), placeFlags(), readingFlags())...),
		Action: func(c *cli.Context) error {
			if c.NArg() < 1 || c.NArg() > 2 {
				return badInput(hint.New("for example: mslora predict my-classifier reviews.csv", "give a classifier's folder and, perhaps, one file"))
			}
			place, err := placeFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			reading, err := readingFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			filter, err := filterFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			reading.Label, reading.Unlabelled, reading.All = "", true, true
			return predict(c.Context, predictOptions{
				Folder: c.Args().Get(0), File: c.Args().Get(1), Texts: c.StringSlice("text"), Reading: reading,
				JSON: c.Bool("json"), CSV: c.Bool("csv"), Excel: c.Bool("excel"), Filter: filter, place: place, Stdin: os.Stdin, Stdout: c.App.Writer, Stderr: c.App.ErrWriter,
			})
		},
	}
}

func predict(ctx context.Context, o predictOptions) error {
	if err := o.validate(); err != nil {
		return badInput(err)
	}
	remove, err := standardInput(ctx, &o.File)
	if err != nil {
		return err
	}
	defer remove()
	if err := ortlib.Start(o.Library); err != nil {
		return badInput(err)
	}
	c, err := o.open(o.Folder)
	if err != nil {
		return badInput(err)
	}
	defer c.Close()
	sieve, closed, err := o.sieve(ctx, c)
	defer closed()
	if err != nil {
		return badInput(err)
	}
	p := &predictor{ctx: ctx, sieve: sieve, predict: c.Predict, out: bufio.NewWriter(o.Stdout), texts: predictTexts, skipBad: o.Reading.SkipBad}
	if p.write, err = o.writer(p.out, c.Labels); err != nil {
		return err
	}
	if file, ok := o.Stdin.(*os.File); ok && o.File == "" && len(o.Texts) == 0 && term.IsTerminal(int(file.Fd())) {
		fmt.Fprintln(o.Stderr, "one text a line; Ctrl-D ends")
		p.texts = 1 // a person waits
	}
	o.Stdin = interruptible{ctx, o.Stdin}
	var failed error // predicting or writing, which is not the input's fault
	err = o.each(func(t dataset.NamedText) error {
		switch {
		case t.Bad != nil && !p.skipBad:
			return t.Bad
		case o.Reading.SkipEmpty && strings.TrimSpace(t.Text) == "" && t.Bad == nil:
			return nil
		}
		failed = p.add(answer{line: t.Line, text: t.Text, err: t.Bad})
		return failed
	})
	if failed == nil {
		failed = p.flush() // what was read before a fault is answered, too
	}
	if failed != nil {
		return failed
	}
	return badInput(err)
}

func (o predictOptions) validate() error {
	switch {
	case o.File != "" && len(o.Texts) > 0:
		return hint.New("give one of them", "--text and the file %s both give texts", o.File)
	case o.JSON && o.CSV:
		return hint.New("give one of them", "--json and --csv both say what to print")
	case o.Filter.Name != "" && o.Quantized:
		return hint.New("leave one of them out", "--filter needs more than --quantized gives")
	case o.Excel && !o.CSV:
		return hint.New("add --csv", "--excel is for CSV")
	}
	return nil
}

// file is the file that answers, "" for the one that is usual.
func (o predictOptions) file() string {
	if o.Quantized {
		return classifier.QuantizedFile
	}
	return ""
}

// writer gives what writes answers as they were asked for.
func (o predictOptions) writer(out *bufio.Writer, labels []string) (func(answer) error, error) {
	switch {
	case o.JSON:
		return writeObjects(out, labels, o.file()), nil
	case o.CSV:
		return writeTable(out, labels, o.Filter.Name != "", o.Excel)
	}
	return writeLines(out, labels), nil
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
