package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"mslora/experiment"
	"mslora/internal/visible"
	"mslora/ortrain"
	"mslora/params"
)

// cellRecord is one line of `mslora cells --json`.
type cellRecord struct {
	ID       string           `json:"id"`
	State    experiment.State `json:"state"`
	Failure  string           `json:"failure,omitempty"`  // of a failed cell
	Conflict string           `json:"conflict,omitempty"` // why `mslora run` would refuse it
	Folder   string           `json:"folder"`

	Dataset         string        `json:"dataset"`
	Attack          string        `json:"attack"`
	Target          int           `json:"target"`
	Setting         string        `json:"setting,omitempty"`
	Ratio           string        `json:"ratio,omitempty"`
	Limit           int           `json:"limit,omitempty"`
	Model           string        `json:"model"`
	Method          string        `json:"method"`
	Seed            uint64        `json:"seed"`
	Device          string        `json:"device"`
	Precision       string        `json:"precision"`
	Hyperparameters params.Values `json:"hyperparameters"`
}

func recordOf(plan *experiment.Plan, c experiment.Cell) cellRecord {
	r := cellRecord{
		ID: c.ID(), Folder: plan.Folder(c), Dataset: c.Dataset, Attack: c.Attack, Target: c.Target, Setting: c.Setting, Ratio: c.Ratio, Limit: c.Limit,
		Model: c.Model, Method: c.Method, Seed: c.Seed, Device: c.Device, Precision: c.Precision, Hyperparameters: c.Hyperparameters,
	}
	r.State, r.Failure = plan.State(c)
	if err := plan.Conflict(c, false); err != nil {
		r.Conflict = err.Error()
	}
	return r
}

// plan says what `mslora run` would do with the cell.
func (r cellRecord) plan() string {
	switch {
	case r.Conflict != "":
		return "refused: " + r.Conflict
	case r.State == experiment.Finished:
		return "finished, will be skipped"
	case r.State == experiment.Running:
		return "another program trains it"
	case r.State == experiment.Failed:
		return "to train, failed before: " + r.Failure
	}
	return "to train"
}

func cellsCommand() *cli.Command {
	return &cli.Command{
		Name:  "cells",
		Usage: "list the cells of a grid, with how far each is; trains nothing",
		UsageText: "mslora cells --config experiments/table1.yaml --only dataset=sst-2\n" +
			"mslora cells --config grid.yaml --json",
		Description: "Takes the flags and configurations of `mslora run`. States are finished, running (another program has\n" +
			"it), failed and missing. Texts are not read; checksums of models and data are kept in $MSLORA_CACHE, or in\n" +
			"the user's cache folder, for files whose size and time have not changed.",
		Flags: append(append(cellsFlags(), hyperparameterFlags()...), machineFlags(ortrain.PrecisionFloat32)...),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return badInput(fmt.Errorf("unexpected argument %q", c.Args().First()))
			}
			config, err := configFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			plan, err := experiment.NewGrid(config)
			if err != nil {
				return badInput(err)
			}
			defer plan.Close()
			notice(c.App.ErrWriter, plan.Notice)
			return listCells(c.App.Writer, plan, c.Bool("json"))
		},
	}
}

// cellsFlags are those of a grid without what only a run does.
func cellsFlags() []cli.Flag {
	flags := without(gridFlags(), "print-config", "dry-run", "force", "json", "quiet")
	return append(flags, &cli.BoolFlag{Name: "json", Usage: "print a JSON line for each cell"})
}

func listCells(out io.Writer, plan *experiment.Plan, asJSON bool) error {
	counts := map[experiment.State]int{}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, cell := range plan.Cells {
		r := recordOf(plan, cell)
		counts[r.State]++
		if asJSON {
			if err := writeJSON(out, r); err != nil {
				return err
			}
			continue
		}
		line := fmt.Sprintf("%s\t%s\t%s", r.ID, r.State, visible.Line(plan.Title(cell)))
		switch {
		case r.Conflict != "":
			line += "\trefused: " + visible.Line(r.Conflict)
		case r.Failure != "":
			line += "\t" + visible.Line(r.Failure)
		}
		fmt.Fprintln(table, line)
	}
	if asJSON {
		return nil
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d cells: %d finished, %d running, %d failed, %d missing\n", len(plan.Cells),
		counts[experiment.Finished], counts[experiment.Running], counts[experiment.Failed], counts[experiment.Missing])
	return err
}
