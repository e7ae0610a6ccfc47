package main

import (
	"bufio"
	"fmt"
	"strconv"

	"mslora/internal/spreadsheet"
	"mslora/internal/visible"
)

// writeLines writes label, probability and text with tabs between, which a person may read on a terminal. A text from elsewhere must not
// steer it.
func writeLines(out *bufio.Writer, labels []string) func(answer) error {
	return func(a answer) error {
		if a.err != nil {
			_, err := fmt.Fprintf(out, "error\t\t%s\n", visible.Line(a.err.Error()))
			return err
		}
		if a.flagged {
			_, err := fmt.Fprintf(out, "flagged\t\t%s\n", visible.Line(a.text))
			return err
		}
		p := a.prediction
		_, err := fmt.Fprintf(out, "%s\t%.4f\t%s\n", visible.Line(labels[p.Class]), p.Probabilities[p.Class], visible.Line(a.text))
		return err
	}
}

// writeObjects writes a JSON object a line, with exact texts and labels, and with the file that answered unless it is "".
func writeObjects(out *bufio.Writer, labels []string, file string) func(answer) error {
	return func(a answer) error {
		if a.err != nil {
			return writeJSON(out, struct {
				Line  int    `json:"line,omitempty"`
				Text  string `json:"text,omitempty"`
				Error string `json:"error"`
			}{a.line, a.text, a.err.Error()})
		}
		p := a.prediction
		probabilities, logits := map[string]float64{}, map[string]float32{}
		for class, name := range labels {
			probabilities[name], logits[name] = p.Probabilities[class], p.Logits[class]
		}
		object := struct {
			Text          string             `json:"text"`
			ReadAs        string             `json:"read_as,omitempty"`
			Flagged       bool               `json:"flagged,omitempty"`
			Label         string             `json:"label,omitempty"`
			Probability   float64            `json:"probability,omitempty"`
			Probabilities map[string]float64 `json:"probabilities"`
			Logits        map[string]float32 `json:"logits"`
			File          string             `json:"file,omitempty"`
		}{Text: a.text, ReadAs: a.readAs, Flagged: a.flagged, Probabilities: probabilities, Logits: logits, File: file}
		if !a.flagged {
			object.Label, object.Probability = labels[p.Class], p.Probabilities[p.Class] // above 0, as it is the largest
		}
		return writeJSON(out, object)
	}
}

// writeTable writes CSV for spreadsheets, a row a text; filtered adds what a filter says.
func writeTable(out *bufio.Writer, labels []string, filtered, excel bool) (func(answer) error, error) {
	w := spreadsheet.New(out, excel)
	header := []string{"text", "label", "probability"}
	for _, kind := range []string{"probability", "logit"} {
		for _, name := range labels {
			header = append(header, kind+" "+name)
		}
	}
	if filtered {
		header = append(header, "flagged", "read as")
	}
	for i, name := range header {
		header[i] = visible.Cell(name)
	}
	if err := w.Write(append(header, "error")...); err != nil {
		return nil, err
	}
	return func(a answer) error {
		if a.err != nil {
			cells := make([]string, len(header)+1)
			cells[0], cells[len(header)] = visible.Cell(a.text), visible.Cell(a.err.Error())
			return w.Write(cells...)
		}
		p := a.prediction
		cells := []string{visible.Cell(a.text), visible.Cell(labels[p.Class]), number(p.Probabilities[p.Class], 64)}
		if a.flagged {
			cells[1], cells[2] = "", ""
		}
		for _, probability := range p.Probabilities {
			cells = append(cells, number(probability, 64))
		}
		for _, logit := range p.Logits {
			cells = append(cells, number(float64(logit), 32))
		}
		if filtered {
			cells = append(cells, strconv.FormatBool(a.flagged), visible.Cell(a.readAs))
		}
		return w.Write(append(cells, "")...)
	}, nil
}

// number writes as many digits as it takes to read the same number of that many bits again.
func number(x float64, bits int) string { return strconv.FormatFloat(x, 'g', -1, bits) }
