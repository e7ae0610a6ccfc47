package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// ratioBars are the four bars of an epoch, from the left. Colours tell the mappings apart, also in grey, and hatching the parts.
var ratioBars = []struct {
	name  string
	color color.RGBA
	hatch bool
	pick  func(point) float64
}{
	{"LFR, clean", blue, false, func(p point) float64 { return p.clean.lfr }},
	{"LFR, backdoor", orange, false, func(p point) float64 { return p.backdoor.lfr }},
	{"HFR, clean", blue, true, func(p point) float64 { return p.clean.hfr }},
	{"HFR, backdoor", orange, true, func(p point) float64 { return p.backdoor.hfr }},
}

// ratios draws LFR and HFR of both mappings (Eq. 1) as bars, means over the points of each epoch, on a logarithmic axis.
func ratios(runs []Run, _ string) (Figure, error) {
	all, err := analyses(runs)
	if err != nil {
		return Figure{}, err
	}
	f := Figure{Width: 9.5 * vg.Centimeter, Height: 6 * vg.Centimeter}
	f.Table.Columns = slices.Concat(names, measured, []string{"epoch", "clean_lfr", "backdoor_lfr", "clean_hfr", "backdoor_hfr"})
	var panels []*plot.Plot
	lowest := 1.0
	for _, a := range all {
		p := newPanel(a.title(groupsOf(all)), "Epoch", "Ratio")
		gridLines(p)
		epochs := a.byEpoch()
		var heights [][]float64 // of each bar, by epoch
		for i, bar := range ratioBars {
			b := bars{width: 0.2, color: bar.color, hatch: bar.hatch}
			for k, points := range epochs {
				mean := 0.0
				for _, one := range points {
					mean += bar.pick(one) / float64(len(points))
				}
				b.xs, b.ys = append(b.xs, float64(k+1)-0.4+0.2*float64(i)), append(b.ys, mean)
				if mean > 0 {
					lowest = min(lowest, mean)
				}
			}
			p.Add(b)
			f.explain(bar.name, b)
			heights = append(heights, b.ys)
		}
		for k := range epochs {
			f.Table.add(append(a.names(), k+1, heights[0][k], heights[1][k], heights[2][k], heights[3][k])...)
		}
		p.X.Min, p.X.Max = 0.4, float64(len(epochs))+0.6
		p.X.Tick.Marker = wholeTicks(10)
		panels = append(panels, p)
	}
	bottom := math.Pow(10, math.Floor(math.Log10(lowest)))
	for _, p := range panels {
		p.Y.Min, p.Y.Max = bottom, 1
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, powers()
	}
	shortenTitles(panels)
	f.Panels = grid(panels, 2)
	return f, nil
}

// byEpoch parts the points.
func (a analysis) byEpoch() [][]point {
	var epochs [][]point
	for _, p := range a.points {
		for len(epochs) < p.epoch {
			epochs = append(epochs, nil)
		}
		epochs[p.epoch-1] = append(epochs[p.epoch-1], p)
	}
	return epochs
}

func groupsOf(all []analysis) []group {
	gs := make([]group, len(all))
	for i, a := range all {
		gs[i] = a.group
	}
	return gs
}

// powers are the ticks of a logarithmic axis of ratios: powers of ten up to 1.
func powers() plot.Ticker {
	return plot.TickerFunc(func(low, high float64) []plot.Tick {
		var ticks []plot.Tick
		bottom := int(math.Round(math.Log10(low)))
		for power := 0; power >= bottom; power-- {
			tick := plot.Tick{Value: math.Pow(10, float64(power))}
			if power%max(1, (-bottom+5)/6) == 0 {
				tick.Label = fmt.Sprintf("1e%d", power)
			}
			if power >= -3 && tick.Label != "" {
				tick.Label = number(tick.Value)
			}
			ticks = append(ticks, tick)
		}
		return ticks
	})
}
