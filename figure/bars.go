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
}

// Plot draws the bars; it is plot.Plotter.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, left := range b.xs {
		if missing(b.ys[i]) || b.ys[i] <= p.Y.Min {
			continue
		}
		corners := []vg.Point{{X: x(left), Y: c.Min.Y}, {X: x(left), Y: y(b.ys[i])}, {X: x(left + b.width), Y: y(b.ys[i])}, {X: x(left + b.width), Y: c.Min.Y}}
		c.FillPolygon(b.color, c.ClipPolygonXY(corners))
		c.StrokeLines(draw.LineStyle{Color: color.Black, Width: vg.Points(0.3)}, c.ClipLinesXY(corners)...)
	}
}

// Thumbnail draws a bar for the legend; it is plot.Thumbnailer.
func (b bars) Thumbnail(c *draw.Canvas) {
	corners := []vg.Point{c.Min, {X: c.Min.X, Y: c.Max.Y}, c.Max, {X: c.Max.X, Y: c.Min.Y}}
	c.FillPolygon(b.color, corners)
	c.StrokeLines(draw.LineStyle{Color: color.Black, Width: vg.Points(0.3)}, append(corners, c.Min))
}
