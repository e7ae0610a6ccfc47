package eval

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mslora/defence"
)

// fullResult has a value in every field of result.json.
func fullResult() Result {
	return Result{
		Schema: Schema, Cell: "0123456789", Precision: "float32", Purified: &Purified{Texts: 500, Dropped: 50, Poisoned: 50, DroppedPoisoned: 45},
		Dataset: "sst-2", Attack: "badnets", Target: 1, Limit: 500, Setting: "clean", Ratio: "0.1",
		Model: "bert-base", Architecture: "bert-12x768", Method: "musclelora", Seed: 42,
		Scores:    Scores{Share{9, 10}, Share{1, 5}, Share{2, 5}, &Share{1, 10}, &Share{4, 5}},
		LastEpoch: &Scores{Share{8, 10}, Share{3, 5}, Share{0, 5}, &Share{0, 10}, &Share{2, 5}},
		BestEpoch: 2, DevAccuracy: 91.5, Epochs: 3,
		Config:    json.RawMessage(`{"epochs":3}`),
		Versions:  map[string]string{"go": "go1.26"},
		Checksums: map[string]string{"data/train": "ab"},
		Training:  "cd", TrainedBy: "9876543210",
		Device: "cpu", Threads: 2, Steps: 30, TrainSeconds: 1.5,
		Started:  time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		Finished: time.Date(2026, 1, 2, 3, 5, 0, 0, time.UTC),
	}
}

func TestResultRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	want := fullResult()
	want.Path = path
	value := reflect.ValueOf(want)
	for i := range value.NumField() {
		if value.Field(i).IsZero() {
			t.Errorf("the test leaves %s empty", value.Type().Field(i).Name)
		}
	}
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := ReadResult(path)
	if err != nil {
		t.Fatal(err)
	}
	got.Config = json.RawMessage(strings.NewReplacer(" ", "", "\n", "").Replace(string(got.Config))) // was indented
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestReadResultErrors(t *testing.T) {
	const cell = `"schema": 1, "dataset": "d", "attack": "a", "model": "m", "method": "lora"`
	for _, test := range []struct{ name, content, want string }{
		{"no JSON", "hello", "no result"},
		{"cut", `{"schema": 1, "dataset": "d"`, "no result"},
		{"text after it", `{` + cell + `} {}`, "no result"},
		{"no version", `{}`, "schema is 0, this program reads 1"},
		{"another version", `{"schema": 99}`, "schema is 99, this program reads 1"},
		{"unknown key", `{` + cell + `, "colour": 3}`, `unknown field "colour"`},
		{"wrong type", `{` + cell + `, "seed": -3}`, "seed"},
		{"no data set", `{"schema": 1, "attack": "a", "model": "m", "method": "lora"}`, "dataset is missing"},
		{"more hits than texts", `{` + cell + `, "scores": {"cacc": {"hits": 3, "texts": 2}}}`, "scores.cacc: 3 hits of 2 texts"},
		{"negative hits", `{` + cell + `, "last_epoch": {"asr": {"hits": -1, "texts": 2}}}`, "last_epoch.asr: -1 hits of 2 texts"},
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

func FuzzParseResult(f *testing.F) {
	full, err := json.Marshal(fullResult())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add([]byte(`{"schema": 1, "dataset": "d", "attack": "a", "model": "m", "method": "lora", "config": null}`))
	f.Add([]byte(`{"schema": 1, "dataset": "d", "attack": "a", "model": "m", "method": "lora", "config": [1, {"b": 2}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseResult(data)
		if err != nil {
			return
		}
		if r.Schema < 1 || r.Schema > Schema || r.check() != nil {
			t.Errorf("%s was accepted", data)
		}
		if rows, err := Rows([]Result{r}, defence.Display, FindPaper); err != nil || len(rows) != 1 { // whatever is accepted can be shown
			t.Errorf("%d rows, %v", len(rows), err)
		}
	})
}
