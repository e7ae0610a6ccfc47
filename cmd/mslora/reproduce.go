package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/experiment"
	"mslora/experiments"
	"mslora/figure"
	"mslora/internal/hint"
	"mslora/ortrain"
)

// reproduceOptions is what `mslora reproduce` was asked for.
type reproduceOptions struct {
	Experiments []reproduced
	Run         runOptions // without a configuration
}

// reproduced is a table or figure of the paper: its cells, and where they are shown.
type reproduced struct {
	Name    string
	Config  experiment.Config
	Table   string // a Markdown file
	Kind    figure.Kind
	Picture figure.Target
}

func reproduceCommand() *cli.Command {
	return &cli.Command{
		Name:      "reproduce",
		Usage:     "run what is missing of a table or figure of the paper, or of our own experiments, then write table and picture",
		ArgsUsage: "NAME...",
		UsageText: "mslora reproduce figure5 --model bge-small --dry-run\n" +
			"mslora reproduce table1 figure5 --model bge-small --out runs/paper --into reproduction",
		Description: "NAME is all or of " + strings.Join(experiments.Names, ", ") + ".\n" +
			"Tables and figures are the paper's, purify and sweep our own; all takes every one.\n" +
			"Each is a configuration in experiments/, over which flags are put as in `mslora run`. Finished cells are\n" +
			"skipped. INTO gets NAME.md, the table, and NAME.svg, .csv and .json, the figure; of a table this is CACC against ASR.",
		Flags: slices.Concat(
			[]cli.Flag{&cli.StringFlag{Name: "into", Value: "reproduction", Usage: "`FOLDER` for tables and pictures"}},
			without(gridFlags(), "config", "print-config", "json"), []cli.Flag{tensorboardFlag()}, fourierFlags(), readingFlags(), hyperparameterFlags(), machineFlags(ortrain.PrecisionFloat32),
		),
		Action: func(c *cli.Context) error {
			chosen, err := reproducedFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			return reproduce(c.Context, reproduceOptions{Experiments: chosen, Run: runOptions{
				DryRun: c.Bool("dry-run"), Force: c.Bool("force"), Quiet: c.Bool("quiet"), Library: c.String("onnxruntime"),
				Stdout: c.App.Writer, Stderr: c.App.ErrWriter,
			}})
		},
	}
}

// reproducedFromFlags reads the named experiments, puts the flags over them, and checks that their results can be written.
func reproducedFromFlags(c *cli.Context) ([]reproduced, error) {
	names := c.Args().Slice()
	if len(names) == 0 {
		return nil, hint.New("all, or of "+strings.Join(experiments.Names, ", "), "give the names of tables or figures")
	}
	if slices.Contains(names, "all") {
		names = experiments.Names
	}
	var all []reproduced
	for _, name := range names {
		text, err := experiments.Read(name)
		if err != nil {
			return nil, err
		}
		config, err := experiment.ParseConfig(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r := reproduced{Name: name, Table: filepath.Join(c.String("into"), name+".md")}
		if r.Config, err = flagsOver(c, config); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if r.Kind, err = figure.Find(cmp.Or(config.Figure, "tradeoff")); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if r.Picture, err = figure.NewTarget(filepath.Join(c.String("into"), name+".svg")); err != nil {
			return nil, err
		}
		if err := replaceable(r.Table); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// reproduce runs one experiment after the other. One that fails does not end the others.
func reproduce(ctx context.Context, o reproduceOptions) error {
	var failed []string
	var last error
	several := len(o.Experiments) > 1
	if several {
		o.Run.Sum = new(plannedSum)
	}
	if several && !o.Run.DryRun {
		for _, r := range o.Experiments {
			r.record()
		}
	}
	for _, r := range o.Experiments {
		if !o.Run.Quiet {
			say(o.Run.Stderr, "== %s", r.Name)
		}
		options := o.Run
		options.Config = r.Config
		err := run(ctx, options)
		if ctx.Err() != nil {
			return err
		}
		if !o.Run.DryRun {
			err = errors.Join(err, r.show(o.Run))
		}
		if err == nil {
			continue
		}
		failed, last = append(failed, r.Name), err
		if several {
			say(o.Run.Stderr, "%s: %v", r.Name, err)
			sayHint(o.Run.Stderr, err)
		}
	}
	if several && o.Run.DryRun {
		fmt.Fprintf(o.Run.Stdout, "in all %s to train, about %s: a cell of several tables or figures counts once\n", count(len(o.Run.Sum.folders), "cell"), readable(o.Run.Sum.time))
	}
	if len(failed) > 0 && several {
		advice := "the same command runs what is missing"
		if o.Run.DryRun {
			advice = "mend what is said of each above"
		}
		return hint.New(advice, "%d of %d are not complete: %s", len(failed), len(o.Experiments), strings.Join(failed, ", "))
	}
	return last
}

// record leaves the plan before those that come first are run: if they are interrupted, its cells are known to be missing. What is
// wrong with it its own run says.
func (r reproduced) record() {
	plan, err := experiment.NewGrid(r.Config)
	if err != nil {
		return
	}
	defer plan.Close()
	if _, err := plan.Guard(); err == nil {
		_ = plan.Record()
	}
}

// show writes table and picture of the finished cells, if there are any.
func (r reproduced) show(o runOptions) error {
	plan, err := experiment.NewGrid(r.Config)
	if err != nil {
		return err
	}
	defer plan.Close()
	var finished []string
	for _, cell := range plan.Cells {
		if plan.Finished(cell) {
			finished = append(finished, plan.Folder(cell))
		}
	}
	if len(finished) == 0 {
		return nil // the run said why
	}
	if err := os.MkdirAll(filepath.Dir(r.Table), 0o755); err != nil {
		return err
	}
	if err := table(tableOptions{Folders: finished, Format: "markdown", Out: r.Table, Color: "never", Paper: true, Stdout: o.Stdout, Stderr: o.Stderr}); err != nil {
		return err
	}
	f, err := figure.Draw(r.Kind, finished, r.Config.Axis)
	if err != nil {
		return err
	}
	if err := f.Write(r.Picture); err != nil {
		return err
	}
	if !o.Quiet {
		say(o.Stderr, "wrote %s and %s", r.Table, strings.Join(r.Picture.Files(), ", "))
	}
	return nil
}
