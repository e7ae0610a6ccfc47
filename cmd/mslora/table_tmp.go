package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"mslora/eval"
)

func tableCommand() *cli.Command { return &cli.Command{Name: "table"} }

func printTable(w io.Writer, folders []string) error {
	for _, f := range folders {
		r, err := eval.ReadResult(filepath.Join(f, "result.json"))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%-10s %-8s %-10s %-12s seed %d CACC %6.2f ASR %6.2f floor %6.2f  last: CACC %6.2f ASR %6.2f\n", r.Dataset, r.Attack, r.Model, r.Method, r.Seed, r.Scores.CACC.Percent(), r.Scores.ASR.Percent(), r.Scores.Floor.Percent(), r.LastEpoch.CACC.Percent(), r.LastEpoch.ASR.Percent())
	}
	return nil
}
