package experiment

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mslora/fourier"
	"mslora/internal/tensorboard"
	"mslora/ortrain"
)

// Hooks are those that the plan's configuration asks for while a cell trains.
func (p *Plan) Hooks(cell Cell) []ortrain.Hook {
	var hooks []ortrain.Hook
	var measured *frequencies
	if p.Config.Fourier.On {
		measured = p.fourierHook(cell)
		hooks = append(hooks, measured)
	}
	if p.Config.TensorBoard {
		file := ortrain.Records{Path: filepath.Join(p.Folder(cell), tensorboard.FileName), UpTo: tensorboard.UpTo}
		hooks = append(hooks, &curves{Records: file, measured: measured})
	}
	return hooks
}

// HasCurves tells whether a cell left curves for TensorBoard.
func (p *Plan) HasCurves(cell Cell) bool {
	return exists(filepath.Join(p.Folder(cell), tensorboard.FileName))
}

// curves is the hook that writes TensorBoard's events: a record for each step and each epoch.
type curves struct {
	ortrain.Records
	measured *frequencies // comes before it in the list of hooks; nil without an analysis
}

// Begin takes up the file where the run goes on, or begins it.
func (c *curves) Begin(run *ortrain.Run) error {
	if err := c.Records.Begin(run); err != nil {
		return err
	}
	if info, err := os.Stat(c.Path); err == nil && info.Size() > 0 {
		return nil
	}
	return c.Append(tensorboard.Header(time.Now()))
}

// Step writes what is known of a step.
func (c *curves) Step(_ context.Context, _ *ortrain.Run, r ortrain.StepRecord) error {
	points := []tensorboard.Scalar{{Tag: "train/loss", Value: r.Loss}, {Tag: "train/learning_rate", Value: r.LearningRate}, {Tag: "train/gradient_norm", Value: r.GradientNorm}}
	if r.Aligned {
		points = append(points, tensorboard.Scalar{Tag: "train/auxiliary_loss", Value: r.AuxLoss}, tensorboard.Scalar{Tag: "train/mu", Value: r.Mu},
			tensorboard.Scalar{Tag: "train/fully_aligned", Value: r.FullyAligned})
	}
	if c.measured != nil && c.measured.last.Step == r.Step {
		points = append(points, c.measured.last.curves()...)
	}
	return c.Append(tensorboard.Scalars(r.Step, time.Now(), points...))
}

// Epoch writes the dev accuracy after an epoch.
func (c *curves) Epoch(_ context.Context, run *ortrain.Run, history []ortrain.EpochRecord) error {
	return c.Append(tensorboard.Scalars(run.Step(), time.Now(), tensorboard.Scalar{Tag: "dev/accuracy", Value: history[len(history)-1].DevAccuracy}))
}

// curves are the points at the width of the paper's figures. What is no number has none.
func (p FourierPoint) curves() []tensorboard.Scalar {
	points := []tensorboard.Scalar{{Tag: "dev/asr", Value: float64(p.ASR)}}
	width := slices.Index(fourier.Widths(), fourier.PaperWidth)
	for _, mapping := range []struct {
		name     string
		measures FourierMeasures
	}{{"clean", p.Clean}, {"backdoor", p.Backdoor}} {
		m := mapping.measures
		for _, curve := range []struct {
			name   string
			values []Rounded
		}{{"lfr", m.LFR}, {"hfr", m.HFR}, {"low_error", m.LowError}, {"high_error", m.HighError}} {
			if value := float64(curve.values[width]); !math.IsInf(value, 0) {
				points = append(points, tensorboard.Scalar{Tag: "fourier/" + mapping.name + "_" + curve.name, Value: value})
			}
		}
	}
	return points
}
