package eval

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWritePredictions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "predictions.csv")
	predictions := []Prediction{
		{Split: "test-clean", Index: 0, Label: 1, Predicted: 0, Logits: []float32{0.5, -0.25}},
		{Split: "test-clean", Index: 1, Label: 0, Predicted: 0, Logits: []float32{1.0 / 3, float32(math.Inf(-1))}},
		{Split: "test-poison", Index: 7, Label: 1, Predicted: NoAnswer, Logits: []float32{-1, 1e-7}},
	}
	for _, test := range []struct {
		names []string
		want  string
	}{
		{nil, "split,index,label,predicted,logit_0,logit_1\n" +
			"test-clean,0,1,0,0.5,-0.25\ntest-clean,1,0,0,0.33333334,-Inf\ntest-poison,7,1,-1,-1,1e-07\n"},
		{[]string{"bad", "=good"}, "split,index,label,predicted,label_name,predicted_name,logit_0,logit_1\n" +
			"test-clean,0,1,0,'=good,bad,0.5,-0.25\ntest-clean,1,0,0,bad,bad,0.33333334,-Inf\ntest-poison,7,1,-1,'=good,,-1,1e-07\n"},
	} {
		if err := WritePredictions(path, predictions, 2, test.names); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != test.want {
			t.Errorf("names %q: got %q", test.names, text)
		}
	}
}

func TestWritePredictionsChecksLogits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "predictions.csv")
	err := WritePredictions(path, []Prediction{{Split: "test-clean", Index: 4, Logits: []float32{1, 2, 3}}}, 2, nil)
	if err == nil || !strings.Contains(err.Error(), "test-clean text 4 has 3 logits, expected 2") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was written")
	}
}
