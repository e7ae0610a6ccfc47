package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	"mslora/experiment"
	"mslora/fourier"
)

// fourierFlags are those of the analysis in the frequency space.
func fourierFlags() []cli.Flag {
	const category = "Fourier analysis"
	return []cli.Flag{
		&cli.BoolFlag{Name: "fourier", Usage: "measure low and high frequencies of the clean and the backdoor mapping every 5 steps, for mslora figure", Category: category},
		&cli.IntFlag{Name: "fourier-texts", Usage: "look at `N` texts of each mapping; more take longer and tell more", DefaultText: fmt.Sprint(experiment.DefaultFourierTexts), Category: category},
		&cli.StringFlag{Name: "fourier-kernel", Usage: "authors: exp(-d/(2 delta)), as the paper's code; paper: exp(-d^2/(2 delta)), as its text", DefaultText: string(fourier.Authors), Category: category},
		&cli.StringFlag{Name: "fourier-embeddings", Usage: "alone: each text by itself; authors: in padded batches with dropout, as the paper's code", DefaultText: experiment.EmbeddedAlone, Category: category},
	}
}

// fourierFromFlags puts the flags over those of a configuration.
func fourierFromFlags(c *cli.Context, f *experiment.Fourier) {
	if c.IsSet("fourier") {
		f.On = c.Bool("fourier")
	}
	if c.IsSet("fourier-texts") {
		f.Texts = c.Int("fourier-texts")
	}
	if c.IsSet("fourier-kernel") {
		f.Kernel = c.String("fourier-kernel")
	}
	if c.IsSet("fourier-embeddings") {
		f.Embeddings = c.String("fourier-embeddings")
	}
}

// checkFourier finds, before any training, cells that cannot be analysed, and says where texts are left out.
func (o runOptions) checkFourier(plan *experiment.Plan) error {
	if !o.Config.Fourier.On {
		return nil
	}
	sampled, err := plan.CheckFourier()
	if err != nil {
		return err
	}
	if !o.Quiet && !o.JSON {
		for _, text := range sampled {
			say(o.Stderr, "%s", text)
		}
	}
	return nil
}

// reportFourier says of a cell that was finished before that it has no analysis.
func (o runOptions) reportFourier(plan *experiment.Plan, outcome experiment.Outcome) {
	if !o.Config.Fourier.On || !outcome.Before {
		return
	}
	if _, _, err := experiment.ReadFourier(plan.Folder(outcome.Cell)); errors.Is(err, fs.ErrNotExist) {
		warn(o.Stderr, plan.Title(outcome.Cell)+" was trained without --fourier; --force trains it again")
	} else if err != nil {
		warn(o.Stderr, err.Error())
	}
}
