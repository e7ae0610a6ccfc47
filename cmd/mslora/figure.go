package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/figure"
	"mslora/internal/hint"
)

// figureOptions is what `mslora figure` was asked for.
type figureOptions struct {
	Kind    string
	Folders []string
	Axis    string // of a sweep, "": found
	Out     string
	Stderr  io.Writer
}

func figureCommand() *cli.Command {
	var kinds string
	for _, kind := range figure.Kinds {
		kinds += fmt.Sprintf("\n  %-15s %s", kind.Name, kind.Help)
	}
	return &cli.Command{
		Name:      "figure",
		Usage:     "draw the paper's figures from finished cells",
		ArgsUsage: "KIND FOLDER...",
		UsageText: "mslora figure fourier-errors runs/first --out errors.svg\n" +
			"mslora figure sweep runs/ratios --out ratios.pdf",
		Description: "Finds every finished cell below the folders. Seeds of one cell are averaged. Beside the picture it leaves\n" +
			"the numbers in it, as CSV and JSON. KIND is one of:\n" + kinds,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "write to `FILE`, which ends with " + strings.Join(figure.Formats, ", ") + ": a new one, or a figure that this command wrote"},
			&cli.StringFlag{Name: "axis", Usage: "the setting that a sweep is drawn over: ratio or a hyperparameter such as auxiliary, learning_rate, mu_max, scales", DefaultText: "the one in which the cells differ"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() < 2 {
				return badInput(hint.New("for example `mslora figure tradeoff runs/first --out tradeoff.svg`", "give a kind of figure and one or more folders"))
			}
			return drawFigure(figureOptions{
				Kind: c.Args().First(), Folders: c.Args().Tail(), Axis: c.String("axis"), Out: c.String("out"), Stderr: c.App.ErrWriter,
			})
		},
	}
}

func drawFigure(o figureOptions) error {
	kind, err := figure.Find(o.Kind)
	if err != nil {
		return badInput(err)
	}
	if o.Out == "" {
		return badInput(hint.New("a file for the picture, for example "+kind.Name+".svg", "--out is missing"))
	}
	target, err := figure.NewTarget(o.Out)
	if err != nil {
		return badInput(err)
	}
	f, err := figure.Draw(kind, o.Folders, o.Axis)
	if err != nil {
		return badInput(err)
	}
	if err := f.Write(target); err != nil {
		return err
	}
	var names []string
	for _, path := range target.Files()[1:] {
		names = append(names, filepath.Base(path))
	}
	say(o.Stderr, "wrote %s, and its numbers to %s", o.Out, strings.Join(names, " and "))
	return nil
}
