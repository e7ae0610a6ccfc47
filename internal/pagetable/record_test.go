package pagetable

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestRecord(t *testing.T) {
	r := Record{
		Command: "python tools/bench/a.py", Processor: "P", Instructions: []string{"avx2", "sse"}, Processors: 2, Versions: map[string]string{"torch": "2", "go": "1"},
		Began: &Moment{Load: []float64{0.5, 1, 1}}, Ended: &Moment{Load: []float64{2, 1, 1}},
		Columns: []Column{{"side", ""}, {"texts", ".0f"}, {"ratio", ".2f"}}, Rows: [][]any{{"a", 12345.4, 1.005}, {"b", 7.0, nil}},
	}
	path := filepath.Join(t.TempDir(), "a.json")
	if err := WriteFile(path, r); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRecord(path)
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%+v, %v", got, err)
	}
	want := "| side | texts | ratio |\n|---|--:|--:|\n| a | 12,345 | 1.00 |\n| b | 7 | |\n\n" +
		"Measured by `python tools/bench/a.py` on P (avx2, sse), 2 processors; go 1, torch 2; load average 0.5 at the beginning, 2.0 at the end.\n"
	if text := got.Markdown(); text != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
}

func TestReadRecordErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{`: "unexpected end", `{"columns": [{"name": "a"}]}`: "has no rows", `{"columns": [{"name": "a"}], "rows": [["b", 1]]}`: "a row has 2 values, expected 1",
	} {
		path := filepath.Join(t.TempDir(), "a.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadRecord(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
