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

// WritePredictions replaces path by a CSV table of all predictions; equal predictions give equal bytes. Each
// logit has as many digits as it takes to read the same float32 again.
func WritePredictions(path string, predictions []Prediction, classes int) error {
	text, err := formatPredictions(predictions, classes)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.WriteFile(path, text, 0o644)
}

func formatPredictions(predictions []Prediction, classes int) ([]byte, error) {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	header := []string{"split", "index", "label", "predicted"}
	for c := range classes {
		header = append(header, fmt.Sprintf("logit_%d", c))
	}
	w.Write(header)
	for _, p := range predictions {
		if len(p.Logits) != classes {
			return nil, fmt.Errorf("%s text %d has %d logits, expected %d", p.Split, p.Index, len(p.Logits), classes)
		}
		record := []string{p.Split, strconv.Itoa(p.Index), strconv.Itoa(p.Label), strconv.Itoa(p.Predicted)}
		for _, logit := range p.Logits {
			record = append(record, strconv.FormatFloat(float64(logit), 'g', -1, 32))
		}
		w.Write(record)
	}
	w.Flush()
	return text.Bytes(), w.Error()
}
