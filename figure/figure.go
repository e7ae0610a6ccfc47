package figure

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"mslora/internal/hint"
)

// Figure is a picture with the numbers that it shows.
type Figure struct {
	Kind   string
	About  string // what it shows
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
	Name  string
	Help  string
	Make  func(runs []Run, axis string) (Figure, error)
	Split func(all []group) []part // parts cells that are too many or too different for one picture; nil: there is one picture
}

// part is what one of several pictures of a kind shows.
type part struct {
	name string // "" if it is the only one
	axis string
	runs []Run
}

// About says what a picture of the kind shows.
func (k Kind) About(axis string) string {
	if axis == "" {
		return k.Help
	}
	return strings.Replace(k.Help, "one setting", lowered(axisTitle(axis)), 1)
}

// Kinds are all kinds of figures. Axis, which only a sweep has, is the setting that changes from run to run; "" finds it.
var Kinds = []Kind{
	{"fourier-ratios", "low- and high-frequency ratios of the clean and the backdoor mapping by epoch, as in Figure 1", ratios, nil},
	{"fourier-errors", "relative errors of both mappings' low and high part while training, as in Figures 2, 5 and 11 to 13", relativeErrors, nil},
	{"training", "loss, auxiliary loss, mu, dev accuracy and, after run --fourier, ASR on dev", training, byAttack},
	{"alignment", "share of tensors that took the aligned gradient alone, and gradient norm, by epoch", alignment, byAttack},
	{"sweep", "CACC, ASR and floor over one setting, as in Figures 4 and 6 to 10", sweep, byAxis},
	{"tradeoff", "CACC against ASR, a point for each method", tradeoff, nil},
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
	return kind.draw(runs, axis)
}

func (k Kind) draw(runs []Run, axis string) (Figure, error) {
	f, err := k.Make(runs, axis)
	f.Kind, f.About = k.Name, k.About(axis)
	if f.ring != nil {
		f.explain("Paper", f.ring)
	}
	return f, err
}

// Drawn is one of all pictures of cells, or why there is none.
type Drawn struct {
	Name   string
	Figure Figure
	Err    error
}

// DrawAll makes all figures of the finished cells below folders: of every kind, sweeps over each setting, and what is too much for one picture in
// several.
func DrawAll(folders ...string) ([]Drawn, error) {
	runs, err := ReadRuns(folders...)
	if err != nil {
		return nil, err
	}
	all, err := groups(runs)
	if err != nil {
		return nil, err
	}
	var drawn []Drawn
	for _, kind := range Kinds {
		parts := []part{{runs: runs}}
		if kind.Split != nil {
			parts = kind.Split(all)
		}
		for _, p := range parts {
			d := Drawn{Name: kind.Name}
			if p.name != "" {
				d.Name += ": " + p.name
			}
			d.Figure, d.Err = kind.draw(p.runs, p.axis)
			drawn = append(drawn, d)
		}
	}
	return drawn, nil
}

// runsOf are the runs of groups.
func runsOf(all []group) []Run {
	var runs []Run
	for _, g := range all {
		runs = append(runs, g.runs...)
	}
	return runs
}

// byAxis gives a part for each setting that there is a sweep over.
func byAxis(all []group) []part {
	var parts []part
	for _, axis := range sweepAxes(all) {
		parts = append(parts, part{lowered(axisTitle(axis)), axis, runsOf(all)})
	}
	if len(parts) == 0 {
		return []part{{runs: runsOf(all)}} // whose error says why
	}
	return parts
}

// byAttack gives a part for each data set, model and attack if there are too many lines for one picture, and several of it if need be.
func byAttack(all []group) []part {
	if len(all) <= mostLines {
		return []part{{runs: runsOf(all)}}
	}
	var parts []part
	for _, attack := range partition(all, func(g group) string { return attacked(g.row) }) {
		pictures := (len(attack) + mostLines - 1) / mostLines
		for i := range pictures {
			name := attacked(attack[0].row)
			if pictures > 1 {
				name += fmt.Sprintf(", %d of %d", i+1, pictures)
			}
			parts = append(parts, part{name: name, runs: runsOf(attack[i*len(attack)/pictures : (i+1)*len(attack)/pictures])})
		}
	}
	return parts
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
