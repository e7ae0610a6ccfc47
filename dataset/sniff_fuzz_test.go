package dataset

import (
	"strings"
	"testing"
)

// largestFuzzed keeps inputs so small that ten million of them take half an hour. The sniffers look at rows, of which this holds many.
const largestFuzzed = 256

// FuzzSniff makes sure that whatever is given is read or refused, and that rows that are read are usable. way picks the name of the
// file and what is wanted of it, so that each input is read once.
func FuzzSniff(f *testing.F) {
	names := []string{"a.csv", "a.tsv", "a.txt", "a.jsonl", "a"}
	ways := []wanted{{label: true}, {label: true, flag: true}, {}}
	for i, seed := range []string{
		"text\tlabel\n\"a\tb\nc\"\td\n", "a;b\nc;d\n", "v1,v2,,\nham,x,,\n", ",0,1,2\n0,a,1,0\n", "x@y\nz@y\nu@v\nw@v", "__label__a b", "A b\nA c\nB d\nB e\n",
		"\xff\xfea\x00,\x00b\x00", "caf\xe9,x", `{"review": "a", "stars": 1}`, "a|b|c\n1|2|3", "Title,Description,Class Index\na,b,1\n", "\"\"\"", "a\tb\tc\n\"\td\te",
	} {
		f.Add(byte(i), seed)
		f.Add(byte(i+5), seed)
		f.Add(byte(i+10), seed)
	}
	f.Fuzz(func(t *testing.T, way byte, content string) {
		if len(content) > largestFuzzed {
			return
		}
		name, w := names[int(way)%len(names)], ways[int(way)/len(names)%len(ways)]
		rows := 0
		file, err := eachRow(memory(name, content), Reading{}, w, func(row NamedText) error {
			rows++
			if CheckText(row.Text) != nil || w.label && row.Label == "" || row.Line < 1 || !w.flag && row.Poisoned {
				t.Errorf("%s gave %+v for %q", name, row, content)
			}
			return nil
		})
		if err == nil && (file.Rows != rows || rows == 0 || strings.ContainsAny(file.Understood, "\n")) {
			t.Errorf("%s: %+v for %d rows of %q", name, file, rows, content)
		}
	})
}
