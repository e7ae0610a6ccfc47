package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"mslora/eval"
	"mslora/experiment"
	"mslora/internal/ortlib"
)

func evalCommand() *cli.Command {
	return &cli.Command{
		Name:      "eval",
		Usage:     "score the saved model of a finished cell again, on its own or other data",
		UsageText: "mslora eval runs/first/sst-2/badnets-clean-0.1/bge-small/musclelora --data sets/sst-2",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "data set `FOLDER` or name", DefaultText: "the cell's"},
			&cli.StringFlag{Name: "attack", Usage: "attack", DefaultText: "the cell's"},
			&cli.StringFlag{Name: "device", Usage: "cpu, cuda or cuda:N", Value: "cpu"},
			&cli.IntFlag{Name: "threads", Usage: "CPU threads", DefaultText: "all cores"},
			graphsFlag(),
			&cli.StringFlag{Name: "onnxruntime", Usage: "`PATH` of libonnxruntime"},
			&cli.BoolFlag{Name: "json", Usage: "print the scores as JSON"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return badInput(fmt.Errorf("give one cell's folder"))
			}
			store, err := graphStore(c)
			if err != nil {
				return badInput(err)
			}
			if err := ortlib.Start(c.String("onnxruntime")); err != nil {
				return badInput(err)
			}
			return rescore(c.Context, c.App.Writer, c.App.ErrWriter, experiment.Rescore{
				Folder: c.Args().First(), Data: c.String("data"), Attack: c.String("attack"),
				Graphs: store, Device: c.String("device"), Threads: c.Int("threads"),
			}, c.Bool("json"))
		},
	}
}

func rescore(ctx context.Context, out, stderr io.Writer, o experiment.Rescore, asJSON bool) error {
	opened, err := o.Open()
	if err != nil {
		return badInput(err)
	}
	defer opened.Close()
	notice(stderr, opened.Notice)
	scores, err := opened.Scores(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(out, scores)
	}
	for _, line := range []struct {
		name  string
		share *eval.Share
	}{{"CACC", &scores.CACC}, {"ASR", &scores.ASR}, {"floor", &scores.Floor}, {"alarms", scores.FalseAlarms}, {"found", scores.Detected}} {
		if line.share != nil {
			fmt.Fprintf(out, "%-6s %s\n", line.name, line.share)
		}
	}
	return nil
}
