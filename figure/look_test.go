package figure

import (
	"fmt"
	"slices"
	"testing"

	"gonum.org/v1/plot"
)

// Labels of ticks do not touch.
func TestApart(t *testing.T) {
	ticks := []plot.Tick{{Label: "1e-4"}, {Label: "2e-4"}, {Label: "3e-4"}, {Label: "0.001"}}
	apart(ticks, []float64{0.04, 0.05, 0.3, 0.96}, axisWidth)
	var labels []string
	for _, tick := range ticks {
		labels = append(labels, tick.Label)
	}
	if want := []string{"1e-4", "", "3e-4", "0.001"}; !slices.Equal(labels, want) {
		t.Errorf("labels %q, want %q", labels, want)
	}
	for value, want := range map[float64]string{0: "0", 1e-5: "1e-5", 0.0001: "1e-4", 0.00025: "2.5e-4", 0.001: "0.001", 0.1: "0.1", 100: "100", 1e-12: "1e-12"} {
		if got := number(value); got != want {
			t.Errorf("%v is %s, want %s", value, got, want)
		}
	}
}

// As many lines as a panel may have all look different, and so do their points.
func TestStyles(t *testing.T) {
	lines, points := map[string]int{}, map[string]int{}
	for i := range mostLines {
		line, point := style(i)
		lines[fmt.Sprint(line.Color, line.Dashes)]++
		points[fmt.Sprintf("%v %T %[2]v", point.Color, point.Shape)]++
	}
	if len(lines) != mostLines || len(points) != mostLines {
		t.Errorf("%d looks of %d lines, %d of their points", len(lines), mostLines, len(points))
	}
}
