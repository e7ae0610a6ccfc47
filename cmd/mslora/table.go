package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"mslora/defence"
	"mslora/eval"
	"mslora/experiment"
	"mslora/internal/atomicfile"
	"mslora/internal/hint"
	"mslora/internal/regular"
)

// tableOptions is what `mslora table` was asked for.
type tableOptions struct {
	Folders []string
	Format  string
	Out     string // file, "": standard output
	Color   string // auto, always or never
	Paper   bool
	Excel   bool
	Stdout  io.Writer
	Stderr  io.Writer
}

func tableCommand() *cli.Command {
	return &cli.Command{
		Name:      "table",
		Usage:     "print the scores of finished cells as the paper's tables",
		UsageText: "mslora table runs/first --format markdown",
		Description: "Finds every finished cell below the folders. Seeds of one cell are averaged; cells that differ in\n" +
			"a hyperparameter get a line each. Where the paper has the same cell, its numbers stand beside ours.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Value: "text", Usage: strings.Join(eval.Formats, ", ")},
			&cli.StringFlag{Name: "out", Usage: "write to `FILE` instead, a new one or a table that this command wrote"},
			&cli.StringFlag{Name: "color", Value: "auto", Usage: "auto, always or never; auto heeds NO_COLOR"},
			&cli.BoolFlag{Name: "excel", Usage: "with --format csv: begin with a byte order mark, by which Excel knows UTF-8"},
			&cli.BoolFlag{Name: "no-paper", Usage: "leave the paper's numbers out"},
		},
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return badInput(hint.New("for example `mslora table runs/first`", "give one or more folders"))
			}
			return table(tableOptions{
				Folders: c.Args().Slice(), Format: c.String("format"), Out: c.String("out"),
				Color: c.String("color"), Paper: !c.Bool("no-paper"), Excel: c.Bool("excel"),
				Stdout: c.App.Writer, Stderr: c.App.ErrWriter,
			})
		},
	}
}

func table(o tableOptions) error {
	text, err := o.render()
	if err != nil {
		return badInput(err)
	}
	if o.Out != "" {
		return atomicfile.WriteFile(o.Out, text, 0o644)
	}
	_, err = o.Stdout.Write(text)
	return err
}

// render reads the results and gives the table.
func (o tableOptions) render() ([]byte, error) {
	color, err := wantColor(o.Color, o.Stdout)
	if err != nil {
		return nil, err
	}
	if o.Excel && o.Format != "csv" {
		return nil, hint.New("add --format csv", "--excel is for CSV")
	}
	results, unfinished, err := eval.ReadResults(o.Folders...)
	if err != nil {
		return nil, err
	}
	var paper eval.Published
	if o.Paper {
		paper = experiment.FindPaper
	}
	rows, err := eval.Rows(results, defence.Display, paper)
	if err != nil {
		return nil, err
	}
	if o.Out != "" {
		if err := replaceable(o.Out); err != nil {
			return nil, err
		}
	}
	if len(unfinished) > 0 {
		fmt.Fprintf(o.Stderr, "unfinished cells, not in the table: %d\n", len(unfinished))
	}
	var text bytes.Buffer
	err = eval.WriteTable(&text, rows, o.Format, eval.Style{Color: color && o.Out == "", Excel: o.Excel})
	return text.Bytes(), err
}

// replaceable refuses to write a table over a file that holds none.
func replaceable(path string) error {
	const longest = 64 << 20
	content, err := regular.Read(path, longest)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil // there is nothing to replace
	}
	if err != nil {
		return err
	}
	if !eval.IsTable(content) {
		return hint.New("give another --out, or remove the file", "%s is there and holds no table that mslora wrote", path)
	}
	return nil
}

// wantColor decides about grey: on a terminal, unless NO_COLOR is set (no-color.org).
func wantColor(mode string, out io.Writer) (bool, error) {
	switch mode {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		file, ok := out.(interface{ Fd() uintptr })
		return ok && os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(file.Fd())), nil
	}
	return false, hint.New("give auto, always or never", "--color is %q", mode)
}

// printTable prints the table of finished cells after a run, none of whose errors is the caller's.
func printTable(out io.Writer, folders []string) error {
	text, err := tableOptions{Folders: folders, Format: "text", Color: "auto", Paper: true, Stdout: out, Stderr: io.Discard}.render()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n%s", text)
	return err
}
