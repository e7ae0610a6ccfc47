package report

import (
	"io"
	"math"
	"strings"
	"testing"
)

func TestQuantizedIsChecked(t *testing.T) {
	right := QuantizedSplit{Name: "dev", Texts: 10, Accuracy: 80, Float32Accuracy: 90, Same: 9, Speed: 3, Float32Speed: 1}
	if got := right.SameLabels(); got != 90 {
		t.Errorf("same labels are %v %%, want 90", got)
	}
	for name, change := range map[string]func(*QuantizedSplit){
		"more than all":       func(s *QuantizedSplit) { s.Same = 11 },
		"fewer than none":     func(s *QuantizedSplit) { s.Same = -1 },
		"no texts":            func(s *QuantizedSplit) { s.Texts, s.Same = 0, 0 },
		"accuracy above 100":  func(s *QuantizedSplit) { s.Accuracy = 101 },
		"float accuracy NaN":  func(s *QuantizedSplit) { s.Float32Accuracy = math.NaN() },
		"a speed of no value": func(s *QuantizedSplit) { s.Speed = math.NaN() },
	} {
		wrong := right
		change(&wrong)
		r := Report{Quantized: &Quantized{Splits: []QuantizedSplit{right, wrong}}}
		if err := r.Write(io.Discard); err == nil || !strings.Contains(err.Error(), `quantized, split "dev"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
