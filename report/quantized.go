package report

import (
	"fmt"
	"strconv"
)

// Quantized is how the file with int8 weights does beside the float32 classifier.
type Quantized struct {
	File                string // its path in the classifier's folder
	Bytes, Float32Bytes int64  // of it, and of the float32 ONNX file
	Splits              []QuantizedSplit
}

// QuantizedSplit compares both on one part of the data.
type QuantizedSplit struct {
	Name                      string
	Texts                     int
	Accuracy, Float32Accuracy float64 // percent
	Same                      int     // texts with the same label from both
	Speed, Float32Speed       float64 // texts a second, reading and loading left out
}

// SameLabels is the share of texts with the same label from both, in percent.
func (s QuantizedSplit) SameLabels() float64 { return 100 * float64(s.Same) / float64(s.Texts) }

// check finds impossible numbers.
func (q Quantized) check() error {
	for _, s := range q.Splits {
		percents := s.Accuracy >= 0 && s.Accuracy <= 100 && s.Float32Accuracy >= 0 && s.Float32Accuracy <= 100
		if !percents || s.Texts < 1 || s.Same < 0 || s.Same > s.Texts || !(s.Speed >= 0) || !(s.Float32Speed >= 0) {
			return fmt.Errorf("quantized, split %q: its numbers are impossible: %+v", s.Name, s)
		}
	}
	return nil
}

// megabytes shows a size in millions of bytes.
func megabytes(bytes int64) string { return strconv.FormatFloat(float64(bytes)/1e6, 'f', 1, 64) }

// whole shows a number without decimals.
func whole(x float64) string { return strconv.FormatFloat(x, 'f', 0, 64) }
