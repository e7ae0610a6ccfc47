package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"mslora/eval"
	"mslora/internal/atomicfile"
	"mslora/internal/hint"
)

func tableCommand() *cli.Command {
	return &cli.Command{
		Name:      "table",
		Usage:     "print the scores of finished cells as the paper's tables",
		UsageText: "mslora table runs/first --format markdown",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Value: "text", Usage: strings.Join(eval.Formats, ", ")},
			&cli.StringFlag{Name: "out", Usage: "write to `FILE` instead"},
			&cli.StringFlag{Name: "color", Value: "auto", Usage: "auto, always or never"},
			&cli.BoolFlag{Name: "no-paper", Usage: "leave the paper's numbers out"},
		},
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return badInput(hint.New("for example `mslora table runs/first`", "give one or more folders"))
			}
			color, err := wantColor(c.String("color"), c.App.Writer)
			if err != nil {
				return badInput(err)
			}
			return badInput(table(c.App.Writer, tableOptions{
				Folders: c.Args().Slice(), Format: c.String("format"), Out: c.String("out"),
				Color: color, Paper: !c.Bool("no-paper"),
			}))
		},
	}
}

type tableOptions struct {
	Folders []string
	Format  string
	Out     string // file, "": standard output
	Color   bool
	Paper   bool
}

func table(stdout io.Writer, o tableOptions) error {
	results, err := eval.ReadResults(o.Folders...)
	if err != nil {
		return err
	}
	rows := eval.Rows(results, o.Paper)
	if o.Out == "" {
		return eval.WriteTable(stdout, rows, o.Format, o.Color)
	}
	var text bytes.Buffer
	if err := eval.WriteTable(&text, rows, o.Format, false); err != nil {
		return err
	}
	return atomicfile.WriteFile(o.Out, text.Bytes(), 0o644)
}

// wantColor decides about grey: on a terminal, unless NO_COLOR is set (no-color.org).
func wantColor(mode string, out io.Writer) (bool, error) {
	switch mode {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		file, ok := out.(*os.File)
		return ok && os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(file.Fd())), nil
	}
	return false, hint.New("give auto, always or never", "--color is %q", mode)
}

// printTable prints the table of finished cells after a run.
func printTable(out io.Writer, folders []string) error {
	color, err := wantColor("auto", out)
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	return table(out, tableOptions{Folders: folders, Format: "text", Color: color, Paper: true})
}
