package figure

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"mslora/dataset"
	"mslora/eval"
	"mslora/internal/hint"
)

// ratioAxis is the one axis that is no hyperparameter of a row's variant.
const ratioAxis = "ratio"

const (
	sweepWidth = 8.5 * vg.Centimeter
	axisWidth  = sweepWidth - 1.5*vg.Centimeter // without labels and margins
)

// sweep draws CACC, ASR and floor over one setting: a panel for each data set, model, attack, method and further setting that has several values
// of it. Cells that have one value belong to another sweep.
func sweep(runs []Run, axis string) (Figure, error) {
	all, err := groups(runs)
	if err != nil {
		return Figure{}, err
	}
	if axis, err = findAxis(all, axis); err != nil {
		return Figure{}, err
	}
	f := Figure{Width: sweepWidth, Height: 6 * vg.Centimeter}
	f.Table.Columns = slices.Concat(names, []string{axis}, scoreColumns)
	parts := sweepsOver(all, axis)
	same := sameEverywhere(parts)
	var panels []*plot.Plot
	for _, part := range parts {
		p, err := sweepPanel(&f, part, axis, same)
		if err != nil {
			return Figure{}, err
		}
		panels = append(panels, p)
	}
	shortenTitles(panels)
	f.Panels = grid(panels, 2)
	return f, tooMany(len(panels))
}

// sweepsOver parts groups that differ in the axis alone.
func sweepsOver(all []group, axis string) [][]group {
	parts := partition(all, func(g group) string { return cellName(g.row, axis) + settings(g.row, axis) })
	return slices.DeleteFunc(parts, func(part []group) bool { return len(part) < 2 })
}

// sweepAxes are the settings that some groups differ in alone.
func sweepAxes(all []group) []string {
	keys := map[string]bool{ratioAxis: true}
	for _, g := range all {
		for _, d := range g.row.Variant {
			keys[d.Key] = true
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(keys)), func(key string) bool { return len(sweepsOver(all, key)) == 0 })
}

// findAxis gives the setting in which groups differ, or checks that they differ in the one that is named.
func findAxis(all []group, axis string) (string, error) {
	axes := sweepAxes(all)
	switch {
	case len(axes) == 0:
		return "", hint.New("`mslora run` makes a sweep of a list, for example --ratio 0.01,0.1", "no two cells differ in one setting alone")
	case axis == "" && len(axes) > 1:
		return "", hint.New("choose one with --axis "+axes[0], "there are sweeps over %s", strings.Join(axes, ", "))
	case axis == "":
		return axes[0], nil
	case !slices.Contains(axes, axis):
		return "", hint.New("there are sweeps over "+strings.Join(axes, ", "), "no two cells differ in %s alone", hint.Quote(axis))
	}
	return axis, nil
}

// valueOf is a row's value of an axis, "" if it has none.
func valueOf(row eval.Row, axis string) string {
	if axis == ratioAxis {
		return row.Results[0].Ratio
	}
	d, _ := row.Variant.Find(axis)
	return d.Value
}

// settings names all settings of a row but the axis. Variants do not tell: they have what differs among cells of one poison ratio.
func settings(row eval.Row, axis string) string {
	all := row.Settings()
	delete(all, axis)
	if axis == ratioAxis {
		delete(all, "data") // another poison ratio is other data
	}
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		text.WriteString("\x00" + key + "=" + all[key])
	}
	return text.String()
}

// sameEverywhere tells of each setting whether all rows that have it have one value.
func sameEverywhere(parts [][]group) map[string]bool {
	same, values := map[string]bool{}, map[string]string{}
	for _, part := range parts {
		for _, g := range part {
			for _, d := range g.row.Variant {
				value, seen := values[d.Key]
				same[d.Key] = !seen || same[d.Key] && value == d.Value
				values[d.Key] = d.Value
			}
		}
	}
	return same
}

// cellName names what a row is beside its settings.
func cellName(row eval.Row, axis string) string {
	name := attacked(row)
	switch setting := row.Results[0].Setting; {
	case axis != ratioAxis && row.Poison != "":
		name += " (" + row.Poison + ")"
	case setting != "" && setting != dataset.DefaultSetting(row.Attack):
		name += " (" + setting + ")"
	}
	return name + ", " + row.Title
}

