package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"mslora/eval"
	"mslora/experiment"
	"mslora/internal/visible"
	"mslora/ortrain"
)

// plainEvery is how often a piped run says that it is alive.
const plainEvery = 30 * time.Second

// display is the hook that shows progress: one rewritten line on a terminal, plain lines in a pipe, JSON lines on request.
type display struct {
	ortrain.NoHook
	out         io.Writer
	json, quiet bool
	terminal    bool
	cells       int
	index       int
	cell        experiment.Cell
	begun       time.Time
	firstStep   int
	stage       string // what was told last, before the first step
	printed     time.Time
	waiting     bool // it was said that other programs are waited for
	open        bool // an unfinished line stands on the terminal
}

func newDisplay(o runOptions, cells int) *display {
	d := &display{out: o.Stderr, json: o.JSON, quiet: o.Quiet, cells: cells}
	if o.JSON {
		d.out = o.Stdout
	}
	if file, ok := o.Stderr.(*os.File); ok {
		d.terminal = term.IsTerminal(int(file.Fd()))
	}
	return d
}

// begin announces a cell of a grid by its title.
func (d *display) begin(index int, cell experiment.Cell, title string) {
	d.start(index, cell, fmt.Sprintf("[%d/%d] %s", index+1, d.cells, title))
}

// train begins the one cell of `mslora train`, whose user knows of no cells.
func (d *display) train(cell experiment.Cell, data string) {
	d.start(0, cell, fmt.Sprintf("%s, %s: %s", cell.Model, cell.Method, data))
}

func (d *display) start(index int, cell experiment.Cell, heading string) {
	d.index, d.cell, d.firstStep, d.stage = index, cell, -1, ""
	if !d.json && !d.quiet {
		fmt.Fprintln(d.out, visible.Line(heading))
	}
}

// Stage tells what a cell does before its first step, and how long all of it still takes.
func (d *display) Stage(text string, left time.Duration) {
	if d.quiet && !d.json || text == d.stage && !d.due(time.Now()) {
		return
	}
	d.stage, d.printed = text, time.Now()
	if d.json {
		value := map[string]any{"stage": text}
		if left > 0 {
			value["seconds_left"] = left.Seconds()
		}
		d.line("stage", value)
		return
	}
	if left > 0 {
		text += ", about " + readable(left) + " left in all"
	}
	if d.terminal {
		d.clear()
		fmt.Fprint(d.out, visible.Line(text))
		d.open = true
	} else {
		fmt.Fprintln(d.out, "  "+visible.Line(text))
	}
}

// due tells whether what goes on is to be told again.
func (d *display) due(now time.Time) bool {
	pause := plainEvery
	if d.terminal && !d.json {
		pause = 200 * time.Millisecond
	}
	return now.Sub(d.printed) >= pause
}

func (d *display) Step(_ context.Context, _ *ortrain.Run, r ortrain.StepRecord) error {
	if !d.quiet || d.json {
		d.step(r)
	}
	return nil
}

func (d *display) step(r ortrain.StepRecord) {
	now := time.Now()
	if d.firstStep < 0 {
		d.firstStep, d.begun = r.Step, now
		if !d.terminal {
			d.printed = now
		}
	}
	if !d.due(now) {
		return
	}
	d.printed = now
	var left time.Duration
	if done := r.Step - d.firstStep; done > 0 {
		left = time.Duration(float64(now.Sub(d.begun)) / float64(done) * float64(r.Steps-r.Step))
	}
	if d.json {
		d.line("step", map[string]any{"step": r.Step, "steps": r.Steps, "epoch": r.Epoch, "loss": r.Loss,
			"auxiliary_loss": r.AuxLoss, "mu": r.Mu, "fully_aligned": r.FullyAligned, "seconds_left": left.Seconds()})
		return
	}
	text := fmt.Sprintf("epoch %d  step %d/%d  loss %.3f", r.Epoch, r.Step, r.Steps, r.Loss)
	if r.Aligned {
		text += fmt.Sprintf("  auxiliary loss %.3f  mu %.3f  fully aligned %.0f%%", r.AuxLoss, r.Mu, 100*r.FullyAligned)
	}
	text += "  " + readable(left) + " left"
	if d.terminal {
		fmt.Fprintf(d.out, "\r\x1b[K%s", text)
		d.open = true
	} else {
		fmt.Fprintln(d.out, "  "+text)
	}
}

func (d *display) Epoch(_ context.Context, _ *ortrain.Run, history []ortrain.EpochRecord) error {
	last := history[len(history)-1]
	if d.json {
		d.line("epoch", last)
		return nil
	}
	if d.quiet {
		return nil
	}
	d.clear()
	best := ""
	if last.Best {
		best = "  best so far"
	}
	aligned := ""
	if last.AuxLoss > 0 {
		aligned = fmt.Sprintf("  auxiliary loss %.4f  fully aligned %.0f%%", last.AuxLoss, 100*last.FullyAligned)
	}
	accuracy := "dev accuracy"
	if balanced(d.cell) {
		accuracy = "balanced dev accuracy"
	}
	fmt.Fprintf(d.out, "  epoch %d  loss %.4f%s  %s %.2f%s\n", last.Epoch, last.Loss, aligned, accuracy, last.DevAccuracy, best)
	return nil
}

func (d *display) finish(r eval.Result, before bool) {
	if d.json {
		d.line("result", r)
		return
	}
	if d.quiet {
		return
	}
	d.clear()
	if r.Purified != nil {
		for _, sentence := range append(r.Purified.Verdict(nil, true), r.Purified.String()) {
			say(d.out, "  %s", sentence)
		}
	}
	note := ""
	if before {
		note = "  (finished before)"
	}
	fmt.Fprintf(d.out, "  CACC %.2f  ASR %.2f  floor %.2f%s\n", r.Scores.CACC.Percent(), r.Scores.ASR.Percent(), r.Scores.Floor.Percent(), note)
}

// fail tells of a cell that has no result. The others go on.
func (d *display) fail(outcome experiment.Outcome) {
	if d.json {
		d.line("error", map[string]string{"error": outcome.Err.Error()})
		return
	}
	d.interrupt()
	if !d.quiet {
		fmt.Fprintf(d.out, "  no result: %s\n", visible.Line(outcome.Err.Error()))
	}
}

// wait tells that only cells are left that other programs train.
func (d *display) wait(cells int) {
	if !d.json && !d.quiet && !d.waiting {
		fmt.Fprintf(d.out, "waiting for %s that another program trains\n", count(cells, "cell"))
	}
	d.waiting = true
}

// interrupt leaves the terminal on a fresh line.
func (d *display) interrupt() {
	if d.open {
		fmt.Fprintln(d.out)
		d.open = false
	}
}

func (d *display) clear() {
	if d.open {
		fmt.Fprint(d.out, "\r\x1b[K")
		d.open = false
	}
}

func (d *display) line(event string, value any) {
	_ = writeJSON(d.out, map[string]any{"event": event, "cell": d.cell.String(), "id": d.cell.ID(), "value": value})
}

// readable rounds a duration to what a person wants to know.
func readable(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()+0.5))
	default:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	}
}
