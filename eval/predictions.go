package eval

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
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

func predictionsHeader(classes int) []string {
	header := []string{"split", "index", "label", "predicted"}
	for c := range classes {
		header = append(header, fmt.Sprintf("logit_%d", c))
	}
	return header
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
	w.Write(predictionsHeader(classes))
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

// ReadPredictions reads a table that WritePredictions wrote. An error names the line.
func ReadPredictions(path string) ([]Prediction, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	predictions, err := parsePredictions(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return predictions, nil
}

func parsePredictions(text io.Reader) ([]Prediction, error) {
	reader := csv.NewReader(text)
	header, err := reader.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	classes := len(header) - len(predictionsHeader(0))
	if classes < 1 || !slices.Equal(header, predictionsHeader(classes)) {
		return nil, fmt.Errorf("line 1: the columns are %q, expected split, index, label, predicted, logit_0, logit_1, …", header)
	}
	var predictions []Prediction
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return predictions, nil
		}
		if err != nil {
			return nil, err // names the line
		}
		p, err := parsePrediction(record)
		if err != nil {
			line, _ := reader.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		predictions = append(predictions, p)
	}
}

func parsePrediction(record []string) (Prediction, error) {
	p := Prediction{Split: record[0]}
	if p.Split != "test-clean" && p.Split != "test-poison" {
		return p, fmt.Errorf("split is %q, expected test-clean or test-poison", p.Split)
	}
	logits := record[4:]
	for i, number := range []struct {
		name  string
		value *int
		limit int // 0: none
	}{{"index", &p.Index, 0}, {"label", &p.Label, len(logits)}, {"predicted", &p.Predicted, len(logits)}} {
		n, err := strconv.Atoi(record[1+i])
		switch {
		case err != nil || n < 0:
			return p, fmt.Errorf("%s is %q, expected a whole number from 0", number.name, record[1+i])
		case number.limit > 0 && n >= number.limit:
			return p, fmt.Errorf("%s is %d, but there are logits of %d classes", number.name, n, number.limit)
		}
		*number.value = n
	}
	for c, text := range logits {
		logit, err := strconv.ParseFloat(text, 32)
		if err != nil {
			return p, fmt.Errorf("logit_%d is %q, expected a number", c, text)
		}
		p.Logits = append(p.Logits, float32(logit))
	}
	return p, nil
}
