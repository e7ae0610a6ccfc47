package eval

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestPredictionsRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "predictions.csv")
	predictions := []Prediction{
		{Split: "test-clean", Index: 0, Label: 1, Predicted: 0, Logits: []float32{0.5, -0.25}},
		{Split: "test-clean", Index: 1, Label: 0, Predicted: 0, Logits: []float32{1.0 / 3, float32(math.Inf(-1))}},
		{Split: "test-poison", Index: 7, Label: 1, Predicted: 1, Logits: []float32{-1, 1e-7}},
	}
	if err := WritePredictions(path, predictions, 2); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "split,index,label,predicted,logit_0,logit_1\n" +
		"test-clean,0,1,0,0.5,-0.25\ntest-clean,1,0,0,0.33333334,-Inf\ntest-poison,7,1,1,-1,1e-07\n"
	if string(text) != want {
		t.Errorf("got %q", text)
	}
	got, err := ReadPredictions(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, predictions) {
		t.Errorf("got %+v", got)
	}
}

func TestWritePredictionsChecksLogits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "predictions.csv")
	err := WritePredictions(path, []Prediction{{Split: "test-clean", Index: 4, Logits: []float32{1, 2, 3}}}, 2)
	if err == nil || !strings.Contains(err.Error(), "test-clean text 4 has 3 logits, expected 2") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was written")
	}
}

func TestReadPredictionsErrors(t *testing.T) {
	const header = "split,index,label,predicted,logit_0,logit_1\n"
	for _, test := range []struct{ name, content, want string }{
		{"empty", "", "line 1: the columns are []"},
		{"other columns", "text,label\n", `line 1: the columns are ["text" "label"], expected split, index`},
		{"no logits", "split,index,label,predicted\n", "line 1: the columns are"},
		{"unknown split", header + "train,0,0,0,1,2\n", `line 2: split is "train", expected test-clean or test-poison`},
		{"index not a number", header + "test-clean,x,0,0,1,2\n", `line 2: index is "x", expected a whole number from 0`},
		{"negative label", header + "test-clean,0,-1,0,1,2\n", `line 2: label is "-1", expected a whole number from 0`},
		{"label without a logit", header + "test-clean,0,2,0,1,2\n", "line 2: label is 2, but there are logits of 2 classes"},
		{"prediction without a logit", header + "test-clean,0,1,1,1,2\ntest-clean,1,1,5,1,2\n", "line 3: predicted is 5, but"},
		{"logit not a number", header + "test-clean,0,1,1,1,high\n", `line 2: logit_1 is "high", expected a number`},
		{"cut line", header + "test-clean,0,1,1\n", "line 2: wrong number of fields"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "predictions.csv")
			if err := os.WriteFile(path, []byte(test.content), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := ReadPredictions(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q and the path", err, test.want)
			}
		})
	}
	if _, err := ReadPredictions(filepath.Join(t.TempDir(), "predictions.csv")); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
}

// FuzzParsePredictions checks that what is accepted is written and read again as the same.
func FuzzParsePredictions(f *testing.F) {
	f.Add("split,index,label,predicted,logit_0,logit_1\ntest-clean,0,1,0,0.5,-0.25\n")
	f.Add("split,index,label,predicted,logit_0\ntest-poison,3,0,0,NaN\n")
	f.Add("split,index,label,predicted\n")
	f.Fuzz(func(t *testing.T, text string) {
		predictions, err := parsePredictions(strings.NewReader(text))
		if err != nil || len(predictions) == 0 {
			return
		}
		classes := len(predictions[0].Logits)
		written, err := formatPredictions(predictions, classes)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parsePredictions(bytes.NewReader(written))
		if err != nil {
			t.Fatal(err)
		}
		rewritten, err := formatPredictions(again, classes)
		if err != nil || !bytes.Equal(written, rewritten) {
			t.Errorf("%q became %q (%v)", written, rewritten, err)
		}
	})
}
