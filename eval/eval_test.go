package eval

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestShares(t *testing.T) {
	labels := []int{0, 1, 2, 1, 0}
	predicted := []int{1, 1, 2, 0, 0}
	for _, test := range []struct {
		name string
		got  Share
		want Share
	}{
		{"accuracy", Accuracy(predicted, labels), Share{3, 5}},
		{"attack success rate", ASR(predicted, 1), Share{2, 5}},
		{"floor", Floor(predicted, labels, 1), Share{1, 3}}, // texts 0, 2 and 4 are of other classes
		{"no texts", ASR(nil, 1), Share{0, 0}},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", test.name, test.got, test.want)
		}
	}
	if p := (Share{1, 8}).Percent(); p != 12.5 {
		t.Errorf("1 of 8 is %v %%", p)
	}
	if p := (Share{}).Percent(); p != 0 {
		t.Errorf("0 of 0 is %v %%", p)
	}
}

func TestStatistic(t *testing.T) {
	s := statistic([]Share{{1, 10}, {2, 10}, {4, 10}})
	// mean 70/3; squares (40/3)² + (10/3)² + (50/3)² = 4200/9; halved, root.
	if math.Abs(s.Mean-70.0/3) > 1e-12 || math.Abs(s.Deviation-math.Sqrt(4200.0/18)) > 1e-12 {
		t.Errorf("got %+v", s)
	}
	if one := statistic([]Share{{1, 4}}); one.Deviation != 0 || one.String() != "25.00" {
		t.Errorf("one seed: %+v", one)
	}
}

func TestPaper(t *testing.T) {
	if len(PaperCells) != 380 {
		t.Fatalf("%d cells, want 380", len(PaperCells))
	}
	for _, c := range PaperCells {
		if c.CACC < 0 || c.CACC > 100 || c.ASR < 0 || c.ASR > 100 {
			t.Errorf("%+v is out of range", c)
		}
	}
	c, ok := FindPaper("sst-2", "bert-base", "musclelora", "badnets")
	if !ok || c.Table != 1 || c.CACC != 86.54 || c.ASR != 12.94 {
		t.Errorf("MuScleLoRA on Badnets: %+v %v", c, ok)
	}
	if _, ok := FindPaper("sst-2", "bge-small", "musclelora", "badnets"); ok {
		t.Error("the paper has no bge-small")
	}
}

// example makes results of two seeds, two models, with and without poisoned texts and a paper cell.
func example() []Result {
	score := func(cacc, asr, floor int) Scores {
		return Scores{CACC: Share{cacc, 200}, ASR: Share{asr, 100}, Floor: Share{floor, 100}}
	}
	r := func(model, attack, method string, seed uint64, s Scores) Result {
		return Result{Dataset: "sst-2", Model: model, Attack: attack, Setting: "mix", Ratio: "0.1", Method: method, Seed: seed, Scores: s}
	}
	plain := Result{Dataset: "my_reviews", Model: "bge-small", Attack: "unknown", Method: "lora", Scores: score(150, 0, 7)}
	plain.Scores.ASR = Share{}
	return []Result{
		r("bert-base", "addsent", "musclelora", 42, score(172, 20, 9)),
		r("bert-base", "addsent", "musclelora", 43, score(174, 16, 11)),
		r("bert-base", "addsent", "lora", 42, score(180, 95, 8)),
		r("bert-base", "badnets", "musclelora", 42, score(171, 13, 10)),
		r("bge-small", "badnets", "ga+lora", 42, score(170, 50, 10)),
		plain,
	}
}

func TestWriteTable(t *testing.T) {
	rows := Rows(example(), true)
	for _, format := range Formats {
		t.Run(format, func(t *testing.T) {
			var got bytes.Buffer
			if err := WriteTable(&got, rows, format, false); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "table."+format)
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
			}
			for i, line := range strings.Split(got.String(), "\n") {
				if format == "text" && len([]rune(line)) > 110 {
					t.Errorf("line %d is %d wide", i+1, len([]rune(line)))
				}
			}
		})
	}
	if err := WriteTable(&bytes.Buffer{}, rows, "html", false); err == nil || !strings.Contains(err.Error(), `unknown format "html"`) {
		t.Errorf("unknown format: %v", err)
	}
}

func TestTableColorAndNoPaper(t *testing.T) {
	var shaded, bare bytes.Buffer
	if err := WriteTable(&shaded, Rows(example(), true), "text", true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(shaded.String(), "\x1b[90m(86.54)\x1b[0m") {
		t.Error("the paper's number is not grey")
	}
	if err := WriteTable(&bare, Rows(example(), false), "text", true); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(bare.String(), "86.54") || strings.Contains(bare.String(), "Paper") {
		t.Error("the paper's numbers are there without being asked for")
	}
}

func TestResultRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	r := example()[0]
	r.Config, r.Checksums = []byte(`{"epochs":3}`), map[string]string{"data/train": "abc"}
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := ReadResult(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.Schema != Schema || got.Scores != r.Scores || got.Checksums["data/train"] != "abc" {
		t.Errorf("got %+v", got)
	}
}

func TestReadResultErrors(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"no JSON", "hello", "no result"},
		{"another version", `{"schema": 99}`, "schema is 99, this program reads 1"},
		{"unknown key", `{"schema": 1, "colour": 3}`, `unknown field "colour"`},
		{"wrong type", `{"schema": 1, "seed": -3}`, "seed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "result.json")
			if err := os.WriteFile(path, []byte(test.content), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := ReadResult(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q and the path", err, test.want)
			}
		})
	}
}

func TestReadResults(t *testing.T) {
	root := t.TempDir()
	if _, err := ReadResults(root); err == nil || !strings.Contains(err.Error(), "no finished cells") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := ReadResults(filepath.Join(root, "nowhere")); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a missing folder: %v", err)
	}
	for i, r := range example() {
		folder := filepath.Join(root, string(rune('a'+i)), "seed")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := r.Write(filepath.Join(folder, "result.json")); err != nil {
			t.Fatal(err)
		}
	}
	if results, err := ReadResults(root); err != nil || len(results) != len(example()) {
		t.Errorf("%d results, %v", len(results), err)
	}
}

func FuzzParseResult(f *testing.F) {
	f.Add([]byte(`{"schema": 1, "scores": {"cacc": {"hits": 1, "texts": 2}}}`))
	f.Add([]byte(`{"schema": 1, "config": null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := parseResult(data); err == nil && r.Schema != Schema {
			t.Errorf("schema %d was accepted", r.Schema)
		}
	})
}

func TestWritePredictions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "predictions.csv")
	err := WritePredictions(path, []Prediction{
		{Split: "test-clean", Index: 0, Label: 1, Predicted: 0, Logits: []float32{0.5, -0.25}},
		{Split: "test-poison", Index: 7, Label: 1, Predicted: 1, Logits: []float32{-1, 1e-7}},
	}, 2)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "split,index,label,predicted,logit_0,logit_1\ntest-clean,0,1,0,0.5,-0.25\ntest-poison,7,1,1,-1,1e-07\n"
	if string(got) != want {
		t.Errorf("got %q", got)
	}
}
