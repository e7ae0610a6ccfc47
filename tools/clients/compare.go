package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"mslora/internal/hint"
)

// bound is the largest difference of probabilities that is rounding.
const bound = 1e-5

// answer has the probability of each class of one text.
type answer map[string]float64

// readPredictions reads what `mslora predict --json` printed, an object a line.
func readPredictions(printed []byte) ([]answer, error) {
	var answers []answer
	for line := range bytes.Lines(printed) {
		var prediction struct{ Probabilities answer }
		if err := json.Unmarshal(line, &prediction); err != nil {
			return nil, err
		}
		answers = append(answers, prediction.Probabilities)
	}
	return answers, nil
}

// differences gives the largest difference between two answers to the long texts, and to the others.
func differences(texts []text, want, got []answer) (longer, others float64, err error) {
	if len(got) != len(texts) {
		return 0, 0, hint.New("the program prints a JSON array with an object for each text", "%d answers to %d texts", len(got), len(texts))
	}
	for i, expected := range want[:len(texts)] {
		if len(got[i]) != len(expected) {
			return 0, 0, hint.New("labels are those of config.json", "text %d: %d classes, want %d", i+1, len(got[i]), len(expected))
		}
		for label, probability := range expected {
			given, has := got[i][label]
			switch difference := math.Abs(given - probability); {
			case !has || math.IsNaN(difference):
				return 0, 0, hint.New("labels are those of config.json", "text %d: no probability of class %q", i+1, label)
			case texts[i].long:
				longer = max(longer, difference)
			default:
				others = max(others, difference)
			}
		}
	}
	return longer, others, nil
}

// measured is a row of the table.
type measured struct {
	client
	version        string
	texts          int
	longer, others float64
}

// check is an error if a difference is larger than allowed.
func (m measured) check() error {
	if allowed := m.allowedOthers(); m.others > allowed {
		return hint.New("if its makers changed something, say so in docs/clients.md", "%s: probabilities differ by %.2g, more than %g", m.name, m.others, allowed)
	}
	if allowed := m.allowedLonger(); m.longer > allowed {
		return hint.New("if its makers changed something, say so in docs/clients.md",
			"%s: probabilities of texts longer than the model reads differ by %.2g, more than %g", m.name, m.longer, allowed)
	}
	return nil
}

func (m measured) allowedLonger() float64 { return max(bound, m.client.longer) }

func (m measured) allowedOthers() float64 { return max(bound, m.client.others) }

// short writes a difference with two digits, 1.4e-7.
func short(difference float64) string {
	return strings.ReplaceAll(fmt.Sprintf("%.1e", difference), "e-0", "e-")
}
