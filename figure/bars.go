package figure

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// bars are rectangles that stand on the bottom of the panel, which a logarithmic axis has no 0 for.
type bars struct {
	xs, ys []float64 // left ends and heights
	width  float64   // on the x axis
	color  color.Color
	hatch  bool // with lines across
}

// Plot draws the bars; it is plot.Plotter.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, left := range b.xs {
		if missing(b.ys[i]) || b.ys[i] <= p.Y.Min {
			continue
		}
		corners := []vg.Point{{X: x(left), Y: c.Min.Y}, {X: x(left), Y: y(b.ys[i])}, {X: x(left + b.width), Y: y(b.ys[i])}, {X: x(left + b.width), Y: c.Min.Y}}
		b.fill(&c, c.ClipPolygonXY(corners))
		c.StrokeLines(draw.LineStyle{Color: color.Black, Width: vg.Points(0.3)}, c.ClipLinesXY(corners)...)
	}
}

// Thumbnail draws a bar for the legend; it is plot.Thumbnailer.
func (b bars) Thumbnail(c *draw.Canvas) {
	corners := []vg.Point{c.Min, {X: c.Min.X, Y: c.Max.Y}, c.Max, {X: c.Max.X, Y: c.Min.Y}}
	b.fill(c, corners)
	c.StrokeLines(draw.LineStyle{Color: color.Black, Width: vg.Points(0.3)}, append(corners, c.Min))
}

// fill fills a rectangle, and lays the hatching over it.
func (b bars) fill(c *draw.Canvas, corners []vg.Point) {
	c.FillPolygon(b.color, corners)
	if !b.hatch || len(corners) == 0 {
		return
	}
	low, high := corners[0], corners[0]
	for _, p := range corners {
		low, high = vg.Point{X: min(low.X, p.X), Y: min(low.Y, p.Y)}, vg.Point{X: max(high.X, p.X), Y: max(high.Y, p.Y)}
	}
	var lines vg.Path // one path: a picture may have thousands of lines
	const apart = 3.5 // points
	for y := low.Y - (high.X - low.X) + vg.Points(apart/2); y < high.Y; y += vg.Points(apart) {
		left, right := max(0, low.Y-y), min(high.X-low.X, high.Y-y) // where the line, which rises as it goes right, is in the rectangle
		lines.Move(vg.Point{X: low.X + left, Y: y + left})
		lines.Line(vg.Point{X: low.X + right, Y: y + right})
	}
	c.SetLineStyle(draw.LineStyle{Color: color.Black, Width: vg.Points(0.6)})
	c.Stroke(lines)
}
