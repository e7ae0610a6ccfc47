package figure

import (
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"mslora/internal/hint"
)

// Figure is a picture with the numbers that it shows.
type Figure struct {
	Kind   string
	Table  Table
	Panels [][]*plot.Plot // rows and columns; nil where a row has no more
	Scale  *plot.Plot     // of colours, to the right of all panels; nil: none
	Width  vg.Length      // of a panel, with its axes
	Height vg.Length

	legend []entry
	ring   plot.Thumbnailer // what the paper's points look like; nil: there are none
}

// Kind is a kind of figure.
type Kind struct {
	Name string
	Help string
	Make func(runs []Run, axis string) (Figure, error)
}

// Kinds are all kinds of figures. Axis, which only a sweep has, is the setting that changes from run to run; "" finds it.
var Kinds = []Kind{
	{"fourier-ratios", "low- and high-frequency ratios of the clean and the backdoor mapping by epoch, as in Figure 1", ratios},
	{"fourier-errors", "relative errors of both mappings' low and high part while training, as in Figures 2, 5 and 11 to 13", relativeErrors},
	{"training", "loss, auxiliary loss, mu, dev accuracy and, after run --fourier, ASR on dev", training},
	{"alignment", "share of tensors that took the aligned gradient alone, and gradient norm, by epoch", alignment},
	{"sweep", "CACC, ASR and floor over one setting, as in Figures 4 and 6 to 10", sweep},
	{"tradeoff", "CACC against ASR, a point for each method", tradeoff},
}

// Names are the names of all kinds.
func Names() []string {
	var names []string
	for _, k := range Kinds {
		names = append(names, k.Name)
	}
	return names
}

// Find gives a kind by its name.
func Find(name string) (Kind, error) {
	i := slices.IndexFunc(Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, hint.New("one of "+strings.Join(Names(), ", "), "there is no kind of figure %s", hint.Quote(name))
	}
	return Kinds[i], nil
}

// Draw makes a figure of a kind of the finished cells below folders.
func Draw(kind Kind, folders []string, axis string) (Figure, error) {
	if axis != "" && kind.Name != "sweep" {
		return Figure{}, hint.New("leave it out", "--axis is for a sweep, not for %s", kind.Name)
	}
	runs, err := ReadRuns(folders...)
	if err != nil {
		return Figure{}, err
	}
	f, err := kind.Make(runs, axis)
	f.Kind = kind.Name
	if f.ring != nil {
		f.explain("Paper", f.ring)
	}
	return f, err
}

// grid puts panels into rows of at most columns.
func grid(panels []*plot.Plot, columns int) [][]*plot.Plot {
	columns = min(columns, len(panels))
	var rows [][]*plot.Plot
	for len(panels) > 0 {
		row := make([]*plot.Plot, columns)
		panels = panels[copy(row, panels):]
		rows = append(rows, row)
	}
	return rows
}

// mostPanels bounds a figure, so that no picture takes unbounded memory.
const mostPanels = 60

func tooMany(panels int) error {
	if panels <= mostPanels {
		return nil
	}
	return hint.New("give fewer folders", "the figure would have %d panels, expected at most %d", panels, mostPanels)
}
