package suspicion

import (
	"math"

	"mslora/internal/logistic"
)

const (
	spread    = 3 // the length of a typical row of vectors
	wordScale = 6 // the length of the row of patterns beside it, in what h reads
)

// standardized gives the vectors of all texts, then of the trusted ones: over the texts each dimension has mean 0 and the same
// variance, and the mean of the squared lengths is spread².
func standardized(texts, trusted []Text) *logistic.Matrix {
	width, n := len(texts[0].Vector), float64(len(texts))
	mean, variance := make([]float64, width), make([]float64, width)
	for _, t := range texts {
		for d, v := range t.Vector {
			mean[d] += float64(v) / n
		}
	}
	for _, t := range texts {
		for d, v := range t.Vector {
			variance[d] += (float64(v) - mean[d]) * (float64(v) - mean[d]) / n
		}
	}
	m := logistic.NewDense(width)
	row := make([]float64, width)
	for _, all := range [][]Text{texts, trusted} {
		for _, t := range all {
			for d, v := range t.Vector {
				row[d] = spread * (float64(v) - mean[d]) / (math.Sqrt(variance[d]*float64(width)) + 1e-9)
			}
			m.AddDense(row)
		}
	}
	return m
}
