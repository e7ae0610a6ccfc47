package dataset

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mslora/internal/testset"
)

func readLines(text string) ([]numbered, error) { return readMemory("a.jsonl", text) }

func TestReadJSONLines(t *testing.T) {
	rows, err := readLines("\ufeff{\"text\": \"a \\\"b\\\"\\nc\", \"label\": 1, \"id\": [7]}\n\n" +
		"{\"label\": 0.0, \"poisoned\": 1, \"text\": \"d\"}\r\n" +
		"{\"label\": 2, \"poisoned\": true, \"text\": \"\"}\n{\"label\": 2, \"poisoned\": null, \"text\": \"é\"}")
	want := []numbered{{1, Text{"a \"b\"\nc", 1, false}}, {3, Text{"d", 0, true}}, {4, Text{"", 2, true}}, {5, Text{"é", 2, false}}}
	if err != nil || !slices.Equal(rows, want) {
		t.Errorf("got %+v and error %v, want %+v", rows, err, want)
	}
}

func TestReadJSONLinesErrors(t *testing.T) {
	const shape = `write one object a line: {"text": "…", "label": 0}`
	for _, test := range []struct{ name, text, message, hint string }{
		{"empty file", "", "the file is empty", shape},
		{"not JSON", "{\"text\": \"a\", \"label\": 0}\ntext,label\n", "line 2: not a JSON object: invalid character 'e' in literal true (expecting 'r')", shape},
		{"cut", `{"text": "a"`, "line 1: not a JSON object: unexpected end of JSON input", shape},
		{"two objects", `{"text": "a", "label": 0} {}`, "line 1: not a JSON object: invalid character '{' after top-level value", shape},
		{"array", `["a", 0]`, "line 1: not a JSON object: found a array", shape},
		{"text is a number", `{"text": 3, "label": 0}`, "line 1: text is \"3\", expected a text", "write the text in double quotes"},
		{"label is true", `{"text": "a", "label": true}`, `line 1: label "true" is not a number`, numberClasses},
		{"no text", `{"label": 0}`, `line 1: there is no key "text"`, "name it with --text-column"},
		{"no label", `{"text": "a", "label": null}`, `line 1: label is "null"`, "a label is a text, a number, true or false; a poison flag too"},
		{"null", "null", `line 1: there is no key "text"`, "name it with --text-column"},
		{"negative", `{"text": "a", "label": -2}`, "line 1: label -2 is negative", numberClasses},
		{"fraction", `{"text": "a", "label": 1.5}`, "line 1: label 1.5 is not a class number", numberClasses},
		{"flag", `{"text": "a", "label": 0, "poisoned": 2}`, `line 1: poison flag "2" is neither 0 nor 1`, "write 1 for a poisoned text and 0 for a clean one"},
		{"NUL", `{"text": "a\u0000", "label": 0}`, "line 1: the text has a NUL byte", "remove the NUL bytes; tokenizers lose what follows them"},
		{"a cut character", "{\"text\": \"caf\xe9 é\", \"label\": 0}", "line 1: the text is not valid UTF-8", "save the file as UTF-8 with the broken characters written again, or leave such rows out with --skip-bad; if the whole file is in another encoding, name it with --encoding"},
		{"too long", `{"text": "a", "label": 0}` + "\n" + strings.Repeat(" ", LongestRow+1), fmt.Sprintf("line 2 is longer than %d bytes", LongestRow), "put each row on a line of its own"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := readLines(test.text)
			testset.CheckError(t, err, test.message, test.hint)
		})
	}
}

func FuzzReadJSONLines(f *testing.F) {
	for _, seed := range []string{
		`{"text": "a", "label": 1}`, "{\"text\": \"a\\u0000\", \"label\": 1}\n\n{\"poisoned\": true}", "[]", "\xff", `{"text": "\ud800", "label": 0, "poisoned": 0}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := readLines(text)
		if err != nil {
			return
		}
		var again strings.Builder
		for _, row := range rows {
			if CheckText(row.Text.Text) != nil || row.Label < 0 {
				t.Fatalf("accepted %+v", row)
			}
			if err := json.NewEncoder(&again).Encode(map[string]any{"text": row.Text.Text, "label": row.Label, "poisoned": row.Poisoned}); err != nil {
				t.Fatal(err)
			}
		}
		if len(rows) == 0 {
			return
		}
		reread, err := readLines(again.String())
		if err != nil || len(reread) != len(rows) {
			t.Fatalf("reading back: %d rows of %d, error %v", len(reread), len(rows), err)
		}
		for i, row := range reread {
			if row.Text != rows[i].Text {
				t.Fatalf("wrote %+v, read %+v", rows[i].Text, row.Text)
			}
		}
	})
}
