package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"mslora/experiment"
)

// tensorboardFlag asks for curves of each training.
func tensorboardFlag() cli.Flag {
	return &cli.BoolFlag{Name: "tensorboard", Usage: "leave the curves of each training in its folder, for TensorBoard: losses, learning rate, mu, dev accuracy"}
}

// warnWithoutCurves says of a training, by its title, that the curves it was asked for are not there: it was finished before, or taken over.
func warnWithoutCurves(out io.Writer, plan *experiment.Plan, cell experiment.Cell, title string) {
	if plan.Config.TensorBoard && !plan.HasCurves(cell) {
		warn(out, title+" was trained without --tensorboard; --force trains it again")
	}
}
