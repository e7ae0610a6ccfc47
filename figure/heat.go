package figure

import (
	"image"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The ends of the colour scale of relative errors, as in the paper; what is beyond has the colour of the end.
const smallestError, largestError = 0.1, 1

var errorTicks = []float64{0.1, 0.3, 0.5, 0.7, 0.9, 1}

// errorColor goes from dark, a small error, to light; its lightness alone tells, in print and whatever colours a reader sees. An error
// that is none, since the true mapping has no such part, is grey.
func errorColor(value float64) color.Color {
	if missing(value) {
		return color.RGBA{190, 190, 190, 255}
	}
	scale := moreland.ExtendedBlackBody()
	scale.SetMin(smallestError)
	scale.SetMax(largestError + 0.1) // above it is white, which would be taken for nothing
	c, err := scale.At(max(smallestError, min(largestError, value)))
	if err != nil {
		panic(err) // the value is within the scale
	}
	return c
}

// heat is an image of rows of cells, the first at the bottom, from x = low to high and y = 0 to the number of rows.
type heat struct {
	rows      [][]float64
	low, high float64
}

// Plot draws the image; it is plot.Plotter.
func (h heat) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	columns := len(h.rows[0])
	wide, tall := max(1, min(24, 2000/columns)), max(1, min(60, 240/len(h.rows))) // pixels of a cell: viewers that smooth blur its edge alone
	picture := image.NewRGBA(image.Rect(0, 0, wide*columns, tall*len(h.rows)))
	for i, row := range h.rows {
		for k, value := range row {
			cell := errorColor(value)
			for dx := range wide {
				for dy := range tall {
					picture.Set(k*wide+dx, (len(h.rows)-1-i)*tall+dy, cell)
				}
			}
		}
	}
	left, right, bottom, top := x(h.low), x(h.high), y(0), y(float64(len(h.rows)))
	c.DrawImage(vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: right, Y: top}}, picture)
	frame := []vg.Point{{X: left, Y: bottom}, {X: left, Y: top}, {X: right, Y: top}, {X: right, Y: bottom}, {X: left, Y: bottom}}
	c.StrokeLines(draw.LineStyle{Color: color.Black, Width: vg.Points(0.5)}, frame)
}

// errorRows are the rows of a heat map from the bottom, as in the paper.
var errorRows = []struct {
	name string
	pick func(point) float64
}{
	{"Backdoor Low", func(p point) float64 { return p.backdoor.low }},
	{"Clean Low", func(p point) float64 { return p.clean.low }},
	{"Backdoor High", func(p point) float64 { return p.backdoor.high }},
	{"Clean High", func(p point) float64 { return p.clean.high }},
}

// relativeErrors draws a heat map of the relative errors (Eq. 2) of each group.
func relativeErrors(runs []Run, _ string) (Figure, error) {
	all, err := analyses(runs)
	if err != nil {
		return Figure{}, err
	}
	f := Figure{Width: 12 * vg.Centimeter, Height: 3.6 * vg.Centimeter, Scale: errorScale()}
	f.Table.Columns = slices.Concat(names, measured, []string{"step", "epoch", "backdoor_low", "clean_low", "backdoor_high", "clean_high"})
	var panels []*plot.Plot
	for _, a := range all {
		p := newPanel(a.title(groupsOf(all)), "Epoch", "")
		h := heat{high: math.Ceil(a.points[len(a.points)-1].position)}
		for _, row := range errorRows {
			var values []float64
			for _, one := range a.points {
				values = append(values, row.pick(one))
			}
			h.rows = append(h.rows, values)
		}
		for _, one := range a.points {
			cells := append(a.names(), one.step, one.position)
			for _, row := range errorRows {
				cells = append(cells, row.pick(one))
			}
			f.Table.add(cells...)
		}
		p.Add(h)
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, h.high, 0, float64(len(errorRows))
		p.X.Tick.Marker, p.Y.Tick.Marker = wholeTicks(10), rowNames()
		p.Y.LineStyle.Width, p.Y.Tick.Length = 0, 0
		panels = append(panels, p)
	}
	shortenTitles(panels)
	f.Panels = grid(panels, 1)
	return f, nil
}

func rowNames() plot.Ticker {
	var ticks plot.ConstantTicks
	for i, row := range errorRows {
		ticks = append(ticks, plot.Tick{Value: float64(i) + 0.5, Label: row.name})
	}
	return ticks
}

// errorScale is the legend of colours.
func errorScale() *plot.Plot {
	p := newPanel("Relative error", "", "")
	const steps = 90
	h := heat{high: 1}
	for i := range steps {
		h.rows = append(h.rows, []float64{smallestError + (largestError-smallestError)*(float64(i)+0.5)/steps})
	}
	p.Add(h)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, steps
	p.HideX()
	var ticks plot.ConstantTicks
	for _, v := range errorTicks {
		ticks = append(ticks, plot.Tick{Value: (v - smallestError) / (largestError - smallestError) * steps, Label: number(v)})
	}
	p.Y.Tick.Marker = ticks
	return p
}
