package figure

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// entry is a line of the legend, which stands above all panels.
type entry struct {
	name  string // in full
	looks []plot.Thumbnailer
}

// explain adds an entry to the legend, once for each name.
func (f *Figure) explain(name string, looks ...plot.Thumbnailer) {
	if !slices.ContainsFunc(f.legend, func(e entry) bool { return e.name == name }) {
		f.legend = append(f.legend, entry{name, looks})
	}
}

// place is that of a name in the legend, if it is drawn next. It decides the look, so that a name looks alike in all panels.
func (f *Figure) place(name string) int {
	if i := slices.IndexFunc(f.legend, func(e entry) bool { return e.name == name }); i >= 0 {
		return i
	}
	return len(f.legend)
}

const (
	legendLine  = 5 * vg.Millimeter
	legendEntry = 4.2 * vg.Centimeter // so wide is an entry with a short name
)

// legendNames are what the legend shows of its names.
func (f Figure) legendNames() []string {
	names := make([]string, len(f.legend))
	for i, e := range f.legend {
		names[i] = e.name
	}
	return distinct(names)
}

// legendColumns is how many entries stand side by side in a width.
func (f Figure) legendColumns(width vg.Length) int {
	longest := 0
	for _, name := range f.legendNames() {
		longest = max(longest, len([]rune(name)))
	}
	entry := legendEntry * max(1, vg.Length(longest)/22)
	return max(1, min(len(f.legend), int(width/entry)))
}

// legendHeight is what the legend takes of a picture of a width.
func (f Figure) legendHeight(width vg.Length) vg.Length {
	if len(f.legend) == 0 {
		return 0
	}
	columns := f.legendColumns(width)
	return legendLine*vg.Length((len(f.legend)+columns-1)/columns) + 2*vg.Millimeter
}

// drawLegend draws the legend at the top of a canvas.
func (f Figure) drawLegend(c draw.Canvas) {
	width := c.Max.X - c.Min.X
	columns, names := f.legendColumns(width), f.legendNames()
	for i, e := range f.legend {
		left, top := vg.Length(i%columns)*width/vg.Length(columns), legendLine*vg.Length(i/columns)
		l := plot.NewLegend()
		sized(&l.TextStyle.Font, labelSize)
		l.Top, l.Left, l.ThumbnailWidth = true, true, vg.Points(18)
		l.Add(names[i], e.looks...)
		l.Draw(draw.Crop(c, left, 0, 0, -top))
	}
}
