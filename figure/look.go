package figure

import (
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The colours of Okabe and Ito, which people tell apart whatever colours they see. Lines differ in dashes and points in shape, too,
// and neighbouring bars in lightness, so that figures can be read in grey.
var (
	blue   = color.RGBA{0, 114, 178, 255}
	red    = color.RGBA{213, 94, 0, 255}
	green  = color.RGBA{0, 158, 115, 255}
	purple = color.RGBA{204, 121, 167, 255}
	orange = color.RGBA{230, 159, 0, 255}
	sky    = color.RGBA{86, 180, 233, 255}
	grey   = color.RGBA{110, 110, 110, 255}

	colors = []color.RGBA{blue, red, green, purple, orange, sky, {A: 255}}
	dashes = [][]vg.Length{nil, {5, 2}, {1.5, 1.5}, {6, 2, 1.5, 2}, {3, 1}}
	shapes = []draw.GlyphDrawer{
		draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, cross, plus, square, triangle,
	}
	cross    = strokes{{{X: -0.8, Y: -0.8}, {X: 0.8, Y: 0.8}}, {{X: -0.8, Y: 0.8}, {X: 0.8, Y: -0.8}}}
	plus     = strokes{{{X: -1.1}, {X: 1.1}}, {{Y: -1.1}, {Y: 1.1}}}
	square   = strokes{{{X: -0.8, Y: -0.8}, {X: 0.8, Y: -0.8}, {X: 0.8, Y: 0.8}, {X: -0.8, Y: 0.8}, {X: -0.8, Y: -0.8}}}
	triangle = strokes{{{X: -0.95, Y: -0.7}, {X: 0.95, Y: -0.7}, {Y: 0.95}, {X: -0.95, Y: -0.7}}}
)

// strokes is a shape of lines, in units of its radius. Those of the library are so thin that light colours are not seen.
type strokes [][]vg.Point

// DrawGlyph is draw.GlyphDrawer's.
func (s strokes) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	for _, line := range s {
		placed := make([]vg.Point, len(line))
		for i, p := range line {
			placed[i] = at.Add(p.Scale(style.Radius))
		}
		c.StrokeLines(draw.LineStyle{Color: style.Color, Width: vg.Points(1)}, placed)
	}
}

// style is the look of the i-th of several lines. Where colours begin again, each goes with another shape.
func style(i int) (draw.LineStyle, draw.GlyphStyle) {
	c := colors[i%len(colors)]
	return draw.LineStyle{Color: c, Width: vg.Points(1.3), Dashes: dashes[i%len(dashes)]},
		draw.GlyphStyle{Color: c, Radius: vg.Points(2.2), Shape: shapes[(i+i/len(colors))%len(shapes)]}
}

const (
	titleSize = 8.5 // points
	labelSize = 8
	tickSize  = 7
)

func sized(f *font.Font, points float64) {
	*f = font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, vg.Points(points))
}

// newPanel makes an empty plot in the look of all figures.
func newPanel(title, x, y string) *plot.Plot {
	p := plot.New()
	sized := func(f *font.Font, points float64) {
		*f = font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, vg.Points(points))
	}
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(3)
	sized(&p.Title.TextStyle.Font, titleSize)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		sized(&axis.Label.TextStyle.Font, labelSize)
		sized(&axis.Tick.Label.Font, tickSize)
		axis.LineStyle.Width, axis.Tick.LineStyle.Width = vg.Points(0.6), vg.Points(0.6)
		axis.Tick.Length = vg.Points(3)
	}
	return p
}

// gridLines draws faint lines at the ticks, below what is added after.
func gridLines(p *plot.Plot) {
	g := plotter.NewGrid()
	g.Vertical.Width = 0
	g.Horizontal.Color, g.Horizontal.Width = color.RGBA{225, 225, 225, 255}, vg.Points(0.5)
	p.Add(g)
}

// line adds the finite points of a line to a panel, and its name to the legend.
func (f *Figure) line(p *plot.Plot, name string, xs, ys []float64) error {
	var points plotter.XYs
	for k := range xs {
		if !missing(ys[k]) {
			points = append(points, plotter.XY{X: xs[k], Y: ys[k]})
		}
	}
	if len(points) == 0 {
		return nil
	}
	l, s, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	l.LineStyle, s.GlyphStyle = style(f.place(name))
	p.Add(l, s)
	f.explain(name, l, s)
	return nil
}

// deviations adds a bar of the sample standard deviation to each point.
func (f *Figure) deviations(p *plot.Plot, name string, xs, ys, deviation []float64) error {
	data := struct {
		plotter.XYs
		plotter.YErrors
	}{}
	for k := range xs {
		if deviation[k] > 0 && !missing(ys[k]) {
			data.XYs = append(data.XYs, plotter.XY{X: xs[k], Y: ys[k]})
			data.YErrors = append(data.YErrors, struct{ Low, High float64 }{deviation[k], deviation[k]})
		}
	}
	if len(data.XYs) == 0 {
		return nil
	}
	bars, err := plotter.NewYErrorBars(data)
	if err != nil {
		return err
	}
	bars.LineStyle, _ = style(f.place(name))
	bars.Dashes = nil
	p.Add(bars)
	return nil
}

// wholeTicks are at whole numbers, a handful of them.
func wholeTicks(most int) plot.Ticker {
	return plot.TickerFunc(func(low, high float64) []plot.Tick {
		step := max(1, int(math.Ceil((high-low)/float64(most))))
		var ticks []plot.Tick
		for v := int(math.Ceil(low)); v <= int(math.Floor(high)); v++ {
			if v%step == 0 {
				ticks = append(ticks, plot.Tick{Value: float64(v), Label: number(float64(v))})
			}
		}
		return ticks
	})
}

// number is a tick's label. One of many zeros has an exponent.
func number(v float64) string {
	if v != 0 && math.Abs(v) < 0.001 {
		return strings.Replace(strconv.FormatFloat(v, 'e', -1, 64), "e-0", "e-", 1)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// apart leaves out labels that would touch the one before, on an axis that is so wide; places are their shares of it. The ticks stay.
func apart(ticks []plot.Tick, places []float64, width vg.Length) {
	end := math.Inf(-1)
	for i := range ticks {
		half := float64(len([]rune(ticks[i].Label))) * tickSize * 0.56 / 2 // digits are that wide
		at := places[i] * width.Points()
		if at-half < end+2 {
			ticks[i].Label = ""
			continue
		}
		end = at + half
	}
}

// percent is an axis from 0 to 100 percent.
func percent(axis *plot.Axis) {
	axis.Min, axis.Max = 0, 102
	var ticks plot.ConstantTicks
	for v := 0.0; v <= 100; v += 20 {
		ticks = append(ticks, plot.Tick{Value: v, Label: number(v)})
	}
	axis.Tick.Marker = ticks
}
