package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"mslora/defence"
	"mslora/eval"
	"mslora/experiment"
	"mslora/figure"
	"mslora/internal/atomicfile"
	"mslora/internal/hint"
	"mslora/internal/regular"
	"mslora/report"
)

// experimentReportOptions is what `mslora report` was asked for.
type experimentReportOptions struct {
	Folders []string
	Out     string
	Stderr  io.Writer
}

func reportCommand() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "write one page about an experiment: scores, every figure, settings, checksums, what is missing",
		ArgsUsage: "FOLDER...",
		UsageText: "mslora report runs/first --out report.html",
		Description: "Takes every cell below the folders. The HTML page needs no other file and no network. Figures are those of\n" +
			"`mslora figure`; the page says of those that the cells do not give, why.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Value: "report.html", Usage: "write to `FILE`, a new one, or a page that this command wrote"},
		},
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return badInput(hint.New("for example `mslora report runs/first`", "give one or more folders"))
			}
			return experimentReport(experimentReportOptions{Folders: c.Args().Slice(), Out: c.String("out"), Stderr: c.App.ErrWriter})
		},
	}
}

func experimentReport(o experimentReportOptions) error {
	const longest = 256 << 20
	before, err := regular.Read(o.Out, longest)
	switch {
	case err == nil && !report.IsExperiment(before):
		return badInput(hint.New("give another --out, or remove the file", "%s is there and is no page that mslora report wrote", o.Out))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return badInput(err)
	}
	results, unfinished, none := eval.ReadResults(o.Folders...)
	if none != nil && !errors.Is(none, eval.ErrNone) {
		return badInput(none)
	}
	e := report.Experiment{Title: strings.Join(o.Folders, ", "), Created: time.Now()}
	if e.Rows, err = eval.Rows(results, defence.Display, experiment.FindPaper); err != nil {
		return badInput(err)
	}
	for _, row := range e.Rows {
		for _, r := range row.Results {
			e.Cells = append(e.Cells, reportedCell(row, r))
		}
	}
	if e.Missing, e.Plans, err = whatIsMissing(o.Stderr, o.Folders, unfinished); err != nil {
		return badInput(err)
	}
	if none == nil {
		err = drawInto(&e, o.Folders)
	} else if len(e.Missing) == 0 {
		err = badInput(none)
	}
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := e.Write(&page); err != nil {
		return err
	}
	if err := atomicfile.WriteFile(o.Out, page.Bytes(), 0o644); err != nil {
		return err
	}
	say(o.Stderr, "wrote %s: %s, %d missing", o.Out, count(len(e.Cells), "cell"), len(e.Missing))
	return nil
}

// drawInto adds every figure of the finished cells, and why there is no other.
func drawInto(e *report.Experiment, folders []string) error {
	drawn, err := figure.DrawAll(folders...)
	if err != nil {
		return badInput(err)
	}
	for _, d := range drawn {
		if d.Err != nil {
			e.NotDrawn = append(e.NotDrawn, report.Pair{Name: d.Name, Value: d.Err.Error()})
			continue
		}
		var picture bytes.Buffer
		if err := d.Figure.Render(&picture, ".svg"); err != nil {
			return err
		}
		e.Pictures = append(e.Pictures, report.Picture{Name: d.Name, Help: d.Figure.About, Alt: d.Figure.Alt(), SVG: picture.Bytes()})
	}
	return nil
}

// reportedCell tells settings and checksums of a result of a row of the table, which it is named like.
func reportedCell(row eval.Row, r eval.Result) report.Cell {
	words := []string{r.Dataset, r.Model, r.Attack, row.Poison, row.Title, row.Variant.String(), fmt.Sprintf("seed %d", r.Seed)}
	words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
	c := report.Cell{Title: strings.Join(words, " ") + ", in " + filepath.Dir(r.Path)}
	var config map[string]json.RawMessage
	_ = json.Unmarshal(r.Config, &config) // a result without a configuration has no settings to show
	for _, key := range slices.Sorted(maps.Keys(config)) {
		var value bytes.Buffer
		if json.Compact(&value, config[key]) == nil { // lists stand on lines of their own
			c.Settings = append(c.Settings, report.Pair{Name: key, Value: eval.Difference{Value: value.String()}.Plain()})
		}
	}
	limit := "all"
	if r.Limit > 0 {
		limit = fmt.Sprint(r.Limit)
	}
	c.Settings = append(c.Settings,
		report.Pair{Name: "target label", Value: fmt.Sprint(r.Target)}, report.Pair{Name: "setting", Value: cmp.Or(r.Setting, "unknown")},
		report.Pair{Name: "training texts", Value: limit}, report.Pair{Name: "device", Value: fmt.Sprintf("%s, %s, %s", r.Device, count(r.Threads, "thread"), r.Precision)},
		report.Pair{Name: "best epoch", Value: fmt.Sprintf("%d of %d, dev accuracy %.2f", r.BestEpoch, r.Epochs, r.DevAccuracy)},
	)
	c.Settings = append(c.Settings, analysed(filepath.Dir(r.Path))...)
	c.Settings = append(c.Settings, pairs("version of ", r.Versions)...)
	c.Checksums = pairs("", r.Checksums)
	return c
}

// analysed tells what the Fourier analysis of a cell's folder is of, if there is one.
func analysed(folder string) []report.Pair {
	s, points, err := experiment.ReadFourier(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	text := fmt.Sprintf("kernel %s, embeddings %s, %s clean and %s poisoned dev texts, %s", s.Kernel, s.Embeddings, s.Clean, s.Backdoor, count(len(points), "point"))
	if err != nil {
		text = err.Error()
	}
	return []report.Pair{{Name: "Fourier analysis", Value: text}}
}
