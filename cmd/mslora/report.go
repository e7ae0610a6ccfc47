package main

import (
	"bytes"
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
	results, unfinished, err := eval.ReadResults(o.Folders...)
	if err != nil {
		return badInput(err)
	}
	e := report.Experiment{Title: strings.Join(o.Folders, ", "), Created: time.Now()}
	if e.Rows, err = eval.Rows(results, defence.Display, experiment.FindPaper); err != nil {
		return badInput(err)
	}
	for _, r := range results {
		e.Cells = append(e.Cells, reportedCell(r))
	}
	for _, folder := range unfinished {
		e.Missing = append(e.Missing, report.Pair{Name: folder, Value: experiment.WhyUnfinished(folder)})
	}
	for _, kind := range figure.Kinds {
		f, err := figure.Draw(kind, o.Folders, "")
		if err != nil {
			e.NotDrawn = append(e.NotDrawn, report.Pair{Name: kind.Name, Value: err.Error()})
			continue
		}
		var picture bytes.Buffer
		if err := f.Render(&picture, ".svg"); err != nil {
			return err
		}
		e.Pictures = append(e.Pictures, report.Picture{Name: kind.Name, Help: kind.Help, SVG: picture.Bytes()})
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

// reportedCell tells settings and checksums of a result.
func reportedCell(r eval.Result) report.Cell {
	c := report.Cell{Title: fmt.Sprintf("%s %s %s %s %s seed %d, in %s", r.Dataset, r.Attack, r.Ratio, r.Model, r.Method, r.Seed, filepath.Dir(r.Path))}
	var config map[string]json.RawMessage
	_ = json.Unmarshal(r.Config, &config) // a result without a configuration has no settings to show
	for _, key := range slices.Sorted(maps.Keys(config)) {
		c.Settings = append(c.Settings, report.Pair{Name: key, Value: string(config[key])})
	}
	limit := "all"
	if r.Limit > 0 {
		limit = fmt.Sprint(r.Limit)
	}
	c.Settings = append(c.Settings,
		report.Pair{Name: "training texts", Value: limit}, report.Pair{Name: "device", Value: fmt.Sprintf("%s, %d threads, %s", r.Device, r.Threads, r.Precision)},
		report.Pair{Name: "best epoch", Value: fmt.Sprintf("%d of %d, dev accuracy %.2f", r.BestEpoch, r.Epochs, r.DevAccuracy)},
	)
	c.Settings = append(c.Settings, pairs("version of ", r.Versions)...)
	c.Checksums = pairs("", r.Checksums)
	return c
}
