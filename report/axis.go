package report

import (
	"math"
	"strconv"
)

// axis maps values onto a stretch of the drawing. Its ends are ticks.
type axis struct {
	low, high, step float64
	from, to        float64 // where low and high are drawn
}

// newAxis covers low to high with round ticks, about so many.
func newAxis(low, high float64, about int) axis {
	if high-low < 1e-12 {
		high = low + 1
	}
	step := roundStep((high - low) / float64(about))
	return axis{low: math.Floor(low/step) * step, high: math.Ceil(high/step) * step, step: step}
}

// roundStep is the smallest of 1, 2 or 5 times a power of ten that is at least as large as step.
func roundStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= step*(1-1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// lossAxis starts at 0, which a loss has as its natural end.
func lossAxis(values []float64) axis {
	low, high := 0.0, 0.0
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return newAxis(low, high, 4)
}

// accuracyAxis zooms in, to four points at the closest, and never leaves 0 to 100.
func accuracyAxis(values []float64) axis {
	low, high := 100.0, 0.0
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	if missing := 4 - (high - low); missing > 0 {
		low = min(max(0, low-missing/2), 96)
		high = low + 4
	}
	a := newAxis(low, high, 4)
	a.low, a.high = max(0, a.low), min(100, a.high)
	return a
}

// epochAxis has whole numbers as ticks.
func epochAxis(first, last int) axis {
	a := axis{low: float64(first), high: float64(last), step: max(1, roundStep((float64(last)-float64(first))/8))}
	if first == last { // a single epoch stands in the middle
		a.low, a.high = a.low-0.5, a.high+0.5
	}
	return a
}

func (a axis) at(value float64) float64 {
	return a.from + (value-a.low)/(a.high-a.low)*(a.to-a.from)
}

// tick is a labelled place on an axis.
type tick struct{ At, Label string }

func (a axis) ticks() []tick {
	digits := int(max(0, -math.Floor(math.Log10(a.step)+1e-9)))
	var all []tick
	for i := math.Ceil(a.low/a.step - 1e-9); i*a.step <= a.high+a.step*1e-9; i++ {
		value := i*a.step + 0 // turns -0 into 0
		label := strconv.FormatFloat(value, 'f', digits, 64)
		if digits > 4 || math.Abs(a.high) >= 1e6 {
			label = strconv.FormatFloat(value, 'g', 3, 64)
		}
		all = append(all, tick{place(a.at(value)), label})
	}
	return all
}

// epochTicks are ticks at round epochs, and at the first one if it is far enough from them.
func (a axis) epochTicks() []tick {
	all := a.ticks()
	if first := math.Ceil(a.low); a.step > 1 && math.Ceil(a.low/a.step)*a.step-first >= a.step/2 {
		all = append([]tick{{place(a.at(first)), strconv.Itoa(int(first))}}, all...)
	}
	return all
}

// place writes a coordinate.
func place(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
