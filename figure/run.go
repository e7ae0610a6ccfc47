package figure

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"mslora/defence"
	"mslora/eval"
	"mslora/experiment"
	"mslora/fourier"
	"mslora/internal/hint"
	"mslora/ortrain"
)

// Run is a finished cell.
type Run struct {
	Result eval.Result
	Folder string
}

// ReadRuns finds every finished cell below the folders.
func ReadRuns(folders ...string) ([]Run, error) {
	results, _, err := eval.ReadResults(folders...)
	if err != nil {
		return nil, err
	}
	runs := make([]Run, len(results))
	for i, r := range results {
		runs[i] = Run{r, filepath.Dir(r.Path)}
	}
	return runs, nil
}

// group is the seeds of one row of a table.
type group struct {
	row  eval.Row
	runs []Run
}

// groups puts the seeds of a row together, in the order of a table.
func groups(runs []Run) ([]group, error) {
	results := make([]eval.Result, len(runs))
	for i, r := range runs {
		results[i] = r.Result
	}
	rows, err := eval.Rows(results, defence.Display, experiment.FindPaper)
	if err != nil {
		return nil, err
	}
	all := make([]group, len(rows))
	for i, row := range rows {
		all[i] = group{row: row}
		for _, result := range row.Results {
			at := slices.IndexFunc(runs, func(r Run) bool { return r.Result.Path == result.Path })
			all[i].runs = append(all[i].runs, runs[at])
		}
	}
	return all, nil
}

// title names a group, so far as it differs from the others. It may be long: what a picture shows of it, distinct says.
func (g group) title(others []group) string {
	parts := []string{g.row.Title}
	for _, name := range []func(eval.Row) string{
		func(r eval.Row) string { return r.Attack }, func(r eval.Row) string { return r.Poison },
		func(r eval.Row) string { return r.Dataset }, func(r eval.Row) string { return r.Model },
	} {
		if slices.ContainsFunc(others, func(o group) bool { return name(o.row) != name(g.row) }) {
			parts = append(parts, name(g.row))
		}
	}
	var words []string
	for _, d := range g.row.Variant {
		differs := func(o group) bool { v, has := o.row.Variant.Find(d.Key); return has && v.Value != d.Value }
		if d.Value != eval.Untold && slices.ContainsFunc(others, differs) {
			words = append(words, d.Key+"="+brief(d))
		}
	}
	if len(words) > 0 {
		parts = append(parts, strings.Join(words, " "))
	}
	return strings.Join(parts, ", ")
}

// names are the columns that tell groups apart in a figure's table.
var names = []string{"dataset", "model", "attack", "poison", "method", "variant", "seeds"}

// measured are the columns that tell what a Fourier analysis is of: figures of other texts or kernels do not compare.
var measured = []string{"kernel", "embeddings", "clean_texts", "backdoor_texts"}

func (g group) names() []any {
	return []any{g.row.Dataset, g.row.Model, g.row.Attack, g.row.Poison, g.row.Method, g.row.Variant.String(), len(g.runs)}
}

// metrics gives the epochs of each seed.
func (g group) metrics() ([][]ortrain.EpochRecord, error) {
	var all [][]ortrain.EpochRecord
	for _, r := range g.runs {
		history, err := experiment.ReadMetrics(r.Folder)
		if err != nil {
			return nil, err
		}
		all = append(all, history)
	}
	return all, nil
}

// analysis is the Fourier analysis of a group: means over its seeds.
type analysis struct {
	group
	setting experiment.FourierSetting // of its first seed
	points  []point
}

// names are the columns of names and measured.
func (a analysis) names() []any {
	return append(a.group.names(), a.setting.Kernel, a.setting.Embeddings, a.setting.Clean.Texts, a.setting.Backdoor.Texts)
}

// point is a step with the measures of the paper's width.
type point struct {
	step, epoch     int
	position        float64 // in epochs
	asr             float64
	clean, backdoor measures
}

// measures are those of one mapping; an error is infinite where the true mapping has no such part.
type measures struct{ lfr, hfr, low, high float64 }

func (m *measures) add(o experiment.FourierMeasures, width int, share float64) {
	m.lfr += share * float64(o.LFR[width])
	m.hfr += share * float64(o.HFR[width])
	m.low += share * float64(o.LowError[width])
	m.high += share * float64(o.HighError[width])
}

// analyses gives those of all groups that have one.
func analyses(runs []Run) ([]analysis, error) {
	all, err := groups(runs)
	if err != nil {
		return nil, err
	}
	var analysed []analysis
	for _, g := range all {
		a := analysis{group: g}
		err := a.read()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		analysed = append(analysed, a)
	}
	if len(analysed) == 0 {
		return nil, hint.New("train them with `mslora run --fourier`, again with --force if they are finished", "none of the %d cells has a Fourier analysis", len(runs))
	}
	return analysed, tooMany(len(analysed))
}

// read averages the analyses of the group's seeds. The error is fs.ErrNotExist if a seed has none, or one that ended before its first point.
func (a *analysis) read() error {
	share := 1 / float64(len(a.runs))
	for i, r := range a.runs {
		setting, points, err := experiment.ReadFourier(r.Folder)
		if err != nil {
			return err
		}
		width := slices.IndexFunc(setting.Widths, func(w float64) bool { return w == fourier.PaperWidth })
		if width < 0 {
			return hint.New("train the cell again with --fourier --force", "%s has no filter of width %v", r.Folder, fourier.PaperWidth)
		}
		if len(points) == 0 {
			return fs.ErrNotExist
		}
		if i == 0 {
			a.points, a.setting = make([]point, len(points)), setting
		}
		if err := a.sameAs(setting, r.Folder); err != nil {
			return err
		}
		if len(points) != len(a.points) {
			return fmt.Errorf("%s has %d points, %s has %d", r.Folder, len(points), a.runs[0].Folder, len(a.points))
		}
		for k, p := range points {
			mean := &a.points[k]
			mean.step, mean.epoch = p.Step, p.Epoch
			mean.position = float64(p.Step) * float64(setting.Epochs) / float64(setting.Steps)
			mean.asr += share * float64(p.ASR)
			mean.clean.add(p.Clean, width, share)
			mean.backdoor.add(p.Backdoor, width, share)
		}
	}
	return nil
}

// sameAs refuses a seed that was analysed with another kernel or other texts than the first: their mean would be of neither.
func (a *analysis) sameAs(s experiment.FourierSetting, folder string) error {
	first := a.setting
	if s.Kernel == first.Kernel && s.Embeddings == first.Embeddings && s.Clean == first.Clean && s.Backdoor == first.Backdoor {
		return nil
	}
	return hint.New("analyse all seeds of a cell alike, or give one of the folders", "%s was analysed with kernel %s, embeddings %s, %s clean and %s poisoned texts, %s with %s, %s, %s and %s",
		a.runs[0].Folder, first.Kernel, first.Embeddings, first.Clean, first.Backdoor, folder, s.Kernel, s.Embeddings, s.Clean, s.Backdoor)
}
