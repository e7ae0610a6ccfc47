package fourier

import (
	"math"

	"mslora/internal/parallel"
)

// Measure is what one filter says of a mapping y that a classifier computes, beside the true mapping t. Norms are means over the
// texts of the norms of their rows.
type Measure struct {
	LFR float64 // low-frequency ratio |y_low| / |y| (Eq. 1)
	HFR float64 // high-frequency ratio |y_high| / |y|
	// The relative errors |y_low - t_low| / |t_low| and |y_high - t_high| / |t_high| (Eq. 2). An error is infinite where the true
	// mapping has no such part: that of poisoned texts, which all have the target label, has no high part.
	LowError, HighError float64
}

// Mapping is a set of texts with their true labels, ready to be measured with several filters.
type Mapping struct {
	filters []Filter
	truth   [][][]float64 // [2 * width] low and high parts of the one-hot labels
	threads int
}

// NewMapping prepares n texts with input embeddings vectors [n] and labels [n] below classes, for filters of the given widths.
func NewMapping(vectors [][]float32, labels []int, classes int, kernel Kernel, widths []float64, threads int) *Mapping {
	truth := make([][]float64, len(labels))
	for i, label := range labels {
		truth[i] = make([]float64, classes)
		truth[i][label] = 1
	}
	m := &Mapping{truth: make([][][]float64, 2*len(widths)), threads: threads}
	distances := Distances(vectors, threads)
	for i, width := range widths {
		filter := NewFilter(distances, kernel, width, threads)
		m.filters = append(m.filters, filter)
		m.truth[2*i], m.truth[2*i+1] = filter.Split(truth)
	}
	return m
}

// Measure gives the measures of the classifier's probabilities y [n][classes], one for each width.
func (m *Mapping) Measure(y [][]float64) []Measure {
	measures := make([]Measure, len(m.filters))
	whole := meanNorm(y)
	parallel.For(m.threads, len(m.filters), func(i int) {
		low, high := m.filters[i].Split(y)
		trueLow, trueHigh := m.truth[2*i], m.truth[2*i+1]
		measures[i] = Measure{
			LFR: meanNorm(low) / whole, HFR: meanNorm(high) / whole,
			LowError: relative(low, trueLow), HighError: relative(high, trueHigh),
		}
	})
	return measures
}

// relative is the relative error of a part y of a mapping, whose true part is t.
func relative(y, t [][]float64) float64 {
	difference := make([][]float64, len(y))
	for i := range y {
		difference[i] = make([]float64, len(y[i]))
		for class := range y[i] {
			difference[i][class] = y[i][class] - t[i][class]
		}
	}
	norm := meanNorm(t)
	if norm == 0 {
		return math.Inf(1)
	}
	return meanNorm(difference) / norm
}

// meanNorm is the mean of the Euclidean norms of the rows.
func meanNorm(rows [][]float64) float64 {
	sum := 0.0
	for _, row := range rows {
		square := 0.0
		for _, value := range row {
			square += value * value
		}
		sum += math.Sqrt(square)
	}
	return sum / float64(len(rows))
}
