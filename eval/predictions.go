package eval

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"

	"mslora/internal/atomicfile"
	"mslora/internal/visible"
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
// logit has as many digits as it takes to read the same float32 again. names are those of the classes, nil where nobody knows them.
func WritePredictions(path string, predictions []Prediction, classes int, names []string) error {
	text, err := formatPredictions(predictions, classes, names)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.WriteFile(path, text, 0o644)
}

func formatPredictions(predictions []Prediction, classes int, names []string) ([]byte, error) {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	header := []string{"split", "index", "label", "predicted"}
	if names != nil {
		header = append(header, "label_name", "predicted_name")
	}
	for c := range classes {
		header = append(header, fmt.Sprintf("logit_%d", c))
	}
	w.Write(header)
	for _, p := range predictions {
		if len(p.Logits) != classes {
			return nil, fmt.Errorf("%s text %d has %d logits, expected %d", p.Split, p.Index, len(p.Logits), classes)
		}
		record := []string{p.Split, strconv.Itoa(p.Index), strconv.Itoa(p.Label), strconv.Itoa(p.Predicted)}
		if names != nil {
			record = append(record, className(names, p.Label), className(names, p.Predicted))
		}
		for _, logit := range p.Logits {
			record = append(record, strconv.FormatFloat(float64(logit), 'g', -1, 32))
		}
		w.Write(record)
	}
	w.Flush()
	return text.Bytes(), w.Error()
}

// className is a class's name for a spreadsheet; NoAnswer has none.
func className(names []string, class int) string {
	if class == NoAnswer {
		return ""
	}
	return visible.Cell(names[class])
}
