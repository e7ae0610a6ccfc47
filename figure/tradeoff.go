package figure

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"mslora/eval"
	"mslora/internal/hint"
)

// tradeoff draws a panel for each data set, model and attack, with a point for each method: right is a success of the attack, up is a
// good classifier. Methods that were never poisoned stand in the panels of their attack. Rings are the paper's.
func tradeoff(runs []Run, _ string) (Figure, error) {
	all, err := groups(runs)
	if err != nil {
		return Figure{}, err
	}
	f := Figure{Width: 8.5 * vg.Centimeter, Height: 7 * vg.Centimeter}
	f.Table.Columns = slices.Concat(names, scoreColumns)
	var panels []*plot.Plot
	for _, panel := range besideHonest(all) {
		p := newPanel(trained(panel[0].row), "ASR (%)", "CACC (%)")
		gridLines(p)
		drawn := 0
		for _, g := range panel {
			if g.row.ASR == nil {
				continue
			}
			drawn++
			f.Table.add(append(g.names(), scores(g.row)...)...)
			name := name(g, panel)
			if err := f.dot(p, name, g.row.ASR.Mean, g.row.CACC.Mean); err != nil {
				return Figure{}, err
			}
			if g.row.Paper != nil {
				if err := f.paper(p, name, g.row.Paper.ASR, g.row.Paper.CACC); err != nil {
					return Figure{}, err
				}
			}
		}
		if drawn == 0 {
			continue
		}
		percent(&p.X)
		p.Y.Min, p.Y.Max = max(0, p.Y.Min-5), min(102, p.Y.Max+3)
		p.Y.Tick.Marker = wholeTicks(8)
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return Figure{}, hint.New("train on a set that `mslora poison` made", "none of the %d cells has poisoned test texts", len(runs))
	}
	shortenTitles(panels)
	f.Panels = grid(panels, 2)
	return f, tooMany(len(panels))
}

// name tells a group from those of its panel that are poisoned like it.
func name(g group, panel []group) string {
	alike := slices.DeleteFunc(slices.Clone(panel), func(other group) bool { return honest(other) != honest(g) })
	if honest(g) && !honest(panel[0]) {
		return g.title(alike) + ", " + eval.NeverPoisoned
	}
	return g.title(alike)
}

func honest(g group) bool { return g.row.Poison == eval.NeverPoisoned }

// besideHonest parts groups by what they were trained on. Those that were never poisoned come last in each part of their attack, or are
// one of their own if there is none.
func besideHonest(all []group) (panels [][]group) {
	attack := func(g group) string { return g.row.Dataset + "\n" + g.row.Model + "\n" + g.row.Attack }
	var never []group
	for _, panel := range partition(all, func(g group) string { return trained(g.row) }) {
		if honest(panel[0]) {
			never = append(never, panel...)
		} else {
			panels = append(panels, panel)
		}
	}
	for _, alone := range partition(never, attack) {
		found := false
		for i, panel := range panels {
			if attack(panel[0]) == attack(alone[0]) {
				panels[i], found = append(panel, alone...), true
			}
		}
		if !found {
			panels = append(panels, alone)
		}
	}
	return panels
}

// scoreColumns are those of scores.
var scoreColumns = []string{"cacc", "cacc_deviation", "asr", "asr_deviation", "floor", "paper_cacc", "paper_asr"}

// scores are the cells of a row's scores in a table: ours and the paper's.
func scores(row eval.Row) []any {
	asr, deviation, paperCACC, paperASR := math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if row.ASR != nil {
		asr, deviation = row.ASR.Mean, row.ASR.Deviation
	}
	if row.Paper != nil {
		paperCACC, paperASR = row.Paper.CACC, row.Paper.ASR
	}
	return []any{row.CACC.Mean, row.CACC.Deviation, asr, deviation, row.Floor.Mean, paperCACC, paperASR}
}

// attacked names a data set, a model and an attack.
func attacked(r eval.Row) string { return r.Dataset + ", " + r.Model + ", " + r.Attack }

// trained names them with the poison.
func trained(r eval.Row) string {
	text := attacked(r)
	if r.Poison != "" {
		text += " (" + r.Poison + ")"
	}
	return text
}

// partition puts groups of one key together, in their order.
func partition(all []group, key func(group) string) [][]group {
	places := map[string]int{}
	var parts [][]group
	for _, g := range all {
		at, ok := places[key(g)]
		if !ok {
			at = len(parts)
			places[key(g)] = at
			parts = append(parts, nil)
		}
		parts[at] = append(parts[at], g)
	}
	return parts
}

// dot adds a point to a panel, and its name to the legend.
func (f *Figure) dot(p *plot.Plot, name string, x, y float64) error {
	s, err := plotter.NewScatter(plotter.XYs{{X: x, Y: y}})
	if err != nil {
		return err
	}
	_, s.GlyphStyle = style(f.place(name))
	s.Radius = vg.Points(3.5)
	p.Add(s)
	f.explain(name, s)
	return nil
}

// paper adds a ring for what the paper tells, in the colour of the name that it belongs to.
func (f *Figure) paper(p *plot.Plot, name string, x, y float64) error {
	s, err := plotter.NewScatter(plotter.XYs{{X: x, Y: y}})
	if err != nil {
		return err
	}
	_, s.GlyphStyle = style(f.place(name))
	s.Radius, s.Shape = vg.Points(4.5), draw.RingGlyph{}
	p.Add(s)
	ring := *s
	ring.Color = grey
	f.ring = &ring
	return nil
}