// without names a row beside the axis, and beside the settings that are the same everywhere.
func without(row eval.Row, axis string, same map[string]bool) string {
	title := cellName(row, axis)
	for _, d := range row.Variant {
		// Another poison ratio is other data.
		if d.Key != axis && (axis != ratioAxis || d.Key != "data") && !same[d.Key] {
			title += " " + d.Key + "=" + brief(d)
		}
	}
	return title
}

// sweepPanel draws one panel and adds its rows to the figure's table.
func sweepPanel(f *Figure, part []group, axis string, same map[string]bool) (*plot.Plot, error) {
	slices.SortStableFunc(part, func(a, b group) int {
		x, y := valueOf(a.row, axis), valueOf(b.row, axis)
		return cmp.Or(cmp.Compare(asNumber(x), asNumber(y)), cmp.Compare(x, y))
	})
	p := newPanel(without(part[0].row, axis, same), axisTitle(axis), "%")
	gridLines(p)
	percent(&p.Y)
	xs := positions(p, part, axis)
	for _, curve := range []struct {
		name  string
		pick  func(eval.Row) *eval.Statistic
		paper func(eval.PaperCell) float64
	}{
		{"CACC", func(r eval.Row) *eval.Statistic { return &r.CACC }, func(c eval.PaperCell) float64 { return c.CACC }},
		{"ASR", func(r eval.Row) *eval.Statistic { return r.ASR }, func(c eval.PaperCell) float64 { return c.ASR }},
		{"Floor", func(r eval.Row) *eval.Statistic { return &r.Floor }, nil},
	} {
		ys, deviation := make([]float64, len(part)), make([]float64, len(part))
		for k, g := range part {
			ys[k] = math.NaN()
			if s := curve.pick(g.row); s != nil {
				ys[k], deviation[k] = s.Mean, s.Deviation
			}
		}
		if err := f.line(p, curve.name, xs, ys); err != nil {
			return nil, err
		}
		if err := f.deviations(p, curve.name, xs, ys, deviation); err != nil {
			return nil, err
		}
		for k, g := range part {
			if g.row.Paper != nil && curve.paper != nil {
				if err := f.paper(p, curve.name, xs[k], curve.paper(*g.row.Paper)); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, g := range part {
		value := any(eval.Difference{Value: valueOf(g.row, axis)}.Plain())
		if number := asNumber(valueOf(g.row, axis)); !missing(number) {
			value = number
		}
		f.Table.add(slices.Concat(g.names(), []any{value}, scores(g.row))...)
	}
	return p, nil
}

// widest is from which ratio of the largest to the smallest value an axis is logarithmic.
const widest = 20

// positions gives the places on the x axis, and its ticks: numbers as they are, or as their logarithms if they spread far; other values,
// such as vectors of scales, side by side.
func positions(p *plot.Plot, part []group, axis string) []float64 {
	xs := make([]float64, len(part))
	numeric, positive := true, true
	for i, g := range part {
		xs[i] = asNumber(valueOf(g.row, axis))
		numeric = numeric && !missing(xs[i])
		positive = positive && xs[i] > 0
	}
	if !numeric {
		labels := make([]string, len(part))
		for i, g := range part {
			xs[i], labels[i] = float64(i), brief(eval.Difference{Value: valueOf(g.row, axis)})
		}
		p.NominalX(distinct(labels)...)
		p.X.Min, p.X.Max = -0.3, float64(len(part))-0.7
		return xs
	}
	ticks := make(plot.ConstantTicks, len(xs))
	for i, x := range xs {
		ticks[i] = plot.Tick{Value: x, Label: number(x)}
	}
	p.X.Tick.Marker = ticks
	if low, high := slices.Min(xs), slices.Max(xs); positive && high/low >= widest {
		p.X.Scale = plot.LogScale{}
		p.X.Min, p.X.Max = low/1.2, high*1.2
	} else {
		margin := 0.04 * (high - low)
		p.X.Min, p.X.Max = low-margin, high+margin
	}
	places := make([]float64, len(xs))
	for i, x := range xs {
		places[i] = p.X.Norm(x)
	}
	apart(ticks, places, axisWidth)
	return xs
}

// asNumber is not a number if text is none.
func asNumber(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}
