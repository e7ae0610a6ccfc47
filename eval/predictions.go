package eval

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"

	"mslora/internal/atomicfile"
)

// Prediction is one line of predictions.csv.
type Prediction struct {
	Split     string // test-clean or test-poison
	Index     int    // row of the split's file, from 0
	Label     int    // what the file says
	Predicted int
	Logits    []float32 // one for each class
}

// WritePredictions replaces path by a CSV table of all predictions; equal predictions give equal bytes.
func WritePredictions(path string, predictions []Prediction, classes int) error {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	header := []string{"split", "index", "label", "predicted"}
	for c := range classes {
		header = append(header, fmt.Sprintf("logit_%d", c))
	}
	w.Write(header)
	for _, p := range predictions {
		record := []string{p.Split, strconv.Itoa(p.Index), strconv.Itoa(p.Label), strconv.Itoa(p.Predicted)}
		for _, logit := range p.Logits {
			record = append(record, strconv.FormatFloat(float64(logit), 'g', -1, 32))
		}
		w.Write(record)
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, text.Bytes(), 0o644)
}
