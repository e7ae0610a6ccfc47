package experiment

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/defence"
)

// What a purifier said is read again as it was written, and a damaged file is told from a whole one.
func TestJudgementFile(t *testing.T) {
	folder := t.TempDir()
	said := defence.Judgement{Decisions: []defence.Decision{{Keep: true}, {Why: "log-odds 3.00", Pattern: "first: cf"}, {Keep: true, Relabelled: true, Label: 0, Why: "a, \"b\""}, {Keep: true, Weight: 0.001234}}}
	if err := writeJudgement(folder, said); err != nil {
		t.Fatal(err)
	}
	got, err := ReadJudgement(folder, 4, 2)
	if err != nil || !reflect.DeepEqual(got.Decisions, said.Decisions) {
		t.Errorf("%+v became %+v: %v", said, got, err)
	}
	if _, err := ReadJudgement(folder, 5, 2); err == nil {
		t.Error("another number of texts is no error")
	}
	path := filepath.Join(folder, PurifiedFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"0,true": "1,true", "1,false": "1,maybe", ",0,,\n": ",zero,,\n", ",0,,": ",2,,", "0.001234": "heavy", ",label,weight,pattern\n": "\n"} {
		if err := os.WriteFile(path, []byte(strings.Replace(string(whole), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadJudgement(folder, 4, 2); err == nil {
			t.Errorf("%q for %q is no error", to, from)
		}
	}
}

// A file without a column for patterns was made by an earlier version.
func TestJudgementFileWithoutPatterns(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, PurifiedFile), []byte("row,keep,why,label,weight\n0,false,\"log-odds 3.00, has cf\",,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadJudgement(folder, 1, 2)
	if want := []defence.Decision{{Why: "log-odds 3.00, has cf"}}; err != nil || !reflect.DeepEqual(got.Decisions, want) {
		t.Errorf("%+v: %v", got.Decisions, err)
	}
}

// Suspected texts choose no epoch, and of those that are trained on each has its new label and its weight.
func TestLeft(t *testing.T) {
	text := func(name string, label int) dataset.Text { return dataset.Text{Text: name, Label: label} }
	ready := prepared{train: make([]dataset.Text, 4), suspect: []dataset.Text{text("a", 0), text("b", 1), text("c", 1), text("d", 1), text("e", 0), text("f", 1)}}
	train, dev, weights := ready.left([]defence.Decision{{Keep: true}, {}, {Keep: true, Relabelled: true}, {Keep: true, Weight: 0.25}, {Keep: true, Weight: 0.9}, {Keep: true, Weight: 0.1}})
	if want := []dataset.Text{text("a", 0), text("c", 0), text("d", 1)}; !reflect.DeepEqual(train, want) {
		t.Errorf("trained on %v, want %v", train, want)
	}
	if want := []dataset.Text{text("e", 0)}; !reflect.DeepEqual(dev, want) {
		t.Errorf("the epoch is chosen by %v, want %v", dev, want)
	}
	if want := []float32{0, 0, 0.25}; !reflect.DeepEqual(weights, want) {
		t.Errorf("weights %v, want %v", weights, want)
	}
}
